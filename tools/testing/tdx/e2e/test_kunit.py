# SPDX-License-Identifier: GPL-2.0-only
"""The KUnit suites on whole machines."""
import importlib
import sys

import pytest

import machine

WITHOUT_VMX = ["without_vmx_operation_the_instruction_raises_ud",
               "without_vmx_operation_tdx_init_refuses"]


@pytest.fixture
def parser(monkeypatch):
    """The kernel's own parser of KTAP."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(machine.BUILD / "linux/tools/testing/kunit")
    return importlib.import_module("kunit_parser")


def passed(parser, result):
    """The cases that passed, by suite; a run with any other kind of case fails."""
    run = parser.parse_run_tests(result.console.splitlines())
    assert run.status == parser.TestStatus.SUCCESS, run.counts
    assert run.counts.passed == run.counts.total() > 0
    return {suite.name: [case.name for case in suite.subtests] for suite in run.subtests}


@pytest.mark.one_kernel
def test_without_vmx_operation_seamcall_is_an_error(boot, parser):
    result = boot("none", cpus=2, packages=1, memory="1G",
                  cmdline="kunit.enable=1 kunit.filter_glob=tdx_seamcall")
    assert set(WITHOUT_VMX) <= set(passed(parser, result)["tdx_seamcall"])


def test_all_suites_pass_under_what_the_kernel_checks(boot, parser):
    """
    Without the platform: emulating MOVDIR64B for every PAMT that a case gives
    back takes minutes.  One thread for all CPUs: QEMU 7.2 can run a stale
    INT3 after code was patched, and the suites patch a static call.
    """
    result = boot("none", emulated=False, accel="tcg,thread=single", memory="1G",
                  cmdline="kunit.enable=1 kunit.filter_glob=tdx_* tdx_injection.every=10")
    assert len(passed(parser, result)) > 1


def test_a_random_walk_leaves_no_report(boot_kernel, parser):
    """
    Callers, CPUs that come and go, failures and resets under KCSAN and lockdep, on
    CPUs that really run at the same time.  The platform is there because of what
    QEMU does to patched code (softint.c); the module that is walked on is software.
    """
    result = boot_kernel("kcsan", "none", memory="1G", timeout=600,
                         cmdline="kunit.enable=1 kunit.filter_glob=tdx_walk tdx_walk.steps=2000 "
                                 "clearcpuid=movdir64b")
    assert list(passed(parser, result)) == ["tdx_walk"]
    assert len(result.kernel_lines("nothing_is_lost_on_a_random_walk: 2000 steps")) == 5
