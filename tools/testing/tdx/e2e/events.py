# SPDX-License-Identifier: GPL-2.0-only
"""Events of a machine: steps of the guest program, and the parts of QEMU and firmware."""
import pathlib
import subprocess

import machine
from qmp import command

ACPI = pathlib.Path(__file__).resolve().parent / "acpi"
MB = 1 << 20

# Names of ACPI devices whose files the guest program reads or writes.
CPU1, DIMM = "acpi:_SB_.CPUS.C001", "acpi:_SB_.BOX0.DIMM"
BOX, EMPTY_BOX = "acpi:_SB_.BOX0", "acpi:_SB_.BOX1"

# Memory that is in the ACPI tables, but not in the memory map.  It needs hotplug slots.
DIMM_AT_BOOT = ("-object", "memory-backend-ram,id=ram,size=256M",
                "-device", "pc-dimm,id=dimm,memdev=ram")

# Memory sizes: of a machine with hotplug slots, and of one that memory.asl describes in part.
SLOTS = "1G,slots=2,maxmem=8G"
DESCRIBED = "3G"
# All memory above 4 GB can be taken offline, except what the kernel allocated there at boot.
MOVABLE = "movablecore=896M"

# 256 MB of 1 GB are persistent memory; a virtio-mem device can have up to 512 MB.
NVDIMM = "/sys/bus/nd"
DAX = "/sys/bus/dax/drivers"
DRIVERS_MEMORY = {
    "memory": "1G,maxmem=8G", "cmdline": "memmap=256M!512M",
    "qemu_options": ("-object", "memory-backend-ram,id=ram,size=512M",
                     "-device", "virtio-mem-pci,id=virtio,memdev=ram,requested-size=0")}

# Each sleep test ends immediately, not after 5 seconds.
NO_DELAY = "suspend.pm_test_delay=0"
LEVELS = ["freezer", "devices", "platform", "processors", "core"]


@machine.lock("files")
def firmware(name):
    """QEMU's options for an ACPI table; compiled again if its source is newer."""
    source, table = ACPI / f"{name}.asl", machine.BUILD / "e2e" / f"{name}.aml"
    if not table.is_file() or table.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["iasl", "-p", table.with_suffix(""), source], check=True,
                       stdout=subprocess.DEVNULL)
    return ("-acpitable", f"file={table}")


def add_cpu(package, core):
    """QEMU's part of a CPU hot-add, until Linux has handled it."""
    return (command("device_add", driver="max-x86_64-cpu", id=f"cpu-{package}-{core}",
                    socket_id=package, die_id=0, core_id=core, thread_id=0), "ACPI_DEVICE_OST")


def add_dimm(name, size=256 * MB):
    """QEMU's part of a memory hot-add, until Linux has handled it."""
    return (command("object-add", qom_type="memory-backend-ram", id=f"{name}-ram", size=size),
            command("device_add", driver="pc-dimm", id=name, memdev=f"{name}-ram"),
            "ACPI_DEVICE_OST")


def remove(name):
    """QEMU's part of a device removal, until the device is deleted."""
    return (command("device_del", id=name), "DEVICE_DELETED")


def resize_virtio(size):
    """QEMU's request to resize the virtio-mem device."""
    return (command("qom-set", path="/machine/peripheral/virtio", property="requested-size",
                    value=size),)


def steps(*parts):
    return ";".join(parts)


def write_cpu(cpu, online):
    return f"set,/sys/devices/system/cpu/cpu{cpu}/online={online}"


def write_blocks(state, *blocks):
    return steps(*(f"set,/sys/devices/system/memory/memory{block}/state={state}"
                   for block in blocks))


def make_devdax():
    """Steps that make the persistent memory /dev/dax0.0, with struct pages in ordinary memory."""
    return steps(f"set,{NVDIMM}/devices/dax0.0/mode=ram",
                 f"set,{NVDIMM}/devices/dax0.0/align={2 * MB}",
                 f"set,{NVDIMM}/devices/dax0.0/uuid=00000000-0000-4000-8000-000000000001",
                 f"set,{NVDIMM}/devices/dax0.0/namespace=namespace0.0",
                 f"set,{NVDIMM}/drivers/dax_pmem/bind=dax0.0")


def devdax_to(driver):
    """Steps that bind the device to another driver; writing to new_id binds it, too."""
    if driver == "kmem":
        return steps(f"set,{DAX}/device_dax/unbind=dax0.0", f"set,{DAX}/kmem/new_id=dax0.0")
    return f"set,{DAX}/device_dax/bind=dax0.0"


def write_power(file, text):
    return f"set,/sys/power/{file}={text}"


def try_sleeps(state, levels):
    """Steps that suspend as far as each level, and resume."""
    return steps(*(steps(write_power("pm_test", level), write_power("state", state))
                   for level in levels))
