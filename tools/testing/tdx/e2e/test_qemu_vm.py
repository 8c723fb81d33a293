# SPDX-License-Identifier: GPL-2.0-only
"""An ordinary guest: Debian's QEMU, firmware and kernel, with KVM on the platform's VMX."""
import shutil

import pytest

import foreign
import private_apt
import qemu_guest
import td_guest

MACHINE = {"cpus": 4, "packages": 2, "memory": "2G", "emulator_options": "vms=on",
           "timeout": 1800}
# The firmware, and what it executes to boot a kernel without a disk
DATA = ("usr/share/seabios/bios-256k.bin", "usr/share/qemu/linuxboot_dma.bin",
        "usr/share/qemu/kvmvapic.bin")
CMDLINE = "console=ttyS0 panic=-1 quiet tsc=reliable"

pytestmark = [pytest.mark.release, pytest.mark.one_kernel, pytest.mark.kernels("host", "mainline")]


def command(cpus):
    """A command line of QEMU; the firmware writes to its port for debugging."""
    return [f"/{qemu_guest.PROGRAM}", "-accel", "kvm", "-machine", "q35", "-cpu", "host",
            "-smp", str(cpus), "-m", "512M", "-kernel", "/td/vmlinuz", "-initrd", "/td/initrd",
            "-append", CMDLINE, "-nodefaults", "-display", "none", "-no-reboot",
            "-chardev", "file,id=firmware,path=/proc/self/fd/2",
            "-device", "isa-debugcon,iobase=0x402,chardev=firmware", "-serial", "stdio"]


@pytest.fixture
def initramfs(tmp_path):
    """An initramfs of the host, with QEMU and the guest's files."""
    def build(commands):
        folder = tmp_path / "root/td"
        folder.mkdir(parents=True)
        try:
            qemu_guest.install_qemu(qemu_guest.fetch_qemu(), tmp_path / "root", DATA)
            shutil.copyfile(foreign.bzimage(foreign.fetch(qemu_guest.KERNEL)), folder / "vmlinuz")
        except private_apt.Unavailable as error:
            pytest.skip(str(error))
        td_guest.build_initrd(folder / "initrd")
        return td_guest.host_initramfs(tmp_path, commands)
    return build


@pytest.fixture
def boot_guest(boot_kernel, initramfs):
    """Boots a guest with this number of vCPUs, which has to turn itself off."""
    def run(kernel, cpus):
        commands = [command(cpus)]
        result = boot_kernel(kernel, td_guest.steps(commands), initramfs=initramfs(commands),
                             **MACHINE)
        said = "\n".join(result.values("output"))
        assert result.value("td_guest") == "0", said
        assert "SeaBIOS (version " in said
        assert td_guest.values(result, "tdx_guest") == ["0"]
        assert td_guest.values(result, "cpus") == [str(cpus)]
    return run


@pytest.mark.parametrize("cpus", [1, 4])
def test_debians_kernel_boots_in_an_ordinary_guest(boot_guest, kernel, cpus):
    boot_guest(kernel, cpus)


@pytest.mark.parametrize("cpus", [1, 4])
def test_debians_kernel_boots_in_a_guest_of_the_unpatched_kernel_too(boot_guest, cpus):
    boot_guest("base", cpus)
