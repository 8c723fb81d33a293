# SPDX-License-Identifier: GPL-2.0-only
"""Events from outside while a machine runs.

When the guest program reports `ask NAME`, QEMU gets the commands for NAME; then a break on the
serial line of the reports lets the guest continue.  After `ask knock` a sleeping guest gets breaks
until it reports that it is awake.
"""
import contextlib
import json
import re
import socket
import threading

PATIENCE = 100
KNOCK_EVERY = 1.0


def command(name, **arguments):
    """A QMP command; underscores in names of arguments become hyphens."""
    return {"execute": name,
            "arguments": {key.replace("_", "-"): value for key, value in arguments.items()}}


BREAK = command("chardev-send-break", id="serial1")


def last_state(path, cpus):
    """The state of the CPUs of a machine that will be killed, from QEMU's human monitor."""
    requests = [*(f"info lapic {cpu}" for cpu in range(cpus)), "info registers -a", "quit"]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        try:
            connection.connect(str(path))
            connection.sendall("\n".join([*requests, ""]).encode())
            answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
        except OSError as error:
            return f"QEMU does not tell: {error}\n"
    return re.sub(r"\x1b\[.|\r", "", answer.decode(errors="replace"))


class QmpError(Exception):
    """QEMU refused a command, or an event did not come."""


class Monitor:
    """A QMP connection, and all events since it was made."""

    def __init__(self, connection):
        connection.settimeout(PATIENCE)
        self.connection = connection
        self.lines = connection.makefile()
        self.events = []
        self.waited_for = 0     # index after the last event that was waited for
        self.receive()
        self.execute(command("qmp_capabilities"))

    def receive(self):
        """Returns the next message, or None if it is an event, which is stored."""
        try:
            line = self.lines.readline()
        except TimeoutError as error:
            raise QmpError("QEMU says nothing") from error
        if not line:
            raise EOFError
        message = json.loads(line)
        if "event" not in message:
            return message
        self.events.append(message)
        return None

    def execute(self, request):
        self.connection.sendall(json.dumps(request).encode())
        reply = None
        while reply is None:
            reply = self.receive()
        if "error" in reply:
            raise QmpError(f"{request}: {reply['error']['desc']}")

    def wait_for(self, name):
        """Waits for the first such event after the last one that was waited for."""
        while True:
            for number in range(self.waited_for, len(self.events)):
                if self.events[number]["event"] == name:
                    self.waited_for = number + 1
                    return
            self.receive()


class Attendant(threading.Thread):
    """Handles the guest's requests while QEMU runs with @options.

    The answer to a request is a sequence: a dict is a QMP command, a string an event to wait for.
    """

    def __init__(self, answers, report, directory):
        super().__init__()
        self.answers, self.report, self.path = answers, report, directory / "monitor"
        self.options = ["-qmp", f"unix:{self.path},server=on,wait=off"] if answers else []
        self.over = threading.Event()
        self.events = []
        self.failure = ""

    def __enter__(self):
        if self.answers:
            self.start()
        return self

    def __exit__(self, *exception):
        self.over.set()
        if self.answers:
            self.join()

    def connect(self):
        """Connects to QEMU; returns None if QEMU ended before."""
        while not self.over.is_set():
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.path))
                return connection
            except OSError:
                connection.close()
                self.over.wait(0.05)
        return None

    def reported(self, key):
        text = self.report.read_text(errors="replace") if self.report.is_file() else ""
        return re.findall(rf"^{key} (\S+)\r?\n", text, re.M)

    def asked(self):
        """Yields the names that the guest asks for, until the machine ends."""
        answered = 0
        while not self.over.wait(0.05):
            names = self.reported("ask")
            yield from names[answered:]
            answered = len(names)

    def knock(self, monitor):
        before = self.reported("awake")
        while not self.over.wait(KNOCK_EVERY) and self.reported("awake") == before:
            monitor.execute(BREAK)

    def answer(self, monitor, name):
        for step in self.answers[name]:
            if isinstance(step, str):
                monitor.wait_for(step)
            else:
                monitor.execute(step)
        monitor.execute(BREAK)

    def attend(self, monitor):
        for name in self.asked():
            if name == "knock":
                self.knock(monitor)
            else:
                self.answer(monitor, name)

    def run(self):
        connection = self.connect()
        if not connection:
            return
        with connection, contextlib.suppress(EOFError, ConnectionError):
            monitor = Monitor(connection)
            self.events = monitor.events
            try:
                self.attend(monitor)
            except (QmpError, KeyError) as error:
                self.failure = f"was not attended to: {error!r}"
                monitor.execute(command("quit"))
            while True:
                monitor.receive()
