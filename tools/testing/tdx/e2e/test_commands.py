# SPDX-License-Identifier: GPL-2.0-only
"""Messages and statuses of commands, apart from the tests, if something fails."""
import pytest

import boot
import gcov
import machine
import soak

FILE = "layout.c"
LINES = (gcov.machine.TOP / gcov.CORE / FILE).read_text().splitlines()


@pytest.mark.parametrize("log, clean", [
    ("end: power off\nviolations 0\n", True),
    ("violations 1\n", False), ("violations 0\nviolations 3\n", False),
    ("violations 0 of what\n", False), ("", False)])
def test_any_kernel_has_to_end_once_without_a_violation(log, clean):
    assert boot.is_clean(log) == clean


@pytest.mark.parametrize("part, count, unexplained, unused", [
    (LINES[9], 0, 0, 0), (LINES[9], 1, 0, 1), ("in no line", 0, 1, 1)])
def test_reasons_and_lines_that_never_ran_belong_together(monkeypatch, part, count, unexplained,
                                                         unused):
    monkeypatch.setattr(gcov, "REASONS", [(FILE, part, "why")])
    found = gcov.Coverage()
    found.lines[FILE][10] = count
    lost, without_line = gcov.show_missing(found)
    assert (lost, len(without_line)) == (unexplained, unused)


@pytest.mark.parametrize("messages, fault", [
    ("no room\nno room", False), ("no room\nno memory", True), ("CMR: [0x0, 0x1)\nno room", False)])
def test_a_boot_without_tdx_says_why_in_one_message(messages, fault):
    console = "".join(f"virt/tdx: {message}\n" for message in messages.splitlines())
    result = machine.Result(console, "info state failed\n", "", 0)
    assert bool(soak.what_is_wrong(soak.Boot(machine.Machine(), good=False), result)) == fault
