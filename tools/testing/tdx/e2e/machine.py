# SPDX-License-Identifier: GPL-2.0-only
"""One machine in QEMU, with or without the emulated TDX platform below Linux."""
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[4]
BUILD = TOP / "build"
EMULATOR = BUILD / "emulator" / "tdx-emulator"
GUEST = pathlib.Path(__file__).resolve().parent / "guest"
INITRAMFS = BUILD / "e2e" / "initramfs.cpio"

# What a kernel prints when something in it is wrong.
REPORTS = re.compile(r"BUG:|WARNING:|KASAN|UBSAN|Oops|general protection|"
                     r"possible recursive locking|lock held when returning|"
                     r"INFO: task .* blocked|suspected memory leaks|Kernel panic")


class MachineError(Exception):
    """The machine did not do what every scenario needs."""


def read_if_there(path):
    return path.read_text(errors="replace") if path.is_file() else ""


def build_initramfs():
    """The guest program as /init of an initramfs; made again when a source is newer."""
    sources = sorted(GUEST.glob("*.c"))
    newest = max(path.stat().st_mtime for path in GUEST.iterdir())
    if INITRAMFS.is_file() and INITRAMFS.stat().st_mtime > newest:
        return INITRAMFS
    INITRAMFS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
                        "-static", "-o", f"{root}/init", *map(str, sources)], check=True)
        os.mkdir(f"{root}/dev")
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, check=True,
                                 input=b".\ninit\ndev\n", stdout=subprocess.PIPE).stdout
    INITRAMFS.write_bytes(archive)
    return INITRAMFS


@dataclasses.dataclass
class Result:
    """What came out of a machine."""
    console: str
    report: str
    log: str
    seconds: float

    def values(self, key):
        """All that the guest program reported under a key."""
        return re.findall(rf"^{key} (.*?)\r?$", self.report, re.M)

    def value(self, key):
        values = self.values(key)
        if len(values) != 1:
            raise MachineError(f"{key}: reported {len(values)} times, not once")
        return values[0]

    def info(self):
        """The kernel's /sys/kernel/debug/x86/tdx/info, line by line."""
        return self.values("info")

    def kernel_lines(self, pattern):
        return [line.strip() for line in self.console.splitlines() if re.search(pattern, line)]

    def tdx_messages(self):
        return [line.split("virt/tdx: ", 1)[1] for line in self.kernel_lines("virt/tdx: ")]

    def reports(self):
        return [line for line in self.console.splitlines() if REPORTS.search(line)]


@dataclasses.dataclass
class Machine:
    """A machine to be; run() boots it once."""
    kernel: str = "host"
    cpus: int = 4
    packages: int = 2
    memory: str = "6G"
    emulated: bool = True
    emulator_options: str = ""
    cmdline: str = ""
    timeout: int = 120
    qemu_options: tuple = ()

    def image(self):
        return BUILD / self.kernel / "arch/x86/boot/bzImage"

    def kernel_cmdline(self, scenario):
        return f"console=ttyS0 panic=-1 {self.cmdline} tdxtest={scenario}".strip()

    def command(self, scenario, log, report):
        cores = self.cpus // self.packages
        command = ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35,smm=off",
                   "-cpu", "max,phys-bits=52", "-m", self.memory,
                   "-smp", f"{self.cpus},sockets={self.packages},cores={cores},threads=1",
                   "-display", "none", "-nodefaults", "-no-reboot",
                   "-serial", "stdio", "-serial", f"file:{report}",
                   "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                   "-debugcon", f"file:{log}", *self.qemu_options]
        cmdline = self.kernel_cmdline(scenario)
        initramfs = build_initramfs()
        if not self.emulated:
            return command + ["-kernel", str(self.image()), "-initrd", str(initramfs),
                              "-append", cmdline]
        # In a multiboot module's command line a comma is doubled.
        module = f"{self.image()} {cmdline}".replace(",", ",,")
        return command + ["-kernel", str(EMULATOR), "-append", self.emulator_options,
                          "-initrd", f"{module},{initramfs}"]

    def run(self, scenario):
        """Boot, let the guest program run the scenario, and wait for power-off."""
        with tempfile.TemporaryDirectory() as directory:
            log = pathlib.Path(directory) / "emulator"
            report = pathlib.Path(directory) / "report"
            start = time.monotonic()
            try:
                done = subprocess.run(self.command(scenario, log, report), check=False,
                                      timeout=self.timeout, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                output, status = done.stdout, done.returncode
            except subprocess.TimeoutExpired as expired:
                output, status = expired.stdout or b"", None
            result = Result(output.decode(errors="replace"), read_if_there(report),
                            read_if_there(log), time.monotonic() - start)
        if status != 0 or not result.values("off"):
            why = "did not end in time" if status is None else f"ended with status {status}"
            raise MachineError(f"the machine {why}\n--- emulator log\n{result.log[-6000:]}\n"
                               f"--- report\n{result.report[-2000:]}\n"
                               f"--- console\n{result.console[-6000:]}")
        return result
