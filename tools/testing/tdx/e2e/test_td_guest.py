# SPDX-License-Identifier: GPL-2.0-only
"""Linux boots in a TD: its VMM runs on the kernel under test."""
import functools
import random
import statistics

import pytest

import foreign
import selftests
import td_guest
import td_report
from events import steps
from td_guest import Run

MACHINE = {"cpus": 4, "packages": 2, "memory": "1G", "timeout": 600}
# Each character on the console is an exit or two.
QUIET = f"{td_guest.CMDLINE} quiet"
NONCE = bytes(range(100, 120))
# Those that any QEMU has.
FEATURES = {"fsgsbase", "bmi1", "avx2", "smep", "bmi2", "adx", "smap", "clflushopt", "clwb", "umip"}
LOADS = ["processes", "wake-ups", "flushes", "timers"]


def run_tds(boot, directory, *runs, guest_of=None, around=(), **options):
    """Boots a guest once or more; each TD has to be as measured and to leave nothing behind."""
    guest = td_guest.TdGuest(directory, *runs, **(guest_of or {}))
    result = boot(steps(*around, guest.steps(), *around), **{**MACHINE, **options},
                  initramfs=guest.initramfs())
    td_guest.check(result, guest)
    for features in td_guest.values(result, "features"):
        assert FEATURES <= set(features.split())
    selftests.check_nothing_left(result)
    return result


@pytest.fixture
def boot_tds(boot, tmp_path):
    return functools.partial(run_tds, boot, tmp_path)


def with_load(cpus, memory="96M", options=td_guest.Disk.OPTIONS):
    """A guest that is busy while it uses its disk."""
    return Run(cpus=cpus, memory=memory, cmdline=f"{QUIET} -- load", options=options)


def check_load(result, disk):
    assert td_guest.values(result, "load") == [f"{load} right" for load in LOADS]
    disk.check(result, times=2)


def check_report(result):
    """What the VMM says of MRTD and the report is true; the report would not survive a change."""
    [mrtd] = td_guest.measured(result)
    assert td_guest.lines(result, "tdx-vmm: MRTD ") == [mrtd]
    assert "tdx-vmm: the report is right: hashes, REPORTDATA, MRTD" in result.values("output")
    report = bytes.fromhex("".join(td_guest.lines(result, "tdx-vmm: TDREPORT ")))
    assert td_report.faults(report, NONCE, bytes.fromhex(mrtd)) == []
    for offset in td_report.PROTECTED:
        changed = bytearray(report)
        changed[offset] ^= 1 << offset % 8
        assert td_report.faults(changed, NONCE, bytes.fromhex(mrtd)), offset


@pytest.mark.one_kernel
def test_linux_boots_in_a_td(boot_tds, disk):
    options = *disk.OPTIONS, "--report", NONCE.hex()
    result = boot_tds(Run(cpus=2, cmdline=QUIET, options=options),
                      qemu_options=disk.qemu_options())
    disk.check(result)
    check_report(result)


@pytest.mark.one_kernel
@pytest.mark.release
def test_linux_boots_in_a_td_with_addresses_of_52_bits(boot_tds):
    result = boot_tds(Run(cpus=2, cmdline=QUIET, options=("--width", "52", "--report", NONCE.hex())),
                      emulator_options="ept_levels=5")
    check_report(result)


@pytest.mark.release
@pytest.mark.parametrize("cpus", [1, 4])
def test_a_td_bears_load(boot_tds, disk, cpus):
    check_load(boot_tds(with_load(cpus), qemu_options=disk.qemu_options()), disk)


@pytest.mark.release
@pytest.mark.parallel
def test_kcsan_finds_nothing_while_linux_runs_in_a_td(boot_kernel, tmp_path, disk):
    """Its vCPUs run at the same time."""
    check_load(run_tds(functools.partial(boot_kernel, "kcsan"), tmp_path, with_load(4),
                       qemu_options=disk.qemu_options(), timeout=3600), disk)


# What /proc/meminfo has of the kernel's own memory, with caches that grow
OF_THE_KERNEL = "Slab", "KernelStack", "PageTables", "Percpu"


def growth(result, name):
    before, after = (int(line.split()[1]) for line in result.values("meminfo")
                     if line.startswith(f"{name}:"))
    return after - before


@pytest.mark.one_kernel
@pytest.mark.release
def test_50_tds_in_a_row_leave_the_host_as_it_was(boot_tds):
    """
    Each has other numbers of CPUs and sizes of memory.  All memory that is free before the first
    one is free again after the last one, or the kernel says what it uses it for; of the last TDs
    less than a page for each.
    """
    rng = random.Random(1)
    runs = [Run(rng.randint(1, 4), f"{rng.randint(48, 160)}M", QUIET) for _ in range(50)]
    result = boot_tds(*runs, around=("create-td", "memory"), timeout=1800)
    before, *free, after = (int(kb) for kb in result.values("free_kb"))
    grown = {name: growth(result, name) for name in OF_THE_KERNEL}
    assert before - after - sum(grown.values()) < 50 * 4, (before, free, after, grown)
    assert statistics.median(free[20:30]) - statistics.median(free[40:50]) < 20 * 4, free


@pytest.mark.one_kernel
@pytest.mark.long
def test_debians_kernel_boots_in_a_td(boot_tds, debian):
    boot_tds(Run(memory="320M", cmdline=QUIET), guest_of=debian, memory="2G")


@pytest.mark.one_kernel
@pytest.mark.release
@pytest.mark.parametrize("cpus", [1, 4])
def test_debians_kernel_bears_load_in_a_td(boot_tds, debian, disk, cpus):
    """The drivers of its disk are modules, which the initrd has."""
    check_load(boot_tds(with_load(cpus, "320M"), guest_of=debian, memory="2G",
                        qemu_options=disk.qemu_options()), disk)


@pytest.mark.one_kernel
@pytest.mark.release
def test_debians_cloud_kernel_has_a_disk(boot_tds, fetch, disk):
    result = boot_tds(Run(memory="320M", cmdline=QUIET, options=disk.OPTIONS), memory="2G",
                      guest_of=foreign.guest(fetch("6.12-cloud")),
                      qemu_options=disk.qemu_options())
    disk.check(result)


@pytest.mark.one_kernel
@pytest.mark.release
def test_two_tds_boot_on_a_busy_host(boot, tmp_path):
    guest = td_guest.TdGuest(tmp_path, Run(cmdline=QUIET), Run(cmdline=QUIET))
    result = boot("td-guests,2", **{**MACHINE, "cpus": 2}, initramfs=guest.initramfs())
    td_guest.check(result, guest)
    selftests.check_nothing_left(result)
