# SPDX-License-Identifier: GPL-2.0-only
"""
Linux in a TD, booted by QEMU and TDVF inside a machine, all as Debian has packaged them.

This TDVF has secure boot enabled: it boots shim, GRUB and a kernel, with Debian's signatures, from
a folder that QEMU shows as a disk.
"""
import json
import pathlib
import re
import shutil
import subprocess

import foreign
import machine
import private_apt
import qmp
import td_guest

CACHE = machine.BUILD / "qemu"
KERNEL = "6.12-cloud"

# Of a TD's ATTRIBUTES
SEPT_VE_DISABLE = 1 << 28

# Package, Debian suite
QEMU = ("qemu-system-x86", "trixie-backports")
FIRMWARE = ("ovmf-inteltdx", "sid")
SHIM = ("shim-signed", "trixie")
GRUB = ("grub-efi-amd64-signed", "trixie")

# Before it turns a TD off or resets it, Linux 6.12 gives the other vCPUs back to the firmware,
# unless that is forced.  The firmware inverts CR4.PCIDE to clear it.  A TD of this platform has no
# PCID: the bit would be set, which is a triple fault of the vCPU, and QEMU would reset the TD.
CMDLINE = f"{td_guest.CMDLINE} quiet reboot=force"

# Does not start the guest.  Requests are read from a file, as the host has no sockets.
QMP = ("-S", "-object", "monitor-qmp,id=monitor,chardev=qmp",
       "-chardev", "file,id=qmp,input-path=/td/qmp,path=/proc/self/fd/1")

# Folder of the host, for all that is the guest's
FOLDER = "td"
FIRMWARE_FILE = "usr/share/ovmf/OVMF.inteltdx.ms.fd"
SHIM_FILE = "usr/lib/shim/shimx64.efi.signed"
GRUB_FILE = "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"

PROGRAM = "usr/bin/qemu-system-x86_64"
LOADER = "lib64/ld-linux-x86-64.so.2"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
DATA = ("usr/share/qemu/kvmvapic.bin", "usr/share/qemu/efi-virtio.rom")


@machine.lock("qemu")
def fetch_qemu():
    """A folder with QEMU and all packages on which it depends."""
    return private_apt.unpack_all(*QEMU, CACHE / QEMU[0])


@machine.lock("qemu")
def fetch_disk():
    """Folders with the firmware, shim, and GRUB."""
    return [private_apt.unpack(*package, CACHE / package[0])
            for package in (FIRMWARE, SHIM, GRUB)]


def needed(path):
    """The shared libraries that an ELF file names."""
    dynamic = subprocess.run(["readelf", "-d", str(path)], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)


def libraries(root, program):
    """All shared libraries that a program of a Debian system loads: {name: path}."""
    found, todo = {}, needed(program)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = next(root.rglob(name)).resolve()
            todo += needed(found[name])
    return found


def install_qemu(root, target, data=DATA):
    """Copies QEMU from its Debian system, with the files that it needs: for a TD, or others."""
    files = {name: root / name for name in (PROGRAM, *data)}
    for name, path in libraries(root, root / PROGRAM).items():
        files[LOADER if name == pathlib.Path(LOADER).name else f"{LIBRARIES}/{name}"] = path
    for name, path in files.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target / name)


def install_disk(shim, grub, target, cmdline):
    """Writes a disk's files: boot loaders, a kernel and an initrd."""
    for folder in ("EFI/BOOT", "EFI/debian"):
        (target / folder).mkdir(parents=True)
    shutil.copyfile(shim / SHIM_FILE, target / "EFI/BOOT/BOOTX64.EFI")
    shutil.copyfile(grub / GRUB_FILE, target / "EFI/BOOT/grubx64.efi")
    shutil.copyfile(foreign.bzimage(foreign.fetch(KERNEL)), target / "vmlinuz")
    td_guest.build_initrd(target / "initrd")
    (target / "EFI/debian/grub.cfg").write_text(
        f"linux /vmlinuz {cmdline}\ninitrd /initrd\nboot\n")


class QemuGuest:
    """A guest of Debian's QEMU, with the files of the host in a directory."""

    def __init__(self, directory, cmdline="", requests=()):
        self.directory = directory
        qemu, (firmware, shim, grub) = fetch_qemu(), fetch_disk()
        folder = directory / "root" / FOLDER
        install_qemu(qemu, directory / "root")
        install_disk(shim, grub, folder / "disk", f"{CMDLINE} {cmdline}")
        shutil.copyfile(firmware / FIRMWARE_FILE, folder / "firmware")
        (folder / "qmp").write_text("".join(
            f"{json.dumps(request)}\n" for request in [qmp.command("qmp_capabilities"), *requests]))

    def initramfs(self, commands):
        """An initramfs of the host, with command lines of QEMU."""
        return td_guest.host_initramfs(self.directory, commands)


def command(*options, cpus=1, machine_options="", tdx="", cpu="host", memory="256M"):
    """A command line of QEMU on the host."""
    return [f"/{PROGRAM}", "-accel", "kvm", "-object", f"tdx-guest,id=tdx0{tdx}",
            "-machine", "q35,kernel-irqchip=split,confidential-guest-support=tdx0"
            f"{machine_options}", "-cpu", cpu, "-smp", str(cpus), "-m", memory,
            "-bios", f"/{FOLDER}/firmware",
            "-drive", f"file=fat:/{FOLDER}/disk,format=raw,if=virtio,read-only=on",
            "-nodefaults", "-display", "none", "-serial", "stdio", *options]
