# SPDX-License-Identifier: GPL-2.0-only
"""TDs that run for long, and while the module is busy; what user space is told of their exits.

That they run is tested by tdx_run_test and others in test_kvm.py.
"""
import errno

import pytest

import layout
import selftests
from events import steps, write_cpu
from outcome import errors
from test_kvm import ARGUMENTS

MACHINE = {"cpus": 4, "packages": 2, "memory": "1G"}
FUZZERS = ["tdx_guest_fuzz_test", "tdx_ioctl_fuzz_test"]
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


# Reasons to return to user space, and a flag, from linux/kvm.h
EXCEPTION, SHUTDOWN, FAIL_ENTRY, INTERNAL_ERROR, BUS_LOCK = 1, 8, 9, 17, 33
BUS_LOCK_FLAG = 2
TRIPLE_FAULT = 0x4000000100000002
CPUID_EXIT, MISCONFIG_EXIT, BUS_LOCK_EXIT, NOTIFY_EXIT = 10, 49, 74, 75
OTHER_SMI, C_STATE_SMI = 6, 42


def internal_error(status, dead=0):
    return f"0 {INTERNAL_ERROR} 0x{status:x} 0x0 {dead}"


# What TDH.VP.ENTER answers in a KVM_RUN, and how that ends: its errno, reason, status, flags, and
# whether no vCPU of the TD can run any more.  Behind answers with which it has to go on is another.
FATAL_EXITS = [0x6000000500000000, 0x6000000500000006, 0x6000000200000000 | NOTIFY_EXIT,
               0x6000000200000000 | CPUID_EXIT, 0xe000000700000030, 0xe000000700000001,
               0x6000000a00000000, 0x9000000900000000, 0xc000070200000000]
SHUT_DOWN = f"0 {SHUTDOWN} 0x0 0x0 0"
EXITS = [
    ([TRIPLE_FAULT], SHUT_DOWN),
    ([OTHER_SMI, C_STATE_SMI, TRIPLE_FAULT], SHUT_DOWN),
    ([NOTIFY_EXIT, TRIPLE_FAULT], SHUT_DOWN),
    # OPERAND_BUSY, HOST_PRIORITY_BUSY_TIMEOUT, and a success of another kind
    ([0x80000200000000a9, 0x9000020500000000, 0x0000030100000000, TRIPLE_FAULT], SHUT_DOWN),
    ([BUS_LOCK_EXIT], f"0 {BUS_LOCK} 0x0 0x{BUS_LOCK_FLAG:x} 0"),
    ([TRIPLE_FAULT | 1 << 26], f"0 {SHUTDOWN} 0x0 0x{BUS_LOCK_FLAG:x} 0"),
    ([0], f"0 {EXCEPTION} 0x0 0x0 0"),
    ([0x6000000280000021], f"0 {FAIL_ENTRY} 0x80000021 0x0 0"),
    *(([status], internal_error(status)) for status in [CPUID_EXIT, 1000, *FATAL_EXITS]),
    # Bugs: an entry of the EPT, an interrupt that the exit does not describe, no module.
    ([MISCONFIG_EXIT], f"{errno.EIO} 0 0x0 0x0 1"),
    ([1], f"{errno.EIO} 0 0x0 0x0 1"),
    ([0x8000ff00ffff0000], internal_error(0x8000ff00ffff0000, dead=1)),
]
BUGS = r"WARNING: .* at (handle_ept_misconfig|vmx_handle_exit_irqoff|tdx_handle_exit)\+"


@pytest.mark.one_kernel
def test_user_space_is_told_of_each_exit(boot):
    """The host's registers are as before each time, although some do not enter the TD."""
    name = "tdx_exit_test"
    statuses = [status for answers, _ in EXITS for status in answers]
    result = boot(selftests.step(name, "-e", len(EXITS)), initramfs=selftests.initramfs(name),
                  **MACHINE, provoked=BUGS,
                  emulator_options=" ".join(f"inject=TDH.VP.ENTER:{number}:{status:#x}:1"
                                            for number, status in enumerate(statuses, 1)))
    selftests.check_passed(result)
    selftests.check_nothing_left(result)
    output = result.values("output")
    assert {"DEBUGCTL: 0x1", "PKRU: 0xc"} <= set(output)
    assert [line.removeprefix("exit ") for line in output if line.startswith("exit ")] == [
        expected for _, expected in EXITS]


@pytest.mark.one_kernel
@pytest.mark.parametrize("leaf", [
    "TDH.MEM.RANGE.BLOCK", pytest.param("TDH.MEM.TRACK", marks=pytest.mark.release),
    pytest.param("TDH.MEM.PAGE.REMOVE", marks=pytest.mark.release)])
def test_a_guest_that_holds_a_lock_has_to_stay_outside_once_for_a_hole(boot, leaf):
    """One of the SEAMCALLs for 1024 pages finds the operand busy, although the guest goes on."""
    name = "tdx_hole_test"
    result = boot(selftests.step(name, "-b", 1, "-h", 5), initramfs=selftests.initramfs(name),
                  **MACHINE, emulator_options=f"contended={leaf}")
    selftests.check_passed(result)
    selftests.check_nothing_left(result)
    assert layout.EmulatorLog(result.log).count(leaf, "OPERAND_BUSY") >= TRIES


@pytest.mark.release
@pytest.mark.parallel
@pytest.mark.parametrize("kernel_with", ["host", "debug", "kcsan"])
def test_guests_accept_a_page_again_and_again_while_it_is_taken_away(run_selftest, kernel_with):
    run_selftest(kernel_with, "tdx_hole_test", "-h", 5000)


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
@pytest.mark.parametrize("name", [name for name in selftests.NAMES if name not in FUZZERS])
def test_a_selftest_passes_under_kcsan(run_selftest, name):
    """The amount of memory that is free is not compared."""
    memory = ["-m"] if name == "tdx_lifecycle_test" else []
    run_selftest("kcsan", name, *ARGUMENTS.get(name, []), *memory)


@pytest.mark.release
@pytest.mark.parametrize("kernel_with", ["host", "debug", "kcsan"])
def test_200_processes_are_killed_while_their_vcpus_run(run_selftest, kernel_with):
    run_selftest(kernel_with, "tdx_vcpus_run_test", "-c", 0, "-t", 1, "-r", 4, "-k", 200)


@pytest.mark.release
@pytest.mark.parallel
@pytest.mark.parametrize("kernel_with", ["debug", "kcsan"])
def test_vcpus_run_on_cpus_that_run_at_the_same_time(run_selftest, kernel_with):
    run_selftest(kernel_with, "tdx_vcpus_run_test", "-c", 3, "-t", 4, "-k", 5)


@pytest.mark.release
@pytest.mark.long
@pytest.mark.parametrize("name", FUZZERS)
@pytest.mark.parametrize("kernel_with, seconds", [("debug", 600), ("kcsan", 120)])
def test_fuzzers_find_nothing_in_minutes(run_selftest, name, kernel_with, seconds):
    run_selftest(kernel_with, name, "-t", seconds)
