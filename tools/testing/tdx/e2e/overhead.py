#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the emulated platform costs code that gives it nothing to do.

Boots pairs of machines, with and without it, in alternating order, and compares what loads took
inside.  Mitigations are off: which of them a kernel chooses depends on the CPU that it believes to
run on, and the two differ in that.
"""
import argparse
import re
import statistics
import sys

import machine

LOADS = {"system_calls_us": "system calls", "page_faults_us": "page faults",
         "compiling_us": "work like a compiler's"}
MOST = 1.05


def measure(emulated):
    computer = machine.Machine(cpus=1, packages=1, memory="1G", emulated=emulated,
                               cmdline="mitigations=off")
    result = computer.run("loads")
    return {load: int(result.value(load)) for load in LOADS}


def footprint():
    """Bytes that the emulator takes of the largest machine that it is for."""
    result = machine.Machine(cpus=16, packages=4, memory="64G",
                             timeout=300).run("none")
    return int(re.search(r"^emulator 0x\w+ (0x\w+)$", result.log, re.M)[1], 16)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9)
    args = parser.parse_args()
    ratios = {load: [] for load in LOADS}
    for number in range(args.pairs):
        order = (False, True) if number % 2 else (True, False)
        times = {emulated: measure(emulated) for emulated in order}
        for load, values in ratios.items():
            values.append(times[True][load] / times[False][load])

    print(f"{'load':<24} {'median of with / without':>25} {'all pairs'}")
    for load, values in ratios.items():
        print(f"{LOADS[load]:<24} {statistics.median(values):>25.3f} "
              f"{' '.join(f'{value:.2f}' for value in sorted(values))}")
    print(f"memory with 16 CPUs: {footprint() / 2**20:.1f} MB")
    sys.exit(any(statistics.median(values) > MOST for values in ratios.values()))


if __name__ == "__main__":
    main()
