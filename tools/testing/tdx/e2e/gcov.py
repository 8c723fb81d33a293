#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which lines and branches of the core run in the tests?

Boots the gcov kernel with the KUnit suites and on emulated platforms, and adds up the counters for
arch/x86/virt/vmx/tdx.  The counters of the geometry are those of the userspace tests.  A line that
never ran is an error unless REASONS has an entry for it.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import events
import machine
import selftests
from test_bringup import DEBUG
from test_kexec import kexec_initramfs

KERNEL = machine.BUILD / "gcov"
CORE = "arch/x86/virt/vmx/tdx"
WANTED = 95     # percent of the lines

UNIT = machine.TOP / "tools/testing/tdx/unit"
UNIT_TESTS = sorted(path.stem for path in UNIT.glob("tdmr_*_test.c"))
# Each test is a process, which has to write its counters before it exits.
COUNTING = "--coverage -D_exit=exit"

# Lines that no test runs: file, function or part of the line, and the reason.
KEXEC = "what was counted is lost with the kernel that leaves: test_kexec.py runs it"
PANIC = "what was counted is lost in the panic: {} runs it".format
AT_BOOT = "an allocation would have to fail at boot"
NEVER = "there is no other reason"
REASONS = [
    ("cache.c", "write_back", KEXEC),
    ("cache.c", "tdx_cache_retire", KEXEC),
    ("hotplug.c", "BIOS removed", PANIC("test_hotplug.py")),
    ("hotplug.c", "that TDX needs is gone", PANIC("test_hotplug.py")),
    ("kexec.c", "tdx_should_be_disabled", KEXEC),
    ("kexec.c", "leave_machine", KEXEC),
    ("layout.c", "default:", NEVER),
    ("layout.c", "no reason is known", NEVER),
    ("layout.c", '"no memory"', "for kvzalloc() more than one allocation would have to fail"),
    ("layout.c", "the machine is going down", KEXEC),
    ("layout.c", "TDMR_MALFORMED_CMRS", "sysinfo.c refuses them before"),
    ("layout.c", "the list of CMRs is malformed", "sysinfo.c refuses them before"),
    ("layout.c", "tdx_layout_find_pamt", PANIC("test_machine_check.py")),
    ("machine_check.c", "explain_pamt", PANIC("test_machine_check.py")),
    ("machine_check.c", "explain_page", PANIC("test_machine_check.py")),
    ("machine_check.c", "tdx_explain_mce", PANIC("test_machine_check.py")),
    ("memory.c", "return;", AT_BOOT),
    ("memory.c", "the list of RAM was not made at boot", AT_BOOT),
    ("module.c", "tdx_module_wait_for_calls", KEXEC),
    ("sysfs.c", "return PTR_ERR(device);", AT_BOOT),
]

ONE_CPU = {"cpus": 1, "packages": 1, "memory": "1G"}
SMALL = {"cpus": 2, "packages": 1, "memory": "1G"}
SLEEPS = events.steps(events.write_power("mem_sleep", "deep"), events.try_sleeps("mem", ["core"]),
                      events.try_sleeps("disk", ["core"]), events.write_power("pm_test", "none"))
DRIVERS = events.steps(events.make_devdax(), events.devdax_to("kmem"))
KILLED = "lock-pages;start-td;wait-stuck;end-td,kill;unlock-pages;" \
    "wait-log,asked.for.TDX.were.killed;create-td"
KILLED_IN_SEAMCALLS = "start-td;wait-seamcalls,100;end-td,kill;create-td"
HOT_ADD = {"cpus": 2, "packages": 1, "memory": events.SLOTS, "hot_add": True,
           "answers": {"come": events.add_cpu(1, 0) + events.add_dimm("dimm"),
                       "not": events.remove("dimm")}}


def emulated(options, cmdline="", **others):
    return {**SMALL, "emulator_options": options, "cmdline": cmdline, **others}


# Scenario and machine of each boot.
BOOTS = [
    ("note,up", {"emulated": False, "accel": "tcg,thread=single", "memory": "1G",
                 "cmdline": "kunit.enable=1 kunit.filter_glob=tdx_* tdx_injection.every=10 "
                            "tdx_td_injection.every=10"}),
    ("note,up", emulated("", "kunit.enable=1 kunit.filter_glob=tdx_kexec.*cleared*")),
    (f"set,{DEBUG}/durations=1;create-td;set,{DEBUG}/durations=0;"
     + ";".join(f"show-lines,{DEBUG}/{name}" for name in ("seamcalls", "durations", "failures")),
     {"cpus": 4, "packages": 2, "memory": "4G"}),
    ("create-td", {**ONE_CPU, "emulator_options": "delay=30000"}),
    ("create-td", emulated("module=none")),
    ("create-td", emulated("module=1.5.01")),
    ("create-td", emulated("keyids=63:0")),
    ("create-td", emulated("msr=1:0x3b:1000", "tsc=reliable", packages=2)),
    ("create-td", emulated("", "maxcpus=1")),
    ("create-td", emulated("", "clearcpuid=movdir64b")),
    (f"create-td;{SLEEPS}", emulated("", f"tdx_host=off {events.NO_DELAY}")),
    ("create-td", emulated("inject=TDH.SYS.KEY.CONFIG:1:OPERAND_INVALID:1")),
    ("create-td", emulated("max_tdmrs=1 max_reserved=1", memory="6G")),
    ("create-td", emulated("max_reserved=1 e820=hole:256M+1M*3/64M")),
    ("create-td-without-contiguous-memory", {"memory": "1G"}),
    ("create-td;ask,come;ask,not", HOT_ADD),
    ("ask,come;ask,not", {**HOT_ADD, "hot_add": False, "cmdline": "tdx_host=off",
                          "answers": {**HOT_ADD["answers"], "come": events.add_dimm("dimm")}}),
    ("ask,come;show,acpi:_SB_.CPUE/sun;ask,gone", {
        **ONE_CPU, "hot_add": True, "cmdline": "tdx_host=off", "answers": {
            "come": events.add_cpu(1, 0), "gone": ("DEVICE_DELETED", "ACPI_DEVICE_OST")},
        "qemu_options": lambda: events.firmware("cpu")}),
    ("create-td", {**SMALL, "memory": events.SLOTS, "qemu_options": events.DIMM_AT_BOOT}),
    (KILLED_IN_SEAMCALLS, emulated("delay=10000")),
    (KILLED, SMALL),
    ("create-td;kexec-load,jump;kexec",
     {**SMALL, "cmdline": "crashkernel=64M", "initramfs": lambda: kexec_initramfs("gcov")}),
    *((selftests.step(name, *arguments),
       {"cpus": 4, "packages": 2, "memory": "1G", "emulator_options": options,
        "initramfs": lambda name=name: selftests.initramfs(name)})
      for name, arguments, options in (
          ("tdx_lifecycle_test", ["-c", 5, "-k", 5], "busy=20:1 no_entropy=20:1"),
          ("tdx_cgroup_test", [], ""), ("tdx_hotplug_test", ["-r", 1], ""))),
    (events.steps(SLEEPS, f"set,{events.CPU1}/eject=1", "create-td", SLEEPS,
                  f"set,{events.BOX}/eject=1", events.write_cpu(1, 0), DRIVERS),
     {"cpus": 2, "packages": 2, **events.DRIVERS_MEMORY}),
]


def is_counted(path):
    """True if gcov counts the file: it belongs to the core, but not to its tests or the model."""
    return CORE in path and "/tests/" not in path and "/model/" not in path


class Coverage:
    """Counts by file and line, and by file, line and branch; and the function of each line."""

    def __init__(self):
        self.lines = collections.defaultdict(lambda: collections.defaultdict(int))
        self.branches = collections.defaultdict(lambda: collections.defaultdict(int))
        self.functions = {}

    def add(self, report, known=()):
        """Adds gcov's JSON of an object.  Files in @known get no new lines: options may differ."""
        for file in report["files"]:
            name = file["file"]
            if not is_counted(name) or not name.endswith(".c"):
                continue
            name = name[name.index(CORE) + len(CORE) + 1:]
            add_line = self.add_to_known_line if name in known else self.add_line
            for line in file["lines"]:
                add_line(name, line)

    def add_line(self, name, line):
        number = line["line_number"]
        self.lines[name][number] += line["count"]
        self.functions[name, number] = line.get("function_name", "")
        for index, branch in enumerate(line["branches"]):
            self.branches[name][number, index] += branch["count"]

    def add_to_known_line(self, name, line):
        if line["line_number"] in self.lines[name]:
            self.lines[name][line["line_number"]] += line["count"]


def read_counters(gcda, directory):
    report = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", gcda],
                            cwd=directory, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(report)


def add_userspace(coverage):
    """Runs the userspace tests of the geometry and adds their counters."""
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "-C", UNIT, f"O={directory}",
                        f"KTREE={machine.BUILD}/linux", f"SANITIZE={COUNTING}",
                        *(f"{directory}/{test}" for test in UNIT_TESTS)], check=True)
        for test in UNIT_TESTS:
            subprocess.run([f"{directory}/{test}"], check=True, stdout=subprocess.DEVNULL)
        objects = pathlib.Path(directory) / "obj/tdmr"
        for gcda in objects.glob("*.gcda"):
            coverage.add(read_counters(gcda.name, objects))


def add_boot(coverage, scenario, options, known):
    """Boots once, and adds the counters at the end of the scenario."""
    options = {name: value() if callable(value) else value for name, value in options.items()}
    options["cmdline"] = f"{options.get('cmdline', '')} coverage=on".strip()
    result = machine.Machine(kernel="gcov", timeout=400, **options).run(scenario)
    files = [line.split() for line in result.values("gcda") if is_counted(line.split()[0])]
    if not files:
        sys.exit(f"error: the machine with {options} has no counters")
    with tempfile.TemporaryDirectory() as directory:
        for path, data in files:
            gcda = pathlib.Path(directory) / pathlib.Path(path).name
            gcda.write_bytes(bytes.fromhex(data))
            notes = KERNEL / path[path.index(CORE):].replace(".gcda", ".gcno")
            gcda.with_suffix(".gcno").write_bytes(notes.read_bytes())
            coverage.add(read_counters(gcda.name, directory), known)


def percent(counts):
    return 100 * sum(1 for count in counts if count) / max(1, len(counts))


def reasons(name, function, text):
    """The entries of REASONS that apply to a line."""
    return [each for each in REASONS
            if each[0] == name and (each[1] == function or each[1] in text)]


def show_table(coverage):
    """Prints the table; returns the percentage of all lines."""
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
    """Prints lines that never ran; returns how many have no reason, and unused reasons."""
    unexplained, unused = 0, set(REASONS)
    for name, counts in sorted(coverage.lines.items()):
        source = (machine.TOP / CORE / name).read_text().splitlines()
        for number in sorted(line for line, count in counts.items() if not count):
            text = source[number - 1].strip()
            found = reasons(name, coverage.functions.get((name, number)), text)
            unexplained += not found
            unused.difference_update(found)
            print(f"{name}:{number}: {text}\n    {found[0][2] if found else 'NO REASON IS KNOWN'}")
    return unexplained, unused


def main():
    coverage = Coverage()
    add_userspace(coverage)
    geometry = set(coverage.lines)
    for scenario, options in BOOTS:
        add_boot(coverage, scenario, options, geometry)
    ran = show_table(coverage)
    print()
    unexplained, unused = show_missing(coverage)
    for name, where, _ in sorted(unused):
        print(f"{name}: there is a reason, but no line that never ran: {where}")
    if ran < WANTED or unexplained or unused:
        sys.exit(f"error: {ran:.1f} % of the lines ran, {unexplained} others without a reason, "
                 f"{len(unused)} reasons without a line")


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
