# SPDX-License-Identifier: GPL-2.0-only
"""make mutate for files of the kernel."""
import collections
import types

import pytest

from overlay.test import mutants, mutate_kernel
from overlay.tree.base import Refusal
from overlay.tree.linux import TOP, TREE


def test_every_file_of_the_kernel_has_tests_that_there_are():
    assert set(mutate_kernel.SUBJECTS) == set(mutate_kernel.files())
    for tests in mutate_kernel.SUBJECTS.values():
        assert tests and all(
            (mutate_kernel.E2E / test.partition("::")[0]).is_file() for test in tests)


def test_of_a_file_with_hooks_only_these_are_changed():
    hooks = {path: numbers for path, numbers in mutate_kernel.files().items() if numbers}
    for path, numbers in hooks.items():
        changes = [line for patch in [*TOP.glob(f"{path}.patch"), *TOP.glob(f"{path}@*.patch")]
                   for line in patch.read_text().splitlines()
                   if line[:1] in "+-" and line[:4] not in ("+++ ", "--- ")]
        added, removed = (collections.Counter(line[1:] for line in changes if line[0] == sign)
                          for sign in "+-")
        lines = (TREE / path).read_text().splitlines()
        hooked = collections.Counter(lines[number] for number in numbers)
        assert not hooked - added
        # A patch may change a line that an earlier one adds.
        assert not added - hooked - removed
        assert {each.number for each in mutate_kernel.mutations_of(path, numbers)} <= numbers
    assert "arch/x86/kernel/crash.c" in hooks


def test_reasons_for_survivors_are_for_changes_that_there_are():
    assert not mutants.unfounded(mutate_kernel.ACCEPTED, mutate_kernel.all_mutations())


def some(number):
    return [mutants.Mutation("a.c", line, "right", "wrong") for line in range(number)]


@pytest.fixture
def kernels(monkeypatch):
    """Simulated kernels: those of odd lines do not compile, and line 4 is not detected."""
    def build(number, mutation):
        return f"folder {number}" if mutation.number % 2 == 0 else None

    def judge(mutation, _):
        return mutation, None if mutation.number == 4 else "KUnit: case"

    monkeypatch.setattr(mutate_kernel, "Workshop",
                        lambda *_: types.SimpleNamespace(build=build))
    monkeypatch.setattr(mutate_kernel, "Judge", lambda _: types.SimpleNamespace(judge=judge))


@pytest.mark.usefixtures("kernels")
def test_another_one_is_tried_for_what_does_not_compile():
    tried = {mutation.number: test for mutation, test in mutate_kernel.run(some(100), 20, 2)}
    assert tried == {line: None if line == 4 else "KUnit: case" for line in range(0, 40, 2)}


@pytest.fixture
def judge(monkeypatch, tmp_path):
    """KUnit detects nothing; the results of end-to-end tests are set by the test."""
    monkeypatch.setattr(mutate_kernel.Judge, "failing_case", lambda *_: None)
    return mutate_kernel.Judge(tmp_path / "right")


@pytest.mark.parametrize("wrong, right, noticed", [
    (None, None, None), ("test_x.py::test_y", None, "test_x.py::test_y")])
def test_what_fails_with_the_wrong_kernel_only_is_noticed(monkeypatch, judge, wrong, right,
                                                          noticed):
    monkeypatch.setattr(mutate_kernel, "first_failure",
                        lambda tests, folder: right if folder == judge.right else wrong)
    mutation = mutants.Mutation("kernel/cpu.c", 0, "right", "wrong")
    assert judge.noticed_by(mutation, "folder") == noticed


def test_a_test_that_fails_with_the_right_kernel_notices_nothing(monkeypatch, judge):
    monkeypatch.setattr(mutate_kernel, "first_failure", lambda *_: "test_x.py::test_y")
    with pytest.raises(Refusal, match="fails without any change"):
        judge.noticed_by(mutants.Mutation("kernel/cpu.c", 0, "right", "wrong"), "folder")
