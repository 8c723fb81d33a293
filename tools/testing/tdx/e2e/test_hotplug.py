# SPDX-License-Identifier: GPL-2.0-only
"""Hotplug of CPUs and memory: events that TDX refuses, and those that it allows."""
import errno

import pytest

import events
from events import BOX, CPU1, DIMM, EMPTY_BOX, MB, steps, write_blocks, write_cpu
from outcome import check_cpus_toggled, check_ready, errors, hardware, said, told_firmware

GB = 1 << 30
# Status that Linux reports to firmware when it refuses an ejection.
NOT_SUPPORTED = 0x80
BUG = "[Firmware Bug]: the BIOS "
REJECTED = "which is not possible with TDX: rejected; boot with tdx_host=off to use it"
NEEDED = "which TDX needs until the machine is reset"


def span(base, size):
    return f"memory [{base:#x}-{base + size - 1:#x}]"


def cpu_rejected(apic_id):
    return f"{BUG}hot-added a CPU with APIC ID {apic_id}, {REJECTED}"


def memory_rejected(base, size):
    return f"{BUG}hot-added {span(base, size)}, {REJECTED}"


def stays(device):
    return (f"removing a CPU or memory is not possible with TDX: {device} stays; boot with "
            "tdx_host=off to remove it")


def driver_refused(base, size, driver):
    return (f"{span(base, size)} (System RAM ({driver})) is not added: all memory of the page "
            "allocator has to be TDX memory, and that is fixed at boot; leave it to devdax, or "
            "boot with tdx_host=off")


def test_a_cpu_that_is_hot_added_is_rejected_before_and_after_initialization(boot):
    result = boot(steps("hardware", "ask,first", write_cpu(4, 1), "hardware", "create-td",
                        "ask,second", write_cpu(4, 1), "hardware", "create-td"),
                  cpus=4, packages=2, memory="1G", hot_add=True,
                  answers={"first": events.add_cpu(2, 0), "second": events.add_cpu(2, 1)})
    before, *after = hardware(result)
    assert after == [before, before]
    assert errors(result) == [errno.ENOENT, errno.ENOENT]
    assert said(result) == [cpu_rejected(4), cpu_rejected(5)]
    check_ready(result)


def test_memory_that_is_hot_added_is_rejected_and_can_be_removed_again(boot):
    result = boot(steps("hardware", "ask,first", "hardware", "create-td", "ask,second", "hardware",
                        "ask,not_first", "ask,not_second", "hardware", "create-td"),
                  cpus=2, packages=1, memory=events.SLOTS,
                  answers={"first": events.add_dimm("first"),
                           "second": events.add_dimm("second"),
                           "not_first": events.remove("first"),
                           "not_second": events.remove("second")})
    before, *after = hardware(result)
    assert after == [before] * 3
    assert said(result) == [memory_rejected(4 * GB, 256 * MB),
                            memory_rejected(4 * GB + 256 * MB, 256 * MB)]
    check_ready(result)


@pytest.mark.one_kernel
def test_what_is_hot_added_while_the_module_is_initialized_is_rejected(boot):
    result = boot(steps("hardware", "begin-td", "ask,come", "hardware", "create-td"),
                  cpus=2, packages=1, memory=events.SLOTS, hot_add=True,
                  answers={"come": events.add_cpu(1, 0) + events.add_dimm("dimm")},
                  emulator_options="delay=40000")
    before, after = hardware(result)
    assert before == after
    assert said(result) == [cpu_rejected(2), memory_rejected(4 * GB, 256 * MB)]
    assert "module initialized in " in result.tdx_messages()[-1]
    check_ready(result)


@pytest.mark.one_kernel
def test_memory_that_only_acpi_knows_at_boot_is_rejected(boot):
    result = boot(steps("hardware", "create-td"), cpus=2, packages=1, memory=events.SLOTS,
                  qemu_options=events.DIMM_AT_BOOT)
    assert said(result) == [
        f"{span(4 * GB, 256 * MB)} of an ACPI device is not in the memory map: not added, as all "
        "memory of the page allocator has to be TDX memory; boot with tdx_host=off to use it"]
    assert "32=" not in hardware(result)[0].memory_blocks
    check_ready(result)


@pytest.mark.one_kernel
def test_memory_that_the_user_keeps_from_linux_is_no_hot_added_memory(boot):
    """Some messages advise such a memmap=. Firmware describes the memory nevertheless."""
    result = boot("create-td", cpus=2, packages=1, memory=events.DESCRIBED,
                  cmdline="memmap=256M$0x110000000", qemu_options=events.firmware("memory"))
    assert said(result) == []
    check_ready(result)


@pytest.mark.one_kernel
def test_what_firmware_describes_or_checks_again_is_no_event(boot):
    """Memory of the boot is also an ACPI device, and firmware may request a device check."""
    result = boot(steps("hardware", "show,acpi:_SB_.CPUC/sun", "show,acpi:_SB_.MEMC/sun",
                        f"wait,{DIMM}/hrv=1", "hardware", "create-td"),
                  cpus=2, packages=1, memory=events.DESCRIBED,
                  qemu_options=events.firmware("cpu") + events.firmware("memory"))
    before, after = hardware(result)
    assert before == after
    assert errors(result, "wait") == [0]
    assert said(result) == []
    check_ready(result)


@pytest.mark.one_kernel
def test_root_cannot_eject_a_cpu_or_memory(boot):
    result = boot(steps("hardware", f"set,{CPU1}/eject=1", f"set,{DIMM}/eject=1",
                        f"set,{BOX}/eject=1", f"set,{EMPTY_BOX}/eject=1", "create-td",
                        f"set,{CPU1}/eject=1", "hardware", "create-td"),
                  cpus=2, packages=1, memory=events.DESCRIBED, cmdline=events.MOVABLE,
                  qemu_options=events.firmware("memory"))
    before, after = hardware(result)
    assert before == after
    assert errors(result) == [errno.EPERM] * 3 + [0, errno.EPERM]
    assert said(result) == [stays("LNXCPU:01"), stays("PNP0C80:00"), stays("ACPI0004:00"),
                            stays("LNXCPU:01")]
    check_ready(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("before", [[], ["create-td"]], ids=["unused", "in use"])
def test_a_cpu_that_firmware_asks_for_stays(boot, before):
    result = boot(steps(*before, "hardware", "show,acpi:_SB_.CPUE/sun", "ask,refused",
                        "hardware", "create-td"),
                  cpus=2, packages=1, memory="1G", qemu_options=events.firmware("cpu"),
                  answers={"refused": ("ACPI_DEVICE_OST", "ACPI_DEVICE_OST")})
    start, end = hardware(result)
    assert start == end
    assert said(result) == [stays("LNXCPU:01")]
    assert told_firmware(result)[-1] == ("CPU", "1", 3, NOT_SUPPORTED)
    check_ready(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("before", [[], [write_blocks("offline", 34, 35)]],
                         ids=["online", "offline"])
@pytest.mark.parametrize("device, ejector", [("KEEP", "KEEE"), ("BOX0.DIMM", "MEME")])
def test_memory_that_firmware_asks_for_stays(boot, before, device, ejector):
    """The result is the same for offline, online and unmovable memory."""
    result = boot(steps(*before, "hardware", f"show,acpi:_SB_.{ejector}/sun",
                        f"wait,acpi:_SB_.{device}/hrv=1", f"show,acpi:_SB_.{device}/sun",
                        "hardware", "create-td"),
                  cpus=2, packages=1, memory=events.DESCRIBED, cmdline=events.MOVABLE,
                  qemu_options=events.firmware("memory"))
    start, end = hardware(result)
    assert start == end
    assert result.values("read")[-1].endswith(f" 0 {NOT_SUPPORTED}")
    message, = said(result)
    assert message.startswith("removing a CPU or memory is not possible with TDX: PNP0C80:")
    check_ready(result)


@pytest.mark.one_kernel
@pytest.mark.parallel
@pytest.mark.parametrize("before", [[], ["create-td"]], ids=["unused", "in use"])
def test_a_cpu_that_is_gone_is_fatal(boot, before):
    """
    The CPU is offline, so that Linux does not wait for it.  QEMU cannot remove a CPU that shares
    its thread.
    """
    result = boot(steps(*before, write_cpu(1, 0), "show,acpi:_SB_.CPUT/sun", "ask,death"), cpus=2,
                  packages=1, memory="1G", fatal=True, answers={"death": ("SHUTDOWN",)},
                  qemu_options=events.firmware("cpu"))
    assert said(result) == [f"{BUG}removed CPU 1, APIC ID 1, {NEEDED}"]
    assert result.kernel_lines("Kernel panic - not syncing: A CPU that TDX needs is gone")


@pytest.mark.one_kernel
@pytest.mark.parametrize("before", [[], ["create-td"]], ids=["unused", "in use"])
def test_memory_that_is_gone_is_fatal(boot, before):
    """The kernel panics independent of panic_on_oops."""
    result = boot(steps(*before, "show,acpi:_SB_.MEMT/sun", "ask,death"), cpus=2, packages=1,
                  memory=events.DESCRIBED, fatal=True, cmdline=events.MOVABLE,
                  answers={"death": ("SHUTDOWN",)}, qemu_options=events.firmware("memory"))
    assert said(result) == [f"{BUG}removed {span(0x110000000, 256 * MB)}, {NEEDED}"]
    assert result.kernel_lines("Kernel panic - not syncing: Memory that TDX needs is gone")


@pytest.mark.one_kernel
@pytest.mark.parametrize("before", [[], ["create-td"]], ids=["unused", "in use"])
def test_memory_of_drivers_stays_theirs(boot, before):
    """The memory is not added to the page allocator; as a device it can be used."""
    result = boot(steps(*before, events.make_devdax(), "hardware", "map,/dev/dax0.0",
                        events.devdax_to("kmem"), "ask,resize", "wait-log,virtio_mem.*broken",
                        events.devdax_to("device_dax"), "map,/dev/dax0.0", "hardware",
                        "create-td"),
                  cpus=2, packages=1, answers={"resize": events.resize_virtio(256 * MB)},
                  **events.DRIVERS_MEMORY)
    start, end = hardware(result)
    assert start == end
    assert set(errors(result)) == {0}
    assert result.values("map") == ["/dev/dax0.0 0 0"] * 2
    assert said(result) == [driver_refused(640 * MB, 128 * MB, "kmem"),
                            driver_refused(4 * GB, 512 * MB, "virtio_mem")]
    check_ready(result)


@pytest.mark.one_kernel_until_release
def test_a_package_may_go_offline_when_the_module_is_ready(boot):
    """Without TDs, the module does not need a CPU in each package."""
    result = boot(steps("toggle-cpus,1", write_cpu(3, 0), "hold-td", write_cpu(3, 1), "hold-td",
                        "toggle-cpus,1", write_cpu(2, 0), write_cpu(3, 0), "hold-td",
                        write_cpu(2, 1), write_cpu(3, 1), "hold-td", "hardware"),
                  cpus=4, packages=2, memory="1G")
    assert result.values("hold_td") == [str(errno.ENXIO), "0", "0", "0"]
    assert {tuple(line.split()[1:]) for line in result.values("toggle")} == {("0", "0")}
    assert set(errors(result)) == {0}
    assert hardware(result)[0].cpus_online == "0-3"
    check_ready(result)


@pytest.mark.one_kernel
@pytest.mark.parallel
def test_all_cpus_come_and_go_while_the_module_is_initialized(boot):
    """A creator fails if a CPU is offline, and the next one succeeds."""
    result = boot(steps("create-td-while-cpu-toggles,1/2/3", "toggle-cpus,1", "create-td"),
                  cpus=4, packages=2, memory="3G", emulator_options="delay=500")
    check_cpus_toggled(result)
    check_ready(result)


@pytest.mark.one_kernel
def test_memory_of_the_boot_goes_offline_and_comes_back(boot):
    cycle = steps(write_blocks("offline", 33, 34, 35), write_blocks("online_movable", 33, 34, 35))
    result = boot(steps("hardware", cycle, "create-td", cycle, "hardware", "create-td"),
                  cpus=2, packages=1, memory="3G", cmdline=events.MOVABLE)
    before, after = hardware(result)
    assert before == after
    assert errors(result) == [0] * 12
    assert said(result) == []
    check_ready(result)
