# SPDX-License-Identifier: GPL-2.0-only
"""Outcomes of events."""
import dataclasses
import difflib
import errno
import re

import layout


@dataclasses.dataclass(frozen=True)
class Hardware:
    """The hardware as user space sees it.  The guest program reports it under these names."""
    cpus_present: str
    cpus_online: str
    cpu_devices: str
    memory_blocks: str
    iomem: str


def hardware(result):
    """The hardware at each report of the guest program."""
    names = [field.name for field in dataclasses.fields(Hardware)]
    return [Hardware(*values) for values in zip(*map(result.values, names), strict=True)]


def changes(looks):
    """For each two consecutive reports of the hardware, the names of values that differ."""
    return [{name for name, was in vars(before).items() if getattr(after, name) != was}
            for before, after in zip(looks, looks[1:])]


# Steps that report an errno.
STEP = re.compile(r"(?:(?:write|wait|read|map) \S+|snapshot_(?:open|freeze|create|unfreeze)) (\d+)")


def failures(result):
    """The steps of the guest program that failed, each with its errno."""
    steps = (STEP.match(line) for line in result.report.splitlines())
    return [step[0] for step in steps if step and step[1] != "0"]


def errors(result, key="write"):
    """The errnos of all steps of one kind."""
    return [int(value.rsplit(maxsplit=1)[1]) for value in result.values(key)]


def said(result):
    """Messages of the kernel about TDX, except those of a successful initialization."""
    return [message for message in result.tdx_messages()
            if not message.startswith(("BIOS enabled: ", "module version ", "CMR: ",
                                       "initializing TDMRs: ", "module initialized in "))]


def check_ready(result):
    """Asserts that TDX is ready, and that every TD was created."""
    assert layout.Info(result.info()).state() == "ready"
    assert set(result.values("create_td") + result.values("create_td_again")) <= {"0"}


def told_firmware(result):
    """Status reports of Linux to firmware: kind and number of the device, event, status."""
    found = [event["data"]["info"] for event in result.events
             if event["event"] == "ACPI_DEVICE_OST"]
    return [(info["slot-type"], info["slot"], info["source"], info["status"]) for info in found]


# Lines that differ between two boots of a kernel: results of clocks on a busy host, and the page
# that could not be moved.
VOLATILE = re.compile(r"(tsc|clocksource|kvm|random|x86|hrtimer|Clockevents): |"
                      r"lapic is not functional|Could not switch|calibrate_delay|Probably due to|"
                      r"page:|page dumped|flags: |raw: |migrating pfn|failed to isolate pfn")
NUMBER = re.compile(r"\b\d[\w.]*")
# The end of a line that may be printed as a separate line.
DONE = re.compile(r" *done\.$")


def kernel_log(result):
    """The kernel's log after `note,event`, without the parts that vary."""
    lines = [line.strip() for line in result.console.splitlines()]
    lines = lines[lines.index("tdxtest: event") + 1:]
    lines = [NUMBER.sub("N", DONE.sub("", line)) for line in lines if not VOLATILE.match(line)]
    return [line for line in lines if line]


# What the guest program reports of files that the unpatched kernel does not have
OF_OUR_FILES = ("info ", "sysfs ")


def all_of(result):
    """All results as lines of text, to compare."""
    report = [line.strip() for line in result.report.splitlines()
              if not line.startswith(OF_OUR_FILES)]
    return [*report, *map(str, told_firmware(result)), *kernel_log(result)]


def differences(one, other):
    return "\n".join(difflib.unified_diff(one, other, lineterm="", n=1))


def check_cpus_toggled(result):
    """The creator may fail with ENXIO, depending on whether it runs while a CPU is offline."""
    assert int(result.value("rounds")) > 0
    assert int(result.value("toggle_errors")) == 0
    assert int(result.value("creator")) in (0, errno.ENXIO)
