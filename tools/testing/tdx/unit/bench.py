#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure the geometry of TDX memory: what a layout costs and how its initialisation spreads.

Everything is counted, not timed: instructions by callgrind, SEAMCALLs by simulation.
Exit status 1 if a limit is exceeded.
"""
import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile

RANGES = [10, 100, 1000, 10000]
MACHINES = [(64, 1), (64, 2), (1024, 2), (1024, 4), (8192, 8)]
CPUS = [1, 2, 4, 8, 16, 24, 32, 48, 64]
FROM_IDEAL = 1.25
MAX_TDMRS = 64
CALLS_PER_GB = 256

# SEAMCALLs that do not depend on memory: INIT, INFO, CONFIG; each CPU is asked and initialised.
FIXED_CALLS, CALLS_PER_CPU = 3, 2


class Report:
    """Lines for the terminal and a file, and whether all limits held."""

    def __init__(self):
        self.lines = []
        self.good = True

    def say(self, line=""):
        print(line, flush=True)
        self.lines.append(line)

    def check(self, holds, what):
        self.good &= holds
        self.say(f"{'PASS' if holds else 'FAIL'} {what}")


def instructions(program, ranges):
    """What tdmr_lay_out() executes for so many ranges of RAM."""
    with tempfile.TemporaryDirectory() as directory:
        result = subprocess.run(
            ["valgrind", "--tool=callgrind", "--toggle-collect=tdmr_lay_out",
             f"--callgrind-out-file={directory}/out", program, "ranges", str(ranges)],
            check=True, capture_output=True, text=True)
    return int(re.search(r"Collected : (\d+)", result.stderr)[1])


def bench_instructions(program, report):
    report.say("instructions of a layout")
    report.say(f"{'ranges':>8} {'instructions':>14} {'each':>8} {'each / log2':>12}")
    each_log = {}
    for ranges in RANGES:
        count = instructions(program, ranges)
        each_log[ranges] = count / ranges / math.log2(ranges)
        report.say(f"{ranges:>8} {count:>14,} {count / ranges:>8,.0f} {each_log[ranges]:>12,.1f}")
    report.check(all(each_log[more] <= 1.1 * each_log[fewer]
                     for fewer, more in zip(RANGES, RANGES[1:])),
                 "growth is at most n log n")


def simulate(program, memory, nodes, cpus):
    result = subprocess.run([program, "init", str(memory), str(nodes), str(cpus)], check=True,
                            capture_output=True, text=True)
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", result.stdout)}


def bench_machine(program, report, memory, nodes):
    report.say(f"{memory} GB, {nodes} node(s)")
    report.say(f"{'CPUs':>6} {'TDMRs':>6} {'serial':>9} {'longest':>9} {'of ideal':>9} {'far':>6} "
               f"{'largest PAMT':>13} {'PAMTs':>9} {'floor':>9} {'SEAMCALLs':>10}")
    worst = 0.0
    floor = True
    for cpus in CPUS:
        result = simulate(program, memory, nodes, cpus)
        ideal = math.ceil(result["calls"] / min(cpus, MAX_TDMRS))
        # A GB is the least that a TDMR can have, and one CPU at a time can initialise.
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
    bench_instructions(args.program, report)
    report.say()
    for memory, nodes in MACHINES:
        bench_machine(args.program, report, memory, nodes)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text("\n".join(report.lines) + "\n")
    print(f"written to {args.output}")
    sys.exit(0 if report.good else 1)


if __name__ == "__main__":
    main()
