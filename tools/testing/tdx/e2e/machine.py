# SPDX-License-Identifier: GPL-2.0-only
"""One machine in QEMU, with or without the emulated TDX platform below Linux."""
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[4]
BUILD = TOP / "build"
EMULATOR = BUILD / "emulator" / "tdx-emulator"
GUEST = pathlib.Path(__file__).resolve().parent / "guest"
INITRAMFS = BUILD / "e2e" / "initramfs.cpio"

# What a kernel prints when something in it is wrong.
REPORTS = re.compile(r"BUG:|WARNING:|KASAN|UBSAN|Oops|general protection|"
                     r"possible recursive locking|lock held when returning|"
                     r"register non-static key|locking correctness validator|"
                     r"unchecked MSR access error|INFO: task .* blocked|"
                     r"suspected memory leaks|Kernel panic")


class MachineError(Exception):
    """The machine did not do what every scenario needs; it may have left a result."""

    def __init__(self, why, result=None):
        super().__init__(why)
        self.result = result


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

    def texts(self):
        """All that the machine said, by who said it."""
        return {"emulator": self.log, "report": self.report, "console": self.console}

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
    accel: str = "tcg"
    hot_add: bool = False           # another CPU in the last package, when the guest asks for it
    qemu_options: tuple = ()
    bzimage: pathlib.Path = None    # a kernel that was not built here
    initramfs: pathlib.Path = None

    def image(self):
        return self.bzimage or BUILD / self.kernel / "arch/x86/boot/bzImage"

    def kernel_cmdline(self, scenario):
        return f"console=ttyS0 panic=-1 {self.cmdline} tdxtest={scenario}".strip()

    def qemu(self, log, *options):
        """QEMU with all of the machine but what it boots."""
        cores, rest = divmod(self.cpus, self.packages)
        if not cores or rest:
            raise MachineError(f"{self.cpus} CPUs cannot be divided among {self.packages} packages")
        smp = f"{self.cpus},sockets={self.packages},cores={cores},threads=1"
        if self.hot_add:
            smp = (f"{self.cpus},maxcpus={self.packages * (cores + 1)},"
                   f"sockets={self.packages},cores={cores + 1},threads=1")
        # Behind CMPXCHG16B, QEMU 7.2 interrupts a CPU with wrong flags.
        return ["qemu-system-x86_64", "-accel", self.accel, "-machine", "q35,smm=off",
                "-cpu", "max,phys-bits=52,-cx16", "-m", self.memory,
                "-smp", smp,
                "-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio",
                "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
                "-debugcon", f"file:{log}", *options, *self.qemu_options]

    def emulator(self, cmdline, *initrd):
        """QEMU's options to boot the emulator, which boots Linux."""
        # In a multiboot module's command line a comma is doubled.
        module = f"{self.image()} {cmdline}".replace(",", ",,")
        return ["-kernel", str(EMULATOR), "-append", self.emulator_options,
                "-initrd", ",".join([module, *map(str, initrd)])]

    def command(self, scenario, log, report):
        command = self.qemu(log, "-serial", f"file:{report}")
        cmdline = self.kernel_cmdline(scenario)
        initramfs = self.initramfs or build_initramfs()
        if not self.emulated:
            return command + ["-kernel", str(self.image()), "-initrd", str(initramfs),
                              "-append", cmdline]
        return command + self.emulator(cmdline, initramfs)

    def add_cpu_when_asked(self, report, monitor, over):
        """The guest reports add_cpu, and QEMU plugs one in."""
        while "add_cpu " not in read_if_there(report):
            if over.wait(0.1):
                return
        with socket.socket(socket.AF_UNIX) as qmp:
            qmp.connect(str(monitor))
            replies = qmp.makefile()
            replies.readline()
            for command in ({"execute": "qmp_capabilities"},
                            {"execute": "device_add", "arguments": {
                                "driver": "max-x86_64-cpu", "id": "added", "thread-id": 0,
                                "socket-id": self.packages - 1, "die-id": 0,
                                "core-id": self.cpus // self.packages}}):
                qmp.sendall(json.dumps(command).encode())
                replies.readline()

    @contextlib.contextmanager
    def cpu_to_add(self, report, directory):
        """QEMU's options for its monitor, while something waits to use it."""
        if not self.hot_add:
            yield []
            return
        monitor, over = directory / "monitor", threading.Event()
        thread = threading.Thread(target=self.add_cpu_when_asked, args=(report, monitor, over))
        thread.start()
        try:
            yield ["-qmp", f"unix:{monitor},server=on,wait=off"]
        finally:
            over.set()
            thread.join()

    def run(self, scenario):
        """Boot, let the guest program run the scenario, and wait for power-off."""
        if not self.image().is_file():
            raise MachineError(f"{self.image()} is missing: make kernel CONFIG={self.kernel}")
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            log, report = directory / "emulator", directory / "report"
            start = time.monotonic()
            with self.cpu_to_add(report, directory) as options:
                try:
                    done = subprocess.run([*self.command(scenario, log, report), *options],
                                          check=False, timeout=self.timeout,
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                          stderr=subprocess.STDOUT)
                    output, status = done.stdout, done.returncode
                except subprocess.TimeoutExpired as expired:
                    output, status = expired.stdout or b"", None
            result = Result(output.decode(errors="replace"), read_if_there(report),
                            read_if_there(log), time.monotonic() - start)
        if status != 0 or not result.values("off"):
            why = "did not end in time" if status is None else f"ended with status {status}"
            raise MachineError(f"the machine {why}", result)
        return result
