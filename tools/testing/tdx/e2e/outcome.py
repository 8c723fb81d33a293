# SPDX-License-Identifier: GPL-2.0-only
"""Outcomes of events."""
import dataclasses
import difflib
import errno
import re

import layout


@dataclasses.dataclass(frozen=True)
class Hardware:
    """What user space sees of it; under these names the guest program reports it."""
    cpus_present: str
    cpus_online: str
    cpu_devices: str
    memory_blocks: str
    iomem: str


def hardware(result):
    """The hardware each time that the guest program looked."""
    names = [field.name for field in dataclasses.fields(Hardware)]
    return [Hardware(*values) for values in zip(*map(result.values, names), strict=True)]


def changes(looks):
    """What differs from one look at the hardware to the next: the names."""
    return [{name for name, was in vars(before).items() if getattr(after, name) != was}
            for before, after in zip(looks, looks[1:])]


# Steps that end in an errno.
STEP = re.compile(r"(?:(?:write|wait|read|map) \S+|snapshot_(?:open|freeze|create|unfreeze)) (\d+)")


def failures(result):
    """The guest program's steps that failed, each with its errno."""
    steps = (STEP.match(line) for line in result.report.splitlines())
    return [step[0] for step in steps if step and step[1] != "0"]


def errors(result, key="write"):
    """The errnos of the guest program's steps of a kind."""
    return [int(value.rsplit(maxsplit=1)[1]) for value in result.values(key)]


def said(result):
    """What the kernel said of TDX, without what it says where TDX comes up, be it slowly."""
    return [message for message in result.tdx_messages()
            if not message.startswith(("BIOS enabled: ", "module version ", "CMR: ",
                                       "initializing TDMRs: ", "module initialized in "))]


def check_ready(result):
    """TDX came up, and every creation of a TD succeeded."""
    assert layout.Info(result.info()).state() == "ready"
    assert set(result.values("create_td") + result.values("create_td_again")) <= {"0"}


def told_firmware(result):
    """What Linux told QEMU of its events: kind and number of the device, event, status."""
    found = [event["data"]["info"] for event in result.events
             if event["event"] == "ACPI_DEVICE_OST"]
    return [(info["slot-type"], info["slot"], info["source"], info["status"]) for info in found]


# Lines that two boots of a kernel do not have in common: what clocks are worth on a busy host, and
# which page it was that could not be moved.
VOLATILE = re.compile(r"(tsc|clocksource|kvm|random|x86|hrtimer|Clockevents): |"
                      r"lapic is not functional|Could not switch|calibrate_delay|Probably due to|"
                      r"page:|page dumped|flags: |raw: |migrating pfn|failed to isolate pfn")
NUMBER = re.compile(r"\b\d[\w.]*")
# The end of a line that can come as one of its own.
DONE = re.compile(r" *done\.$")


def kernel_log(result):
    """The kernel's lines from `note,event` on, without what varies."""
    lines = [line.strip() for line in result.console.splitlines()]
    lines = lines[lines.index("tdxtest: event") + 1:]
    lines = [NUMBER.sub("N", DONE.sub("", line)) for line in lines if not VOLATILE.match(line)]
    return [line for line in lines if line]


def all_of(result):
    """As lines of text, to compare."""
    report = [line.strip() for line in result.report.splitlines() if not line.startswith("info ")]
    return [*report, *map(str, told_firmware(result)), *kernel_log(result)]


def differences(one, other):
    return "\n".join(difflib.unified_diff(one, other, lineterm="", n=1))


def check_cpus_toggled(result):
    """Whether a creator finds one offline is chance, and no more than a refusal."""
    assert int(result.value("rounds")) > 0
    assert int(result.value("toggle_errors")) == 0
    assert int(result.value("creator")) in (0, errno.ENXIO)
