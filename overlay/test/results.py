# SPDX-License-Identifier: GPL-2.0-only
"""Results of tests, read from data: junit XML, KTAP and KUnit's JSON."""
import dataclasses
import importlib
import io
import json
import re
import sys
import xml.etree.ElementTree

from overlay.tree.linux import TREE

KUNIT = {"PASS": "passed", "SKIP": "skipped"}
# A comment in TAP with the time of a test, before its result, where KTAP has diagnostics.
TOOK = re.compile(r"\s*# (\d+(?:\.\d+)?) s$")


@dataclasses.dataclass(frozen=True)
class Case:
    """One test: passed, failed or skipped."""
    name: str
    outcome: str
    seconds: float = 0.0


def from_junit(path):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        tags = {child.tag for child in case}
        outcome = ("failed" if tags & {"failure", "error"} else
                   "skipped" if "skipped" in tags else "passed")
        name = f"{case.get('classname')}.{case.get('name')}"
        yield Case(name.removeprefix("."), outcome, float(case.get("time", 0)))


def kernels_parser():
    """The kernel's KTAP parser, without its output."""
    tools = str(TREE / "tools/testing/kunit")
    if tools not in sys.path:
        sys.path.insert(0, tools)
    sys.dont_write_bytecode = True
    parser = importlib.import_module("kunit_parser")
    parser.stdout = importlib.import_module("kunit_printer").Printer(io.StringIO())
    return parser


def seconds_of(test):
    """What a test of KTAP says of its time, which is none if it says nothing."""
    return sum(float(took[1]) for took in map(TOOK.match, test.log) if took)


def leaves(test, status):
    """Tests without subtests.  A test without a plan fails, as cases may be missing."""
    if test.expected_count is None:
        yield Case(f"{test.name}: no plan", "failed")
    for each in test.subtests:
        if each.subtests:
            yield from leaves(each, status)
        else:
            outcome = {status.SUCCESS: "passed", status.SKIPPED: "skipped"}.get(each.status)
            yield Case(each.name or "planned, but not run", outcome or "failed", seconds_of(each))


def from_ktap(path):
    """Reads KTAP or TAP. Planned cases without a result have failed."""
    parser = kernels_parser()
    with path.open(errors="replace") as lines:
        run = parser.parse_run_tests(lines)
    yield from leaves(run, parser.TestStatus)
    if run.counts.errors:
        yield Case(f"{path.name}: {run.counts.errors} errors in KTAP", "failed")


def cases_of(group):
    for case in group["test_cases"]:
        yield Case(f"{group['name']}.{case['name']}", KUNIT.get(case["status"], "failed"))
    for each in group["sub_groups"]:
        yield from cases_of(each)


def from_kunit(path):
    yield from cases_of(json.loads(path.read_text()))


READERS = {".xml": from_junit, ".tap": from_ktap, ".json": from_kunit}


def read(folder):
    """All cases in the files of a folder; a file that cannot be read is a failed case."""
    cases = []
    for path in sorted(folder.glob("*")):
        try:
            cases += READERS[path.suffix](path)
        except (xml.etree.ElementTree.ParseError, ValueError, KeyError) as error:
            cases.append(Case(f"{path.name}: {error!r}", "failed"))
    return cases
