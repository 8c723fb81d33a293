# SPDX-License-Identifier: GPL-2.0-only
"""Linux 7.3, which has TDX host support itself, on the emulated platform."""
import pytest

import layout
import private_apt
import selftests
import td_guest
import tdxinfo
import test_vms
from events import steps
from test_kvm import ARGUMENTS, MACHINE, OF_WIDTHS
from test_td_guest import NONCE, check_load, check_report, with_load

# This kernel initializes TDX when kvm_intel is loaded, but not if hibernation is possible.  If a
# thread moves to another CPU during KVM_TDX_INIT_VCPU, Linux 7.3 does not flush the vCPU there:
# TDH.VP.WR fails with VCPU_ASSOCIATED, and the TD's KeyID and pages are lost.  With TDX_STAY, which
# the kernel passes on, threads of selftests do not move then.
CMDLINE = "nohibernate TDX_STAY=1"

pytestmark = pytest.mark.kernels("mainline")


@pytest.mark.parametrize("cpus, packages, memory", [(1, 1, "1G"), (4, 2, "6G"), (8, 4, "3G")])
def test_mainline_initializes_tdx_and_offers_tds(boot, cpus, packages, memory):
    result = boot("create-td", cpus=cpus, packages=packages, memory=memory,
                  cmdline=CMDLINE)
    log = layout.EmulatorLog(result.log)
    assert log.count("TDH.SYS.LP.INIT") == cpus
    assert log.count("TDH.SYS.KEY.CONFIG") == packages
    assert log.tdmrs
    assert f"\nall {len(log.tdmrs)} TDMR(s) initialized\n" in result.log
    assert log.number("violations") == 0
    assert int(result.value("vm_types_before"), 16) & 1 << 5
    assert int(result.value("create_td")) == 0


def test_without_the_parameter_mainline_leaves_the_module_alone(boot):
    result = boot("create-td", cpus=2, packages=1, memory="1G", tdx="")
    assert layout.EmulatorLog(result.log).number("seamcalls") == 0
    assert int(result.value("create_td")) != 0


SMALL = {"cpus": 2, "packages": 1, "memory": "1G", "cmdline": CMDLINE}


@pytest.fixture(name="image_of_tdxinfo")
def fixture_image_of_tdxinfo():
    try:
        return tdxinfo.initramfs(files=tdxinfo.user_files())
    except private_apt.Unavailable as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("options, of_root, of_user, words", [
    ({}, "usable", "usable-by-others", "KVM offers them"),
    ({"cmdline": ""}, "hibernation", "hibernation", "boot with nohibernate"),
    ({"tdx": ""}, "kvm-turned-off", "kvm-turned-off", "boot with kvm_intel.tdx=1"),
    ({"emulator_options": "module=none"}, "no-module", "no-module", "update the BIOS"),
    ({"emulator_options": "seamrr=off"}, "bios-seam-loader", "kvm-no-access", "SEAM loader"),
    ({"emulator_options": "keyids=63:0"}, "bios-key-split", "bios-not-seen", "key split"),
    ({"emulator_options": "keyids=62:1"}, "bios-one-keyid", "logged", "more KeyIDs"),
    ({"emulator_options": "inject=TDH.SYS.CONFIG:1:OPERAND_INVALID:9"}, "logged", "logged",
     "TDX-Module initialization failed (-5)"),
    ({"emulated": False}, "not-intel", "not-intel", "not from Intel"),
])
def test_tdxinfo_tells_on_mainline_whether_tds_can_be_created(boot, image_of_tdxinfo, options,
                                                              of_root, of_user, words):
    result = boot(steps(tdxinfo.STEP, tdxinfo.USER_STEP, "create-td", tdxinfo.STEP),
                  initramfs=image_of_tdxinfo, **{**SMALL, **options})
    answers = list(tdxinfo.answers(result))
    assert [facts["verdict"] for facts, _ in answers] == [of_root, of_user, of_root]
    for facts, status in answers:
        assert status == {True: 0, False: 1, None: 2}[facts["usable"]]
    facts = answers[0][0]
    assert facts["usable"] == (int(result.value("create_td")) == 0)
    assert words in " ".join(facts[key] or "" for key in ("cause", "detail", "advice"))


def test_tdxinfo_shows_on_mainline_what_is_known(boot, image_of_tdxinfo):
    result = boot("selftest,tdxinfo", initramfs=image_of_tdxinfo, **SMALL)
    [release] = result.kernel_lines("^Linux version ")
    shown = [line.split(None, 1) for line in result.values("output")[2:]]
    assert result.value("selftest") == "tdxinfo 0"
    assert result.values("output")[0] == "TDX guests (TDs) can be created: KVM offers them."
    assert ["module", "version 1.5.06"] in shown
    assert ["kernel", f"{release.split()[2]}, has found TDX (tdx_host_platform)"] in shown
    assert ["KVM", "kvm_intel.tdx is Y, offers TDs"] in shown


# What a selftest needs there, and why.
ARGUMENTS_INSTEAD = {
    # KVM_TDX_INIT_MEM_REGION of Linux 7.3 checks the number of pages in bytes, a product that may
    # overflow: 2^52 + 1 pages are taken as one.
    "tdx_init_memory_test": ["-w"],
    # It maps the page that was accessed only.
    "tdx_fault_around_test": ["-n"],
    # Of the XMM registers that a guest passes with TDG.VP.VMCALL it gets those of user space.  The
    # ABI does not forbid that.  A port of more than 16 bits is taken for that in its lowest 16 bits.
    "tdx_run_test": ["-x", "-p"],
    # An index of more than 32 bits is taken for that in its lowest 32 bits.
    "tdx_msr_test": ["-i"],
    # It need not round the frequency of the TSC that KVM_GET_TSC_KHZ reports, as the module does,
    # nor refuse ioctls that do no harm.
    "tdx_ioctls_test": ["-t"],
    # It does not know that the module rounds the frequency of the TSC: a timer with a TSC deadline
    # expires at once.
    "tdx_vcpus_run_test": [*ARGUMENTS["tdx_vcpus_run_test"], "-d"],
    # It looks up the source of initial contents without asking whether that is poisoned.
    "tdx_poison_test": ["-f"],
    # It need not compare slots that exist with the width of guest physical addresses.
    "tdx_slots_test": ["-l"],
    # A hole that is punched while the TD is finalized: pages that were blocked before, when no
    # tracking was needed, are removed after it.  The module refuses that with
    # TLB_TRACKING_NOT_DONE, but Linux 7.3 frees the page: its next user gets a machine check.
    "tdx_memory_race_test": [*ARGUMENTS["tdx_memory_race_test"], "-f"],
}


PROVOKED = {
    # If KVM_RUN is called after a triple fault, Linux 7.3 reads RIP of the TD to report the error.
    "tdx_run_test": "WARNING: at vt_cache_reg",
    # Memory that is mapped in advance while it is converted and its slot is replaced: in some runs
    # Linux 7.3 finds another page there already.  As its source has it, a vCPU that finds shared
    # memory without a slot goes on with no page, and only with a slot checks whether that is still
    # so; meanwhile the slot came back, and another vCPU mapped its page.  What it found is kept:
    # the module refuses nothing, and nothing is left at the end.
    "tdx_memory_race_test": "WARNING: at kvm_tdp_mmu_map",
}


def test_mainline_uncharges_a_cgroup_that_was_not_charged(boot):
    """
    If the limit of misc.max is reached, KVM_TDX_INIT_VM fails with EBUSY as it has to, but Linux 7.3
    frees the KeyID with the charge that it did not get, so that the next one succeeds.
    """
    result = boot(selftests.step("tdx_cgroup_test"), cmdline=CMDLINE, **MACHINE,
                  initramfs=selftests.initramfs("tdx_cgroup_test"),
                  provoked="WARNING: at misc_cg_uncharge")
    assert result.kernel_lines("WARNING: at misc_cg_uncharge")
    assert not result.value("selftest").endswith(" 0")


# The first one is above.  Fuzzers look for bugs of this series, whose statistics tdx_hole_test reads.
# Linux 7.3 waits for user space with slots_lock.  The last one hibernates, which only this series
# refuses with EPERM.
ELSEWHERE = ["tdx_cgroup_test", "tdx_guest_fuzz_test", "tdx_hole_test", "tdx_ioctl_fuzz_test",
             "tdx_slow_memory_test", "tdx_suspend_test"]


@pytest.mark.parametrize("name", [name for name in selftests.NAMES if name not in ELSEWHERE])
def test_the_selftests_pass_on_mainline_too(boot, name):
    arguments = {**ARGUMENTS, **ARGUMENTS_INSTEAD}.get(name, [])
    result = boot(selftests.step(name, *arguments), cmdline=CMDLINE, **MACHINE,
                  initramfs=selftests.initramfs(name), provoked=PROVOKED.get(name, ""))
    selftests.check_passed(result)


@pytest.mark.release
def test_200_processes_are_killed_while_their_vcpus_run_on_mainline_too(boot):
    name = "tdx_vcpus_run_test"
    result = boot(selftests.step(name, "-c", 0, "-t", 1, "-r", 4, "-k", 200, "-d"),
                  cmdline=CMDLINE, timeout=3600, initramfs=selftests.initramfs(name), **MACHINE)
    selftests.check_passed(result)


@pytest.mark.parametrize("name", OF_WIDTHS)
def test_the_selftests_pass_on_mainline_with_guest_addresses_of_52_bits_too(boot, name):
    result = boot(selftests.step(name, *ARGUMENTS_INSTEAD.get(name, [])), cmdline=CMDLINE,
                  initramfs=selftests.initramfs(name), provoked=PROVOKED.get(name, ""),
                  emulator_options="ept_levels=5", **MACHINE)
    selftests.check_passed(result)
    assert "width 52" in result.values("output")


def run_td(boot, directory, run, disk, **guest_of):
    """Runs a guest of tdx-vmm, which is busy and has a disk."""
    guest = td_guest.TdGuest(directory, run, **guest_of)
    result = boot(guest.steps(), **{**MACHINE, "memory": "2G"}, cmdline=CMDLINE, timeout=1200,
                  initramfs=guest.initramfs(), qemu_options=disk.qemu_options())
    td_guest.check(result, guest)
    check_load(result, disk)
    return result


@pytest.mark.parametrize("cpus", [1, 4])
def test_tdx_vmm_boots_linux_in_a_td_on_mainline_too(boot, tmp_path, disk, cpus):
    run = with_load(cpus, options=(*disk.OPTIONS, "--report", NONCE.hex()))
    check_report(run_td(boot, tmp_path, run, disk))


@pytest.mark.release
@pytest.mark.parametrize("cpus", [1, 4])
def test_tdx_vmm_boots_debians_kernel_in_a_td_on_mainline_too(boot, tmp_path, disk, debian, cpus):
    run_td(boot, tmp_path, with_load(cpus, "320M"), disk, **debian)


def test_a_vm_runs_beside_a_td_on_mainline_too(boot):
    test_vms.run_a_vm_beside_a_td(boot, *ARGUMENTS_INSTEAD[test_vms.TD], cmdline=CMDLINE,
                                  provoked=PROVOKED[test_vms.TD])


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("config", ["base-modular", "mainline-modular"])
def test_kvm_intel_is_loaded_again_and_again_on_other_kernels(boot_kernel, tmp_path, config):
    test_vms.load_again_and_again(boot_kernel, config, "userspace_io_test",
                                  tmp_path / "initramfs.cpio")
