#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run all parts of make test and count what they say.

The last line is "N passed, N failed".  A part that ends with an error without
naming a failed test counts as one.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]


def count_lines(passed, failed):
    """A counter for output with a line for each test."""
    def count(output):
        return (len(re.findall(passed, output, re.M)), len(re.findall(failed, output, re.M)))
    return count


def count_kunit(output):
    """kunit.py's last line: what did not pass, skipped tests excepted, failed."""
    match = re.search(r"Testing complete\. Ran (\d+) tests: passed: (\d+)(?:.*skipped: (\d+))?",
                      output)
    if not match:
        return 0, 0
    ran, passed, skipped = (int(n or 0) for n in match.groups())
    errors = re.search(r"Testing complete\..*errors: (\d+)", output)
    return passed, ran - passed - skipped + (int(errors[1]) if errors else 0)


def count_pytest(output):
    """pytest's summary, which need not be the last line."""
    summaries = re.findall(r"^=+ (.*) in [\d.]+s\b.*=+$", output, re.M)
    words = dict((word, int(number)) for number, word in
                 re.findall(r"(\d+) (passed|failed|error)", summaries[-1] if summaries else ""))
    return words.get("passed", 0), words.get("failed", 0) + words.get("error", 0)


def count_unit(output):
    """TAP of the programs, and pytest of the tools."""
    tap = count_lines(r"^ok \d+", r"^not ok \d+")(output)
    tools = count_pytest(output)
    return tap[0] + tools[0], tap[1] + tools[1]


# Cheap parts first.
PARTS = {
    "tools": count_pytest,
    "unit": count_unit,
    "check": count_lines(r"^PASS ", r"^FAIL "),
    "series": count_lines(r"^PASS ", r"^FAIL "),
    "kunit": count_kunit,
    "e2e": count_pytest,
    "notdx": count_lines(r"has no symbol of TDX host support$", r"^error: .* has symbols"),
}

# Progress of a kernel build: one line for so many files.
BUILD_LINE = re.compile(r"^ +(CC|AS|AR|LD|HOSTCC|GEN|UPD|WRAP|SYSTBL|SYSHDR|HOSTLD|CHK\w*) ")


def run_part(target):
    """The part's output, shown on the way without the lines of a build, and its status."""
    lines, built = [], 0
    with subprocess.Popen(["make", "--no-print-directory", target], cwd=TOP, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            lines.append(line)
            if BUILD_LINE.match(line):
                built += 1
                if built % 250 == 0:
                    print(f"  ... {built} files built", flush=True)
            else:
                print(line, end="", flush=True)
    return "".join(lines), process.returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=list(PARTS), help=f"of {', '.join(PARTS)}")
    args = parser.parse_args()
    rows = []
    for part in args.parts:
        target = part if part == "check" else f"test-{part}"
        print(f"=== make {target}", flush=True)
        start = time.monotonic()
        output, status = run_part(target)
        passed, failed = PARTS[part](output)
        if status and not failed:
            failed = 1
        if not passed and not failed:
            failed = 1
        rows.append((target, passed, failed, time.monotonic() - start))
    print()
    for target, passed, failed, seconds in rows:
        print(f"{target:<12} {passed:>4} passed {failed:>4} failed {seconds:>6.0f} s")
    passed, failed = (sum(row[i] for row in rows) for i in (1, 2))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
