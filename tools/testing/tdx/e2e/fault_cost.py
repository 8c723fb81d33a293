#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count the instructions of the host for a page fault of an ordinary guest.

Compares the kernels base and plain: without the series, and with TDX host support as a distribution
would build it.  The guests run on the SVM that QEMU emulates, and QEMU's clock counts instructions:
each takes a nanosecond.  With the series a fault may take 1 % more of them.
"""
import argparse
import re
import sys

import machine
import selftests
from test_guests import MACHINE

NAME = "demand_paging_test"
MEGABYTES = 16, 144
PAGES_IN_MB = 256
MOST_TIMES = 1.01
TIME = re.compile(r"Total guest execution time: (\d+)\.(\d{9})s")


def instructions(kernel, megabytes):
    """While a vCPU writes to so many MB of memory for the first time."""
    result = machine.Machine(kernel=kernel, **{**MACHINE, "cpus": 1}, timeout=600,
                             initramfs=selftests.initramfs(NAME),
                             qemu_options=("-icount", "shift=0,sleep=off")
                             ).run(selftests.step(NAME, "-b", f"{megabytes}M", "-v", 1))
    assert result.value("selftest").endswith(" 0"), result.values("output")
    [time] = filter(None, map(TIME.search, result.values("output")))
    return int(time[1] + time[2])


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    print("Instructions for each page that an ordinary guest touches first")
    pages = (MEGABYTES[1] - MEGABYTES[0]) * PAGES_IN_MB
    found = {}
    for kernel in "base", "plain":
        few, many = (instructions(kernel, megabytes) for megabytes in MEGABYTES)
        found[kernel] = (many - few) / pages
        print(f"{kernel:<10}{found[kernel]:>8.1f}", flush=True)
    times = found["plain"] / found["base"]
    if times > MOST_TIMES:
        sys.exit(f"{times:.3f} times as many with the series, not {MOST_TIMES}")
    print(f"{times:.3f} times as many with the series, at most {MOST_TIMES}")


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
