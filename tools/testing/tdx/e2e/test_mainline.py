# SPDX-License-Identifier: GPL-2.0-only
"""Linux 7.3, which has TDX host support itself, on the emulated platform."""
import pytest

import layout

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
