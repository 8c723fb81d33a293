# SPDX-License-Identifier: GPL-2.0-only
"""The emulated platform: what it reports of pages of TDs and of their KeyIDs."""
import re

import pytest

import layout
from test_emulator import probe, violations

TDR, TDCX = 0x4000000, 0x4200000
PAGES = 7		# of a TD of the probe
GLOBAL, KEYID = 32, 33
GRANITE_RAPIDS = "cpuid=all:1:0:eax:0xa06d1"	# where partial writes do not poison memory
MACHINE_CHECK = 18


def number(log, key):
    return layout.EmulatorLog(log).number(key)


def test_a_host_creates_a_td_and_destroys_it():
    facts, log = probe("td-good")
    assert facts["created"] == facts["destroyed"] == 0 and facts["touched"] == PAGES
    assert not violations(log) and "end: power off" in log
    assert number(log, "td_pages_owned") == number(log, "td_keyids_owned") == 0


def test_pages_of_tds_may_be_anywhere():
    """217 of them, each in another range of 2 MB."""
    facts, log = probe("td-many", options="keyids=31:32")
    assert facts["created"] == facts["destroyed"] == 0
    assert not violations(log)


@pytest.mark.parametrize("case, what", [
    ("td-read", f"host read of {TDCX + 8:#x}, a TDCX page of TD {TDR:#x} since TDH.MNG.ADDCX"),
    ("td-write", f"host write of {TDR:#x}, a TDR page of TD {TDR:#x} since TDH.MNG.CREATE"),
])
def test_touching_a_page_of_a_td_is_a_violation_and_a_machine_check(case, what):
    facts, log = probe(case)
    assert facts["touched"] == 0 and facts["trapped"] == MACHINE_CHECK
    [violation] = violations(log)
    assert re.fullmatch(f"{what}, at 0x1[0-9a-f]+ cpu 0", violation)


@pytest.mark.parallel
def test_no_translation_survives_the_loss_of_a_page_to_a_td(accel):
    for _ in range(5):
        facts, log = probe("td-stale-translation", cpus=2, accel=accel)
        assert facts["bring_up"] == facts["created"] == 0
        # A few instructions may be executed before the NMI is taken.
        assert facts["touched_later"] < 100
        [violation] = violations(log)
        assert violation.endswith("cpu 1")


@pytest.mark.parametrize("case, use", [("td-no-overwrite", TDCX), ("td-half-overwritten", TDCX)])
def test_a_reclaimed_page_has_to_be_overwritten_where_partial_writes_poison(case, use):
    facts, log = probe(case)
    assert facts["destroyed"] == 0 and facts["touched"] == 1
    [violation] = violations(log)
    assert violation.startswith(
        f"the host uses memory {use:#x}, which it has not overwritten with MOVDIR64B since "
        "TDH.PHYMEM.PAGE.RECLAIM of a TDCX page, at 0x1")
    assert not violations(probe(case, options=GRANITE_RAPIDS)[1])


@pytest.mark.parametrize("case, event, keyid", [
    ("td-tdr-in-caches", f"the host overwrites reclaimed memory {TDR:#x}", GLOBAL),
    ("td-tdr-written-back-with-another-keyid", f"the host overwrites reclaimed memory {TDR:#x}",
     GLOBAL),
    ("td-tdr-given-again", f"the module takes memory {TDR:#x}", GLOBAL),
    ("td-take-back-from-caches", f"the host takes back memory of a TD {TDCX:#x}", KEYID),
])
def test_lines_in_caches_are_written_over_what_comes_next(case, event, keyid):
    _, log = probe(case)
    [violation] = violations(log)
    assert re.fullmatch(f"{event}, but CPU 0 has made no WBINVD since TDH[A-Z.]+: "
                        f"its caches may hold lines with KeyID {keyid}", violation)
    assert not violations(probe(case, options="caches=off")[1])


def test_wbinvd_also_writes_back_a_tdr_page():
    facts, log = probe("td-tdr-written-back-by-wbinvd")
    assert facts["destroyed"] == facts["again"] == 0
    assert not violations(log)


def test_a_host_may_take_pages_back_from_tds_that_are_alive():
    facts, log = probe("td-take-back")
    assert facts["touched"] == PAGES and not violations(log)


def test_the_module_must_not_be_called_for_such_a_td():
    _, log = probe("td-use-after-reuse")
    assert f"the module writes memory of a TD {TDR:#x} that the host took back, cpu 0" in \
        violations(log)


def test_a_new_kernel_does_not_own_pages_of_tds():
    facts, log = probe("td-new-kernel")
    assert facts["touched"] == 0
    assert len(violations(log)) == PAGES
    assert all(violation.startswith("host write of") for violation in violations(log))


def test_a_new_kernel_uses_all_memory_where_nothing_poisons_it():
    facts, log = probe("td-new-kernel", options=GRANITE_RAPIDS)
    assert facts["touched"] == PAGES
    assert not violations(log)


def test_a_new_kernel_begins_without_lines_of_tds():
    _, log = probe("td-new-kernel-with-lines")
    [violation] = violations(log)
    assert violation.startswith("a new kernel begins on CPU 0, but CPU 0 has made no WBINVD since "
                                "TDH.MNG.ADDCX")


def test_a_module_that_is_disabled_has_no_pages_of_tds():
    facts, log = probe("td-disable", options="module=2.0")
    assert facts["disable"] == 0 and facts["touched"] == PAGES
    assert not violations(log)


def test_tds_are_gone_when_the_machine_is_turned_off():
    _, log = probe("td-left")
    assert violations(log) == [f"TDs still have {PAGES} pages and 1 KeyIDs; first {TDR:#x}, "
                               f"a TDR page of TD {TDR:#x} since TDH.MNG.CREATE"]
    assert number(log, "td_pages_owned") == PAGES and number(log, "td_keyids_owned") == 1


@pytest.mark.parametrize("case, options", [("td-left", "leftovers=off"), ("td-reset", "")])
def test_a_reset_takes_everything_back(case, options):
    _, log = probe(case, options=options)
    assert not violations(log) and number(log, "td_pages_owned") == PAGES


# Private memory of the probe's TD: two small pages, a large one, and its secure EPT
PRIVATE, LARGE, TABLES = 0x10000000, 0x10200000, 0x10600000
LEFT = 16               # pages of the TD without private memory


def memory_probe(case, options=""):
    """The TD is left behind, which is not what these cases are about."""
    facts, log = probe(f"memory-{case}", options=f"leftovers=off {options}")
    assert facts["bring_up"] == facts["created"] == facts.get("removed", 0) == 0
    return facts, log


def test_private_memory_that_is_removed_is_the_hosts():
    facts, log = memory_probe("good")
    assert facts["touched"] == 2 + 512
    assert not violations(log) and number(log, "td_pages_owned") == LEFT
    assert number(log, "td_tables_checked") == 1


@pytest.mark.parametrize("case, what", [
    ("added", f"host read of {PRIVATE:#x}, a private page of TD {TDR:#x} since TDH.MEM.PAGE.ADD"),
    ("aug", f"host write of {PRIVATE + 0x1000:#x}, a private page of TD {TDR:#x} since "
     "TDH.MEM.PAGE.AUG"),
    ("large", f"host write of {LARGE + 0x123000:#x}, a private page of TD {TDR:#x} since "
     "TDH.MEM.PAGE.AUG"),
    ("table", f"host read of {TABLES:#x}, a secure EPT page of TD {TDR:#x} since "
     "TDH.MEM.SEPT.ADD"),
    ("blocked", f"host write of {PRIVATE + 0x1000:#x}, a private page of TD {TDR:#x} since "
     "TDH.MEM.PAGE.AUG"),
])
def test_touching_private_memory_is_a_violation(case, what):
    facts, log = memory_probe(f"touch-{case}")
    assert facts["touched"] == 0
    [violation] = violations(log)
    assert re.fullmatch(f"{what}, at 0x1[0-9a-f]+ cpu 0", violation)


def test_pages_beside_private_memory_are_the_hosts():
    facts, log = memory_probe("touch-neighbours")
    assert facts["touched"] == 3 and not violations(log)
    assert number(log, "td_pages_owned") == LEFT + 2 + 512


def test_a_large_page_that_is_removed_has_to_be_overwritten_where_partial_writes_poison():
    facts, log = memory_probe("no-overwrite")
    assert facts["touched"] == 1
    [violation] = violations(log)
    assert violation.startswith(
        f"the host uses memory {LARGE + 0x123000:#x}, which it has not overwritten with MOVDIR64B "
        "since TDH.MEM.PAGE.REMOVE of a private page, at 0x1")
    assert not violations(memory_probe("no-overwrite", GRANITE_RAPIDS)[1])


def test_a_private_page_that_is_removed_has_to_be_written_back():
    _, log = memory_probe("in-caches")
    [violation] = violations(log)
    assert violation.startswith(f"the host overwrites reclaimed memory {PRIVATE:#x}, but CPU 0 "
                                "has made no WBINVD since ")
    assert violation.endswith(f"its caches may hold lines with KeyID {KEYID}")


def test_a_td_can_have_a_small_page_of_a_large_one_that_was_removed():
    facts, log = memory_probe("large-again")
    assert facts["touched"] == 2 and facts["touched_private"] == 0
    [violation] = violations(log)
    assert violation.startswith(f"host write of {LARGE + 0x123000:#x}, a private page")


def test_a_large_page_may_be_taken_again_and_again():
    """Each time, the host's page table of its small pages is not used any more."""
    facts, log = memory_probe("large-rounds")
    assert facts["status"] == 0 and facts["rounds"] == 1000
    assert not violations(log)
