#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot the emulated platform again and again, each time configured differently.

The same seed gives the same configurations.  Each boot has to end as its configuration requires:
TDX is ready, or the kernel reports why it is not.  Violations, kernel error reports and machines
that hang are failures.

With --memory-hours, each machine maps private memory of a TD and takes it away at the same time,
at random and while the module is busy, and its tables are checked.
"""
import argparse
import dataclasses
import random
import sys
import time

import layout
import machine
import selftests
from outcome import said

# Options with which TDX must be ready, and options with which it must not.
GOOD = ["", "module=1.5.01", "module=1.5.06", "module=2.0", "busy=10:{seed}",
        "no_entropy=10:{seed}", "foreign=ones", "keyids=15:16", "keyids=3:60",
        "max_reserved=4", "ept_levels=5", "e820=acpi:256M+64K*20/16M", "e820=hole:512M+1M",
        "e820=nvs:300M+4M,pmem:700M+16M", "delay=100", "log=3", "caches=off"]
BAD = ["module=none", "keyids=62:1", "seamrr=off", "seamrr=unlocked", "state=ready",
       "state=shutdown", "msr=all:0x1f3:0", "cmrs=1M+1M",
       "inject=TDH.SYS.CONFIG:1:OPERAND_INVALID:1", "inject=TDH.SYS.TDMR.INIT:99:SYS_BUSY:100000"]


RACE = "tdx_memory_race_test"


@dataclasses.dataclass
class Boot:
    """A machine, what it does, and whether TDX has to be ready on it."""
    machine: machine.Machine
    good: bool
    scenario: str = "create-td"


def configure(rng):
    packages = rng.choice([1, 1, 2, 4])
    # Not 6 CPUs in 2 packages: QEMU 7.2 then rarely gets a kernel out of its first stop_machine(),
    # also without the emulated platform.
    cpus = packages * rng.choice([1, 2, 4])
    good = rng.random() < 0.75
    options = rng.choice(GOOD if good else BAD).format(seed=rng.randrange(1000))
    return Boot(machine.Machine(cpus=cpus, packages=packages, emulator_options=options,
                                memory=rng.choice(["1G", "1536M", "3G", "5G"]), timeout=120), good)


def configure_race(rng):
    """A machine on which private memory comes and goes for some minutes."""
    packages = rng.choice([1, 2, 4])
    cpus = packages * rng.choice([2, 4])
    seed = rng.randrange(1, 1 << 31)
    options = f"tables=on busy={rng.choice([1, 5, 20])}:{seed}"
    return Boot(machine.Machine(cpus=cpus, packages=packages, emulator_options=options,
                                memory="1G", timeout=3600, initramfs=selftests.initramfs(RACE)),
                True, selftests.step(RACE, "-s", seed, "-t", 60, "-k", 3, "-v", min(cpus, 8)))


def configurations(rng, args):
    end = time.monotonic() + 3600 * args.memory_hours
    while time.monotonic() < end:
        yield configure_race(rng)
    if not args.memory_hours:
        yield from (configure(rng) for _ in range(args.boots))


def keep(number, result):
    """Writes all output of a machine that failed to files."""
    folder = machine.BUILD / "e2e" / "soak"
    folder.mkdir(parents=True, exist_ok=True)
    for who, text in result.texts().items():
        (folder / f"{number}.{who}").write_text(text)


def what_is_wrong(boot, result):
    """The error of a boot, None if there is none."""
    state = layout.Info(result.info()).state()
    if boot.good != (state == "ready"):
        return f"TDX is {state}: {result.tdx_messages()}"
    if any(not status.endswith(" 0") for status in result.values("selftest")):
        return f"the selftest failed: {result.values('output')}"
    # The message is repeated for each attempt to create a TD.
    if not boot.good and len(set(said(result))) > 1:
        return f"more than one message: {said(result)}"
    return None


def run(number, boot):
    """Boots the machine; returns the error, None if there is none."""
    try:
        result = boot.machine.run(boot.scenario)
        wrong = what_is_wrong(boot, result)
    except machine.MachineError as error:
        result, wrong = error.result, str(error)
    if wrong and result:
        keep(number, result)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boots", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="of these boots only this one")
    parser.add_argument("--memory-hours", type=float, default=0,
                        help="for so many hours, private memory that comes and goes")
    args = parser.parse_args()
    if args.only is not None and args.only not in range(args.boots):
        parser.error(f"there is no boot {args.only} among {args.boots}")
    rng = random.Random(args.seed)
    start, boots, failed = time.monotonic(), 0, 0
    for number, boot in enumerate(configurations(rng, args)):
        boots += 1
        if args.only not in (None, number):
            continue
        wrong = run(number, boot)
        if wrong:
            failed += 1
            print(f"boot {number}: {boot.machine.cpus} CPUs in {boot.machine.packages} packages, "
                  f"{boot.machine.memory}, '{boot.machine.emulator_options}': {wrong}", flush=True)
    print(f"{boots} boots in {time.monotonic() - start:.0f} s, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
