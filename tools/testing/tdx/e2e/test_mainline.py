# SPDX-License-Identifier: GPL-2.0-only
"""Linux 7.3, which has TDX host support itself, on the emulated platform."""
import pytest

import layout
import selftests
from test_kvm import ARGUMENTS, MACHINE

# This kernel initializes TDX when kvm_intel is loaded, but not if hibernation is possible.
CMDLINE = "nohibernate"

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


# What a selftest needs there, and why.
INSTEAD = {
    # If a thread moves to another CPU during KVM_TDX_INIT_VCPU, Linux 7.3 does not flush the vCPU
    # there: TDH.VP.WR fails with VCPU_ASSOCIATED, and the TD's KeyID and pages are lost.
    "tdx_lifecycle_test": {"cpus": 1, "packages": 1},
}


@pytest.mark.parametrize("name", selftests.NAMES)
def test_the_selftests_pass_on_mainline_too(boot, name):
    result = boot(selftests.step(name, *ARGUMENTS.get(name, [])), cmdline=CMDLINE,
                  initramfs=selftests.initramfs(name), **{**MACHINE, **INSTEAD.get(name, {})})
    selftests.check_passed(result)
