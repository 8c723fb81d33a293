# SPDX-License-Identifier: GPL-2.0-only
"""Private memory of TDs: their measurement, and TDs that cannot be used after an error."""
import hashlib
import re

import pytest

import layout
import mrtd
import selftests
from events import steps
from test_kvm import MACHINE
from test_mainline import CMDLINE, PROVOKED

PM_GPA = 4 << 21        # where the selftest adds its pages
# The real TDX module 1.5.01 measured this for 8 pages at 0, of the patterns 1 to 8.
REAL_MODULE = ("3d5eae2cce876e62e02a1a983db1b63af3ac19888840128d"
               "9ee0cb19501802a7c3849cf3a8acfabb565ee4a907354210")


def test_the_calculator_agrees_with_the_real_module():
    assert mrtd.Mrtd().add_region(0, mrtd.pattern(1, 8)).hex() == REAL_MODULE


def test_order_address_contents_and_measuring_are_all_part_of_the_measurement():
    pages = mrtd.pattern(0, 2)
    variants = [
        mrtd.Mrtd().add_region(0, pages),
        mrtd.Mrtd().add_region(0, pages, measured=False),
        mrtd.Mrtd().add_region(mrtd.PAGE, pages),
        mrtd.Mrtd().add_region(0, mrtd.pattern(1, 2)),
        mrtd.Mrtd().add_region(mrtd.PAGE, pages[mrtd.PAGE:]).add_region(0, pages[:mrtd.PAGE]),
    ]
    assert len({variant.hex() for variant in variants}) == len(variants)
    assert mrtd.Mrtd().hex() == hashlib.sha384().hexdigest()


def measured_by_the_module(result):
    return re.findall(r"^td 0x[0-9a-f]+ mrtd ([0-9a-f]{96})$", result.log, re.M)


def expected():
    """What tdx_init_memory_test -m adds to its TDs."""
    source = mrtd.pattern(0, 16)
    yield mrtd.Mrtd()
    yield mrtd.Mrtd().add_region(PM_GPA, source)
    yield mrtd.Mrtd().add_region(PM_GPA, source, measured=False)
    # Half of the pages, measured, after the other half.
    half = len(source) // 2
    yield (mrtd.Mrtd().add_region(PM_GPA + half, source[:half], measured=False)
           .add_region(PM_GPA, source[half:]))
    # The page was taken away and added again: both are measured.
    yield mrtd.Mrtd().add_region(PM_GPA, source[:mrtd.PAGE]).add_region(
        PM_GPA, source[mrtd.PAGE:2 * mrtd.PAGE])


@pytest.fixture
def boot_selftest(boot, kernel):
    """Boots a machine with a selftest."""
    def run(name, scenario, **options):
        if kernel == "mainline":
            options = {"cmdline": CMDLINE, "provoked": PROVOKED.get(name, ""), **options}
        return boot(scenario, initramfs=selftests.initramfs(name), **{**MACHINE, **options})
    return run


@pytest.fixture
def run_selftest(boot_selftest):
    """Boots a machine that runs a selftest of initial contents, which has to pass."""
    def run(*args, name="tdx_init_memory_test", **options):
        result = boot_selftest(name, selftests.step(name, *args), **options)
        selftests.check_passed(result)
        return result
    return run


@pytest.mark.kernels("host", "mainline")
def test_the_module_measures_what_is_calculated(run_selftest):
    assert measured_by_the_module(run_selftest("-m")) == [each.hex() for each in expected()]


@pytest.mark.kernels("host", "mainline")
def test_a_td_without_vcpus_is_dead_after_the_module_refused_to_finalize_it(run_selftest):
    run_selftest("-v", provoked="WARNING: at tdx_")


@pytest.mark.kernels("host", "mainline")
@pytest.mark.parametrize("refused", ["TDH.MEM.PAGE.ADD:3", "TDH.MR.EXTEND:1", "TDH.MR.EXTEND:40"])
def test_a_td_is_dead_after_the_module_refused_a_page(run_selftest, refused):
    """Its measurement may lack a part of the page."""
    run_selftest("-r", provoked="WARNING: at tdx_",
                 emulator_options=f"inject={refused}:OPERAND_INVALID:1")


def run_until_death(boot_selftest, refused, options=""):
    """Boots a selftest of what a TD can do when the module refused a leaf."""
    name = "tdx_private_memory_test"
    result = boot_selftest(name, selftests.step(name, "-x"),
                           emulator_options=f"inject={refused}:OPERAND_INVALID:1 {options}")
    selftests.check_passed(result)
    assert re.findall(r"tdx: (\S+) failed, the TD of process \d+ is dead: ", result.console) == \
        [refused.split(":")[0]]
    return result


def call(nr, leaf):
    """A call of a leaf to refuse; not in each test run if it is not the first one."""
    mark = pytest.mark.release if nr > 1 else pytest.mark.one_kernel_until_release
    return pytest.param(f"{leaf}:{nr}", marks=mark)


@pytest.mark.parametrize("refused", [
    call(1, "TDH.MEM.SEPT.ADD"), call(3, "TDH.MEM.SEPT.ADD"),
    call(1, "TDH.MEM.PAGE.AUG"), call(7, "TDH.MEM.PAGE.AUG"),
    call(1, "TDH.MEM.RANGE.BLOCK"), call(4, "TDH.MEM.RANGE.BLOCK"),
    call(1, "TDH.MEM.TRACK"),
    "TDH.MEM.PAGE.REMOVE:1", call(4, "TDH.MEM.PAGE.REMOVE")])
def test_a_td_whose_memory_the_module_does_not_change_is_dead_and_loses_nothing(
        boot_selftest, refused):
    result = run_until_death(boot_selftest, refused)
    selftests.check_nothing_left(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("busy", ["", "inject=TDH.MEM.PAGE.AUG:1:OPERAND_BUSY:110"],
                         ids=["removed", "not accepted"])
def test_a_td_is_dead_after_a_page_could_not_be_written_back(boot_selftest, busy):
    """It could not have the page again, which is lost.  TDs use the three KeyIDs once before."""
    run_until_death(boot_selftest, "TDH.PHYMEM.PAGE.WBINVD:4", f"keyids=3:4 {busy}")


@pytest.mark.kernels("host", "mainline")
@pytest.mark.parametrize("name, args", [("tdx_private_memory_test", []),
                                        ("tdx_memory_race_test", ["-f", "-r", 5])])
def test_secure_ept_and_pamts_agree_when_a_td_is_destroyed(run_selftest, name, args):
    log = layout.EmulatorLog(run_selftest(*args, name=name, emulator_options="tables=on").log)
    assert log.number("td_tables_checked") == log.count("TDH.MNG.VPFLUSHDONE") > 0


@pytest.mark.kernels("host", "mainline")
def test_a_td_can_be_finalized_when_the_module_was_busy(run_selftest, kernel):
    """Linux 7.3 does not try again by itself."""
    times = 1 if kernel == "mainline" else 100
    run_selftest("-b", emulator_options=f"inject=TDH.MR.FINALIZE:1:OPERAND_BUSY:{times}")


@pytest.fixture
def boot_living_td(boot_selftest):
    """Boots a machine that is turned off while a selftest still has a TD."""
    def run(name):
        return boot_selftest(name, steps(f"start-selftest,{name},-p,/ready", "wait,/ready=ready",
                                         "td-memory"), emulator_options="leftovers=off")
    return run


@pytest.fixture
def living_td(boot_living_td):
    return boot_living_td("tdx_private_memory_test")


def secure_ept(result):
    """Entries in the platform's dump: {(level, guest address, page)}."""
    return set(re.findall(r"^dump td 0x[0-9a-f]+ sept (\d) (0x[0-9a-f]+) (0x[0-9a-f]+)$", result.log,
                          re.M))


def test_each_way_to_take_memory_away_tracks_tlbs_once(living_td):
    """A hole, a conversion, a slot that is deleted, and a file that is closed"""
    log = layout.EmulatorLog(living_td.log)
    assert log.count("TDH.MEM.TRACK") == 4
    assert log.count("TDH.MEM.RANGE.BLOCK") == 1 + 2 + 16 + 16


def test_memory_of_a_td_that_cannot_run_any_more_is_only_reclaimed(boot_selftest):
    """Its process ends, or closes the VM and vCPUs before the file."""
    name, pages = "tdx_private_memory_test", 64
    result = boot_selftest(name, steps(*(selftests.step(name, "-n", pages, "-u", how)
                                         for how in ("exit", "vm"))))
    assert result.values("selftest") == [f"{name} 0"] * 2
    log = layout.EmulatorLog(result.log)
    assert log.count("TDH.MEM.PAGE.AUG") == 2 * pages
    assert log.count("TDH.PHYMEM.PAGE.RECLAIM") >= 2 * pages
    for leaf in "TDH.MEM.RANGE.BLOCK", "TDH.MEM.TRACK", "TDH.MEM.PAGE.REMOVE":
        assert log.count(leaf, r"\S+") == 0
    assert log.number("td_pages_owned") == 0


@pytest.mark.one_kernel
@pytest.mark.release
def test_a_td_of_1_gb_takes_whole_huge_pages_and_gives_them_back(boot_selftest):
    """Small pages are mapped.  A part is for the secure EPT, and for what KVM and files record."""
    name, pages = "tdx_private_memory_test", 1 << 18
    size_kb = pages * 4
    result = boot_selftest(name, selftests.step(name, "-n", pages, "-u", "hole"), memory="3G",
                           timeout=600)
    selftests.check_passed(result)
    free = {line.split()[1]: int(line.split()[2]) for line in result.values("output")
            if line.startswith("free_huge_kb")}
    assert size_kb <= free["before"] - free["mapped"] <= size_kb + size_kb // 32
    assert free["before"] - free["after"] <= size_kb // 32


@pytest.mark.kernels("host", "mainline")
def test_secure_ept_and_pamts_agree_in_a_td_that_is_alive(living_td):
    """They are compared when the selftest has taken memory away in all ways, and at power-off."""
    log = layout.EmulatorLog(living_td.log)
    assert log.number("td_tables_checked") == 2
    assert log.count("TDH.MEM.PAGE.REMOVE") == 1 + 2 + 16 + 16
    # 13 control pages are not mapped.
    assert log.number("td_pages_owned") == len(secure_ept(living_td)) + 13


@pytest.mark.kernels("host", "mainline")
def test_a_td_has_the_memory_that_nothing_took_away(living_td):
    assert {int(gpa, 16) for level, gpa, _ in secure_ept(living_td) if level == "0"} == \
        {PM_GPA + page * mrtd.PAGE for page in range(16) if page not in (0, 2)}


@pytest.mark.parametrize("name", [
    "tdx_private_memory_test",
    pytest.param("tdx_poison_test", marks=pytest.mark.release),
    pytest.param("tdx_fault_around_test", marks=pytest.mark.release)])
def test_what_kvm_recorded_is_the_secure_ept(boot_living_td, name):
    """When memory was taken away in all ways; when a page was poisoned; when the guest has run."""
    result = boot_living_td(name)
    recorded = [tuple(line.split()) for line in result.values("td_memory")]
    assert len(set(recorded)) == len(recorded)
    assert set(recorded) == secure_ept(result)
    log = layout.EmulatorLog(result.log)
    assert len([level for level, _, _ in recorded if level == "0"]) == \
        log.count("TDH.MEM.PAGE.ADD") + log.count("TDH.MEM.PAGE.AUG") - \
        log.count("TDH.MEM.PAGE.REMOVE") > 0
