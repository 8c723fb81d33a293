# SPDX-License-Identifier: GPL-2.0-only
"""TDs that run while the module is busy.  That they run is tested by tdx_run_test in test_kvm.py."""
import pytest

import layout
import selftests

MACHINE = {"cpus": 4, "packages": 2, "memory": "1G"}
# A SEAMCALL is made that often while an operand is busy, and then once more when no vCPU is in
# the guest.
TRIES = 100


@pytest.mark.one_kernel
@pytest.mark.parametrize("leaf, nr, status, times", [
    ("TDH.VP.ENTER", 20, "OPERAND_BUSY", 50),
    ("TDH.MEM.RANGE.BLOCK", 1, "OPERAND_BUSY", TRIES),
    ("TDH.MEM.TRACK", 1, "OPERAND_BUSY", TRIES),
    ("TDH.MEM.TRACK", 1, "PREVIOUS_TLB_EPOCH_BUSY", 1),
    ("TDH.MEM.PAGE.REMOVE", 3, "OPERAND_BUSY", TRIES),
    ("TDH.MEM.PAGE.AUG", 2, "OPERAND_BUSY", TRIES),
])
def test_a_td_runs_when_the_module_was_busy(boot, leaf, nr, status, times):
    name = "tdx_run_test"
    result = boot(selftests.step(name), initramfs=selftests.initramfs(name), **MACHINE,
                  emulator_options=f"inject={leaf}:{nr}:{status}:{times}")
    selftests.check_passed(result)
    selftests.check_nothing_left(result)
    assert layout.EmulatorLog(result.log).count(leaf, status) >= times
