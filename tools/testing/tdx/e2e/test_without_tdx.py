# SPDX-License-Identifier: GPL-2.0-only
"""If TDX is not in use, every event has the same result as on a kernel without TDX support."""
import dataclasses
import errno

import pytest

import events
import machine
import outcome
import sysfs
from events import DIMM, LEVELS, MB, steps, try_sleeps, write_blocks, write_cpu, write_power

MEMORY = {"memory": "3G,slots=2,maxmem=8G", "cmdline": events.MOVABLE, "firmware": "memory"}

# Differences between two reports of the hardware.
CPU_ONLINE, CPU_COMES = {"cpus_online"}, {"cpus_present", "cpus_online", "cpu_devices"}
MEMORY_ONLINE, MEMORY_COMES = {"memory_blocks"}, {"memory_blocks", "iomem"}


@dataclasses.dataclass
class Event:
    """Steps of the guest program, the machine, and the expected result on any kernel."""
    what: str
    machine: dict
    changes: list
    failures: list = dataclasses.field(default_factory=list)


EVENTS = {
    # QEMU 7.2 crashes if a CPU is added after one was removed.  It hangs if the removed one was not
    # the last one, or if a single thread runs all CPUs.
    "a CPU comes and goes": Event(
        steps("ask,come", "hardware", write_cpu(1, 1), "toggle-cpus,2", "hardware",
              "show,acpi:_SB_.CPUC/sun", "show,acpi:_SB_.CPUE/sun", "ask,gone", "hardware"),
        {"cpus": 1, "hot_add": True, "accel": "tcg", "firmware": "cpu",
         "answers": {"come": events.add_cpu(1, 0),
                     "gone": ("DEVICE_DELETED", "ACPI_DEVICE_OST")}},
        [CPU_ONLINE, CPU_COMES]),
    "memory comes, goes, is kept and ejected": Event(
        steps("ask,come", "hardware", write_blocks("online", 40),
              write_blocks("online_movable", 41), "hardware", write_blocks("offline", 40, 41),
              "ask,gone", "hardware",
              "show,acpi:_SB_.MEMC/sun", f"wait,{DIMM}/hrv=1", f"show,{DIMM}/sun",
              "show,acpi:_SB_.KEEE/sun", "wait,acpi:_SB_.KEEP/hrv=1", "show,acpi:_SB_.KEEP/sun",
              f"set,{DIMM}/eject=1", f"wait,{DIMM}/hrv=2", f"show,{DIMM}/sun", "hardware"),
        {**MEMORY, "answers": {"come": events.add_dimm("dimm"), "gone": events.remove("dimm")}},
        [MEMORY_ONLINE, MEMORY_COMES, MEMORY_COMES]),
    "memory of the boot is taken": Event(
        steps(write_blocks("offline", 34, 35), "hardware", "show,acpi:_SB_.MEMT/sun",
              f"wait,{DIMM}/hrv=1", f"show,{DIMM}/sun", "hardware"),
        MEMORY, [MEMORY_COMES]),
    "memory of drivers is added": Event(
        steps(events.make_devdax(), "map,/dev/dax0.0", events.devdax_to("kmem"),
              "wait,/sys/devices/system/memory/memory5/state=offline",
              "ask,resize", "wait,/sys/devices/system/memory/memory33/state=offline", "hardware",
              write_blocks("online_movable", 5, 32, 33), "hardware",
              write_blocks("offline", 5, 32, 33), f"set,{events.DAX}/kmem/unbind=dax0.0",
              "hardware"),
        {**events.DRIVERS_MEMORY, "answers": {"resize": events.resize_virtio(256 * MB)}},
        [MEMORY_ONLINE, MEMORY_COMES]),
    # As far as QEMU survives them: without firmware; and there is no space for an image.
    "suspend and hibernation": Event(
        steps("show,/sys/power/state", "show,/sys/power/mem_sleep", "show,/sys/power/disk",
              try_sleeps("freeze", LEVELS[:3]), write_power("mem_sleep", "deep"),
              try_sleeps("mem", LEVELS), write_power("pm_test", "none"),
              write_power("state", "disk"), "snapshot", "hardware"),
        {"cmdline": events.NO_DELAY}, [],
        [f"write /sys/power/state=disk {errno.ENODEV}"]),
}

# Kernel, whether the machine has the platform, and the kernel command line.
WITHOUT_TDX = {
    "turned off": ("host", True, "tdx_host=off"),
    "not built in": ("notdx", True, ""),
    "no such platform": ("host", False, ""),
}


@pytest.fixture
def run(boot_kernel):
    """Boots any kernel and runs the steps of an event."""

    def boot(event, kernel, emulated, cmdline=""):
        options = {"cpus": 2, "packages": 1, "memory": "1G", "emulated": emulated,
                   "accel": "tcg" if emulated else machine.ONE_THREAD,
                   **event.machine}
        tables = options.pop("firmware", None)
        if tables:
            options["qemu_options"] = events.firmware(tables)
        options["cmdline"] = f"{options.get('cmdline', '')} {cmdline}".strip()
        return boot_kernel(kernel, steps("note,event", event.what), **options)

    return boot


@pytest.fixture(scope="module")
def unpatched():
    """Cached results of the unpatched kernel, by event and platform."""
    return {}


@pytest.mark.one_kernel
def test_tdx_host_off_is_named_and_no_td_can_be_created(boot):
    result = boot("create-td", cpus=2, packages=1, memory="1G", cmdline="tdx_host=off")
    assert int(result.value("create_td")) == errno.EINVAL
    assert set(result.tdx_messages()) == {"not usable: turned off by tdx_host=off"}
    sysfs.check(result, "off", "turned off by tdx_host=off")
    assert "seamcalls 0" in result.log


@pytest.mark.release
@pytest.mark.parametrize("without", WITHOUT_TDX)
@pytest.mark.parametrize("event", EVENTS)
def test_without_tdx_an_event_ends_as_on_the_unpatched_kernel(run, unpatched, event, without):
    kernel, emulated, cmdline = WITHOUT_TDX[without]
    wanted = EVENTS[event]
    if (event, emulated) not in unpatched:
        unpatched[event, emulated] = run(wanted, "base", emulated)
    plain = unpatched[event, emulated]
    # The comparison would also succeed if nothing happened on both kernels.
    assert outcome.failures(plain) == wanted.failures
    assert outcome.changes(outcome.hardware(plain)) == wanted.changes
    found = outcome.differences(*(outcome.all_of(result) for result in
                                  (plain, run(wanted, kernel, emulated, cmdline))))
    assert not found, found
