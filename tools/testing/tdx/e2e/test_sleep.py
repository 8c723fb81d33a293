# SPDX-License-Identifier: GPL-2.0-only
"""Suspend and hibernation: refused if the TDX module would be lost, else it works."""
import errno
import subprocess

import pytest

import events
from events import steps, try_sleeps, write_power
from outcome import check_ready, errors, hardware, said

RAM = ("suspend to RAM loses the TDX module: refused; use suspend-to-idle, or boot with "
       "tdx_host=off")
DISK = "hibernation loses the TDX module: refused; boot with tdx_host=off"


@pytest.mark.one_kernel
def test_sleeps_that_lose_the_module_are_refused(boot):
    attempts = steps(write_power("mem_sleep", "deep"), write_power("state", "mem"),
                     write_power("state", "disk"), try_sleeps("mem", ["core"]),
                     write_power("state", "disk"), write_power("pm_test", "none"), "snapshot")
    result = boot(steps("hardware", attempts, "create-td", attempts, "hardware", "create-td"),
                  cpus=4, packages=2, memory="1G")
    assert errors(result) == [0, errno.EPERM, errno.EPERM, 0, errno.EPERM, errno.EPERM, 0] * 2
    assert result.values("snapshot_open") == [str(errno.EPERM)] * 2
    assert said(result) == [RAM, DISK, RAM, DISK, DISK] * 2
    assert not result.kernel_lines("Freezing")
    before, after = hardware(result)
    assert before == after
    check_ready(result)


@pytest.mark.one_kernel
def test_suspend_to_idle_works_and_so_does_tdx_after_it(boot):
    result = boot(steps("doze,freeze", "create-td", "doze,freeze", "hold-td",
                        write_power("mem_sleep", "s2idle"), "doze,mem", "create-td"),
                  cpus=4, packages=2, memory="1G", answers={"knock": ()})
    assert result.values("wakeup") == result.values("awake") == ["0"] * 3
    assert len(result.kernel_lines(r"PM: suspend entry \(s2idle\)")) == 3
    assert result.values("hold_td") == ["0"]
    assert said(result) == []
    check_ready(result)


@pytest.mark.one_kernel
def test_suspend_to_idle_and_an_initialization_do_not_wait_for_each_other(boot):
    result = boot(steps("begin-td", try_sleeps("freeze", ["devices"]), "create-td"),
                  cpus=4, packages=2, memory="1G", cmdline=events.NO_DELAY,
                  emulator_options="delay=40000")
    assert errors(result) == [0, 0]
    first, second = result.kernel_lines("module initialized in |Freezing user space.*completed")
    assert "completed" in first and "module initialized in " in second
    assert said(result) == []
    check_ready(result)


def test_all_levels_of_suspend_to_idle_work(boot):
    idle = steps(try_sleeps("freeze", events.LEVELS[:3]), write_power("mem_sleep", "s2idle"),
                 write_power("state", "mem"), write_power("pm_test", "none"),
                 "show,/sys/power/suspend_stats/success")
    result = boot(steps(idle, "create-td", idle, "hold-td", idle, "toggle-cpus,1", "create-td"),
                  cpus=4, packages=2, memory="1G", cmdline=events.NO_DELAY)
    assert set(errors(result)) == {0}
    assert [line.split()[-1] for line in result.values("read")] == ["4", "8", "12"]
    assert result.values("hold_td") == ["0"]
    assert said(result) == []
    check_ready(result)


@pytest.mark.one_kernel
def test_an_image_of_a_kernel_without_tdx_is_resumed(boot, tmp_path):
    """Nothing is lost, because the kernel that resumes it has not used the module yet."""
    disk = tmp_path / "disk"
    with disk.open("wb") as file:
        file.truncate(512 << 20)
    subprocess.run(["/usr/sbin/mkswap", disk], check=True, stdout=subprocess.DEVNULL)
    options = {"cpus": 4, "packages": 2, "memory": "1G",
               "qemu_options": ("-drive", f"file={disk},format=raw,if=virtio")}

    result = boot("hibernate,/dev/vda", cmdline="tdx_host=off", **options)
    assert result.values("swapon") + result.values("power_off") == ["0", "0"]
    assert result.values("resumed") == []

    result = boot("create-td", cmdline="resume=/dev/vda", **options)
    assert result.values("resumed") == ["0"]
    assert result.values("create_td") == []
    assert said(result) == []
