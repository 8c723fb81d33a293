# SPDX-License-Identifier: GPL-2.0-only
"""
Guests that are no TDs: KVM's selftests on the SVM that QEMU emulates, without the TDX platform.
"""

import pytest

import machine
import selftests
import sysfs
from test_memory import numa

# Where all 52 bits of an address are used, KVM cannot cache that memory is MMIO.
CPUS = {"mmio_cached": "max,-cx16,-erms", "mmio_not_cached": machine.CPU}
MACHINE = {"cpus": 2, "packages": 1, "memory": "1G", "emulated": False, "tdx": "",
           "accel": machine.ONE_THREAD, "cpu": CPUS["mmio_cached"]}

# Selftests and their arguments: those of Linux 6.1 for less memory and time than the defaults.
ORDINARY = {
    selftests.APIC_BUS: [],
    "demand_paging_test": ["-b", "8M", "-v", 2],
    "kvm_page_table_test": ["-b", "16M", "-v", 2],
    "memslot_modification_stress_test": ["-i", 50, "-b", "1M", "-v", 2],
}


@pytest.fixture
def run_selftest(boot):
    """Boots a machine that runs a selftest, which has to pass."""
    def run(name, *args, **options):
        result = boot(selftests.step(name, *args),
                      **{**MACHINE, "initramfs": selftests.initramfs(name), **options})
        assert result.value("selftest").endswith(" 0"), result.values("output")
        assert result.kernel_lines("SVM: kvm: Nested Paging enabled")
        return result
    return run


OF_NODES = "guest_memfd_memory_test"
# What they do in KVM for many pages, others do for a few.
LONG = ["guest_memfd_slot_test", "guest_memfd_test", "memory_attributes_test", "private_mem_test"]


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=[pytest.mark.one_kernel_until_release] if name in LONG else [])
    for name in selftests.PRIVATE_MEMORY if name != OF_NODES])
def test_private_memory_works_and_is_freed(run_selftest, name):
    before, after = run_selftest(name).values("unevictable_pages")
    assert before == after


@pytest.mark.one_kernel
def test_private_memory_is_of_the_right_node_and_in_huge_pages(run_selftest):
    result = run_selftest(OF_NODES, cpus=4, packages=2, qemu_options=numa(2, 1024))
    assert "2 nodes" in result.values("output")


@pytest.mark.one_kernel
def test_private_memory_is_not_in_the_zone_for_movable_memory(run_selftest):
    result = run_selftest(OF_NODES, memory="2G", cmdline="movablecore=512M")
    [movable] = [line for line in result.values("output") if line.endswith(" pages are movable")]
    assert int(movable.split()[0]) * 4 >= 500 << 10


@pytest.mark.one_kernel
def test_mmio_is_never_private_even_if_it_is_not_cached(run_selftest):
    result = run_selftest("memory_attributes_test", cpu=CPUS["mmio_not_cached"])
    sysfs.check(result, "unsupported", "the CPU has no TDX")


@pytest.mark.one_kernel
def test_pre_faulting_does_not_wrap_where_slots_reach_beyond_the_tables(run_selftest):
    """Addresses of the host have 52 bits, and tables of four levels are for 48."""
    run_selftest("pre_fault_test", cpu=machine.CPU)


@pytest.mark.one_kernel
@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_guests_run_as_before(run_selftest, name):
    run_selftest(name, *ORDINARY[name])


@pytest.mark.one_kernel
@pytest.mark.release
def test_32764_ordinary_slots_can_be_used(run_selftest):
    run_selftest("set_memory_region_test")
