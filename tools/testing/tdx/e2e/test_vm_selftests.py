# SPDX-License-Identifier: GPL-2.0-only
"""
Ordinary guests run by the platform's VMX: KVM's selftests end as on the kernel without this series.
"""
import pytest

import test_mainline
import vm_selftests
from vm_selftests import SUITE, SUITE_OF_MAINLINE

MACHINE = {"cpus": 4, "packages": 2, "memory": "2G", "timeout": 600,
           # Some use the highest addresses, for which the CPU has 52 bits.
           "emulator_options": "vms=on ept_levels=5"}


def groups_of(suite):
    """Empty if the source of the kernel is not there."""
    return [pytest.param(chosen, id=chosen[0]) for chosen in suite.groups()]


@pytest.mark.one_kernel
def test_selftests_of_ordinary_guests_pass(boot):
    chosen = vm_selftests.REPRESENTATIVE
    result = boot(vm_selftests.scenario(chosen), **MACHINE,
                  initramfs=SUITE.initramfs(chosen))
    assert vm_selftests.statuses(result) == dict.fromkeys(chosen, 0), result.values("output")


@pytest.mark.one_kernel
@pytest.mark.release
@pytest.mark.parametrize("chosen", groups_of(SUITE))
def test_all_selftests_end_as_on_the_unpatched_kernel(boot, boot_kernel, chosen):
    """The other kernel offers TDs meanwhile."""
    machine = {**MACHINE, "initramfs": SUITE.initramfs(chosen)}
    unpatched = boot_kernel("base", vm_selftests.scenario(chosen), **machine, tdx="")
    patched = boot(vm_selftests.scenario(chosen), **machine)
    assert vm_selftests.statuses(patched) == vm_selftests.statuses(unpatched)
    assert vm_selftests.statuses(patched) == SUITE.expected(chosen), patched.values("output")


@pytest.mark.kernels("mainline")
@pytest.mark.parametrize("chosen", groups_of(SUITE_OF_MAINLINE))
def test_all_selftests_of_mainline_pass_on_it(boot, chosen):
    """It offers TDs meanwhile."""
    result = boot(vm_selftests.scenario(chosen), **MACHINE, cmdline=test_mainline.CMDLINE,
                  initramfs=SUITE_OF_MAINLINE.initramfs(chosen))
    assert vm_selftests.statuses(result) == SUITE_OF_MAINLINE.expected(chosen), \
        result.values("output")


@pytest.mark.kernels("mainline")
def test_selftests_of_mainline_for_private_memory_pass_here(boot_kernel, kernel):
    """They use it without TDX."""
    chosen = vm_selftests.OF_PRIVATE_MEMORY
    result = boot_kernel("host", vm_selftests.scenario(chosen), **MACHINE,
                         initramfs=SUITE_OF_MAINLINE.initramfs(chosen))
    assert vm_selftests.statuses(result) == dict.fromkeys(chosen, 0), \
        [kernel, *result.values("output")]


def test_the_documentation_names_selftests_that_exist():
    skipped, left_out = SUITE.documented()
    assert skipped | left_out <= SUITE.listed() and not skipped & left_out


@pytest.mark.kernels("mainline")
def test_the_documentation_names_selftests_of_mainline_that_exist(kernel):
    skipped, left_out = SUITE_OF_MAINLINE.documented()
    assert skipped | left_out <= SUITE_OF_MAINLINE.listed() and not skipped & left_out, kernel
