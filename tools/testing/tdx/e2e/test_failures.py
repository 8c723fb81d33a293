# SPDX-License-Identifier: GPL-2.0-only
"""SEAMCALLs that fail on the emulated platform: what user space and the log see."""
import errno

import pytest

import layout

SMALL = {"cpus": 4, "packages": 2, "memory": "1G"}


def number(log, key):
    return layout.EmulatorLog(log).number(key)


@pytest.mark.one_kernel
@pytest.mark.parametrize("inject", [
    "TDH.SYS.INIT:1:RND_NO_ENTROPY:3",
    "TDH.SYS.LP.INIT:2:RND_NO_ENTROPY:3",
    "TDH.SYS.LP.INIT:1:SYS_BUSY:5",
    "TDH.SYS.CONFIG:1:SYS_BUSY:2",
    "TDH.SYS.KEY.CONFIG:1:KEY_GENERATION_FAILED:3",
    "TDH.SYS.TDMR.INIT:7:OPERAND_BUSY:2",
])
def test_what_clears_by_itself_is_waited_for(boot, inject):
    result = boot("create-td", emulator_options=f"inject={inject}", **SMALL)
    assert int(result.value("create_td")) == 0
    assert layout.Info(result.info()).state() == "ready"


@pytest.mark.parametrize("inject, error, words", [
    ("TDH.SYS.INIT:1:SMRR_NOT_LOCKED:1", errno.EIO,
     "initialising the module failed: TDH.SYS.INIT: SMRR_NOT_LOCKED"),
    ("TDH.SYS.LP.INIT:3:INCONSISTENT_CPUID_FIELD:1", errno.EIO,
     "initialising the CPUs failed: CPU 2: TDH.SYS.LP.INIT: INCONSISTENT_CPUID_FIELD"),
    ("TDH.SYS.INFO:1:OPERAND_INVALID:1", errno.EIO,
     "reading the module's information failed: TDH.SYS.INFO: OPERAND_INVALID"),
    ("TDH.SYS.CONFIG:1:INVALID_PAMT:1", errno.EIO,
     "configuring the module failed: TDH.SYS.CONFIG: INVALID_PAMT"),
    ("TDH.SYS.KEY.CONFIG:2:KEY_GENERATION_FAILED:1000000", errno.EAGAIN,
     "configuring the global KeyID failed: CPU 2: TDH.SYS.KEY.CONFIG: KEY_GENERATION_FAILED"),
    ("TDH.SYS.TDMR.INIT:100:OPERAND_INVALID:1000000", errno.EIO,
     "initialising TDMRs failed: TDH.SYS.TDMR.INIT: OPERAND_INVALID"),
])
def test_a_failure_is_said_once_and_is_final(boot, inject, error, words):
    result = boot("create-td", emulator_options=f"inject={inject}", **SMALL)
    assert int(result.value("create_td")) == error
    assert int(result.value("create_td_again")) == errno.EINVAL
    messages = [m for m in result.tdx_messages() if not m.startswith("BIOS enabled: ")]
    assert len(messages) == 1 and messages[0].startswith(words), messages
    info = layout.Info(result.info())
    assert info.state() == "failed"
    assert " ".join(info.words("cause")) in messages[0]
    # Once the module told version, limits and CMRs they are shown: they may be the cause.
    log = layout.EmulatorLog(result.log)
    known = log.count("TDH.SYS.INFO") > 0
    assert info.cmrs == (log.cmrs if known else [])
    assert len([line for line in info.lines if line.startswith(("module_", "limit "))]) == \
        (6 if known else 0)
    assert log.count("TDH.SYS.LP.SHUTDOWN") == SMALL["cpus"]


def test_pamts_that_the_module_wrote_are_made_safe_before_they_are_freed(boot):
    """PAMT pages go back to the host by MOVDIR64B only; all else is a violation."""
    result = boot("create-td", **SMALL,
                  emulator_options="inject=TDH.SYS.TDMR.INIT:256:OPERAND_INVALID:1000000")
    pages = 1024 + 2 + 1  # the PAMT of 1 GB, its three levels
    assert number(result.log, "pamt_pages_taken_back") == pages
    assert number(result.log, "violations") == 0


@pytest.mark.kernels("debug")
@pytest.mark.parametrize("options", ["", "inject=TDH.SYS.TDMR.INIT:9:OPERAND_INVALID:1000000"])
def test_nothing_leaks(boot, options):
    """To kmemleak."""
    result = boot("create-td", cmdline="kmemleak=on", emulator_options=options, **SMALL)
    assert result.value("kmemleak_scanned") == "2"
    assert result.values("kmemleak") == []
