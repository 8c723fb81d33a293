#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot Linux on the emulated TDX platform, and Linux in a TD there, and show the results."""
import argparse
import errno
import pathlib
import sys
import tempfile

import layout
import machine
import td_guest

CONSOLE_LINES = 8
# For hung machines, in seconds: some kernels take minutes in a TD, on a busy host many.
TIMEOUT = 1800

GREEN, RED, BOLD, PLAIN = ("\033[32m", "\033[31m", "\033[1m", "\033[0m") \
    if sys.stdout.isatty() else ("", "", "", "")


def mib(size):
    return f"{size / 2**20:,.1f} MB"


def span(base, size):
    return f"[0x{base:012x}-0x{base + size - 1:012x}] {mib(size):>13}"


def fact(name, text):
    print(f"  {BOLD}{name:<12}{PLAIN} {text}")


def show_ready(info):
    first, count = info.numbers("keyids")
    fact("KeyIDs", f"{first} to {first + count - 1}; "
                   f"{info.numbers('global_keyid')[0]} protects the module's own metadata")
    number, date = info.words("module_build")
    fact("module", f"{info.words('module_version')[0]}, build {number} of {date}")
    for cmr in info.cmrs:
        fact("CMR", span(cmr.base, cmr.size))
    for tdmr in info.tdmrs:
        fact("TDMR", span(tdmr.base, tdmr.size) + f", PAMT {mib(tdmr.pamt_bytes)}")
        for area in tdmr.reserved:
            fact("  reserved", span(tdmr.base + area.base, area.size))
    memory, pamt = info.numbers("memory_bytes")[0], info.numbers("pamt_bytes")[0]
    fact("TDX memory", mib(memory))
    fact("PAMT", f"{mib(pamt)}, {100 * pamt / memory:.2f} % of it")
    fact("SEAMCALLs", f"{info.numbers('seamcalls')[0]}")
    fact("time", f"{info.numbers('init_us')[0] / 1000:.0f} ms to initialize")


def show(result):
    """Prints the summary; true if TDX is initialized and the two sides agree."""
    info = layout.Info(result.info())
    ready = bool(info.lines) and info.state() == "ready"
    colour = GREEN if ready else RED
    print(f"\n{BOLD}TDX is {colour}{'ready' if ready else 'not available'}{PLAIN}"
          f" ({result.seconds:.1f} s from power-on to power-off)")
    if not ready:
        for message in result.tdx_messages() if info.lines else ["built without TDX host support"]:
            fact("kernel", message)
        error = errno.errorcode.get(int(result.value("create_td")), "no error")
        fact("KVM", f"KVM_CREATE_VM of a TD: {error}")
        return False
    show_ready(info)
    differences = info.differences(layout.EmulatorLog(result.log))
    for difference in differences:
        print(f"{RED}  the emulated platform's log says otherwise: {difference}{PLAIN}")
    if not differences:
        fact("checked", "CMRs, TDMRs, KeyID and SEAMCALLs equal the emulated platform's own log")
    return not differences


def show_td(result, guest):
    """Prints what the guest did; true if it turned itself off, and MRTD is as calculated."""
    ended, mrtd = result.value("td_guest") == "0", td_guest.measured(result)
    colour = GREEN if ended else RED
    print(f"\n{BOLD}Linux in a TD {colour}{'ran' if ended else 'failed'}{PLAIN}")
    for line in td_guest.console(result)[-CONSOLE_LINES:]:
        fact("console", line)
    log = layout.EmulatorLog(result.log)
    for line in td_guest.lines(result, "tdx-vmm: "):
        if not line.startswith(("measured ", "to accept ")):
            fact("VMM", line)
    for accepted in td_guest.lines(result, "tdx-vmm: to accept ") if ended else []:
        fact("memory", f"{accepted} accepted by the guest, all that was not measured")
    fact("SEAMCALLs", f"{log.count('TDH.VP.ENTER')} entries, {log.count('TDH.MEM.PAGE.ADD')} pages "
                      f"added, {log.count('TDH.MEM.PAGE.AUG')} mapped later")
    fact("MRTD", "".join(mrtd))
    same, left = mrtd == guest.mrtds(), log.number("td_pages_owned")
    fact("checked", f"MRTD is {'' if same else 'NOT '}what a calculation without the module "
                    f"gives; {left} pages of TDs are left")
    return ended and same and not left


def show_failure(error):
    """Prints the last messages of the kernel and the platform if the machine failed."""
    for who, text in (error.result.texts() if error.result else {}).items():
        print(f"--- {who}", *text.splitlines()[-60:], sep="\n")
    print(f"{RED}error:{PLAIN} {error}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel", default="host", help="config of the kernel (host)")
    parser.add_argument("--cpus", type=int, default=4)
    parser.add_argument("--packages", type=int, help="2, or 1 for an odd number of CPUs")
    parser.add_argument("--memory", default="6G", help="as QEMU's -m (6G)")
    parser.add_argument("--module", help="the TDX module: none, 1.0, 1.5.01, 1.5.06 or 2.0")
    parser.add_argument("--keyids", help="MKTME:TDX, how many KeyIDs of each kind")
    parser.add_argument("--emulator-options", default="", help="more options for the emulator")
    parser.add_argument("--cmdline", default="", help="more options for the kernel")
    parser.add_argument("--guest", type=pathlib.Path, default=td_guest.KERNEL,
                        help="the kernel that runs in a TD: a bzImage")
    parser.add_argument("--guest-cpus", type=int, default=1)
    parser.add_argument("--guest-memory", help=f"{td_guest.Run.memory}, or "
                                               f"{td_guest.MEMORY_OF_OTHERS} for another kernel")
    parser.add_argument("--verbose", action="store_true", help="show console and emulator log too")
    args = parser.parse_args()
    if args.packages is None:
        args.packages = 1 if args.cpus % 2 else 2
    if args.guest_memory is None:
        args.guest_memory = td_guest.memory_for(args.guest, td_guest.Run.memory)

    options = [f"module={args.module}" if args.module else "",
               f"keyids={args.keyids}" if args.keyids else "", args.emulator_options]
    print(f"booting the {args.kernel} kernel on {args.cpus} CPUs in {args.packages} packages "
          f"with {args.memory}", flush=True)
    with tempfile.TemporaryDirectory() as directory, machine.errors_in_words():
        td = td_guest.Run(args.guest_cpus, args.guest_memory)
        guest = td_guest.TdGuest(pathlib.Path(directory), td, kernel=args.guest)
        try:
            result = machine.Machine(kernel=args.kernel, cpus=args.cpus, packages=args.packages,
                                     memory=args.memory, cmdline=args.cmdline, timeout=TIMEOUT,
                                     emulator_options=" ".join(filter(None, options)),
                                     initramfs=guest.initramfs()).run(f"create-td;{guest.steps()}")
        except machine.MachineError as error:
            show_failure(error)
            sys.exit(1)
        if args.verbose:
            print(result.console, result.log, sep="\n--- emulator log\n")
        sys.exit(0 if show(result) and show_td(result, guest) else 1)


if __name__ == "__main__":
    main()
