#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count the instructions of the host for TD exits, for kernels on the same emulated platform.

The platform counts what the host executes from the end of TDH.VP.ENTER to the beginning of the
next one; a SEAMCALL is one instruction, and what the platform executes does not count.

Exits of a kind do not all take the same: after some of them KVM returns to user space, and during
some of them a timer of the host expires.  So the fewest instructions are compared, where neither
happened.  Of the host's interrupts it is the median, as their handlers do other things each time,
and those of another kernel version others.  The last line is the verdict.  The exits are those of
selftests.
"""
import argparse
import dataclasses
import re
import statistics
import sys

import layout
import machine
import selftests
from test_mainline import ARGUMENTS_INSTEAD

# A CPU that waits for another one would execute instructions until QEMU changes to that.
MACHINE = {"cpus": 1, "packages": 1, "memory": "1G", "accel": machine.ONE_THREAD,
           "qemu_options": ("-icount", "shift=0,sleep=off"), "emulator_options": "entries=on",
           "cmdline": "nohibernate", "timeout": 1800}
ENTRY = re.compile(r"^\[cpu \d+\] entry: host (\d+) in (\d+) runs, all (\d+), after 0x(\w+) "
                   r"r8 0x(\w+) r9 0x(\w+) r11 0x(\w+)$", re.M)
INTERRUPT, EPT_VIOLATION, TDVMCALL = 1, 48, 77
TIMER = 0xec                    # LOCAL_TIMER_VECTOR
CPUID, RDMSR, UNKNOWN = 10, 31, 0x10005
SHARED = 1 << 47
LOOP_TIMES = 20000000
MOST_TIMES = 1.05
PROGRAMS = {"tdx_run_test": ["-m", LOOP_TIMES], "tdx_fault_around_test": ["-m"]}


@dataclasses.dataclass(frozen=True)
class Exit:
    """A TD exit: instructions of the host, runs of the host, all instructions, registers."""
    host: int
    runs: int
    all: int
    rax: int
    r8: int
    r9: int
    r11: int

    def is_vmcall(self, function):
        return self.rax == TDVMCALL and self.r11 == function

    def is_private_fault(self):
        return self.rax & 0xffffffff == EPT_VIOLATION and not self.r8 & SHARED


PAGES = "private faults in order, a page"
KINDS = {
    "TDVMCALL: CPUID": lambda e: e.is_vmcall(CPUID),
    "TDVMCALL: RDMSR of the APIC": lambda e: e.is_vmcall(RDMSR),
    "TDVMCALL: unknown": lambda e: e.is_vmcall(UNKNOWN),
    "interrupt of the timer": lambda e: e.rax == INTERRUPT and e.r9 & 0xff == TIMER,
    "private fault": Exit.is_private_fault,
}


def run(kernel, name):
    arguments = ARGUMENTS_INSTEAD.get(name, []) if kernel == "mainline" else []
    result = machine.Machine(kernel=kernel, **MACHINE, initramfs=selftests.initramfs(name)
                             ).run(selftests.step(name, *arguments, *PROGRAMS[name]))
    outcome = result.value("selftest")
    assert outcome.endswith(" 0"), [outcome, *result.values("output")]
    return result


def exits(results):
    return [Exit(*map(int, groups[:3]), *(int(word, 16) for word in groups[3:]))
            for result in results for groups in ENTRY.findall(result.log)]


def loop(results):
    """The time of a loop in a TD and in the host, in instructions."""
    [times] = [line.split()[1:] for result in results for line in result.values("output")
               if line.startswith("loop ")]
    return tuple(map(int, times))


def show_kind(kind, kernels, found):
    """Prints a line for each kernel; true if the first one needs not more than the others."""
    compared = {}
    for kernel in kernels:
        of_kind = [e for e in found[kernel] if KINDS[kind](e)]
        least = min(of_kind, key=lambda e: e.host)
        median = statistics.median_low(e.host for e in of_kind)
        compared[kernel] = median if least.rax == INTERRUPT else least.host
        print(f"{kind:<32}{kernel:<10}{len(of_kind):>7}{least.host:>9}{median:>9}"
              f"{least.runs:>6}{least.all:>9}", flush=True)
    return compared[kernels[0]] == min(compared.values())


def for_each_page(results, found):
    """Instructions for private faults, for each page that they map: one fault may map more."""
    pages = sum(layout.EmulatorLog(result.log).count("TDH.MEM.PAGE.AUG") for result in results)
    return sum(e.host for e in found if e.is_private_fault()) / pages


def show_pages(kernels, results, found):
    numbers = [for_each_page(results[kernel], found[kernel]) for kernel in kernels]
    for kernel, number in zip(kernels, numbers):
        print(f"{PAGES:<32}{kernel:<10}{number:>16.0f}")
    return numbers[0] == min(numbers)


def show_loop(kernel, results):
    td, host = loop(results)
    print(f"{kernel}: a loop of {LOOP_TIMES * 4 / 1e6:.0f} million instructions takes a TD "
          f"{td / host:.4f} times as long as the host")
    return td <= host * MOST_TIMES


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="host,mainline",
                        help="configs of the kernels, separated by commas")
    kernels = parser.parse_args().kernels.split(",")
    results = {kernel: [run(kernel, name) for name in PROGRAMS] for kernel in kernels}
    found = {kernel: exits(results[kernel]) for kernel in kernels}
    print("Instructions of the host from the end of TDH.VP.ENTER to the next, exits of the host to "
          "the\nplatform, and all instructions of a round trip with the platform\n"
          f"{'TD exit':<32}{'kernel':<10}{'number':>7}{'fewest':>9}{'median':>9}{'runs':>6}"
          f"{'all':>9}")
    right = {kind: show_kind(kind, kernels, found) for kind in KINDS}
    right[PAGES] = show_pages(kernels, results, found)
    right.update({f"a loop in a TD ({kernel})": show_loop(kernel, results[kernel])
                  for kernel in kernels})
    wrong = [name for name, good in right.items() if not good]
    if wrong:
        sys.exit(f"{kernels[0]} needs more than others: {', '.join(wrong)}")
    print(f"{kernels[0]} needs no more than {' and '.join(kernels[1:]) or 'itself'}, of each kind")


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
