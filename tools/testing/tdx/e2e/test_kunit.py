# SPDX-License-Identifier: GPL-2.0-only
"""The KUnit suites on whole machines."""
import importlib
import sys

import pytest

import kunit_suites
import machine

WITHOUT_VMX = ["without_vmx_operation_the_instruction_raises_ud",
               "without_vmx_operation_tdx_init_refuses"]
CLEARED = {"tdx_kexec": ["only_pages_of_tds_are_cleared",
                         "pamts_are_cleared_with_and_without_other_memory"],
           "tdx_page": ["pages_are_cleared_unless_they_are_poisoned"]}


@pytest.fixture
def parser(monkeypatch):
    """The kernel's own KTAP parser."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(machine.BUILD / "linux/tools/testing/kunit")
    return importlib.import_module("kunit_parser")


def passed(parser, result):
    """The cases that passed, by suite; asserts that no case failed or was skipped."""
    run = parser.parse_run_tests(
        kunit_suites.without_messages_in_headers(result.console.splitlines()))
    assert run.status == parser.TestStatus.SUCCESS, run.counts
    assert run.counts.passed == run.counts.total() > 0
    return {suite.name: [case.name for case in suite.subtests] for suite in run.subtests}


@pytest.mark.one_kernel
def test_without_vmx_operation_seamcall_is_an_error(boot, parser):
    result = boot("note,up", cpus=2, packages=1, memory="1G",
                  cmdline="kunit.enable=1 kunit.filter_glob=tdx_seamcall")
    assert set(WITHOUT_VMX) <= set(passed(parser, result)["tdx_seamcall"])


@pytest.mark.one_kernel
@pytest.mark.parallel
def test_a_cpu_that_comes_online_while_kvm_is_enabled_is_not_missed(boot, parser):
    result = boot("note,up", cpus=2, packages=1, memory="1G",
                  cmdline="kunit.enable=1 kunit.filter_glob=vmx_online")
    assert list(passed(parser, result)) == ["vmx_online"]


@pytest.mark.one_kernel
def test_memory_is_cleared_for_another_owner(boot, parser):
    """Only the platform's CPUs have MOVDIR64B."""
    result = boot("note,up", cpus=2, packages=1, memory="1G",
                  cmdline="kunit.enable=1 kunit.filter_glob=tdx_*.*cleared*")
    assert passed(parser, result) == CLEARED


@pytest.mark.long
@pytest.mark.kernels("debug")
def test_all_suites_pass_under_what_the_kernel_checks(boot, parser):
    """
    For the host kernel, make test-kunit runs them, and injects a failure at every step.  kmemleak
    finds what one of these failures leaks, too.  Without the platform, because emulating MOVDIR64B
    for the PAMTs of all cases takes minutes.  Without SVM, because KVM would configure its MMU for
    page tables of this CPU, which has no fifth level.
    """
    result = boot("note,up", emulated=False, accel=machine.ONE_THREAD, memory="1G",
                  cpu=f"{machine.CPU},-svm",
                  cmdline="kunit.enable=1 kunit.filter_glob=tdx_* kmemleak=on "
                          "tdx_injection.every=10 tdx_td_injection.every=10 "
                          "tdx_walk.steps=300")
    assert passed(parser, result).keys() == kunit_suites.expected()
    assert result.value("kmemleak_scanned") == "2"
    assert result.values("kmemleak") == []


@pytest.mark.release
def test_a_random_walk_leaves_no_report(boot_kernel, parser):
    """
    Callers, CPU hotplug, failures and resets, under lockdep and KCSAN, which checks the files of
    TDX host support only.  While KCSAN delays an access, other CPUs run.  The platform is needed
    for machines with several threads, because of a race of QEMU with patched code (softint.c); the
    TDX module of the test is a model inside the kernel.
    """
    result = boot_kernel("kcsan", "note,up", memory="1G", timeout=1200,
                         cmdline="kunit.enable=1 kunit.filter_glob=tdx_walk tdx_walk.steps=1000 "
                                 "clearcpuid=movdir64b kcsan.skip_watch=1000")
    assert list(passed(parser, result)) == ["tdx_walk"]
    assert len(result.kernel_lines("nothing_is_lost_on_a_random_walk: 1000 steps")) == 5
    assert result.kernel_lines("kcsan: enabled early")
