#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure what TDX host support adds to a kernel on a machine that does not use it.

Compares the kernels plain and notdx: the sections of vmlinux, and memory after boot on a machine
without TDX.
"""
import argparse
import re
import statistics
import subprocess
import sys

import machine

MOST_TEXT = 64 << 10
SECTIONS = {"text": r"\.(text|noinstr|ref)\b.*",
            "read-only data": r"\.rodata\b.*|__.*|\.orc_.*|\.\w+_sites|\.alt.*",
            "data": r"\.(data|bss)\b.*", "init, freed after boot": r"\.init\..*"}


def sections(config):
    """Bytes of each kind of section, from vmlinux.o: vmlinux is rounded up to huge pages."""
    output = subprocess.run(["size", "-A", str(machine.BUILD / config / "vmlinux.o")], check=True,
                            text=True, stdout=subprocess.PIPE).stdout
    sizes = {match[1]: int(match[2]) for match in re.finditer(r"^(\S+)\s+(\d+)", output, re.M)}
    return {kind: sum(size for name, size in sizes.items() if re.fullmatch(names, name))
            for kind, names in SECTIONS.items()}


def memory(config, boots):
    """Medians of the kernel's total and free memory after boot, in kB."""
    found = []
    for _ in range(boots):
        result = machine.Machine(kernel=config, cpus=4, packages=2, memory="2G",
                                 emulated=False).run("show,/proc/meminfo;show,/proc/vmstat")
        total, free = (int(re.search(r" (\d+)( kB)?$", line)[1]) for line in result.values("read"))
        found.append((total, free * 4))
    return [statistics.median(column) for column in zip(*found)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boots", type=int, default=5)
    args = parser.parse_args()
    with_tdx, without = sections("plain"), sections("notdx")
    added = {kind: with_tdx[kind] - without[kind] for kind in SECTIONS}
    for kind, size in added.items():
        print(f"{kind:<24} {size:>8,} bytes more")
    totals, frees = zip(memory("plain", args.boots), memory("notdx", args.boots))
    print(f"memory that the kernel has   {totals[0] - totals[1]:>8,.0f} kB more")
    print(f"memory that is free          {frees[0] - frees[1]:>8,.0f} kB more")
    sys.exit(added["text"] > MOST_TEXT)


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
