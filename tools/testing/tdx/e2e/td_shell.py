#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A shell in a TD on the terminal: boots Linux on the emulated TDX platform, and in a TD there."""
import argparse
import contextlib
import gzip
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import termios
import tty

import layout
import machine
import private_apt
import td_guest
from run import show_failure

INIT = pathlib.Path(__file__).resolve().parent / "td_shell/init.sh"
PACKAGE, SUITE = "busybox-static", "bookworm"
# The machine's third serial port
DEVICE = "isa-serial,chardev=terminal,index=2,iobase=0x3e8,irq=5"
TERMINAL = "/dev/ttyS2"
MEMORY = "64M"
MAX = 4096

# Exit statuses of the VMM
OFF, RESET = 0, 3
ENDS = {OFF: "was turned off", 1: "failed", RESET: "was reset"}


@machine.lock("busybox")
def busybox():
    """Debian's static busybox, which is not installed."""
    root = private_apt.unpack(PACKAGE, SUITE, machine.BUILD / PACKAGE)
    return root / "bin/busybox"


def build_initrd(path, init=INIT, files=()):
    """
    The initrd of the guest: busybox, with a link for each of its commands, and other files:
    (path there, contents).
    """
    program = busybox()
    names = subprocess.run([str(program), "--list"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for folder in ("bin", "dev", "proc", "sys", "tmp"):
            (root / folder).mkdir()
        for name in names:
            (root / "bin" / name).symlink_to("busybox")
        (root / "bin/busybox").unlink(missing_ok=True)
        for name, contents in dict(files).items():
            (root / name).parent.mkdir(exist_ok=True)
            (root / name).write_text(contents)
        for source, target in (program, "bin/busybox"), (init, "init"):
            (root / target).write_bytes(source.read_bytes())
            (root / target).chmod(0o755)
        path.write_bytes(gzip.compress(td_guest.archive(root), mtime=0))


@contextlib.contextmanager
def raw(terminal):
    """A terminal that passes each key on, and is what it was afterwards."""
    if not os.isatty(terminal):
        yield
        return
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def write_all(file, data):
    while data:
        data = data[os.write(file, data):]


def copy(line, keys, screen):
    """Copies from the machine's serial line and to it, until the machine closes it."""
    sources = [line, keys]
    while line in sources:
        for source in select.select(sources, [], [])[0]:
            data = os.read(source, MAX)
            if not data:
                sources.remove(source)
            write_all(screen if source == line else line, data)


def connect(line, keys, screen):
    """Copies from the first output on: until then the terminal's keys have their usual meaning."""
    select.select([line], [], [])
    # The machine may end while keys are on the way to it.
    with raw(keys), contextlib.suppress(ConnectionError):
        copy(line, keys, screen)


class TerminalMachine(machine.Machine):
    """A machine that has a serial line on the terminal."""

    def watch(self, monitor, command, report):
        ours, theirs = socket.socketpair()
        command = [*command, "-chardev", f"socket,id=terminal,fd={theirs.fileno()}",
                   "-device", DEVICE]
        with ours, theirs, tempfile.TemporaryFile() as console, \
                subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console,
                                 stderr=subprocess.STDOUT, pass_fds=[theirs.fileno()]) as process:
            theirs.close()
            try:
                connect(ours.fileno(), sys.stdin.fileno(), sys.stdout.fileno())
                process.wait()
            finally:
                process.kill()
            console.seek(0)
            return console.read(), process.returncode, ""


def show(result, guest):
    """Prints how the TD ended; true if it was by its own will, and MRTD is as calculated."""
    status, mrtd = int(result.value("td_guest")), td_guest.measured(result)
    same, left = mrtd == guest.mrtds(), layout.EmulatorLog(result.log).number("td_pages_owned")
    print(f"\nthe TD {ENDS.get(status, f'ended with status {status}')}; {left} pages of it are left"
          f"\nMRTD {''.join(mrtd)} is {'' if same else 'NOT '}what a calculation without the "
          "module gives")
    return status in (OFF, RESET) and same and not left


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cpus", type=int, default=4, help="of the machine (4)")
    parser.add_argument("--memory", default="6G", help="of the machine (6G)")
    parser.add_argument("--guest", type=pathlib.Path, default=td_guest.KERNEL,
                        help="the kernel that runs in the TD: a bzImage")
    parser.add_argument("--guest-cpus", type=int, default=1, help="vCPUs of the TD (1)")
    parser.add_argument("--guest-memory", help=f"of the TD: {MEMORY}, or "
                                               f"{td_guest.MEMORY_OF_OTHERS} for another kernel")
    args = parser.parse_args()
    if args.guest_memory is None:
        args.guest_memory = td_guest.memory_for(args.guest, MEMORY)
    return args


def main():
    args = parse()
    with tempfile.TemporaryDirectory() as directory, machine.errors_in_words():
        run = td_guest.Run(args.guest_cpus, args.guest_memory, f"{td_guest.CMDLINE} quiet")
        guest = td_guest.TdGuest(pathlib.Path(directory), run, kernel=args.guest,
                                 initrd=build_initrd)
        computer = TerminalMachine(cpus=args.cpus, packages=1 if args.cpus % 2 else 2,
                                   memory=args.memory, initramfs=guest.initramfs())
        print(f"booting a TD with {args.guest_memory} on a host with {args.memory}; "
              "Ctrl-A x ends it", flush=True)
        try:
            result = computer.run(f"td-console,{TERMINAL}")
        except machine.MachineError as error:
            show_failure(error)
            sys.exit(1)
        except KeyboardInterrupt:
            sys.exit("interrupted")
        sys.exit(0 if show(result, guest) else 1)


if __name__ == "__main__":
    main()
