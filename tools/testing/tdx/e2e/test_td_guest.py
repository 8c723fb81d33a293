# SPDX-License-Identifier: GPL-2.0-only
"""Linux boots in a TD: its VMM runs on the kernel under test."""
import pytest

import selftests
import td_guest

MACHINE = {"cpus": 2, "packages": 1, "memory": "1G", "timeout": 600}


@pytest.fixture
def boot_td(boot, tmp_path):
    """Boots a guest in a TD, which has to turn itself off and to leave nothing behind."""
    def run(**options):
        # Each character on the console is an exit or two.
        guest = td_guest.TdGuest(tmp_path, cmdline=f"{td_guest.CMDLINE} quiet", **options)
        result = boot("td-guest", **MACHINE, initramfs=guest.initramfs())
        assert result.value("td_guest") == "0", result.values("output")
        selftests.check_nothing_left(result)
        return guest, result
    return run


@pytest.mark.one_kernel
@pytest.mark.parametrize("cpus", [pytest.param(1, marks=pytest.mark.release), 2])
def test_linux_boots_in_a_td(boot_td, cpus):
    guest, result = boot_td(cpus=cpus)
    assert td_guest.values(result, "tdx_guest") == ["1"]
    assert td_guest.values(result, "cpus") == [str(cpus)]
    assert td_guest.measured(result) == [guest.mrtd()]
