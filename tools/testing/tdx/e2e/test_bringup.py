# SPDX-License-Identifier: GPL-2.0-only
"""Initialization of TDX by KVM on the emulated platform."""
import collections
import errno
import re

import pytest

import layout
import sysfs
from events import steps
from outcome import said

DEBUG = "/sys/kernel/debug/x86/tdx"
TDX_BIT = 1 << 5
# Ordinary VMs, and software-protected ones
WITHOUT_TDX = 1 << 0 | 1 << 1


def ready(result):
    """The kernel's info, after checks that TDX is ready and that the platform agrees."""
    info = layout.Info(result.info())
    assert info.state() == "ready", result.tdx_messages()
    assert info.differences(layout.EmulatorLog(result.log)) == []
    sysfs.check(result)
    return info


def unavailable(result, error=errno.EINVAL, for_good=True, state=None):
    """The only message, which tells why there is no TDX and is the same for each attempt."""
    assert int(result.value("create_td")) == error
    assert int(result.value("create_td_again")) == error
    assert bool(int(result.value("vm_types_after"), 16) & TDX_BIT) != for_good
    messages = set(said(result))
    assert len(messages) == 1, messages
    message = messages.pop()
    files = sysfs.check(result, state, message.removeprefix("not usable: ") if state else None)
    assert files["reason"].text in message
    return message


@pytest.mark.one_kernel_until_release
@pytest.mark.parametrize("cpus, packages, memory",
                         [(1, 1, "2G"), (4, 2, "6G"), (8, 4, "6G"), (8, 1, "1G")])
def test_the_kernels_view_equals_the_platforms(boot, cpus, packages, memory):
    result = boot("create-td", cpus=cpus, packages=packages, memory=memory)
    info = ready(result)
    log = layout.EmulatorLog(result.log)
    assert int(result.value("create_td")) == 0
    assert int(result.value("vm_types_before"), 16) == WITHOUT_TDX | TDX_BIT
    assert int(result.value("vm_types_after"), 16) == WITHOUT_TDX | TDX_BIT
    assert log.count("TDH.SYS.LP.INIT") == cpus
    assert log.count("TDH.SYS.KEY.CONFIG") == packages
    gigabytes = sum(tdmr.size for tdmr in info.tdmrs) >> 30
    assert log.count("TDH.SYS.TDMR.INIT") == 256 * gigabytes
    assert "module ready" in result.log
    first, count = info.numbers("keyids")
    version, build = info.words("module_version")[0], info.words("module_build")
    assert result.tdx_messages()[0] == f"BIOS enabled: private KeyID range [{first}, {first + count})"
    memory, pamt, init_us = (info.numbers(what)[0] for what in
                             ("memory_bytes", "pamt_bytes", "init_us"))
    assert result.tdx_messages()[1].startswith(
        f"module version {version}, build {build[0]} of {build[1]}; takes ")
    logged = [m.removeprefix("CMR: ") for m in result.tdx_messages() if m.startswith("CMR: ")]
    assert " ".join(logged) == " ".join(f"[{cmr.base:#x}, {cmr.base + cmr.size:#x})"
                                        for cmr in log.cmrs)
    assert len(logged) == (len(log.cmrs) + 15) // 16
    # Quiet when all is well.
    assert len(result.tdx_messages()) <= 5
    assert result.tdx_messages()[-1] == (
        f"module initialized in {init_us // 1000} ms; {pamt >> 10} KB allocated for PAMT of "
        f"{len(info.tdmrs)} TDMRs with {memory >> 20} MB of TDX memory")
    assert f"all {len(info.tdmrs)} TDMR(s) initialized" in result.log


@pytest.mark.one_kernel
def test_a_second_td_costs_no_seamcall(boot):
    result = boot(f"set,{DEBUG}/durations=1;create-td;"
                  f"show-lines,{DEBUG}/seamcalls;show-lines,{DEBUG}/durations")
    info = ready(result)
    assert int(result.value("create_td_again")) == 0
    log = layout.EmulatorLog(result.log)
    assert log.count("TDH.SYS.INIT") == 1
    lines = [line.split() for line in result.values("line")]
    seamcalls = {leaf: int(number) for leaf, number in (line for line in lines if len(line) == 2)}
    durations = collections.Counter()
    for leaf, _, number in (line for line in lines if len(line) == 3):
        durations[leaf] += int(number)
    assert seamcalls == durations
    assert sum(seamcalls.values()) == info.numbers("seamcalls")[0]
    assert seamcalls["TDH.SYS.TDMR.INIT"] == log.count("TDH.SYS.TDMR.INIT")


@pytest.mark.parallel
def test_of_concurrent_creators_one_initializes(boot):
    result = boot("create-tds-at-once,8")
    ready(result)
    log = layout.EmulatorLog(result.log)
    assert result.values("creator") == ["0"] * 8
    assert log.count("TDH.SYS.INIT") == 1
    assert log.count("TDH.SYS.CONFIG") == 1
    assert log.failed() == ["TDH.SYS.RD"] * 4


@pytest.mark.one_kernel
def test_without_a_td_nothing_is_initialized(boot):
    result = boot("ordinary-vm")
    assert layout.Info(result.info()).state() == "unknown"
    sysfs.check(result)
    assert layout.EmulatorLog(result.log).number("seamcalls") == 0
    assert len(result.tdx_messages()) == 1


@pytest.mark.one_kernel
def test_capabilities_are_what_the_module_reports(boot):
    result = boot("create-td", cpus=1, packages=1, memory="1G")
    assert int(result.value("capabilities_no_room")) == errno.E2BIG
    assert int(result.value("capabilities")) == 0
    assert int(result.value("capabilities_attrs"), 16) == 1 << 28
    assert int(result.value("capabilities_xfam"), 16) & 3 == 3
    assert len(result.values("capabilities_cpuid")) == int(result.value("capabilities_nent"))
    assert int(result.value("capabilities_exact")) == 0
    assert int(result.value("capabilities_one_less")) == errno.E2BIG
    assert int(result.value("capabilities_nent_again")) == int(result.value("capabilities_nent")) - 1
    assert int(result.value("capabilities_bad_pointer")) == errno.EFAULT
    assert int(result.value("capabilities_bad_flags")) == errno.EINVAL
    assert int(result.value("capabilities_bad_hw_error")) == errno.EINVAL


@pytest.mark.one_kernel
def test_commands_without_parameters_fail(boot):
    """KVM_TDX_INIT_VM has a pointer; the others are for vCPUs, come later or do not exist."""
    result = boot("create-td", cpus=1, packages=1, memory="1G")
    assert result.values("command") == [f"1 {errno.EFAULT}",
                                        *(f"{i} {errno.EINVAL}" for i in range(2, 7))]
    assert int(result.value("create_vcpu")) == errno.EIO
    assert int(result.value("create_unknown_type")) == errno.EINVAL


@pytest.mark.one_kernel
def test_a_missing_module_is_named(boot):
    result = boot("create-td", emulator_options="module=none")
    assert int(result.value("vm_types_before"), 16) & TDX_BIT
    assert "no TDX module answers" in unavailable(result)


@pytest.mark.one_kernel
def test_creators_that_try_again_and_again_do_not_fill_the_log(boot):
    result = boot(steps(*["create-td"] * 10), cpus=1, packages=1, memory="1G",
                  emulator_options="module=none")
    tries = result.values("create_td") + result.values("create_td_again")
    assert tries == [str(errno.EINVAL)] * 20
    assert len(said(result)) == 10


@pytest.mark.one_kernel
@pytest.mark.parametrize("options, words", [
    ("keyids=62:1", "only one TDX KeyID"),
    ("keyids=63:0", "no TDX KeyIDs"),
    ("seamrr=unlocked", "not locked"),
    ("seamrr=off", "SEAMRR is not enabled"),
])
def test_half_of_tdx_in_the_bios_is_named_once(boot, options, words):
    result = boot("create-td", cpus=2, packages=1, memory="1G", emulator_options=options)
    assert int(result.value("vm_types_before"), 16) & TDX_BIT == 0
    assert words in unavailable(result, state="bios-disabled")


@pytest.mark.one_kernel
def test_without_movdir64b_nobody_gets_memory_that_tdx_had(boot):
    """MOVDIR64B is needed to clear such memory."""
    result = boot("create-td", cpus=2, packages=1, memory="1G", cmdline="clearcpuid=movdir64b")
    assert "the CPU has no MOVDIR64B" in unavailable(result, state="unsupported")
    assert layout.EmulatorLog(result.log).number("seamcalls") == 0


DIFFERENT = "not usable: {} is not the same on CPU 1 as on CPU 0; update the BIOS"
USED = ("not usable: CPU 0: TDH.SYS.RD: METADATA_FIRST_FIELD_ID_IN_CONTEXT 0x00000c0b00000000: the "
        "module was initialized before, by a previous kernel; reset the machine to use TDX")
RESET = "; TDX cannot be used until the machine is reset"


@pytest.mark.one_kernel
@pytest.mark.parametrize("options, error, message", [pytest.param(*case, id=case[0]) for case in (
    # Linux makes TSC_ADJUST equal within a package.
    ("msr=1:0x3b:1000", errno.EIO, DIFFERENT.format("TSC_ADJUST")),
    ("msr=1:0x1401:0", errno.EIO, DIFFERENT.format("SEAMRR")),
    ("msr=1:0x87:0x100000001f", errno.EIO, DIFFERENT.format("the number of TDX KeyIDs")),
    ("msr=all:0x1f3:0", errno.EIO,
     "initializing the module failed: TDH.SYS.INIT: SMRR_NOT_LOCKED 0xc000091000000000: "
     "the BIOS left SMRR unlocked; update the BIOS" + RESET),
    ("cpuid=all:0x15:0:ebx:0", errno.EIO,
     "initializing the module failed: TDH.SYS.INIT: INCORRECT_CPUID_VALUE 0xc000090000000000: "
     "the module does not support this CPU or its BIOS settings; update the BIOS (CPUID leaf 0x15, "
     "subleaf 0x0)"
     + RESET),
    ("cmrs=1M+1M,1M+2M", errno.EIO,
     "initializing the module failed: TDH.SYS.INIT: CMR_LIST_INVALID 0xc0000a2200000000: "
     "the BIOS passed a malformed list of convertible memory; update the BIOS" + RESET),
    ("state=initialized", errno.EALREADY, USED),
    ("state=configured", errno.EALREADY, USED),
    ("state=ready", errno.EALREADY, USED),
    ("state=shutdown", errno.EALREADY,
     "not usable: CPU 0: TDH.SYS.RD: SYS_SHUTDOWN 0xc000050600000000: the module was shut down "
     "before, by a previous kernel; reset the machine to use TDX"),
)])
def test_a_wrong_bios_or_module_is_named_once_and_the_machine_works(boot, options, error, message):
    # Otherwise Linux compares the TSCs of packages, and may change TSC_ADJUST.
    result = boot("create-td", cpus=2, packages=2, memory="1G", emulator_options=options,
                  cmdline="tsc=reliable")
    # Not final if CPUs differ: the module was not called, and the difference may be corrected.
    for_good = not message.endswith("on CPU 0; update the BIOS")
    assert unavailable(result, error, for_good) == message
    assert (layout.Info(result.info()).state() == "failed") == for_good


@pytest.mark.one_kernel
def test_an_offline_cpu_is_named_before_the_module_is_touched(boot):
    result = boot("create-td", cpus=4, packages=2, memory="1G", cmdline="maxcpus=3")
    assert int(result.value("create_td")) == errno.ENXIO
    assert int(result.value("create_td_again")) == errno.ENXIO
    assert [m for m in result.tdx_messages() if "CPU 3 is offline" in m]
    assert "CPU 3 is offline" in sysfs.check(result)["reason"].text
    assert layout.Info(result.info()).state() == "unknown"
    assert layout.EmulatorLog(result.log).number("seamcalls") == 0


@pytest.mark.one_kernel
def test_a_cpu_that_linux_ignores_is_named_as_the_cause(boot):
    result = boot("create-td", cpus=4, packages=2, memory="1G", cmdline="nr_cpus=3")
    assert "nr_cpus=" in unavailable(result, errno.ENXIO)
    assert layout.EmulatorLog(result.log).failed()[-1] == "TDH.SYS.CONFIG"


@pytest.mark.one_kernel
def test_ram_outside_the_cmrs_is_named(boot):
    result = boot("create-td", cpus=2, packages=1, memory="1G",
                  emulator_options="cmrs=0x400000+0x20000000")
    usable = re.findall(r"BIOS-e820: \[mem (0x\w+)-0x\w+\] usable", result.console)
    base, end = next(base for base in (int(base, 16) for base in usable) if base >= 1 << 20), 0x400000
    assert (f"RAM at [{base:#x}-{end - 1:#x}] is not convertible (in no CMR); update the BIOS, or "
            f"boot with memmap={end - base:#x}${base:#x}") in \
        unavailable(result, errno.EADDRNOTAVAIL)
    assert layout.EmulatorLog(result.log).count("TDH.SYS.CONFIG") == 0


@pytest.mark.one_kernel
@pytest.mark.parametrize("generation, version", [
    ("1.0", "1.0.00"), ("1.5.01", "1.5.01"), ("1.5.06", "1.5.06"), ("2.0", "2.0.08")])
def test_every_generation_of_the_module_comes_up(boot, generation, version):
    result = boot("create-td", cpus=2, packages=2, memory="1G",
                  emulator_options=f"module={generation}")
    assert ready(result).words("module_version") == [version]
    assert f"\nmodule {generation}\n" in result.log
    # Without NO_RBP_MOD there are no TDs.
    error = errno.EOPNOTSUPP if generation == "1.0" else 0
    assert int(result.value("create_td")) == error
    assert len(result.kernel_lines("TDX guests need a TDX module that preserves RBP")) == bool(error)


@pytest.mark.one_kernel
def test_legacy_persistent_memory_is_not_tdx_memory(boot):
    result = boot("create-td", memory="6G", cmdline="memmap=256M!5G")
    info = ready(result)
    plain = layout.Info(boot("create-td", memory="6G").info())
    assert plain.numbers("memory_bytes")[0] - info.numbers("memory_bytes")[0] == 256 << 20


PARAMETER = "/sys/module/kvm_intel/parameters/tdx"


@pytest.mark.one_kernel
@pytest.mark.parametrize("cmdline, missing", [
    ("kvm_intel.tdx=0", "boot with kvm_intel.tdx=1"),
    ("kvm_intel.ept=0", "they need EPT with accessed and dirty bits"),
    ("kvm_intel.eptad=0", "they need EPT with accessed and dirty bits"),
    ("kvm_intel.enable_apicv=0", "they need APICv"),
    ("kvm.tdp_mmu=0", "they need the TDP MMU"),
    ("kvm.mmio_caching=0", "they need MMIO caching"),
])
def test_nobody_gets_a_td_whom_the_administrator_does_not_allow_it(boot, cmdline, missing):
    result = boot(f"show,{PARAMETER};create-td", cpus=2, packages=1, memory="1G", cmdline=cmdline)
    assert result.values("read") == [f"{PARAMETER} 0 N"]
    assert int(result.value("create_td")) == errno.EINVAL
    assert int(result.value("vm_types_before"), 16) & TDX_BIT == 0
    [reason] = result.kernel_lines("TDX guests are turned off: ")
    assert missing in reason
    assert layout.EmulatorLog(result.log).number("seamcalls") == 0


@pytest.mark.one_kernel
def test_without_the_tdp_mmu_there_are_ordinary_vms_only(boot):
    result = boot("set,/sys/module/kvm/parameters/tdp_mmu=0;create-td;create-td;"
                  "set,/sys/module/kvm/parameters/tdp_mmu=1;create-td",
                  cpus=2, packages=1, memory="1G")
    assert [int(value) for value in result.values("create_td")] == \
        [errno.EOPNOTSUPP, errno.EOPNOTSUPP, 0]
    assert len(result.kernel_lines("TDX guests need the TDP MMU")) == 1


@pytest.mark.one_kernel
def test_tdx_is_off_by_default(boot):
    result = boot(f"show,{PARAMETER};create-td", cpus=2, packages=1, memory="1G", tdx="")
    assert result.values("read") == [f"{PARAMETER} 0 N"]
    assert int(result.value("create_td")) == errno.EINVAL


@pytest.mark.one_kernel
@pytest.mark.parametrize("options, states", [
    ("", "YY"), ("seamrr=off", "NN"), ("module=none", "YN"),
    ("inject=TDH.SYS.CONFIG:1:INVALID_PAMT:1", "YN"),
])
def test_the_parameter_tells_whether_tds_can_be_had(boot, options, states):
    """Programs rely on Y."""
    result = boot(f"show,{PARAMETER};create-td;show,{PARAMETER};show-lines,{DEBUG}/failures",
                  cpus=2, packages=1, memory="1G", emulator_options=options)
    assert result.values("read") == [f"{PARAMETER} 0 {state}" for state in states]
    sysfs.check(result, *(["bios-disabled", "there are TDX KeyIDs, but SEAMRR is not enabled; enable "
                           "the SEAM loader in the BIOS setup"] if states == "NN" else []))
    failures = [line.split(" ", 4)[4] for line in result.values("line")]
    if "CONFIG" in options:
        assert f"cause {failures[-1]}" in result.info()
    # Also of a fresh module, which Linux asks for its state.
    assert bool(failures) == (states != "NN")


@pytest.mark.parametrize("scenario", ["ordinary-vm", "create-td"])
def test_the_parameter_brings_tdx_up_when_kvm_is_loaded(boot, scenario):
    result = boot(scenario, cmdline="kvm_intel.tdx_at_load=1")
    ready(result)
    assert layout.EmulatorLog(result.log).count("TDH.SYS.INIT") == 1
    assert int(result.value("create_vm" if scenario == "ordinary-vm" else "create_td")) == 0


@pytest.mark.one_kernel
@pytest.mark.parametrize("options, words", [
    ("module=none", "no TDX module answers"),
    ("seamrr=off", "SEAMRR is not enabled"),
])
def test_kvm_is_loaded_also_where_tdx_cannot_be_brought_up(boot, options, words):
    result = boot("ordinary-vm", emulator_options=options, cmdline="kvm_intel.tdx_at_load=1")
    assert int(result.value("create_vm")) == 0
    assert int(result.value("run")) == 0
    assert len([m for m in result.tdx_messages() if words in m]) == 1


@pytest.mark.one_kernel_until_release
@pytest.mark.parametrize("tdx", [0, 1])
def test_an_ordinary_vm_is_untouched(boot, tdx):
    """As far as the platform supports it: its VMLAUNCH fails with VMfailValid 7."""
    result = boot("ordinary-vm", cpus=2, packages=1, memory="1G", cmdline=f"kvm_intel.tdx={tdx}")
    for step in ("create_vm", "set_memory", "create_vcpu", "get_sregs", "set_sregs", "set_regs",
                 "run"):
        assert int(result.value(step)) == 0, step
    assert int(result.value("memory_encrypt_op")) == errno.ENOTTY
    assert int(result.value("exit_reason")) == 9
    assert result.value("entry_failure") == "0x7"
