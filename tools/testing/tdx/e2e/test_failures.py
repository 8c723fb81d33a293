# SPDX-License-Identifier: GPL-2.0-only
"""SEAMCALLs that fail on the emulated platform: results for user space and messages."""
import errno

import pytest

import layout
import sysfs
from events import steps, write_cpu
from layout import PAMT_PAGES
from outcome import errors, said

SMALL = {"cpus": 4, "packages": 2, "memory": "1G"}
# A TDMR for each GB, so that several CPUs initialize TDMRs at the same time.
LARGE = {"cpus": 4, "packages": 2, "memory": "3G"}


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


def on_one_kernel(*arguments):
    """Others are as likely to show what the kernel's own checks find."""
    return pytest.param(*arguments, marks=pytest.mark.one_kernel_until_release)


@pytest.mark.parametrize("inject, error, words", [
    on_one_kernel(
        "TDH.SYS.INIT:1:SMRR_NOT_LOCKED:1", errno.EIO,
        "initializing the module failed: TDH.SYS.INIT: SMRR_NOT_LOCKED"),
    ("TDH.SYS.LP.INIT:3:INCONSISTENT_CPUID_FIELD:1", errno.EIO,
     "initializing the CPUs failed: CPU 2: TDH.SYS.LP.INIT: INCONSISTENT_CPUID_FIELD"),
    on_one_kernel(
        "TDH.SYS.INFO:1:OPERAND_INVALID:1", errno.EIO,
        "reading the module's information failed: TDH.SYS.INFO: OPERAND_INVALID"),
    on_one_kernel(
        "TDH.SYS.CONFIG:1:INVALID_PAMT:1", errno.EIO,
        "configuring the module failed: TDH.SYS.CONFIG: INVALID_PAMT"),
    ("TDH.SYS.KEY.CONFIG:2:KEY_GENERATION_FAILED:1000000", errno.EAGAIN,
     "configuring the global KeyID failed: CPU 2: TDH.SYS.KEY.CONFIG: KEY_GENERATION_FAILED"),
    ("TDH.SYS.TDMR.INIT:100:OPERAND_INVALID:1000000", errno.EIO,
     "initializing TDMRs failed: TDH.SYS.TDMR.INIT: OPERAND_INVALID"),
])
def test_a_failure_is_final_and_everybody_is_told(boot, inject, error, words):
    """The message also tells that only a reset helps."""
    result = boot("create-td", emulator_options=f"inject={inject}", **SMALL)
    assert int(result.value("create_td")) == error
    assert int(result.value("create_td_again")) == error
    message, again = said(result)
    assert message == again and message.startswith(words)
    assert message.endswith("; TDX cannot be used until the machine is reset")
    info = layout.Info(result.info())
    assert info.state() == "failed"
    assert " ".join(info.words("cause")) in message
    # Version, limits and CMRs are shown if TDH.SYS.INFO succeeded: they may be the cause.
    log = layout.EmulatorLog(result.log)
    known = log.count("TDH.SYS.INFO") > 0
    assert info.cmrs == (log.cmrs if known else [])
    assert len([line for line in info.lines if line.startswith(("module_", "limit "))]) == \
        (8 if known else 0)
    assert log.count("TDH.SYS.LP.SHUTDOWN") == SMALL["cpus"]


@pytest.mark.parametrize("inject, error, words", [
    on_one_kernel(
        "TDH.SYS.INIT:1:RND_NO_ENTROPY:110", errno.EAGAIN, "initializing the module failed"),
    ("TDH.SYS.LP.INIT:3:SYS_BUSY:110", errno.EBUSY, "initializing the CPUs failed: CPU 2"),
    on_one_kernel(
        "TDH.SYS.INFO:1:SYS_BUSY:110", errno.EBUSY, "reading the module's information failed"),
    on_one_kernel(
        "TDH.SYS.CONFIG:1:SYS_BUSY:110", errno.EBUSY, "configuring the module failed"),
])
def test_what_passes_before_the_module_has_its_memory_is_gone_on_from(boot, inject, error, words):
    result = boot("create-td", emulator_options=f"inject={inject}", **SMALL)
    assert int(result.value("create_td")) == error
    assert int(result.value("create_td_again")) == 0
    message, = said(result)
    assert message.startswith(words)
    assert message.endswith("; that is tried again for the next TD")
    assert layout.Info(result.info()).state() == "ready"
    log = layout.EmulatorLog(result.log)
    assert log.count("TDH.SYS.LP.SHUTDOWN") == 0
    # Steps that succeeded are not repeated.
    assert log.count("TDH.SYS.INIT", "SUCCESS") == log.count("TDH.SYS.INFO", "SUCCESS") == 1
    assert log.count("TDH.SYS.LP.INIT", "SUCCESS") == SMALL["cpus"]


def test_pamts_that_the_module_wrote_are_made_safe_before_they_are_freed(boot):
    """PAMT pages go back to the host by MOVDIR64B only; all else is a violation."""
    result = boot("create-td", **SMALL,
                  emulator_options="inject=TDH.SYS.TDMR.INIT:256:OPERAND_INVALID:1000000")
    assert number(result.log, "pamt_pages_taken_back") == PAMT_PAGES
    assert number(result.log, "violations") == 0


@pytest.mark.one_kernel
@pytest.mark.parametrize("machine", [SMALL, LARGE], ids=["one TDMR", "several TDMRs"])
@pytest.mark.parametrize("inject", ["TDH.SYS.KEY.CONFIG:1", "TDH.SYS.KEY.CONFIG:2",
                                    "TDH.SYS.TDMR.INIT:1", "TDH.SYS.TDMR.INIT:256"])
def test_no_page_is_the_modules_after_a_failure(boot, machine, inject):
    """Independent of the pages that the module owned, and of the CPU that made the call."""
    result = boot("create-td", **machine, emulator_options=f"inject={inject}:OPERAND_INVALID:1000000")
    assert int(result.value("create_td")) == errno.EIO
    assert number(result.log, "pages_owned") == 0
    assert number(result.log, "pamt_pages_taken_back") == \
        (PAMT_PAGES if machine is SMALL else 3 * PAMT_PAGES)


@pytest.mark.kernels("debug")
@pytest.mark.parametrize("options", [
    pytest.param("", marks=pytest.mark.release),
    "inject=TDH.SYS.TDMR.INIT:9:OPERAND_INVALID:1000000"])
def test_nothing_leaks(boot, options):
    """kmemleak finds no leak."""
    result = boot("create-td", cmdline="kmemleak=on", emulator_options=options, **SMALL)
    assert result.value("kmemleak_scanned") == "2"
    assert result.values("kmemleak") == []


@pytest.mark.one_kernel
def test_a_page_that_stays_locked_holds_up_nobody_but_the_search(boot):
    """
    Like a page of a server that does not answer.  CPUs can go offline and online, waiting processes
    can be killed, and TDX is initialized when the page is unlocked.
    """
    result = boot(steps("lock-pages", "start-td", "wait-stuck",
                        *(f"show,{sysfs.DIRECTORY}/{name}" for name in ("state", "version")),
                        write_cpu(1, 0), write_cpu(1, 1),
                        "end-td,kill", "start-td", "end-td,kill", "unlock-pages", "create-td"),
                  cpus=2, packages=1, memory="1G")
    assert result.value("lock_pages") == "0 0"
    assert int(result.value("locked_pages")) > 500
    assert result.value("worker_stuck") == "1"
    assert result.values("read") == [f"{sysfs.DIRECTORY}/state 0 initializing",
                                     f"{sysfs.DIRECTORY}/version {errno.ENODATA} "]
    assert errors(result) == [0, 0]
    assert result.values("end_td") == ["signal 9"] * 2
    assert int(result.value("create_td")) == 0
    assert layout.Info(result.info()).state() == "ready"
    log = layout.EmulatorLog(result.log)
    assert log.count("TDH.SYS.INIT") == 1


@pytest.mark.one_kernel
def test_a_package_that_goes_offline_in_the_middle_is_waited_for(boot):
    """The caller is refused, and the next one resumes the initialization."""
    result = boot(steps("lock-pages", "start-td", "wait-stuck", write_cpu(1, 0), "unlock-pages",
                        "end-td", write_cpu(1, 1), "create-td"),
                  cpus=2, packages=2, memory="1G")
    assert result.value("worker_stuck") == "1"
    assert errors(result) == [0, 0]
    assert result.value("end_td") == str(errno.EAGAIN)
    assert int(result.value("create_td")) == 0
    assert layout.Info(result.info()).state() == "ready"
    log = layout.EmulatorLog(result.log)
    assert log.count("TDH.SYS.INIT") == log.count("TDH.SYS.CONFIG") == 1


@pytest.mark.one_kernel
def test_a_cpu_that_a_real_time_task_never_leaves_makes_its_seamcalls(boot):
    """
    Six SEAMCALLs: a check on each CPU, TDH.SYS.INIT, TDH.SYS.LP.INIT on each CPU, TDH.SYS.INFO. By
    then the busy CPU has made two of them.  Then the kernel builds the list of memory, which waits
    for all CPUs, but nothing else waits for that.
    """
    result = boot("hog-cpu,1;start-td;wait-seamcalls,6;end-hog;end-td;create-td", cpus=2,
                  packages=1, memory="1G")
    assert result.value("hog") == result.value("end_hog") == "0"
    assert result.value("seamcalls_reached") == "1"
    assert result.value("end_td") == "0"
    assert layout.Info(result.info()).state() == "ready"


@pytest.mark.one_kernel
def test_a_machine_that_is_turned_off_in_the_middle_says_nothing_wrong(boot):
    """No SEAMCALL follows after KVM has left VMX operation, and no memory is touched."""
    result = boot("begin-td", cpus=4, packages=2, memory="2G", emulator_options="delay=20000")
    assert "TDMR(s) initialized" not in result.log
    assert said(result) == []
    assert not layout.EmulatorLog(result.log).failed()[SMALL["cpus"]:]
    assert number(result.log, "pamt_pages_taken_back") == 0
