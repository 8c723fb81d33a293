# SPDX-License-Identifier: GPL-2.0-only
"""A shell in a TD on a terminal: make td."""
import contextlib
import os
import pty
import select
import socket
import subprocess
import sys
import termios
import threading
import time

import pytest

import foreign
import td_shell

PROMPT, PATIENCE = b"td# ", 120
TD_SHELL = [sys.executable, td_shell.__file__, "--cpus", "2", "--memory", "2G"]


class Person:
    """Someone at a terminal, and what is shown there."""

    def __init__(self):
        self.master, self.terminal = pty.openpty()
        self.mode = self.mode_now()
        self.shown = b""

    def mode_now(self):
        return termios.tcgetattr(self.terminal)

    def keys_are_passed_on(self):
        return not self.mode_now()[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def type(self, text):
        os.write(self.master, text)

    def wait_for(self, text):
        """Returns what is shown before a text; forgets it with the text."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            left = until - time.monotonic()
            assert left > 0 and select.select([self.master], [], [], left)[0], self.shown
            self.shown += os.read(self.master, 4096)
        before, self.shown = self.shown.split(text, 1)
        return before.decode()


@pytest.fixture
def person():
    someone = Person()
    yield someone
    os.close(someone.master)
    os.close(someone.terminal)


@contextlib.contextmanager
def connected(person):
    """The other end of a serial line that is connected to the terminal."""
    ours, machines = socket.socketpair()
    thread = threading.Thread(target=td_shell.connect, args=(ours.fileno(), person.terminal,
                                                             person.terminal))
    thread.start()
    with ours, machines:
        yield machines
        machines.close()
        thread.join()


def test_keys_reach_the_machine_from_its_first_output_on(person):
    with connected(person) as line:
        assert person.mode_now() == person.mode
        line.sendall(b"booted\n")
        person.wait_for(b"booted\n")
        assert person.keys_are_passed_on()
        person.type(b"\x03\x01x\r")
        assert line.recv(10) == b"\x03\x01x\r"
    assert person.mode_now() == person.mode


def test_the_terminal_is_restored_if_the_machine_ends_without_reading(person):
    with connected(person) as line:
        line.sendall(b"booted\n")
        person.wait_for(b"booted\n")
        person.type(b"anybody?")
        select.select([line], [], [])
    assert person.mode_now() == person.mode


@pytest.mark.parametrize("options, memory", [
    ([], "64M"), (["--guest", "bzImage"], "512M"),
    (["--guest", "bzImage", "--guest-memory", "1G"], "1G")])
def test_another_kernel_gets_more_memory(monkeypatch, options, memory):
    monkeypatch.setattr(sys, "argv", ["td_shell.py", *options])
    assert td_shell.parse().guest_memory == memory


@contextlib.contextmanager
def shell(person, *options):
    """Boots; the prompt is there."""
    with subprocess.Popen([*TD_SHELL, *options], stdin=person.terminal, stdout=person.terminal,
                          stderr=person.terminal) as process:
        try:
            person.wait_for(PROMPT)
            yield process
        finally:
            process.kill()


def end(person, process, keys):
    """Ends the TD in a way that is right."""
    person.type(keys)
    person.wait_for(b"the TD was turned off; 0 pages of it are left")
    assert " is what a calculation" in person.wait_for(b"without the module")
    assert process.wait() == 0
    assert person.mode_now() == person.mode


@pytest.mark.release
@pytest.mark.parametrize("keys", [b"exit\r", b"poweroff\r", b"\x01x"])
def test_a_shell_runs_in_a_td(person, keys):
    with shell(person) as process:
        person.type(b"cat /proc/cpuinfo\r")
        assert " tdx_guest " in person.wait_for(PROMPT)
        end(person, process, keys)


@pytest.mark.release
@pytest.mark.parametrize("name", foreign.GUESTS)
def test_a_shell_runs_in_a_td_with_a_kernel_of_debian(person, fetch, name):
    root = fetch(name)
    with shell(person, "--guest", str(foreign.bzimage(root))) as process:
        person.type(b"uname -r; cat /proc/cpuinfo\r")
        shown = person.wait_for(PROMPT)
        assert foreign.module_folder(root).parent.name in shown.splitlines()
        assert " tdx_guest " in shown
        end(person, process, b"exit\r")
