#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure the overhead of the emulated platform for code that causes no traps.

Boots pairs of machines, with and without the platform, in alternating order, and compares the time
that loads took inside.  A load is cut into slices.  The sum of all slices is compared; the median
slice, which contains no timer tick and thus no trap, is shown too.  A kernel chooses its
instructions and mitigations by CPU model, so both machines have the same one, and mitigations are
off.  QEMU's speed depends on addresses, so these are the same as well.
"""
import argparse
import pathlib
import re
import statistics
import sys

import foreign
import machine

# Names of loads in the report and in the output, and the limits for the ratio.
LOADS = {"system_calls_ns": ("system calls", 1.05), "page_faults_ns": ("page faults", 1.05),
         "compiling_ns": ("work like a compiler's", 1.05),
         # Below the 1 GB pages of a nested table, QEMU drops its whole TLB at an INVLPG.
         "munmap_ns": ("munmap, then 256 pages", 2.5),
         "mprotect_ns": ("mprotect, then 256 pages", 2.5),
         "copies_ns": ("copy on write, then 256 pages", 2.5)}

# The CPU that the emulated platform shows.
SAME_CPU = (f"{machine.CPU},vendor=GenuineIntel,family=6,model=143,stepping=8,-hypervisor,"
            "-svm,-3dnow,-3dnowext,-sse4a,-mmxext,-monitor,-mpx,+invtsc,+tsc-adjust")


def measure(bzimage, emulated):
    computer = machine.Machine(cpus=1, packages=1, memory="2G", emulated=emulated,
                               cmdline="mitigations=off nokaslr norandmaps", bzimage=bzimage,
                               cpu=machine.CPU if emulated else SAME_CPU)
    result = computer.run("loads")
    return {load: [int(ns) for ns in result.value(load).split()] for load in LOADS}


def show(what, values):
    print(f"{what:<48} {statistics.median(values):>7.3f}   "
          f"{' '.join(f'{value:.2f}' for value in sorted(values))}")


def footprint():
    """Bytes that the emulator uses on the largest machine that it supports."""
    # Not reserved: only pages that the machine accesses are allocated.
    memory = ("-object", "memory-backend-ram,id=ram,size=64G,reserve=off",
              "-machine", "memory-backend=ram")
    result = machine.Machine(cpus=16, packages=4, memory="64G", qemu_options=memory,
                             timeout=300).run("note,up")
    return sum(int(size, 16)
               for size in re.findall(r"^(?:emulator|tables) 0x\w+ (0x\w+)$", result.log, re.M))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--kernel", type=pathlib.Path, help="a bzImage (default: Debian's 6.1)")
    args = parser.parse_args()
    bzimage = args.kernel or foreign.bzimage(foreign.fetch("6.1-cloud"))
    quiet, means = ({load: [] for load in LOADS} for _ in range(2))
    for number in range(args.pairs):
        order = (False, True) if number % 2 else (True, False)
        times = {emulated: measure(bzimage, emulated) for emulated in order}
        for load in LOADS:
            for i, ratios in enumerate((quiet, means)):
                ratios[load].append(times[True][load][i] / times[False][load][i])

    print("time with the platform / without, median of all pairs, all pairs")
    for load, (name, _) in LOADS.items():
        show(name, means[load])
        show(f"{name}, without the timer's traps", quiet[load])
    print(f"memory with 16 CPUs: {footprint() / 2**20:.1f} MB")
    sys.exit(any(statistics.median(means[load]) > most for load, (_, most) in LOADS.items()))


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
