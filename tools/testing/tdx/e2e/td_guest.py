# SPDX-License-Identifier: GPL-2.0-only
"""Linux in a TD, booted by the VMM tdx-vmm inside a machine."""
import dataclasses
import gzip
import os
import pathlib
import random
import re
import subprocess
import tempfile

import layout
import machine
import mrtd

VMM = machine.BUILD / "vmm/tdx-vmm"
SOURCES = pathlib.Path(__file__).resolve().parent / "td_guest"
KERNEL = machine.KERNELS / "host/arch/x86/boot/bzImage"
# A busy host does not run the guest for some ticks: its TSC is right, and the ticks are not.
CMDLINE = "console=ttyS0 panic=-1 swiotlb=512 tsc=reliable"
# Enough for a kernel with the drivers of a distribution.
MEMORY_OF_OTHERS = "512M"


def archive(directory):
    """A cpio archive of all files in a directory: of the same files the same archive."""
    paths = sorted(pathlib.Path(directory).rglob("*"))
    for path in paths:
        os.utime(path, (0, 0))
    names = "\n".join(str(path.relative_to(directory)) for path in paths)
    return subprocess.run(["cpio", "-o", "-H", "newc", "--quiet", "--reproducible"], cwd=directory,
                          check=True, input=names.encode(), stdout=subprocess.PIPE).stdout


def build_initrd(path, modules=()):
    """The initrd of the guest: a program that loads modules, and reports what it sees."""
    with tempfile.TemporaryDirectory() as directory:
        for number, module in enumerate(modules):
            (pathlib.Path(directory) / f"{number}.ko").write_bytes(module)
        subprocess.run(["gcc", "-Os", "-Wall", "-Wextra", "-Werror", "-static", "-s", "-pthread",
                        "-o", f"{directory}/init", *sorted(SOURCES.glob("*.c"))], check=True)
        path.write_bytes(gzip.compress(archive(directory), mtime=0))


def host_initramfs(directory, commands):
    """An initramfs of the host that has the files in directory/root, and command lines of VMMs."""
    for number, words in enumerate(commands):
        path = directory / f"root/td/command-{number}"
        path.write_text("".join(f"{word}\n" for word in words))
    image = directory / "initramfs.cpio"
    image.write_bytes(machine.build_initramfs().read_bytes() + archive(directory / "root"))
    return image


def steps(commands):
    """The scenario of the host."""
    return ";".join(f"td-guest,{number}" for number in range(len(commands)))


class Disk:
    """A disk of the machine, which a guest gets and copies one half of to the other."""

    HALF = 1 << 20
    # Of the VMM; what a guest of QEMU gets is up to QEMU.
    OPTIONS = "--disk", "/dev/vda"

    def __init__(self, path):
        self.path = path
        self.before = random.Random(1).randbytes(2 * self.HALF)
        path.write_bytes(self.before)

    def qemu_options(self):
        return "-drive", f"file={self.path},format=raw,if=virtio"

    def check(self, result, times=1):
        """The guest copied the first half, inverted, to the second one, at least so often."""
        half = self.before[:self.HALF]
        assert values(result, "disk") == [str(2 * self.HALF)]
        [copied] = values(result, "copied")
        assert int(copied) >= times
        assert self.path.read_bytes() == half + bytes(byte ^ 0xff for byte in half)


@dataclasses.dataclass
class Run:
    """A TD, as the arguments of its VMM describe it."""
    cpus: int = 1
    memory: str = "48M"
    cmdline: str = CMDLINE
    options: tuple = ()

    def arguments(self):
        return ["--cpus", str(self.cpus), "--memory", self.memory, "--append", self.cmdline,
                *self.options]


def memory_for(kernel, ours):
    """How much memory a TD gets by default: OURS for the kernel that was built here."""
    return ours if kernel == KERNEL else MEMORY_OF_OTHERS


class TdGuest:
    """A guest, with the files and arguments of its VMM in a directory, which runs once or more."""

    def __init__(self, directory, *runs, kernel=KERNEL, initrd=build_initrd):
        self.directory = directory
        self.runs = runs or (Run(),)
        self.folder = directory / "root/td"
        self.folder.mkdir(parents=True)
        if not kernel.is_file():
            raise machine.MachineError(f"{kernel} is missing: make kernel")
        (self.folder / "kernel").write_bytes(kernel.read_bytes())
        initrd(self.folder / "initrd")

    @staticmethod
    def command(run, vmm, folder, *options):
        return [str(vmm), "--kernel", f"{folder}/kernel", "--initrd", f"{folder}/initrd",
                *run.arguments(), *options]

    def steps(self):
        return steps(self.runs)

    def initramfs(self):
        """An initramfs of the host, which has the VMM and the guest's files."""
        subprocess.run(["strip", "-o", str(self.folder / "tdx-vmm"), str(VMM)], check=True)
        return host_initramfs(self.directory, [
            self.command(run, "/td/tdx-vmm", "/td", "--verbose") for run in self.runs])

    def mrtd(self, run):
        """What MRTD has to be, calculated from what the VMM says that it measures."""
        path, digest = self.directory / "measured", mrtd.Mrtd()
        subprocess.run(self.command(run, VMM, self.folder, "--measured", str(path)), check=True,
                       stdout=subprocess.DEVNULL)
        data = path.read_bytes()
        while data:
            gpa, size = (int.from_bytes(data[at:at + 8], "little") for at in (0, 8))
            digest.add_region(gpa, data[16:16 + size])
            data = data[16 + size:]
        return digest.hex()

    def mrtds(self):
        return [self.mrtd(run) for run in self.runs]


def lines(result, prefix):
    """The rest of lines of the VMM's output that begin so."""
    return [line.rstrip()[len(prefix):] for line in result.values("output")
            if line.startswith(prefix)]


def values(result, key):
    """What the guest's init printed under a key."""
    return lines(result, f"td {key} ")


def console(result):
    """What the guest printed."""
    return [line.rstrip() for line in result.values("output") if not line.startswith("tdx-vmm: ")]


def measured(result):
    """MRTD as the module has it."""
    return re.findall(r"^td .* mrtd (\w+)$", result.log, re.M)


def check(result, guest):
    """Each TD was as its VMM was told, turned itself off, and left the module no page."""
    nr = len(guest.runs)
    assert result.values("td_guest") == ["0"] * nr, result.values("output")
    assert values(result, "tdx_guest") == ["1"] * nr
    assert values(result, "cpus") == [str(run.cpus) for run in guest.runs]
    assert measured(result) == guest.mrtds()
    assert layout.EmulatorLog(result.log).number("td_pages_owned") == 0
