# SPDX-License-Identifier: GPL-2.0-only
"""What tdxinfo says on machines with TDX and without, and on other kernels."""
import pytest

import foreign
import layout
import private_apt
import tdxinfo
from events import steps

SMALL = {"cpus": 2, "packages": 1, "memory": "1G"}


@pytest.fixture(name="ask")
def fixture_ask(boot):
    """Boots a machine and runs tdxinfo; returns its answers and the result."""
    def ask(*before, **options):
        result = boot(steps(*before, tdxinfo.STEP), initramfs=tdxinfo.initramfs(), **SMALL,
                      **options)
        return list(tdxinfo.answers(result)), result
    return ask


def for_release(*arguments):
    """Its cause is tested with a recorded machine, too."""
    return pytest.param(*arguments, marks=pytest.mark.release)


def said(facts):
    return " ".join(facts[key] or "" for key in ("cause", "detail", "advice"))


@pytest.mark.one_kernel
def test_a_machine_with_tdx_is_usable_before_and_after_its_first_use(ask):
    answers, result = ask(tdxinfo.STEP, "create-td")
    for facts, status in answers:
        assert facts["usable"] is True and status == 0
        assert facts["kvm_intel_tdx"] is True and facts["kvm_vm_types"] & 1 << 5
        assert facts["msr_keyid_partitioning"] == 32 << 32 | 31
        assert facts["cpu_physical_bits"] == 52 and not facts["in_guest"]
        assert facts["log"][0] == "virt/tdx: BIOS enabled: private KeyID range [32, 64)"
    assert not any("module initialized" in line for line in answers[0][0]["log"])
    assert any("module initialized" in line for line in answers[1][0]["log"])
    assert layout.Info(result.info()).state() == "ready"


@pytest.mark.release
@pytest.mark.one_kernel
def test_the_map_shows_what_the_kernel_did(boot):
    result = boot(steps("create-td", "selftest,tdxinfo,--map,/proc/self/fd/1"),
                  initramfs=tdxinfo.initramfs(), **SMALL)
    assert result.value("selftest") == "tdxinfo 0"
    picture = " ".join(" ".join(result.values("output")).split())
    info = layout.Info(result.info())
    assert info.tdmrs
    for what, areas in ("TDMR", info.tdmrs), ("CMR", info.cmrs):
        for number, area in enumerate(areas):
            assert f"{what} {number} {area.base:#014x}-{area.end - 1:#014x}" in picture


@pytest.mark.one_kernel
def test_a_user_is_told_of_a_group(boot):
    try:
        image = tdxinfo.initramfs(files=tdxinfo.user_files())
    except private_apt.Unavailable as error:
        pytest.skip(str(error))
    result = boot(steps(tdxinfo.USER_STEP, "create-td", tdxinfo.USER_STEP), initramfs=image,
                  **SMALL)
    for (facts, status), state in zip(tdxinfo.answers(result), ("available", "initialized"),
                                      strict=True):
        assert (facts["verdict"], status, facts["state"]) == ("usable-by-others", 0, state)
        assert facts["msr_mtrrcap"] is None and facts["kvm_vm_types"] is None
        assert "group of /dev/kvm" in facts["advice"]


@pytest.mark.release
@pytest.mark.one_kernel
def test_tdxinfo_does_not_initialize_tdx(ask):
    [(facts, _)], result = ask()
    assert facts["usable"] is True
    assert "seamcalls 0" in result.log


@pytest.mark.one_kernel
@pytest.mark.parametrize("options, words", [
    ({"emulator_options": "module=none"}, "no TDX module answers"),
    ({"emulator_options": "seamrr=off"}, "SEAM loader"),
    ({"cmdline": "tdx_host=off"}, "tdx_host=off"),
    ({"tdx": ""}, "KVM's parameter tdx is N"),
    for_release({"emulator_options": "keyids=62:1"}, "only one TDX KeyID"),
    for_release({"emulator_options": "keyids=63:0"}, "key split"),
    for_release({"emulator_options": "seamrr=unlocked"}, "not locked"),
    for_release({"cmdline": "kvm_intel.ept=0"}, "ept=1"),
    for_release({"emulated": False}, "not from Intel"),
])
def test_a_machine_without_tdx_has_a_reason(ask, options, words):
    [(facts, status)], _ = ask("create-td", **options)
    assert facts["usable"] is False and status == 1
    assert words in said(facts)


@pytest.mark.one_kernel
@pytest.mark.parametrize("name", ["6.12-cloud", pytest.param("6.1", marks=pytest.mark.release)])
def test_debians_kernel_has_no_tdx_host_support(boot_kernel, name):
    try:
        root = foreign.fetch(name)
    except private_apt.Unavailable as error:
        pytest.skip(str(error))
    [config] = root.glob("boot/config-*")
    initramfs = tdxinfo.initramfs(foreign.initramfs(root),
                                  {f"boot/{config.name}": config.read_bytes()})
    result = boot_kernel("debian", steps("load-modules", tdxinfo.STEP), initramfs=initramfs,
                         bzimage=foreign.bzimage(root), **SMALL, timeout=300)
    [(facts, status)] = tdxinfo.answers(result)
    assert (facts["verdict"], status) == ("kernel", 1)
    assert facts["kvm_intel_loaded"] and facts["kvm_intel_tdx"] is None
