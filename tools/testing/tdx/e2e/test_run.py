# SPDX-License-Identifier: GPL-2.0-only
"""TDs that run for long, and while the module is busy.

That they run is tested by tdx_run_test and others in test_kvm.py.
"""
import pytest

import layout
import selftests
from events import steps, write_cpu
from outcome import errors

MACHINE = {"cpus": 4, "packages": 2, "memory": "1G"}
# A SEAMCALL is made that often while an operand is busy, and then once more when no vCPU is in
# the guest.
TRIES = 100


@pytest.mark.one_kernel
@pytest.mark.parametrize("leaf, nr, status, times", [
    ("TDH.VP.ENTER", 20, "OPERAND_BUSY", 50),
    ("TDH.MEM.RANGE.BLOCK", 1, "OPERAND_BUSY", TRIES),
    ("TDH.MEM.TRACK", 1, "OPERAND_BUSY", TRIES),
    ("TDH.MEM.TRACK", 1, "PREVIOUS_TLB_EPOCH_BUSY", 1),
    ("TDH.MEM.PAGE.REMOVE", 3, "OPERAND_BUSY", TRIES),
    ("TDH.MEM.PAGE.AUG", 2, "OPERAND_BUSY", TRIES),
])
def test_a_td_runs_when_the_module_was_busy(boot, leaf, nr, status, times):
    name = "tdx_run_test"
    result = boot(selftests.step(name), initramfs=selftests.initramfs(name), **MACHINE,
                  emulator_options=f"inject={leaf}:{nr}:{status}:{times}")
    selftests.check_passed(result)
    selftests.check_nothing_left(result)
    assert layout.EmulatorLog(result.log).count(leaf, status) >= times


@pytest.mark.one_kernel
@pytest.mark.parametrize("leaf", ["TDH.MEM.RANGE.BLOCK",
                                  pytest.param("TDH.MEM.TRACK", marks=pytest.mark.release)])
def test_a_guest_that_holds_a_lock_cannot_keep_its_memory(boot, leaf):
    """The operand is busy whenever a vCPU is in the guest: it has to stay outside."""
    name = "tdx_run_test"
    result = boot(selftests.step(name), initramfs=selftests.initramfs(name), **MACHINE,
                  emulator_options=f"contended={leaf}")
    selftests.check_passed(result)
    selftests.check_nothing_left(result)
    assert layout.EmulatorLog(result.log).count(leaf, "OPERAND_BUSY") >= TRIES


@pytest.fixture
def run_selftest(boot_kernel):
    """Boots a machine with a kernel that runs a selftest for long."""
    def run(kernel, name, *args):
        result = boot_kernel(kernel, selftests.step(name, *args), **MACHINE, timeout=3600,
                             initramfs=selftests.initramfs(name))
        selftests.check_passed(result)
        selftests.check_nothing_left(result)
    return run


@pytest.mark.one_kernel
@pytest.mark.release
def test_a_td_with_16_vcpus_runs_on_4_cpus(boot):
    """It has at most as many as there are CPUs, of which 12 go offline when TDX is ready."""
    name = "tdx_vcpus_run_test"
    result = boot(steps("create-td", *(write_cpu(cpu, 0) for cpu in range(16) if cpu % 8 > 1),
                        selftests.step(name, "-c", 0, "-k", 0, "-r", 40, "-t", 2, "-v", 16)),
                  cpus=16, packages=2, memory="2G", timeout=3600,
                  initramfs=selftests.initramfs(name))
    assert errors(result) == [0] * 12
    selftests.check_passed(result)
    selftests.check_nothing_left(result)


@pytest.mark.release
def test_16_vcpus_run_on_4_cpus_that_come_and_go(run_selftest):
    run_selftest("host", "tdx_vcpus_run_test", "-c", 20, "-t", 4, "-k", 0)


@pytest.mark.release
def test_200_processes_are_killed_while_their_vcpus_run(run_selftest):
    run_selftest("host", "tdx_vcpus_run_test", "-c", 0, "-t", 1, "-r", 4, "-k", 200)


@pytest.mark.release
@pytest.mark.parallel
@pytest.mark.parametrize("kernel_with", ["debug", "kcsan"])
def test_vcpus_run_on_cpus_that_run_at_the_same_time(run_selftest, kernel_with):
    run_selftest(kernel_with, "tdx_vcpus_run_test", "-c", 3, "-t", 4, "-k", 5)


@pytest.mark.release
@pytest.mark.parametrize("name", ["tdx_guest_fuzz_test", "tdx_ioctl_fuzz_test"])
@pytest.mark.parametrize("kernel_with, seconds", [("kasan", 600), ("kcsan", 120)])
def test_fuzzers_find_nothing_in_minutes(run_selftest, name, kernel_with, seconds):
    run_selftest(kernel_with, name, "-t", seconds)
