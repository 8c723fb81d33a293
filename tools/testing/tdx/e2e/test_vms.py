# SPDX-License-Identifier: GPL-2.0-only
"""Ordinary VMs on the emulated platform, beside TDs and with fewer features of the CPU."""
import pytest

import machine
import modules
import selftests
from events import steps

MACHINE = {"cpus": 2, "packages": 1, "memory": "2G", "emulator_options": "vms=on"}

# A guest that uses its local APIC and its timer, and one of a TD
VM, TD = selftests.APIC_BUS, "tdx_run_test"

# What KVM does in another way if the CPU does not do it, or does not do it alone
WITHOUT = ["enable_apicv", "ept", "eptad", "flexpriority", "preemption_timer",
           "unrestricted_guest", "vnmi", "vpid"]


def passed(result):
    """The selftests that have passed."""
    assert all(status.endswith(" 0") for status in result.values("selftest")), \
        result.values("output")
    return [status.split()[0] for status in result.values("selftest")]


def run_a_vm_beside_a_td(boot, *arguments, **options):
    """The arguments are those of the TD's selftest."""
    result = boot(steps(f"start-selftest,{VM}", selftests.step(TD, *arguments), selftests.step(VM)),
                  **MACHINE, initramfs=selftests.initramfs(TD, selftests.initramfs(VM)), **options)
    assert passed(result) == [TD, VM]
    return result


@pytest.mark.one_kernel_until_release
def test_a_vm_runs_beside_a_td(boot):
    selftests.check_nothing_left(run_a_vm_beside_a_td(boot))


@pytest.mark.one_kernel
@pytest.mark.parametrize("feature", [
    pytest.param(name, marks=[] if name == "enable_apicv" else [pytest.mark.release])
    for name in WITHOUT])
def test_a_vm_runs_without_a_feature(boot, feature):
    result = boot(selftests.step(VM), **MACHINE, tdx="", cmdline=f"kvm_intel.{feature}=0",
                  initramfs=selftests.initramfs(VM))
    assert passed(result) == [VM]


@pytest.mark.one_kernel
@pytest.mark.release
@pytest.mark.parallel
@pytest.mark.parametrize("seed", range(3))
def test_a_vm_and_a_td_run_on_cpus_that_have_threads(boot, seed):
    """In QEMU, several threads have races that one has not."""
    image = selftests.initramfs(TD, selftests.initramfs(VM))
    result = boot(steps(f"start-selftest,{VM}", *[selftests.step(TD), selftests.step(VM)] * 3),
                  **{**MACHINE, "cpus": 4, "packages": 2, "timeout": 600}, initramfs=image)
    assert passed(result) == [TD, VM] * 3
    selftests.check_nothing_left(result)


def load_again_and_again(boot_kernel, config, vm, image):
    """A VM runs each time."""
    modules.initramfs(machine.KERNELS / config, image)
    turn = ["load-modules", selftests.step(vm), "unload-modules"]
    result = boot_kernel(config, steps(*turn * 5), **{**MACHINE, "timeout": 600},
                         initramfs=selftests.initramfs(vm, image))
    assert passed(result) == [vm] * 5


@pytest.mark.release
def test_kvm_intel_is_loaded_again_and_again(boot_kernel, tmp_path):
    load_again_and_again(boot_kernel, "modular", VM, tmp_path / "initramfs.cpio")
