#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure the geometry of TDX memory: cost of a layout, distribution of its initialization.

The CPU time of a layout is measured; SEAMCALLs are counted by simulation.  Exit status 1 if a limit
is exceeded.
"""
import argparse
import math
import pathlib
import re
import subprocess
import sys

# Number of RAM ranges, and the limit for a layout in ms.  No machine has thousands of ranges.
LIMITS_MS = {10: 1, 100: 1, 1000: 100, 10000: 100}
TIMES = 5
MACHINES = [(64, 1), (64, 2), (1024, 2), (1024, 4), (8192, 8)]
CPUS = [1, 2, 4, 8, 16, 24, 32, 48, 64]
FROM_IDEAL = 1.25
MAX_TDMRS = 64
CALLS_PER_GB = 256

# SEAMCALLs that do not depend on memory: INIT, INFO, CONFIG; a check and LP.INIT on each CPU.
FIXED_CALLS, CALLS_PER_CPU = 3, 2


class Report:
    """Prints lines and keeps them for a file; good is false if a limit was exceeded."""

    def __init__(self):
        self.lines = []
        self.good = True

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)

    def check(self, holds, what):
        self.good &= holds
        self.say(f"{'PASS' if holds else 'FAIL'} {what}")


def run(program, *args):
    """Runs the program and returns the numbers that it prints as KEY=VALUE."""
    result = subprocess.run([program, *map(str, args)], check=True, capture_output=True, text=True)
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", result.stdout)}


def bench_layout(program, report):
    report.say(f"CPU time of a layout, the least of {TIMES}")
    report.say(f"{'ranges':>8} {'ms':>8} {'limit':>8}")
    good = True
    for ranges, limit in LIMITS_MS.items():
        time = min(run(program, "ranges", ranges)["us"] for _ in range(TIMES)) / 1000
        good &= time <= limit
        report.say(f"{ranges:>8} {time:>8,.2f} {limit:>8}")
    report.check(good, "a layout takes no longer than its limit")


def bench_machine(program, report, memory, nodes):
    report.say(f"{memory} GB, {nodes} node(s)")
    report.say(f"{'CPUs':>6} {'TDMRs':>6} {'serial':>9} {'longest':>9} {'of ideal':>9} {'far':>6} "
               f"{'largest PAMT':>13} {'PAMTs':>9} {'floor':>9} {'SEAMCALLs':>10}")
    worst = 0.0
    floor = True
    for cpus in CPUS:
        result = run(program, "init", memory, nodes, cpus)
        ideal = math.ceil(result["calls"] / min(cpus, MAX_TDMRS))
        # A TDMR has at least 1 GB, which only one CPU at a time can initialize.
        ideal = max(ideal, CALLS_PER_GB)
        worst = max(worst, result["longest"] / ideal)
        floor &= result["pamt"] == result["floor"]
        total = result["calls"] + FIXED_CALLS + cpus * CALLS_PER_CPU + nodes
        report.say(f"{cpus:>6} {result['tdmrs']:>6} {result['calls']:>9,} {result['longest']:>9,} "
                   f"{result['longest'] / ideal:>9.3f} {result['far'] / result['calls']:>6.1%} "
                   f"{result['largest_pamt'] / 2**20:>10,.1f} MB {result['pamt'] / 2**20:>6,.0f} MB "
                   f"{result['floor'] / 2**20:>6,.0f} MB {total:>10,}")
    report.check(worst <= FROM_IDEAL, f"the longest chain is within {FROM_IDEAL} of ideal")
    report.check(floor, "PAMTs are no larger than the GB that hold RAM need")
    report.say()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="tdmr_bench")
    parser.add_argument("output", type=pathlib.Path, help="file for the table")
    args = parser.parse_args()
    report = Report()
    bench_layout(args.program, report)
    report.say()
    for memory, nodes in MACHINES:
        bench_machine(args.program, report, memory, nodes)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text("\n".join(report.lines) + "\n")
    print(f"written to {args.output}")
    sys.exit(0 if report.good else 1)


if __name__ == "__main__":
    main()
