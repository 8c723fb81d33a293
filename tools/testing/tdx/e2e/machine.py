# SPDX-License-Identifier: GPL-2.0-only
"""One machine in QEMU, with or without the emulated TDX platform below Linux."""
import contextlib
import dataclasses
import fcntl
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import layout
import qmp
import show
import tsc

TOP = pathlib.Path(__file__).resolve().parents[4]
BUILD = TOP / "build"
# Each kernel is in a folder with the name of its config.
KERNELS = pathlib.Path(os.environ.get("TDX_KERNELS", BUILD))
EMULATOR = BUILD / "emulator" / "tdx-emulator"
GUEST = pathlib.Path(__file__).resolve().parent / "guest"
INITRAMFS = BUILD / "e2e" / "initramfs.cpio"
# The beginning of QEMU's command line; changed in place for another QEMU.
QEMU = ["qemu-system-x86_64"]

# After CMPXCHG16B, QEMU 7.2 delivers interrupts with wrong flags.  It runs REP MOVSB and REP STOSB
# byte by byte: without ERMS, Linux copies and clears eight bytes at a time.
CPU = "max,phys-bits=52,-cx16,-erms"
# But without ERMS, Linux 6.1 hangs on QEMU 10.0 and 11.1 when it measures the APIC timer.
FIRST_WITH_ERMS = 10

# A single thread runs all CPUs in turn; with one thread for each, they run at the same time.  A
# machine without the platform needs a single thread: with several, a CPU of QEMU 7.2 can execute an
# INT3 that another CPU has just removed from the code.  The platform works around that (softint.c).
ONE_THREAD = "tcg,thread=single"
THREADS = "tcg"

# How often, in seconds, to look whether a machine waits for an event that does not come.
LOOK_EVERY = 0.5

# Kernel messages that report an error.
REPORTS = re.compile(r"BUG:|WARNING:|KASAN|UBSAN|Oops|general protection|"
                     r"kernel BUG at|invalid opcode:|detected stalls|Hardware Error|"
                     r"nobody cared|NMI received for unknown reason|segfault at|"
                     r"possible recursive locking|lock held when returning|"
                     r"register non-static key|locking correctness validator|"
                     r"unchecked MSR access error|INFO: task .* blocked|"
                     r"suspected memory leaks|Kernel panic")

# A reset and a kexec take CPUs offline one by one (native_stop_other_cpus()).  Until its turn
# comes, a CPU schedules, and may warn of one whose turn has been: the base kernel does so, too.
STOPPING = re.compile(r"(?:reboot: machine restart|Starting new kernel).*?(?:Linux version |\Z)",
                      re.S)
NAMES_OFFLINE_CPU = re.compile(r"WARNING: .* at (?:native_smp_send_reschedule|set_task_cpu)\+")


class MachineError(Exception):
    """The machine failed in a way that no scenario allows; it may have left a result."""

    def __init__(self, why, result=None):
        super().__init__(why)
        self.result = result


@contextlib.contextmanager
def errors_in_words():
    """Exits with the error of the machine, not with a traceback."""
    try:
        yield
    except MachineError as error:
        sys.exit(f"error: {error}")


def read_if_there(path):
    return path.read_text(errors="replace") if path.is_file() else ""


@contextlib.contextmanager
def lock(name, how=fcntl.LOCK_EX):
    """Hold a lock that is shared by all test processes in this repository."""
    path = BUILD / "e2e" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, how)
        yield


def write_whole(path, contents):
    """Replaces a file; machines that read the old one are not disturbed."""
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(contents)
    part.replace(path)


@lock("files")
def build_initramfs():
    """An initramfs with the guest program as /init; made again if a source is newer."""
    sources = sorted(GUEST.glob("*.c"))
    newest = max(path.stat().st_mtime for path in GUEST.iterdir())
    if INITRAMFS.is_file() and INITRAMFS.stat().st_mtime > newest:
        return INITRAMFS
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror",
                        "-static", "-o", f"{root}/init", *map(str, sources)], check=True)
        os.mkdir(f"{root}/dev")
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, check=True,
                                 input=b".\ninit\ndev\n", stdout=subprocess.PIPE).stdout
    write_whole(INITRAMFS, archive)
    return INITRAMFS


@dataclasses.dataclass
class Result:
    """The result of a run of a machine."""
    console: str
    report: str
    log: str
    seconds: float
    provoked: str = ""          # regex of reports that the kernel had to print
    events: list = dataclasses.field(default_factory=list)      # of QEMU, if there are answers
    cpus: str = ""              # their state, if the machine had to be ended

    def values(self, key):
        """All values that the guest program reported under a key."""
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
        """All output of the machine, by source."""
        texts = {"emulator": self.log, "report": self.report, "console": self.console}
        return texts | {"cpus": self.cpus} if self.cpus else texts

    def reports(self):
        """Lines in which the kernel reports an error, except those that the test provoked."""
        console = STOPPING.sub(lambda part: NAMES_OFFLINE_CPU.sub("", part[0]), self.console)
        return [line for line in console.splitlines() if REPORTS.search(line)
                and not (self.provoked and re.search(self.provoked, line))]

    def last_words(self):
        """Lines that tell why the machine ended: from the platform, and from the kernel."""
        return re.findall(r"^end: .*$", self.log, re.M) + self.reports()


@functools.cache
def qemu_version():
    """QEMU's major version."""
    text = subprocess.run([*QEMU, "--version"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return int(re.search(r"version (\d+)\.", text)[1])


def for_this_qemu(cpu):
    """The CPU model, without what this version of QEMU does not bear."""
    return cpu.replace(",-erms", "") if qemu_version() >= FIRST_WITH_ERMS else cpu


@dataclasses.dataclass
class Machine:
    """The configuration of a machine; run() boots it once."""
    kernel: str = "host"
    cpus: int = 4
    packages: int = 2
    memory: str = "6G"
    emulated: bool = True
    emulator_options: str = ""
    tdx: str = "kvm_intel.tdx=1"    # without it no TD can be created
    cmdline: str = ""
    timeout: int = 120
    accel: str = THREADS
    cpu: str = CPU
    hot_add: bool = False           # with room for another package
    answers: dict = dataclasses.field(default_factory=dict)     # see qmp.py
    fatal: bool = False             # the kernel has to panic
    crash_kernel: bool = False      # the kernel has to panic, and a crash kernel follows
    provoked: str = ""              # regex of reports that the kernel has to print
    may_violate: bool = False       # the host breaks a rule on purpose
    shown: bool = False             # what the guest program reports is shown meanwhile
    qemu_options: tuple = ()
    bzimage: pathlib.Path = None    # a kernel that was not built here
    initramfs: pathlib.Path = None

    def image(self):
        return self.bzimage or KERNELS / self.kernel / "arch/x86/boot/bzImage"

    def known_clock(self):
        """
        Kernel options for what Linux measures by ticks, some of which a busy host takes away: the
        delay loop of all packages but the first one, whose delays may become a thousand times
        shorter, and the TSC without the platform.
        """
        measured_well = self.emulated and self.packages == 1
        if self.bzimage or measured_well or "-icount" in self.qemu_options:
            return ""
        khz = tsc.khz(tuple(QEMU), EMULATOR)
        config = KERNELS / self.kernel / ".config"
        loops = tsc.loops_per_jiffy(config.read_text(), khz)
        return f"lpj={loops}" if self.emulated else f"lpj={loops} tsc_early_khz={khz}"

    def kernel_cmdline(self, scenario):
        # Linux tests the timer's interrupts, and panics if a busy host does not run QEMU for some
        # ticks.
        return (f"console=ttyS0 panic=-1 no_timer_check {self.known_clock()} {self.tdx} "
                f"{self.cmdline} tdxtest={scenario}")

    def qemu(self, log, *options):
        """QEMU's command line, without the kernel to boot."""
        cores, rest = divmod(self.cpus, self.packages)
        if not cores or rest:
            raise MachineError(f"{self.cpus} CPUs cannot be divided among {self.packages} packages")
        sockets = self.packages + self.hot_add
        smp = f"{self.cpus},maxcpus={sockets * cores},sockets={sockets},cores={cores},threads=1"
        return [*QEMU, "-accel", self.accel, "-machine", "q35,smm=off",
                "-cpu", for_this_qemu(self.cpu), "-m", self.memory,
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

    def wrong_end(self, status, result):
        """The error if the machine ended in a wrong way; empty if there is none."""
        if status is None:
            asked = self.unanswered(result.report)
            return f"asked {asked}, which nothing answers" if asked else "did not end in time"
        if status != 0:
            return f"ended with status {status}"
        if not self.fatal:
            return "" if result.values("off") else "ended before the guest program did"
        return "" if result.kernel_lines("Kernel panic") else "should have panicked"

    def wrong_course(self, result):
        """The error if the machine did what no scenario allows; empty if there is none."""
        for step in result.values("unknown_scenario"):
            return f"knows no step {step}"
        for name in (answer.split()[0] for answer in result.values("answered")
                     if answer.endswith(" 0")):
            return f"asked {name} and got no answer"
        for wait in (wait for wait in result.values("wait_log") if not wait.endswith(" 0")):
            return f"a message did not come: {wait}"
        if set(result.values("begin_td")) - {"0"}:
            return "initialized no TDMR in a minute"
        if self.emulated and not self.may_violate and \
                layout.EmulatorLog(result.log).number("violations"):
            return "broke a rule of the platform"
        return "reported what is wrong" if result.reports() else ""

    def provoked_reports(self):
        panic = "Kernel panic" if self.fatal or self.crash_kernel else ""
        return "|".join(filter(None, [panic, self.provoked]))

    def unanswered(self, report):
        """The first event that the guest waits for in vain; empty if there is none."""
        asked = re.findall(r"^ask (\S+)\r?\n", report, re.M)
        return next((name for name in asked if name not in self.answers), "")

    def wait(self, process, report):
        """Waits for QEMU's end; returns its output.  Raises TimeoutExpired if it will not come."""
        end = time.monotonic() + self.timeout
        while True:
            try:
                return process.communicate(timeout=LOOK_EVERY)[0]
            except subprocess.TimeoutExpired:
                if time.monotonic() > end or self.unanswered(read_if_there(report)):
                    raise

    def watch(self, monitor, command, report):
        """Runs QEMU; returns its output, status, and the CPUs' state if it will not end."""
        command = [*command, "-monitor", f"unix:{monitor},server=on,wait=off"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            try:
                return self.wait(process, report), process.returncode, ""
            except subprocess.TimeoutExpired:
                cpus = qmp.last_state(monitor, self.cpus)
                process.kill()
                return process.communicate()[0], None, cpus
            finally:
                process.kill()

    def run(self, scenario):
        """Boot, let the guest program run the scenario, and wait for power-off."""
        if not self.image().is_file():
            raise MachineError(f"{self.image()} is missing: make kernel CONFIG={self.kernel}")
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            log, report = directory / "emulator", directory / "report"
            start = time.monotonic()
            with show.lines_of(report) if self.shown else contextlib.nullcontext(), \
                    qmp.Attendant(self.answers, report, directory) as attendant:
                output, status, cpus = self.watch(directory / "monitor-for-people",
                                                  [*self.command(scenario, log, report),
                                                   *attendant.options], report)
            result = Result(output.decode(errors="replace"), read_if_there(report),
                            read_if_there(log), time.monotonic() - start,
                            self.provoked_reports(), attendant.events, cpus)
        why = (attendant.failure or self.wrong_end(status, result) or
               self.wrong_course(result))
        if why:
            raise MachineError("; ".join([f"the machine {why}", *result.last_words()]), result)
        return result
