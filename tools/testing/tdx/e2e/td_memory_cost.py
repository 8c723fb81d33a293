#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count the SEAMCALLs and the memory that private memory takes, for kernels on the same platform.

A selftest maps pages of a TD and gives them back in some way.  The difference between two numbers of
pages is that of all SEAMCALLs, and of what the kernel needs to map pages that a file has.  The first
kernel must not need more than a limit.
"""
import argparse
import sys

import layout
import machine
import selftests
from test_kvm import MACHINE

NAME = "tdx_private_memory_test"
WAYS = {"hole": "a hole in the file", "file": "the file is closed first",
        "vm": "VM and vCPUs are closed first", "exit": "the process ends"}
PAGES = 4096, 36864
PAGE_KB, GB_KB = 4, 1 << 20

# Leaves that map pages, and that take them away
MAP = ("TDH.MEM.SEPT.ADD", "TDH.MEM.PAGE.AUG")
TAKE = ("TDH.MEM.RANGE.BLOCK", "TDH.MEM.TRACK", "TDH.MEM.PAGE.REMOVE", "TDH.PHYMEM.PAGE.WBINVD",
        "TDH.PHYMEM.PAGE.RECLAIM")

# Each 2 MB have a page of the secure EPT, which is added, and reclaimed with the TD.
OF_SEPT = 1 / 512
MOST_MAP = 1 + OF_SEPT
# A page is blocked, removed and written back; if no vCPU can run any more, it is reclaimed.
MOST_TAKE = {"hole": 3 + OF_SEPT, "file": 3 + OF_SEPT, "vm": 1 + OF_SEPT, "exit": 1 + OF_SEPT}
# Of upper levels of the secure EPT, and the tracking of TLBs for each 64 MB
ROUNDING = 1 / 8192
MOST_OWN_KB = 0.003 * GB_KB


def measure(kernel, way, pages):
    """SEAMCALLs by leaf, with any status, and the kernel's memory for mappings, in KB."""
    result = machine.Machine(kernel=kernel, **MACHINE, accel=machine.ONE_THREAD,
                             cmdline="nohibernate", timeout=600,
                             initramfs=selftests.initramfs(NAME)
                             ).run(selftests.step(NAME, "-n", pages, "-u", way))
    selftests.check_passed(result)
    log = layout.EmulatorLog(result.log)
    calls = {leaf: log.count(leaf, r"\S+") for leaf in MAP + TAKE}
    kb = dict(line.split()[1:] for line in result.values("output") if line.startswith("kernel_kb"))
    return calls, int(kb["mapped"]) - int(kb["allocated"])


def difference(kernel, way):
    """SEAMCALLs for each page, and KB of the kernel's own for each GB."""
    (few, few_kb), (many, many_kb) = (measure(kernel, way, pages) for pages in PAGES)
    pages = PAGES[1] - PAGES[0]
    calls = {leaf: many[leaf] - few[leaf] for leaf in MAP + TAKE}
    return {leaf: count / pages for leaf, count in calls.items()}, \
        (many_kb - few_kb) * GB_KB / (pages * PAGE_KB)


def excess(way, calls, own_kb):
    """What exceeds its limit."""
    found = [(sum(calls[leaf] for leaf in MAP), MOST_MAP + ROUNDING, "SEAMCALLs to map a page"),
             (sum(calls[leaf] for leaf in TAKE), MOST_TAKE[way] + ROUNDING,
              "SEAMCALLs to take a page away"),
             (own_kb, MOST_OWN_KB, "KB for each GB")]
    return [f"{WAYS[way]}: {number:.4f} {what}, not {limit:.4f}"
            for number, limit, what in found if number > limit]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="host,mainline",
                        help="configs of the kernels, separated by commas")
    kernels = parser.parse_args().kernels.split(",")
    print("SEAMCALLs for each page of 4 KB that is mapped and given back, and memory of the kernel "
          "for each GB\n"
          f"{'pages are taken away by':<32}{'kernel':<10}"
          + "".join(f"{leaf.split('.')[-1]:>9}" for leaf in MAP + TAKE) + f"{'memory':>11}")
    wrong = []
    for way, text in WAYS.items():
        for kernel in kernels:
            calls, own_kb = difference(kernel, way)
            print(f"{text:<32}{kernel:<10}"
                  + "".join(f"{calls[leaf]:>9.3f}" for leaf in MAP + TAKE)
                  + f"{own_kb:>8.0f} KB", flush=True)
            if kernel == kernels[0]:
                wrong += excess(way, calls, own_kb)
    if wrong:
        sys.exit("\n".join([f"{kernels[0]} needs more than the limits:", *wrong]))
    print(f"{kernels[0]} stays within the limits")


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
