# SPDX-License-Identifier: GPL-2.0-only
"""Linux boots in a TD: its VMM runs on the kernel under test."""
import functools
import random
import statistics

import pytest

import foreign
import private_apt
import selftests
import td_guest
import td_report
from td_guest import Run

MACHINE = {"cpus": 4, "packages": 2, "memory": "1G", "timeout": 600}
# Each character on the console is an exit or two.
QUIET = f"{td_guest.CMDLINE} quiet"
HALF = 1 << 20
NONCE = bytes(range(100, 120))
# Those that any QEMU has.
FEATURES = {"fsgsbase", "bmi1", "avx2", "smep", "bmi2", "adx", "smap", "clflushopt", "clwb", "umip"}
LOADS = ["processes", "wake-ups", "flushes", "timers"]


@pytest.fixture
def boot_tds(boot, tmp_path):
    """Boots a guest once or more; each TD has to be as measured and to leave nothing behind."""
    def run(*runs, kernel=td_guest.KERNEL, initrd=td_guest.build_initrd, **options):
        guest = td_guest.TdGuest(tmp_path, *runs, kernel=kernel, initrd=initrd)
        result = boot(guest.steps(), **{**MACHINE, **options}, initramfs=guest.initramfs())
        assert result.values("td_guest") == ["0"] * len(runs), result.values("output")
        assert td_guest.values(result, "tdx_guest") == ["1"] * len(runs)
        for features in td_guest.values(result, "features"):
            assert FEATURES <= set(features.split())
        assert td_guest.values(result, "cpus") == [str(run.cpus) for run in runs]
        assert td_guest.measured(result) == guest.mrtds()
        selftests.check_nothing_left(result)
        return result
    return run


@pytest.fixture
def disk(tmp_path):
    """A disk of the machine, which its guest gets."""
    path = tmp_path / "disk"
    path.write_bytes(random.Random(1).randbytes(2 * HALF))
    return path


def with_disk(path):
    """Options of QEMU."""
    return "-drive", f"file={path},format=raw,if=virtio"


def check_disk(result, before, after):
    """The guest copied the first half, inverted, to the second one."""
    assert td_guest.values(result, "disk") == [str(2 * HALF)]
    assert td_guest.values(result, "copied") == ["1"]
    assert after == before[:HALF] + bytes(byte ^ 0xff for byte in before[:HALF])


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
    before = disk.read_bytes()
    options = "--disk", "/dev/vda", "--report", NONCE.hex()
    result = boot_tds(Run(cpus=2, cmdline=QUIET, options=options),
                      qemu_options=with_disk(disk))
    check_disk(result, before, disk.read_bytes())
    check_report(result)


@pytest.mark.one_kernel
@pytest.mark.release
def test_linux_boots_in_a_td_with_addresses_of_52_bits(boot_tds):
    result = boot_tds(Run(cpus=2, cmdline=QUIET, options=("--width", "52", "--report", NONCE.hex())),
                      emulator_options="ept_levels=5")
    check_report(result)


@pytest.mark.release
@pytest.mark.parametrize("cpus", [1, 4])
def test_a_td_bears_load(boot_tds, cpus):
    result = boot_tds(Run(cpus=cpus, memory="96M", cmdline=f"{QUIET} -- load"))
    assert td_guest.values(result, "load") == [f"{load} right" for load in LOADS]


@pytest.mark.one_kernel
@pytest.mark.release
def test_50_tds_in_a_row_leave_the_host_as_it_was(boot_tds):
    """
    Each has other numbers of CPUs and sizes of memory.  The kernel's caches grow with the first 20;
    of the others less than a page for each is lost.
    """
    rng = random.Random(1)
    runs = [Run(rng.randint(1, 4), f"{rng.randint(48, 160)}M", QUIET) for _ in range(50)]
    result = boot_tds(*runs, timeout=1800)
    free = [int(kb) for kb in result.values("free_kb")]
    assert statistics.median(free[20:30]) - statistics.median(free[40:50]) < 20 * 4, free


def fetch(kernel):
    """The folder of a Debian kernel."""
    try:
        return foreign.fetch(kernel)
    except private_apt.Unavailable as error:
        return pytest.skip(str(error))


@pytest.fixture(params=foreign.GUESTS)
def debians_kernel(request):
    return foreign.bzimage(fetch(request.param))


@pytest.mark.one_kernel
@pytest.mark.release
@pytest.mark.parametrize("cpus", [1, 4])
def test_debians_kernel_boots_in_a_td(boot_tds, debians_kernel, cpus):
    result = boot_tds(Run(cpus=cpus, memory="320M", cmdline=f"{QUIET} -- load"), memory="2G",
                      kernel=debians_kernel)
    assert td_guest.values(result, "load") == [f"{load} right" for load in LOADS]


@pytest.mark.one_kernel
@pytest.mark.release
def test_debians_kernel_has_a_disk(boot_tds, disk):
    """Its drivers are modules, which the initrd has to have."""
    root, before = fetch("6.12-cloud"), disk.read_bytes()
    initrd = functools.partial(td_guest.build_initrd, modules=foreign.disk_modules(root))
    result = boot_tds(Run(memory="320M", cmdline=QUIET, options=("--disk", "/dev/vda")),
                      kernel=foreign.bzimage(root), initrd=initrd, memory="2G",
                      qemu_options=with_disk(disk))
    check_disk(result, before, disk.read_bytes())


@pytest.mark.one_kernel
@pytest.mark.release
def test_two_tds_boot_on_a_busy_host(boot, tmp_path):
    guest = td_guest.TdGuest(tmp_path, Run(cmdline=QUIET), Run(cmdline=QUIET))
    result = boot("td-guests,2", **{**MACHINE, "cpus": 2}, initramfs=guest.initramfs())
    assert result.values("td_guest") == ["0", "0"], result.values("output")
    assert td_guest.values(result, "tdx_guest") == ["1", "1"]
    assert td_guest.values(result, "cpus") == ["1", "1"]
    assert td_guest.measured(result) == guest.mrtds()
    selftests.check_nothing_left(result)
