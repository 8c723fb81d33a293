# SPDX-License-Identifier: GPL-2.0-only
"""The text format of TDX memory, as the kernel and the emulated platform print it."""
import dataclasses
import re

# PAMT of a TDMR of 1 GB, all three levels.
PAMT_PAGES = 1024 + 2 + 1


@dataclasses.dataclass(frozen=True)
class Range:
    """A range of bytes; the base of a reserved area is relative to that of its TDMR."""
    base: int
    size: int

    @property
    def end(self):
        return self.base + self.size


@dataclasses.dataclass(frozen=True)
class Tdmr(Range):
    """A TDMR with the PAMT levels 1G, 2M, 4K and its reserved areas."""
    pamt: tuple = ()
    reserved: list = dataclasses.field(default_factory=list)

    @property
    def pamt_bytes(self):
        return sum(level.size for level in self.pamt)


def parse(lines):
    """The CMRs and TDMRs of lines in this format; other lines are skipped."""
    cmrs, tdmrs = [], []
    for line in lines:
        word, *rest = line.split() or [""]
        if word == "cmr":
            cmrs.append(Range(*(int(n, 16) for n in rest)))
        elif word == "tdmr":
            numbers = [int(n, 16) for n in rest if n.startswith("0x")]
            pamt = tuple(Range(*numbers[i:i + 2]) for i in (2, 4, 6))
            tdmrs.append(Tdmr(*numbers[:2], pamt=pamt))
        elif word == "rsvd":
            tdmrs[-1].reserved.append(Range(*(int(n, 16) for n in rest)))
    return cmrs, tdmrs


class Info:
    """The kernel's /sys/kernel/debug/x86/tdx/info."""

    def __init__(self, lines):
        self.lines = lines
        self.cmrs, self.tdmrs = parse(lines)

    def words(self, key):
        found = [line.split()[1:] for line in self.lines if line.split()[:1] == [key]]
        if len(found) != 1:
            raise ValueError(f"{key}: {len(found)} lines")
        return found[0]

    def numbers(self, key):
        return [int(word) for word in self.words(key)]

    def state(self):
        return self.words("state")[0]

    def differences(self, log):
        """Descriptions of the differences from what the emulated platform saw."""
        pairs = {
            "CMRs": (self.cmrs, log.cmrs),
            "TDMRs": (self.tdmrs, log.tdmrs),
            "global KeyID": (self.numbers("global_keyid")[0], log.number("global_keyid")),
            "SEAMCALLs": (self.numbers("seamcalls")[0], log.number("seamcalls")),
        }
        return [f"{name}: kernel {kernel}, platform {platform}"
                for name, (kernel, platform) in pairs.items() if kernel != platform]


class EmulatorLog:
    """The emulated platform's log on the debug console."""

    def __init__(self, text):
        self.text = text
        self.cmrs, self.tdmrs = parse(text.splitlines())

    def number(self, key):
        found = re.findall(rf"^{key} (\d+)$", self.text, re.M)
        if len(found) != 1:
            raise ValueError(f"{key}: {len(found)} lines in the emulator's log")
        return int(found[0])

    def count(self, leaf, status="SUCCESS"):
        found = re.findall(rf"^seamcall {re.escape(leaf)} {status} (\d+)$", self.text, re.M)
        return sum(map(int, found))

    def failed(self):
        """Names of the leaves that failed, in order."""
        return re.findall(r"^\[cpu \d+\] (\S+) failed: ", self.text, re.M)
