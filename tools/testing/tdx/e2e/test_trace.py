# SPDX-License-Identifier: GPL-2.0-only
"""The tracepoints tdx:*, read from tracefs, compared with what the emulated platform saw."""
import collections
import re

import pytest

import layout
import selftests
from events import steps

TRACING = "/sys/kernel/tracing"
EVENTS = f"{TRACING}/events/tdx"
NAME = "tdx_fault_around_test"

EVENT = re.compile(r"\[\d+\] \S+ +\d+\.\d+: (\w+): (.*)$")
SEAMCALL = re.compile(r"(TDH[\w.]+) rcx=0x\w+ rdx=0x\w+ r8=0x\w+ r9=0x\w+ -> (\w+) 0x\w+ "
                      r"rcx=0x\w+ rdx=0x\w+ r8=0x\w+ (\d+) ns$")
SEPT = re.compile(r"KeyID (\d+) (TDH[\w.]+) gpa 0x(\w+) level (\d) pfn 0x(\w+) -> (\w+) 0x\w+$")
EXIT = re.compile(r"KeyID (\d+) vCPU 0 (\w+) (\w+) 0x\w+( r\w+=0x\w+){6}$")
STEP = re.compile(r"([\w' ]+): (-?\d+), (\d+) us$")

BRINGUP = ["checking the CPUs", "initializing the module", "initializing the CPUs",
           "reading the module's information", "choosing TDX memory", "laying out TDMRs",
           "laying out TDMRs", "checking the CPUs", "initializing the CPUs",
           "configuring the module", "configuring the global KeyID", "initializing TDMRs"]


def events(result):
    """{event: its texts, in order}"""
    found = collections.defaultdict(list)
    for line in result.values("line"):
        match = EVENT.search(line)
        if match:
            found[match[1]].append(match[2])
    return found


def matches(pattern, texts):
    found = [(text, pattern.match(text)) for text in texts]
    assert [text for text, match in found if not match] == []
    return [match for _, match in found]


@pytest.mark.kernels("debug")
def test_the_life_of_a_td_is_traced(boot):
    result = boot(steps(f"set,{EVENTS}/enable=1", selftests.step(NAME), f"set,{EVENTS}/enable=0",
                        f"show-lines,{TRACING}/trace"),
                  cpus=1, packages=1, memory="1G", initramfs=selftests.initramfs(NAME))
    selftests.check_passed(result)
    log, traced = layout.EmulatorLog(result.log), events(result)
    assert set(traced) == {"tdx_init_step", "tdx_seamcall", "tdx_sept", "tdx_td_exit"}

    assert [match.groups()[:2] for match in matches(STEP, traced["tdx_init_step"])] == \
        [(step, "0") for step in BRINGUP]

    calls = matches(SEAMCALL, traced["tdx_seamcall"])
    assert all(int(match[3]) for match in calls)
    succeeded = collections.Counter(match[1] for match in calls if match[2] == "SUCCESS")
    assert succeeded == {leaf: log.count(leaf) for leaf in succeeded}
    assert succeeded["TDH.SYS.CONFIG"] == 1 and succeeded["TDH.MEM.PAGE.AUG"] > 1
    # Asked to find out whether the module is fresh.
    assert (calls[0][1], calls[0][2]) == ("TDH.SYS.RD", "SYS_LP_INIT_NOT_DONE")

    changes = matches(SEPT, traced["tdx_sept"])
    keyid = layout.Info(result.info()).numbers("keyids")[0] + 1
    assert {int(match[1]) for match in changes} == {keyid}
    done = collections.Counter(match[2] for match in changes if match[6] == "SUCCESS")
    assert done["TDH.MEM.PAGE.AUG"] == succeeded["TDH.MEM.PAGE.AUG"]
    assert {int(match[4]) for match in changes if match[2] == "TDH.MEM.SEPT.ADD"} == {1, 2, 3}
    assert all(int(match[5], 16) for match in changes if match[2] != "TDH.MEM.TRACK")

    exits = collections.Counter(match[2] for match in matches(EXIT, traced["tdx_td_exit"]))
    assert exits["TDCALL"] and exits["EPT_VIOLATION"]
