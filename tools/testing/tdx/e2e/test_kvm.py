# SPDX-License-Identifier: GPL-2.0-only
"""TDs from their creation to their destruction: KVM's selftests, and TDs during other events."""
import errno

import pytest

import layout
import machine
import modules
import selftests
from events import steps, write_cpu, write_power
from outcome import errors, said

MACHINE = {"cpus": 4, "packages": 2, "memory": "1G"}
# The defaults of a selftest are for a CPU that is not emulated.  Fuzzers have one thread, and do
# the same each time; with several, and for a time, they run in test_run.py.
ARGUMENTS = {"tdx_lifecycle_test": ["-c", 10, "-k", 5], "tdx_hotplug_test": ["-r", 1],
             "tdx_guest_fuzz_test": ["-s", 1, "-n", 500, "-v", 1],
             "tdx_ioctl_fuzz_test": ["-s", 1, "-n", 1000, "-j", 1],
             "tdx_memory_race_test": ["-r", 10, "-k", 3],
             "tdx_vcpus_run_test": ["-c", 1, "-k", 3, "-r", 40, "-t", 2]}
# They do nothing concurrently, and little that the others do not do.
OF_PARAMETERS = ["tdx_capabilities_test", "tdx_cgroup_test", "tdx_exit_test", "tdx_init_vm_test",
                 "tdx_ioctls_test", "tdx_memory_cgroup_test", "tdx_msr_test", "tdx_report_test",
                 "tdx_slots_test"]
# They run for longer with other kernels: see test_run.py.
# They are repeated with each width of guest physical addresses that there is.
OF_WIDTHS = ["tdx_init_vm_test", "tdx_private_memory_test", "tdx_run_test", "tdx_slots_test",
             "tdx_vcpu_test"]
RUN_FOR_LONG = ["tdx_guest_fuzz_test", "tdx_ioctl_fuzz_test", "tdx_vcpus_run_test"]


@pytest.fixture
def run_selftest(boot):
    """Boots a machine that runs a selftest, which has to pass and to leave nothing behind."""
    def run(name, *args, **options):
        result = boot(selftests.step(name, *args),
                      **{**MACHINE, "initramfs": selftests.initramfs(name), **options})
        selftests.check_passed(result)
        selftests.check_nothing_left(result)
        return result
    return run


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.one_kernel_until_release]
                 if name in OF_PARAMETERS + RUN_FOR_LONG else [])
    for name in selftests.NAMES])
def test_a_selftest_passes_and_leaves_nothing(run_selftest, kernel, name):
    """KASAN delays freeing of memory, so the amount is not compared."""
    memory = ["-m"] if name == "tdx_lifecycle_test" and kernel != "host" else []
    result = run_selftest(name, *ARGUMENTS.get(name, []), *memory)
    # Also if a vCPU had a triple fault: that is not the end of its TD.
    assert result.kernel_lines("TDH.VP.WR failed") == []


@pytest.mark.one_kernel
@pytest.mark.release
@pytest.mark.parametrize("generation", ["1.5.01", "2.0"])
@pytest.mark.parametrize("name", selftests.NAMES)
def test_a_selftest_passes_on_every_generation_of_the_module(run_selftest, name, generation):
    run_selftest(name, *ARGUMENTS.get(name, []), emulator_options=f"module={generation}")


@pytest.mark.one_kernel
@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[] if name == "tdx_run_test" else [pytest.mark.release])
    for name in OF_WIDTHS])
def test_a_selftest_passes_with_guest_addresses_of_52_bits_too(run_selftest, name):
    result = run_selftest(name, emulator_options="ept_levels=5 tables=on")
    assert "width 52" in result.values("output")


@pytest.mark.one_kernel
def test_50_tds_exist_at_once(run_selftest):
    run_selftest("tdx_lifecycle_test", "-c", 1, "-k", 1, emulator_options="keyids=15:64")


@pytest.mark.one_kernel
@pytest.mark.parallel
def test_tds_are_created_on_8_cpus_at_the_same_time(run_selftest):
    run_selftest("tdx_lifecycle_test", "-c", 10, "-k", 5, cpus=8, packages=4)


@pytest.mark.one_kernel
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.release)])
def test_tds_come_and_go_when_locks_are_taken_and_entropy_is_scarce(run_selftest, seed):
    result = run_selftest("tdx_lifecycle_test", "-c", 3, "-k", 3, "-s", seed,
                          emulator_options=f"busy=10:{seed} no_entropy=10:{seed}")
    assert "TDH.MNG.CREATE failed: " in result.log
    assert said(result) == []


@pytest.mark.one_kernel
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.release)])
def test_memory_comes_and_goes_when_locks_are_taken(run_selftest, seed):
    result = run_selftest("tdx_memory_race_test", "-r", 10, "-k", 1,
                          emulator_options=f"busy=10:{seed}")
    assert "TDH.MEM.PAGE.REMOVE OPERAND_BUSY" in result.log
    assert said(result) == []


@pytest.mark.one_kernel
def test_the_frequency_of_the_tsc_does_not_change_while_locks_are_taken(run_selftest):
    """KVM waits for the module between what it reads and what it writes."""
    result = run_selftest("tdx_ioctls_test", emulator_options="busy=30:1")
    assert "TDH.MNG.RD OPERAND_BUSY" in result.log
    assert said(result) == []


@pytest.mark.release
@pytest.mark.parallel
@pytest.mark.parametrize("kernel_with", ["debug", "kcsan"])
def test_8_vcpus_map_memory_for_minutes_while_it_is_taken_away(boot_kernel, kernel_with):
    """Each kind of change for 10 s, and then all of them at once."""
    name = "tdx_memory_race_test"
    result = boot_kernel(kernel_with, selftests.step(name, "-v", 8, "-t", 10, "-k", 0),
                         **{**MACHINE, "cpus": 8, "packages": 4, "timeout": 3600},
                         initramfs=selftests.initramfs(name))
    selftests.check_passed(result)
    selftests.check_nothing_left(result)


@pytest.mark.one_kernel
@pytest.mark.release
def test_200_processes_with_memory_are_killed(run_selftest):
    run_selftest("tdx_memory_race_test", "-r", 1, "-k", 200, "-m", timeout=3600)


@pytest.mark.one_kernel
@pytest.mark.release
def test_1000_tds_come_and_go_and_200_processes_are_killed(run_selftest):
    run_selftest("tdx_lifecycle_test", "-c", 1000, "-k", 200, timeout=3600)


@pytest.mark.one_kernel
@pytest.mark.release
def test_cpus_come_and_go_100_times_with_tds(run_selftest):
    run_selftest("tdx_hotplug_test", "-r", 100, timeout=3600)


@pytest.mark.release
def test_private_memory_works_if_kvm_is_a_module(boot_kernel):
    folder, name = machine.KERNELS / "modular", "tdx_private_memory_test"
    base = modules.initramfs(folder, folder / "initramfs.cpio")
    result = boot_kernel("modular", steps("load-modules,tdx=1", selftests.step(name),
                                          "unload-modules"), **MACHINE,
                         initramfs=selftests.initramfs(name, base))
    selftests.check_passed(result)
    selftests.check_nothing_left(result)
    assert result.values("unload") == ["kvm_intel 0", "kvm 0", "irqbypass 0"]


@pytest.mark.release
def test_kvm_may_be_unloaded_when_there_are_no_tds(boot_kernel):
    folder = machine.KERNELS / "modular"
    rounds = 3
    result = boot_kernel("modular", steps(*["load-modules,tdx=1", "open-tds,2,2", "unload-modules",
                                            "close-tds", "unload-modules"] * rounds,
                                          "load-modules,tdx=1", "create-td"), **MACHINE,
                         initramfs=modules.initramfs(folder, folder / "initramfs.cpio"))
    assert result.values("module") == [f"{number} 0" for number in range(3)] * (rounds + 1)
    assert result.values("open_tds") == ["0"] * rounds
    assert result.values("unload") == [f"kvm_intel {errno.EAGAIN}", "kvm_intel 0", "kvm 0",
                                       "irqbypass 0"] * rounds
    assert int(result.value("create_td")) == 0
    assert layout.EmulatorLog(result.log).count("TDH.SYS.INIT") == 1
    selftests.check_nothing_left(result)


def td_pages(result):
    return layout.EmulatorLog(result.log).number("td_pages_owned")


@pytest.mark.one_kernel
def test_the_last_cpu_of_a_package_stays_as_long_as_there_are_tds(boot):
    result = boot(steps("open-tds,2,2", write_cpu(2, 0), write_cpu(3, 0), write_cpu(2, 1),
                        write_cpu(3, 0), write_cpu(2, 0), "close-tds", write_cpu(3, 1),
                        write_cpu(2, 0), write_cpu(3, 0)), **MACHINE)
    assert errors(result) == [0, errno.EBUSY, 0, 0, errno.EBUSY, 0, 0, 0]
    assert said(result) == [f"CPU {cpu} stays online: it is the last one of package 1, and TDs "
                            "need one of each; shut all TDs down first" for cpu in (3, 2)]
    assert td_pages(result) == 0
    selftests.check_nothing_left(result)


@pytest.mark.one_kernel
def test_sleeps_that_lose_the_module_are_refused_while_there_are_tds(boot):
    result = boot(steps("open-tds,2,2", write_power("mem_sleep", "deep"),
                        write_power("state", "mem"), write_power("state", "disk"), "close-tds"),
                  **MACHINE)
    assert errors(result) == [0, errno.EPERM, errno.EPERM]
    assert result.value("open_tds") == "0"
    assert td_pages(result) == 0
    selftests.check_nothing_left(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("start", ["open-tds,2,2", "hold-td;start-selftest,tdx_lifecycle_test"],
                         ids=["idle", "busy"])
def test_a_machine_is_reset_while_there_are_tds(boot, start):
    result = boot(steps(start, "restart"),
                  **{**MACHINE, "initramfs": selftests.initramfs("tdx_lifecycle_test")})
    assert result.value("off") == "reset"
    assert said(result) == []
