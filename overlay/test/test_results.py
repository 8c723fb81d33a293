# SPDX-License-Identifier: GPL-2.0-only
"""How the tests of make test are counted."""
import json

import pytest

from overlay.test import kunit_suites, results
from overlay.test import run as runner
from overlay.tree.base import Refusal

JUNIT = """<testsuites><testsuite>
<testcase classname="a" name="good" time="1.5"/>
<testcase classname="a" name="bad"><failure message="x"/></testcase>
<testcase classname="a" name="broken"><error message="x"/></testcase>
<testcase classname="a" name="left_out"><skipped message="x"/></testcase>
</testsuite></testsuites>"""
TAP = "TAP version 13\n1..3\n# not ok 9 - a comment\nok 1 - one\nok 2 - two\nok 3 - three\n"
KTAP = """KTAP version 1
1..1
    KTAP version 1
    # Subtest: suite
    1..2
    ok 1 one
    {}ok 2 two
{}ok 1 suite
"""
KUNIT = {"name": "KUnit Test Group", "test_cases": [], "sub_groups": [
    {"name": "suite", "sub_groups": [], "test_cases": [
        {"name": "one", "status": "PASS"}, {"name": "two", "status": "ERROR"},
        {"name": "three", "status": "SKIP"}]}]}


def outcomes(folder, name, text):
    (folder / name).write_text(text)
    return [case.outcome for case in results.read(folder)]


def test_junit_tells_what_passed_failed_and_was_left_out(tmp_path):
    (tmp_path / "e2e.xml").write_text(JUNIT)
    cases = results.read(tmp_path)
    assert [case.outcome for case in cases] == ["passed", "failed", "failed", "skipped"]
    assert (cases[0].name, cases[0].seconds) == ("a.good", 1.5)


def test_tap_is_counted_without_its_comments(tmp_path):
    assert outcomes(tmp_path, "a.tap", TAP) == ["passed"] * 3
    assert outcomes(tmp_path, "a.tap", TAP.replace("ok 2", "not ok 2")).count("failed") == 1


@pytest.mark.parametrize("text", [
    TAP.replace("ok 3 - three\n", ""), TAP.replace("1..3\n", ""), TAP.replace("1..3", "1..4"),
    TAP.replace("ok 2", "ok 1"), TAP.removeprefix("TAP version 13\n"), "", "Segmentation fault\n"])
def test_tap_that_is_not_complete_has_failed(tmp_path, text):
    assert "failed" in outcomes(tmp_path, "a.tap", text)


def test_a_test_that_did_not_run_is_named_so(tmp_path):
    (tmp_path / "a.tap").write_text(TAP.replace("ok 3 - three\n", ""))
    assert [case.name for case in results.read(tmp_path) if case.outcome == "failed"] == [
        "planned, but not run", "a.tap: 1 errors in KTAP"]


def test_a_comment_in_tap_tells_the_time_of_the_test_whose_result_follows(tmp_path):
    (tmp_path / "a.tap").write_text(TAP.replace("ok 1 -", "# 61 s\nok 1 -").replace(
        "ok 3 -", "# took 7 s\n# 9 s later\n# 0.25 s\nnot ok 3 -"))
    assert [case.seconds for case in results.read(tmp_path)] == [61, 0, 0.25]


def test_the_slowest_tests_are_listed_whatever_tells_their_time(tmp_path, capsys):
    (tmp_path / "a.tap").write_text(TAP.replace("ok 2 -", "# 3.4 s\nok 2 -"))
    (tmp_path / "b.xml").write_text(JUNIT)
    runner.show([runner.Part("one", 61, results.read(tmp_path))], 61, 30)
    said = capsys.readouterr().out.splitlines()
    assert said[said.index("slowest tests") + 1:][:2] == ["     3 s  two", "     2 s  a.good"]


def test_ktap_is_counted_by_its_cases(tmp_path):
    assert outcomes(tmp_path, "a.tap", KTAP.format("", "")) == ["passed"] * 2
    assert outcomes(tmp_path, "a.tap", KTAP.format("not ", "not ")) == ["passed", "failed"]


def test_kunits_json_is_counted_by_its_cases(tmp_path):
    assert outcomes(tmp_path, "kunit.json", json.dumps(KUNIT)) == ["passed", "failed", "skipped"]


@pytest.mark.parametrize("name", ["a.xml", "a.json", "a.txt"])
def test_results_that_cannot_be_read_have_failed(tmp_path, name):
    assert outcomes(tmp_path, name, JUNIT[:-30]) == ["failed"]


GOOD, BAD = results.Case("good", "passed"), results.Case("bad", "failed")


@pytest.mark.parametrize("target, status, cases, failed", [
    ("check", 0, [GOOD], 0),
    ("check", 1, [GOOD], 1),            # no test failed, but the status is an error
    ("check", 1, [GOOD, BAD], 1),
    ("check", 0, [GOOD, BAD], 1),
    ("check", 0, [], 1),                # no tests were run
    ("check", 0, [results.Case("left out", "skipped")], 1),
    ("kernels", 0, [], 0),              # no tests are expected
    ("kernels", 2, [], 1),
    ("soak-sample", 0, [], 0),          # a command: only its status counts
    ("soak-sample", 1, [], 1),
])
def test_a_part_fails_without_a_test_that_passed_or_with_an_error(target, status, cases, failed):
    part = runner.Part(target, 0, runner.verdict(target, status, cases))
    assert part.failed == failed


def test_the_last_line_counts_what_all_parts_found(capsys):
    parts = [runner.Part("one", 61, [GOOD, BAD]), runner.Part("tree", 0, [])]
    assert runner.show(parts, 61, 1) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "1 passed, 1 failed"
    assert said[-2].endswith("over the budget of 1 minutes")
    assert "failed: bad" in said


def test_nothing_is_tested_with_edits_that_the_overlay_lacks(monkeypatch, capsys, tmp_path):
    def refuse():
        raise Refusal("build/linux has edits")

    monkeypatch.setattr(runner, "TREE", tmp_path)
    monkeypatch.setattr(runner.linux, "refuse_edits", refuse)
    with pytest.raises(SystemExit, match="1"):
        runner.refuse_edits()
    assert capsys.readouterr().out.splitlines() == ["error: build/linux has edits",
                                                   "0 passed, 1 failed"]
    monkeypatch.setattr(runner, "TREE", tmp_path / "not made yet")
    runner.refuse_edits()


PRINTED = """KTAP version 1
sched_clock: Marking stable
1..1
    KTAP version 1
    # Subtest: tdx_one
tsc: Refined TSC clocksource calibration
    1..2
        KTAP version 1
        # Subtest: of_parameters
random: crng init done
    # of_parameters: EXPECTATION FAILED at one_test.c:1
    Expected 1 == 2
        not ok 1 first
    not ok 1 of_parameters
    ok 2 last
not ok 1 tdx_one
reboot: Power down
"""
MESSAGES = "sched_clock: ", "tsc: ", "random: "


def test_messages_in_headers_of_suites_are_left_out_and_nothing_else():
    lines = PRINTED.splitlines()
    assert list(kunit_suites.without_messages_in_headers(lines)) == [
        line for line in lines if not line.startswith(MESSAGES)]
