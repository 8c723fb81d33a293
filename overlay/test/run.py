# SPDX-License-Identifier: GPL-2.0-only
"""Run the parts of make test, or of make test-all, and count their tests.

The last line is "N passed, N failed".  The results are read from files that each part writes to
build/results/PART. A skipped test counts as failed.  A part that ends with an error, or without any
test that passed, counts as failed, too.
"""
import argparse
import dataclasses
import re
import shutil
import subprocess
import sys
import time

from overlay.test import results
from overlay.test.results import Case
from overlay.tree import linux
from overlay.tree.base import Refusal
from overlay.tree.linux import BUILD, TOP, TREE

RESULTS = BUILD / "results"

# Builds and tests: faster parts first.
STEPS = ["tree", "test-tools", "test-unit", "test-series", "kernels", "check", "test-kunit",
         "test-notdx", "test-e2e"]
# Parts that take longer and change less often: see README.md.
MORE = ["test-maps", "test-kunit-whole", "test-notdx-whole", "test-e2e-all", "test-stock-qemu",
        "test-locking", "series-check", "coverage", "soak-sample", "mutate-sample"]
BUILDS = ["tree", "kernels"]
# Parts whose exit status is the only result.
COMMANDS = ["test-locking", "coverage", "soak-sample", "mutate-sample"]

# Time limits in minutes: from scratch, with kernels that are built, and for all parts.
BUDGET, BUDGET_WHEN_BUILT, BUDGET_FOR_ALL = 30, 20, 180
SLOWEST = 10

# Lines of a kernel build; one line of progress is printed for many of them.
BUILD_LINE = re.compile(r"^ +(CC|AS|AR|LD|HOSTCC|GEN|UPD|WRAP|SYSTBL|SYSHDR|HOSTLD|CHK\w*) ")


@dataclasses.dataclass
class Part:
    """The result of a target of the Makefile."""
    target: str
    seconds: float
    cases: list

    def number(self, outcome):
        return sum(case.outcome == outcome for case in self.cases)

    @property
    def passed(self):
        return self.number("passed")

    @property
    def failed(self):
        return len(self.cases) - self.passed


def run_target(target):
    """Runs a target, shows its output without the lines of a kernel build; returns its status."""
    built = 0
    with subprocess.Popen(["make", "--no-print-directory", target], cwd=TOP, text=True,
                          errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            if BUILD_LINE.match(line):
                built += 1
                if built % 250 == 0:
                    print(f"  ... {built} files built", flush=True)
            else:
                print(line, end="", flush=True)
    return process.returncode


def verdict(target, status, cases):
    """The cases, and one more if the target failed in another way."""
    if target in COMMANDS:
        return [Case(target, "failed" if status else "passed")]
    if status and all(case.outcome == "passed" for case in cases):
        return [*cases, Case(f"{target}: ended with status {status}", "failed")]
    if not cases and target not in BUILDS:
        return [Case(f"{target}: ran no test", "failed")]
    return cases


def run_part(target):
    print(f"=== make {target}", flush=True)
    folder = RESULTS / target
    shutil.rmtree(folder, ignore_errors=True)
    start = time.monotonic()
    status = run_target(target)
    seconds = time.monotonic() - start
    return Part(target, seconds, verdict(target, status, results.read(folder)))


def refuse_edits():
    """Refuses edits of build/linux: the tested state has to be one that can be committed."""
    if not TREE.is_dir():
        return
    try:
        linux.refuse_edits()
    except Refusal as refusal:
        print(f"error: {refusal}\n0 passed, 1 failed")
        sys.exit(1)


def show(parts, seconds, budget):
    cases = [case for part in parts for case in part.cases]
    print("\nslowest tests")
    for case in sorted(cases, key=lambda case: -case.seconds)[:SLOWEST]:
        print(f"{case.seconds:>6.0f} s  {case.name}")
    for outcome in ("failed", "skipped"):
        for case in cases:
            if case.outcome == outcome:
                print(f"{outcome}: {case.name}")
    print("\nparts")
    for part in parts:
        counts = "" if part.target in BUILDS and not part.cases else \
            f"{part.passed:>4} passed {part.failed:>4} failed"
        print(f"{part.seconds:>6.0f} s  {part.target:<16} {counts}".rstrip())
    print(f"{seconds:>6.0f} s  in all"
          + (f": over the budget of {budget} minutes" if seconds > 60 * budget else ""))
    passed, failed = (sum(getattr(part, count) for part in parts) for count in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="what a release takes, too")
    parser.add_argument("--started", type=float, default=time.time(),
                        help="when the time began to run, in seconds since 1970")
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(STEPS + MORE)}")
    args = parser.parse_args()
    unknown = set(args.targets) - set(STEPS + MORE)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    built = (BUILD / "host/arch/x86/boot/bzImage").is_file()
    budget = BUDGET_FOR_ALL if args.all else BUDGET_WHEN_BUILT if built else BUDGET
    refuse_edits()
    parts = [run_part(target) for target in args.targets or STEPS + MORE * args.all]
    sys.exit(1 if show(parts, time.time() - args.started, budget) else 0)


if __name__ == "__main__":
    main()
