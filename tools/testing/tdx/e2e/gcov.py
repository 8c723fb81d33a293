#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which lines and branches of the core run in the tests?

Boots the gcov kernel with the KUnit suites and on a few emulated platforms, and adds up what
gcov says of arch/x86/virt/vmx/tdx.  A line that never ran is an error unless REASONS says why.
"""
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import events
import machine

KERNEL = machine.BUILD / "gcov"
CORE = "arch/x86/virt/vmx/tdx"
WANTED = 95     # percent of the lines

# Lines that no test makes run: the file, a part of the line, and why.
USERSPACE = "userspace tests run it: maps on which PAMTs hardly find room"
REASONS = [
    ("layout.c", "default:", "there is no other reason"),
    ("layout.c", "no reason is known", "there is no other reason"),
    ("layout.c", '"no memory"', "one allocation that fails is not enough: kvzalloc() tries another"),
    ("memory.c", "the list of RAM was not made at boot", "an allocation would have to fail at boot"),
    ("tdmr_cover.c", "continue;", USERSPACE),
    ("tdmr_place.c", "", USERSPACE),
    ("tdmr_ram.c", "return ALIGN(ram_end(&map->ram[i - 1]), TDMR_BLOCK);", USERSPACE),
]

# Scenario and machine of each boot.
BOOTS = [
    ("note,up", {"emulated": False, "accel": "tcg,thread=single", "memory": "1G",
              "cmdline": "kunit.enable=1 kunit.filter_glob=tdx_* tdx_injection.every=10"}),
    ("create-td", {"cpus": 4, "packages": 2, "memory": "4G"}),
    ("create-td", {"cpus": 1, "packages": 1, "memory": "1G",
                   "emulator_options": "delay=30000"}),
    ("create-td", {"cpus": 2, "packages": 1, "memory": "1G", "emulator_options": "module=none"}),
    ("create-td", {"cpus": 2, "packages": 1, "memory": "1G", "emulator_options": "keyids=63:0"}),
    ("create-td", {"cpus": 2, "packages": 2, "memory": "1G",
                   "emulator_options": "msr=1:0x3b:1000", "cmdline": "tsc=reliable"}),
    ("create-td", {"cpus": 2, "packages": 1, "memory": "1G", "cmdline": "maxcpus=1"}),
    ("create-td", {"cpus": 2, "packages": 1, "memory": "1G",
                   "emulator_options": "inject=TDH.SYS.KEY.CONFIG:1:OPERAND_INVALID:1"}),
    ("create-td", {"cpus": 2, "packages": 1, "memory": "6G",
                   "emulator_options": "max_tdmrs=1 max_reserved=1"}),
    ("create-td", {"cpus": 2, "packages": 1, "memory": "1G",
                   "emulator_options": "max_reserved=1 e820=hole:256M+1M*3/64M"}),
    ("create-td-without-contiguous-memory", {"memory": "1G"}),
    ("create-td;ask,come", {"cpus": 2, "packages": 1, "memory": events.SLOTS, "hot_add": True,
                            "answers": {"come": events.add_cpu(1, 0) + events.add_dimm("dimm")}}),
    (events.steps("set,/sys/power/mem_sleep=deep", "set,/sys/power/state=mem",
                  "set,/sys/power/state=disk", f"set,{events.CPU1}/eject=1", "create-td",
                  events.write_cpu(1, 0), events.make_devdax(), events.devdax_to("kmem")),
     {"cpus": 2, "packages": 2, **events.DRIVERS_MEMORY}),
]


class Coverage:
    """Counts, by file and line, and by file, line and branch."""

    def __init__(self):
        self.lines = collections.defaultdict(lambda: collections.defaultdict(int))
        self.branches = collections.defaultdict(lambda: collections.defaultdict(int))

    def add(self, report):
        """gcov's JSON of one object."""
        for file in report["files"]:
            name = file["file"]
            if CORE not in name or "/tests/" in name or not name.endswith(".c"):
                continue
            name = name[name.index(CORE) + len(CORE) + 1:]
            for line in file["lines"]:
                number = line["line_number"]
                self.lines[name][number] += line["count"]
                for index, branch in enumerate(line["branches"]):
                    self.branches[name][number, index] += branch["count"]


def add_boot(coverage, scenario, options):
    """Boot once; what gcov counted until the end."""
    options = {**options, "cmdline": f"{options.get('cmdline', '')} coverage=on".strip()}
    result = machine.Machine(kernel="gcov", timeout=400, **options).run(scenario)
    files = [line.split() for line in result.values("gcda") if CORE in line]
    if not files:
        sys.exit(f"error: the machine with {options} has no counters")
    with tempfile.TemporaryDirectory() as directory:
        for path, data in files:
            if "/tests/" in path:
                continue
            gcda = pathlib.Path(directory) / pathlib.Path(path).name
            gcda.write_bytes(bytes.fromhex(data))
            notes = KERNEL / path[path.index(CORE):].replace(".gcda", ".gcno")
            gcda.with_suffix(".gcno").write_bytes(notes.read_bytes())
            report = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                                     gcda.name], cwd=directory, check=True,
                                    stdout=subprocess.PIPE).stdout
            coverage.add(json.loads(report))


def percent(counts):
    return 100 * sum(1 for count in counts if count) / max(1, len(counts))


def reasons(name, text):
    """Those of REASONS that a line has."""
    return [each for each in REASONS if each[0] == name and each[1] in text]


def show_table(coverage):
    """Print it; the percentage of all lines."""
    print(f"{'file':<20} {'lines':>6} {'ran':>7} {'branches':>9} {'taken':>7}")
    for name in sorted(coverage.lines):
        lines, branches = coverage.lines[name].values(), coverage.branches[name].values()
        print(f"{name:<20} {len(lines):>6} {percent(lines):>6.1f}% "
              f"{len(branches):>9} {percent(branches):>6.1f}%")
    lines = [n for counts in coverage.lines.values() for n in counts.values()]
    branches = [n for counts in coverage.branches.values() for n in counts.values()]
    print(f"{'all':<20} {len(lines):>6} {percent(lines):>6.1f}% "
          f"{len(branches):>9} {percent(branches):>6.1f}%")
    return percent(lines)


def show_missing(coverage):
    """Print the lines that never ran; how many of them have no reason, and reasons of no line."""
    unexplained, unused = 0, set(REASONS)
    for name, counts in sorted(coverage.lines.items()):
        source = (machine.TOP / CORE / name).read_text().splitlines()
        for number in sorted(line for line, count in counts.items() if not count):
            text = source[number - 1].strip()
            found = reasons(name, text)
            unexplained += not found
            unused.difference_update(found)
            print(f"{name}:{number}: {text}\n    {found[0][2] if found else 'NO REASON IS KNOWN'}")
    return unexplained, unused


def main():
    coverage = Coverage()
    for scenario, options in BOOTS:
        add_boot(coverage, scenario, options)
    ran = show_table(coverage)
    print()
    unexplained, unused = show_missing(coverage)
    for name, part, _ in sorted(unused):
        print(f"{name}: there is a reason, but no line that never ran: {part}")
    if ran < WANTED or unexplained or unused:
        sys.exit(f"error: {ran:.1f} % of the lines ran, {unexplained} others without a reason, "
                 f"{len(unused)} reasons without a line")


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
