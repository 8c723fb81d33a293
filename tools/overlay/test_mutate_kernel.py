# SPDX-License-Identifier: GPL-2.0-only
"""What make mutate knows of the kernel's files."""
import mutants
import mutate_kernel
from overlay import TOP, TREE


def test_every_file_of_the_kernel_has_tests_that_there_are():
    assert set(mutate_kernel.SUBJECTS) == set(mutate_kernel.files())
    for tests in mutate_kernel.SUBJECTS.values():
        assert tests and all((mutate_kernel.E2E / test).is_file() for test in tests)


def test_of_a_file_with_hooks_only_these_are_changed():
    hooks = {path: numbers for path, numbers in mutate_kernel.files().items() if numbers}
    for path, numbers in hooks.items():
        added = [line[1:] for line in (TOP / f"{path}.patch").read_text().splitlines()
                 if line.startswith("+") and not line.startswith("+++ ")]
        lines = (TREE / path).read_text().splitlines()
        assert [lines[number] for number in sorted(numbers)] == added
        assert {each.number for each in mutate_kernel.mutations_of(path, numbers)} <= numbers
    assert "arch/x86/kernel/crash.c" in hooks


def test_reasons_for_survivors_are_for_changes_that_there_are():
    assert not mutants.unfounded(mutate_kernel.ACCEPTED, mutate_kernel.all_mutations())
