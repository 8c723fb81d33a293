# SPDX-License-Identifier: GPL-2.0-only
"""
Ordinary guests run by the platform's VMX: KVM's selftests end as on the kernel without this series.
"""
import pytest

import selftests
import vm_selftests

MACHINE = {"cpus": 4, "packages": 2, "memory": "2G", "timeout": 600,
           # Some use the highest addresses, for which the CPU has 52 bits.
           "emulator_options": "vms=on ept_levels=5"}


@pytest.mark.one_kernel
def test_selftests_of_ordinary_guests_pass(boot):
    chosen = vm_selftests.REPRESENTATIVE
    result = boot(vm_selftests.scenario(chosen), **MACHINE,
                  initramfs=selftests.initramfs_with(chosen))
    assert vm_selftests.statuses(result) == dict.fromkeys(chosen, 0), result.values("output")


@pytest.mark.one_kernel
@pytest.mark.release
@pytest.mark.parametrize("chosen", vm_selftests.groups(), ids=lambda chosen: chosen[0])
def test_all_selftests_end_as_on_the_unpatched_kernel(boot, boot_kernel, chosen):
    """The other kernel offers TDs meanwhile."""
    machine = {**MACHINE, "initramfs": selftests.initramfs_with(chosen)}
    unpatched = boot_kernel("base", vm_selftests.scenario(chosen), **machine, tdx="")
    patched = boot(vm_selftests.scenario(chosen), **machine)
    assert vm_selftests.statuses(patched) == vm_selftests.statuses(unpatched)
    assert vm_selftests.statuses(patched) == vm_selftests.expected(chosen), \
        patched.values("output")


def test_the_documentation_names_selftests_that_exist():
    skipped, left_out = vm_selftests.documented()
    assert skipped | left_out <= vm_selftests.listed() and not skipped & left_out
