# SPDX-License-Identifier: GPL-2.0-only
"""tdx_timeline: traces of an initialization and of TDs as a picture."""
import re
import xml.etree.ElementTree

import pytest

from test_picture import SVG, overlapping, texts
from test_tools import run

TDR, TDVPR = 0x40000000, 0x40001000


class Trace:
    """The text of a trace, event by event."""

    def __init__(self, form="{task:>16}-77      [{cpu:03}] .....  {time:.6f}: {event}: {text}"):
        self.lines = ["# tracer: nop", "#", ""]
        self.form, self.time = form, 100.0

    def add(self, event, text, seconds=0.0, cpu=0):
        self.time += seconds
        self.lines.append(self.form.format(task="init", cpu=cpu, time=self.time, event=event,
                                           text=text))

    def call(self, leaf, rcx=0, rdx=0, ns=2000, status="SUCCESS 0x0", out_rdx=0, cpu=0):
        self.add("tdx_seamcall", f"{leaf} rcx={rcx:#x} rdx={rdx:#x} r8=0x0 r9=0x0 -> {status} "
                 f"rcx=0x0 rdx={out_rdx:#x} r8=0x0 {ns} ns", ns / 1e9, cpu)

    def text(self):
        return "\n".join(self.lines) + "\n"


def initialize(trace):
    for cpu in (2, 3, 0, 1):
        trace.call("TDH.SYS.LP.INIT", cpu=cpu)
    trace.add("tdx_init_step", "initializing the CPUs: 0, 8 us")
    trace.call("TDH.SYS.INFO", rcx=TDR)
    trace.add("tdx_init_step", "reading the module's information: 0, 2 us")
    for call in range(200):
        trace.call("TDH.SYS.TDMR.INIT", rcx=0x40000000, ns=50_000, cpu=call % 4)
    trace.call("TDH.SYS.TDMR.INIT", ns=1000, status="OPERAND_BUSY 0x8000020000000001", cpu=3)
    trace.add("tdx_init_step", "initializing TDMRs: 0, 10001 us")


def live(trace, keyid=33, tdr=TDR, end=True):
    trace.call("TDH.MNG.CREATE", tdr, keyid)
    trace.call("TDH.MNG.KEY.CONFIG", tdr)
    trace.call("TDH.MNG.INIT", tdr, 0x1234)
    trace.call("TDH.VP.CREATE", tdr + 0x1000, tdr)
    trace.call("TDH.VP.INIT", tdr + 0x1000, 0x5678)
    for page in range(100):
        trace.call("TDH.MEM.PAGE.ADD", page << 12, tdr)
        trace.add("tdx_sept", f"KeyID {keyid} TDH.MEM.PAGE.ADD gpa {page << 12:#x} level 0 "
                  "pfn 0x77 -> SUCCESS 0x0")
    trace.call("TDH.MR.FINALIZE", tdr)
    for number in range(1000):
        reason = "EPT_VIOLATION" if number < 100 else "TDCALL"
        trace.add("tdx_td_exit", f"KeyID {keyid} vCPU 0 {reason} SUCCESS 0x0 rcx=0x0 rdx=0x0 "
                  "r8=0x0 r9=0x0 r10=0x0 r11=0xa", 1e-5)
    if not end:
        return
    trace.call("TDH.VP.FLUSH", tdr + 0x1000)
    trace.call("TDH.MNG.VPFLUSHDONE", tdr)
    trace.call("TDH.MNG.KEY.FREEID", tdr)
    for page in range(50):
        trace.call("TDH.PHYMEM.PAGE.RECLAIM", 0x50000000 + page * 4096, out_rdx=tdr)
    trace.call("TDH.PHYMEM.PAGE.RECLAIM", tdr)


def picture_of(trace):
    drawn = run("tdx_timeline", trace if isinstance(trace, str) else trace.text())
    assert drawn.returncode == 0, drawn.stderr
    return xml.etree.ElementTree.fromstring(drawn.stdout)


def shown(picture):
    return [text for *_, text in texts(picture)]


def test_an_initialization_and_a_td_have_a_panel_each():
    trace = Trace()
    initialize(trace)
    live(trace)
    picture = picture_of(trace)
    said = shown(picture)
    assert "Initialization of TDX: 10.0 ms, 206 SEAMCALLs" in said
    assert "TD with KeyID 33: 10.3 ms, 160 SEAMCALLs, 1000 exits" in said
    assert [text for text in said if text == "steps" or text.startswith("CPU ")] == [
        "steps", "CPU 0", "CPU 1", "CPU 2", "CPU 3"]
    assert [text for text in said if text in ("SEAMCALLs", "exits vCPU 0", "secure EPT")] == [
        "SEAMCALLs", "secure EPT", "exits vCPU 0"]
    for name in ("initializing TDMRs", "created", "initialized", "first vCPU", "finalized",
                 "first exit", "stopped", "KeyID freed"):
        assert name in said, name
    for legend in ("TDH.SYS.TDMR.INIT: 201 in 10 ms, longest 50 us, 1 failed", "TDCALL: 900",
                   "EPT_VIOLATION: 100", "TDH.PHYMEM.PAGE.RECLAIM: 51 in 102 us, longest 2 us",
                   "TDH.MEM.PAGE.ADD: 100 in 200 us, longest 2 us", "TDH.MR.FINALIZE: 2 us",
                   "initializing the CPUs: 8 us"):
        assert legend in said, legend
    assert not list(overlapping(picture))


def test_steps_that_take_long_are_named_at_their_middle():
    trace = Trace()
    initialize(trace)
    trace.add("tdx_init_step", "laying out TDMRs: 0, 90000 us", 0.09)
    picture = picture_of(trace)
    middles = {text: (left + right) / 2 for left, right, _, _, text in texts(picture)}
    for rect in picture.iter(f"{SVG}rect"):
        title = rect.find(f"{SVG}title")
        if title is not None and float(rect.get("width")) > 100 and "TDH" not in title.text:
            middle = float(rect.get("x")) + float(rect.get("width")) / 2
            assert abs(middles.pop(title.text) - middle) < 2, title.text
    assert not {"laying out TDMRs", "initializing TDMRs", "initializing the CPUs"} & set(middles)


def test_what_takes_long_is_wide():
    trace = Trace()
    initialize(trace)
    width = {}
    for rect in picture_of(trace).iter(f"{SVG}rect"):
        title = rect.find(f"{SVG}title")
        if title is not None:
            width[title.text] = width.get(title.text, 0) + float(rect.get("width"))
    assert width["initializing TDMRs"] > 1390
    assert width["TDH.SYS.TDMR.INIT"] > 1300        # of the lanes of four CPUs, which take turns
    assert width.get("TDH.SYS.INFO", 0) <= 3


@pytest.mark.parametrize("form", [
    "{task:>16}-77    [{cpu:03}]   {time:.6f}: {event}:         {text}",   # trace-cmd report
    "{task:>16}    77 [{cpu:03}] {time:.6f}: tdx:{event}: {text}",         # perf script
    "{task:>16}    77 [{cpu:03}] {time:.6f}:  tdx:{event}: {text}",
])
def test_texts_of_other_programs_give_the_same_picture(form):
    pictures = []
    for each in Trace(), Trace(form):
        initialize(each)
        live(each)
        pictures.append(shown(picture_of(each)))
    assert pictures[0] == pictures[1]


def test_tds_at_the_same_time_and_one_after_another_are_told_apart():
    trace = Trace()
    live(trace, 33, 0x40000000)
    live(trace, 33, 0x40000000)
    live(trace, 33, 0x60000000, end=False)
    live(trace, 34, 0x70000000)
    titles = [text for text in shown(picture_of(trace)) if text.startswith("TD with")]
    assert [re.sub(": .*", "", title) for title in titles] == [
        "TD with KeyID 33", "TD with KeyID 33", "TD with KeyID 33, which still exists",
        "TD with KeyID 34"]
    assert all(title.endswith(" 1000 exits") for title in titles)


def test_changes_of_the_secure_ept_are_counted_if_seamcalls_are_not_traced():
    trace = Trace()
    live(trace)
    trace.lines = [line for line in trace.lines if "TDH.MEM.PAGE.ADD rcx" not in line]
    assert "TDH.MEM.PAGE.ADD: 100" in shown(picture_of(trace))


def test_each_name_has_a_color_of_its_own():
    trace = Trace()
    for number in range(32):
        trace.call(f"TDH.SYS.LEAF{number}", ns=50_000)
    picture = picture_of(trace)
    fills = {rect.find(f"{SVG}title").text: rect.get("fill") for rect in picture.iter(f"{SVG}rect")
             if rect.find(f"{SVG}title") is not None}
    assert len(fills) == len(set(fills.values())) == 32


def test_lost_events_are_told():
    trace = Trace()
    initialize(trace)
    trace.lines.insert(3, "CPU:2 [LOST 4711 EVENTS]")
    assert any("Events were lost" in text for text in shown(picture_of(trace)))


@pytest.mark.parametrize("text", ["", "# tracer: nop\n", "tdx_seamcall: nonsense\n",
                                  "x [0] 1.0: tdx_seamcall: TDH.SYS.INFO rcx=0x1\n"])
def test_a_trace_without_tdx_is_refused(text):
    result = run("tdx_timeline", text)
    assert result.returncode == 2
    assert "no event tdx:*" in result.stderr
