# SPDX-License-Identifier: GPL-2.0-only
"""The command-line tools: inputs, outputs, and messages for mistakes."""
import hashlib
import os
import pathlib
import random
import re
import struct
import subprocess
import textwrap
import xml.etree.ElementTree

import pytest

TOP = pathlib.Path(__file__).resolve().parents[4]
BUILD = pathlib.Path(os.environ.get("TDX_UNIT_BUILD", TOP / "build/unit"))
README = TOP / "README.md"
PICTURE = TOP / "Documentation/x86/tdx-host-memory.svg"
SERVER = """
# two sockets, holes below 4 GB
ram 1M 1599M node 0
ram 1604M 300M
ram 4G 62G node 0
ram 66G 64G node 1
cmr 1M 1599M
cmr 1602M 400M
cmr 4G 126G
"""
LOG = """[    0.000000] BIOS-provided physical RAM map:
[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable
[    0.000000] BIOS-e820: [mem 0x000000000009fc00-0x000000000009ffff] reserved
BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable
[    0.000000] BIOS-e820: [mem 0x0000000100000000-0x000000033fffffff] usable
[    0.002000] ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0xbfffffff]
[    0.002000] ACPI: SRAT: Node 0 PXM 0 [mem 0x100000000-0x1ffffffff]
[    0.002000] ACPI: SRAT: Node 1 PXM 1 [mem 0x200000000-0x33fffffff]
"""


SANITIZER = 99      # exit status of a tool that a sanitizer ends: see sanitizer.c


def run(tool, text, *options):
    result = subprocess.run([BUILD / tool, *options], input=text, capture_output=True, text=True,
                            check=False)
    assert result.returncode != SANITIZER, result.stderr
    return result


def lines(result, key):
    return [line.split() for line in result.stdout.splitlines() if line.split()[:1] == [key]]


def test_a_layout_is_accepted_by_the_judge_and_can_be_drawn():
    layout = run("tdmr_layout", SERVER, "--cpus", "8")
    assert layout.returncode == 0, layout.stderr
    assert len(lines(layout, "tdmr")) >= 8
    assert lines(layout, "cmr") and "# GB with RAM             128" in layout.stdout
    verdict = run("tdx_judge", layout.stdout)
    assert verdict.returncode == 0
    assert "TDH.SYS.CONFIG -> 0x0000000000000000 SUCCESS" in verdict.stdout
    picture = run("tdmr_map", layout.stdout)
    assert picture.returncode == 0
    drawn = xml.etree.ElementTree.fromstring(picture.stdout)
    titles = [title.text for title in drawn.iter("{http://www.w3.org/2000/svg}title")]
    for word in ("RAM of node 1", "CMR", "TDMR 3", "PAMT 3, reserved in TDMR 3", "reserved"):
        assert any(title.startswith(word) for title in titles), word


def test_suffixes_hexadecimal_and_decimal_mean_the_same():
    texts = ["ram 1G 2G\ncmr 1G 2G\n", "ram 0x40000000 2048M\ncmr 1048576K 0x80000000\n",
             "ram 1073741824 2g # comment\n\ncmr 1g 2G\n"]
    assert len({run("tdmr_layout", text).stdout for text in texts}) == 1


def test_ram_and_nodes_come_from_a_kernel_log(tmp_path):
    log = tmp_path / "dmesg"
    log.write_text(LOG)
    layout = run("tdmr_layout", "cmr 1M 3071M\ncmr 4G 9G\n", "--from-e820", str(log))
    assert layout.returncode == 0, layout.stderr
    assert lines(layout, "ram") == [
        ["ram", "0x100000", "0xbff00000", "node", "0"],
        ["ram", "0x100000000", "0x100000000", "node", "0"],
        ["ram", "0x200000000", "0x140000000", "node", "1"]]
    assert "# left out: 0x9f000 bytes" in layout.stdout
    assert run("tdx_judge", layout.stdout).returncode == 0


CASES = pathlib.Path(__file__).parent / "cases"
FOUR_NODES = (CASES / "r01-4nodes.log").read_text()
FOUR_NODES_RAM = 342_992_424_960


def from_log(tmp_path, log, cmrs="r01-4nodes"):
    """Runs tdmr_layout on a log, given as text or bytes."""
    path = tmp_path / "log"
    path.write_bytes(log if isinstance(log, bytes) else log.encode())
    return run("tdmr_layout", (CASES / f"{cmrs}.map").read_text() if cmrs else "", "--cpus", "64",
               "--from-e820", str(path))


def ram_bytes(layout):
    assert layout.returncode == 0, layout.stderr
    assert run("tdx_judge", layout.stdout).returncode == 0
    return int(re.search(r"^# RAM +(\d+) bytes$", layout.stdout, re.M)[1])


def each_line(function):
    return "".join(function(line) + "\n" for line in FOUR_NODES.splitlines())


@pytest.mark.parametrize("log", [pytest.param(log, id=name) for name, log in {
    "as it is": FOUR_NODES,
    "CRLF": each_line(lambda line: line + "\r"),
    "syslog": each_line(lambda line: f"Jul 13 01:11:27 host kernel: {line}"),
    "journalctl": each_line(lambda line: f"2026-07-13T01:11:27+00:00 host kernel: {line[15:]}"),
    "quoted": each_line(lambda line: f"> {line}"),
    "dmesg -r": each_line(lambda line: f"<6>{line}"),
    "with caller": each_line(lambda line: line.replace("] ", "][    T0] ", 1)),
    "colours": each_line(lambda line: re.sub("(usable|reserved)$", "\033[33m\\1\033[0m", line)),
    "NULs": "\0\0\0" + FOUR_NODES,
    "each line twice": each_line(lambda line: f"{line}\n{line}"),
    "the same boot twice": FOUR_NODES * 2,
    "only what is usable": "".join(line + "\n" for line in FOUR_NODES.splitlines()
                                   if "BIOS-e820" in line and line.endswith("usable")),
}.items()])
def test_ram_is_found_in_every_form_of_a_log(tmp_path, log):
    assert ram_bytes(from_log(tmp_path, log)) == FOUR_NODES_RAM


@pytest.mark.parametrize("log, ram", [
    ("r02-kernel-7.0", FOUR_NODES_RAM),
    ("r03-memmap-reserve", 258_166_820_864),        # 79 GB less
    ("r06-memmap-as-told", 341_918_683_136),
    ("k01-own-kernel-memmap", 5_366_169_600),       # according to that kernel, 5117 MB
    ("r09-8nodes-128M-borders", 137_437_511_680), ("r10-32nodes", 824_165_584_896),
    ("r11-srat-hotplug", 966_365_810_688), ("r12-3tb-sparse", 3_708_636_102_656),
    ("r13-cxl-soft-reserved", 136_833_994_752),
])
def test_the_last_map_of_a_real_machine_is_what_linux_uses(tmp_path, log, ram):
    cmrs = log if (CASES / f"{log}.map").is_file() else "r01-4nodes"
    assert ram_bytes(from_log(tmp_path, (CASES / f"{log}.log").read_text(), cmrs)) == ram


MEMMAP = (CASES / "r03-memmap-reserve.log").read_text()
MODIFIED = FOUR_NODES + ("modified physical RAM map:\n"
                         "modified: [mem 0x0000000000100000-0x0000000065e0efff] usable\n"
                         "modified: [mem 0x0000000100000000-0x000000506fffffff] usable\n")


def test_a_modified_map_wins(tmp_path):
    assert ram_bytes(from_log(tmp_path, MODIFIED)) == 0x65e0f000 - 0x100000 + 0x4f70000000


@pytest.mark.parametrize("log, message", [pytest.param(*case, id=name) for name, case in {
    "empty": ("", "the file is empty"),
    "no map": ("Linux version 6.1\n", "no line like 'BIOS-e820: "),
    "JSON": (each_line(lambda line: '{"PRIORITY":"6","MESSAGE":"%s"}' % line), "log:1: JSON"),
    "UTF-16": (FOUR_NODES.encode("utf-16"), "log:1: UTF-16"),
    "UTF-16 without its mark": (FOUR_NODES.encode("utf-16-be"), "log:1: UTF-16"),
    "quoted-printable": (each_line(lambda line: line.replace("usable", "usabl=\ne")),
                         "'usabl=': is this mail"),
    "wrapped": (each_line(lambda line: line.replace("[mem ", "[mem\n")), "the line is not whole"),
    "a line is cut": (FOUR_NODES.replace("-0x000000506fffffff] usable", ""),
                      "the line is not whole"),
    "a word is cut": (FOUR_NODES.replace("506fffffff] usable", "506fffffff] usab"),
                      "expected a kind of memory that Linux knows, found 'usab'"),
    "the end is cut": (FOUR_NODES[:FOUR_NODES.index("BIOS-e820: [mem 0x0000000100000000")],
                       "no RAM in the CMR [0x100000000-"),
    "a user-defined map is cut off": (MEMMAP[:MEMMAP.index("user-defined")],
                                      "makes a user-defined map, which is not here"),
    "a map is only announced": (MODIFIED[:MODIFIED.index("modified: ")], "has no line"),
    "a crash kernel": ((CASES / "r08-kdump-kernel.log").read_text(), "no RAM in the CMR"),
    "two machines": (FOUR_NODES + LOG, "two logs mixed"),
    "host and guest": (FOUR_NODES + LOG[LOG.index("BIOS-e820"):LOG.index("[    0.002")],
                       "differ: the log has two boots or two machines"),
    "mixed": ("".join(f"{a}\n{b}\n" for a, b in zip(FOUR_NODES.splitlines(), LOG.splitlines())),
              "differ: the log has two boots or two machines"),
    "Linux 2.6": ("[    0.0]  BIOS-e820: 0000000000100000 - 0000000065e0f000 (usable)\n",
                  "log:1: a log of Linux before 3.6"),
    "Xen": ("[    0.0] Xen: [mem 0x0000000000100000-0x0000000065e0efff] usable\n",
            "the map of a Xen domain"),
    "EFI": ("efi: mem01: [Conventional Memory|WB] range=[0x0-0xfff] (0MB)\n", "EFI's list"),
    "a node's line is cut": (re.sub(r"(SRAT: Node 1 .*)-.*", r"\1", FOUR_NODES),
                             "expected 'SRAT: Node N"),
}.items()])
def test_a_log_that_does_not_tell_all_is_refused(tmp_path, log, message):
    result = from_log(tmp_path, log)
    assert result.returncode == 2
    assert message in result.stderr
    assert not lines(result, "tdmr")


def test_cmrs_come_from_a_log_if_the_map_has_none(tmp_path):
    a_line_each = ("virt/tdx: CMR: [0x100000, 0x6f800000)\n"
                   "[    9.1] virt/tdx: CMR: [0x100000000, 0x5070000000)\n")
    one_line = "[    9.1] virt/tdx: CMR: [0x100000, 0x6f800000) [0x100000000, 0x5070000000)\n"
    for cmrs in a_line_each, one_line, one_line + one_line:
        layout = from_log(tmp_path, FOUR_NODES + cmrs, cmrs=None)
        assert ram_bytes(layout) == FOUR_NODES_RAM
        assert lines(layout, "cmr") == [["cmr", "0x100000", "0x6f700000"],
                                        ["cmr", "0x100000000", "0x4f70000000"]]
        assert len(lines(from_log(tmp_path, FOUR_NODES + cmrs), "cmr")) == 5


@pytest.mark.parametrize("ranges", ["[0x100000, 0x6f8", "[0x100000, 0x6f800000) [0x1000",
                                    "[0x2000, 0x1000)"])
def test_cmrs_that_are_cut_off_or_empty_are_refused(tmp_path, ranges):
    result = from_log(tmp_path, FOUR_NODES + f"virt/tdx: CMR: {ranges}\n", cmrs=None)
    assert result.returncode == 2 and "expected 'CMR: [" in result.stderr


# PAMTs in KB, according to the machine's own kernel.
@pytest.mark.parametrize("case, pamts", [("285-256g", 1_050_636), ("385-2tb", 8_396_820),
                                         ("dstack-1tb", 4_202_516)])
def test_pamts_cost_what_they_cost_on_real_machines(case, pamts):
    layout = run("tdmr_layout", (CASES / f"{case}.map").read_text(), "--cpus", "1152")
    assert ram_bytes(layout)
    found = int(re.search(r"^# PAMTs +(\d+) bytes$", layout.stdout, re.M)[1])
    assert abs(found / 1024 - pamts) <= pamts * 0.0002


@pytest.mark.parametrize("case", ["331-sparse-cmrs", *(path.stem for path in sorted(CASES.glob("v*.map"))
                                                       if path.stem[:3] not in ("v05", "v06"))])
def test_large_and_odd_machines_have_a_layout(case):
    """No block without RAM is covered, unless there are more islands than TDMRs."""
    layout = run("tdmr_layout", (CASES / f"{case}.map").read_text(), "--cpus", "1152")
    assert ram_bytes(layout)
    blocks, covered = (int(re.search(rf"^# GB {what} +(\d+)$", layout.stdout, re.M)[1])
                       for what in ("with RAM", "covered"))
    assert blocks == covered or (case.startswith("v11") and covered == 262)


def number(word):
    """A number with 0x or decimal, with K, M, G."""
    return int(word.rstrip("KMG"), 0) << {"K": 10, "M": 20, "G": 30}.get(word[-1], 0)


def ram_of(text):
    return [(number(base), number(base) + number(size))
            for base, size in re.findall(r"^ram (\w+) (\w+)", text, re.M)]


def without(ram, start, end):
    """Ranges of RAM without [start, end)."""
    left = [(a, min(b, start)) for a, b in ram] + [(max(a, end), b) for a, b in ram]
    return sorted((a, b) for a, b in left if a < b)


@pytest.mark.parametrize("text", [
    (CASES / "v05-31-holes-outside-cmrs.map").read_text(), (CASES / "v06-17-holes-one-gb.map").read_text(),
    "ram 1M 2G\nram 4G 4G\ncmr 1M 2G\ncmr 4G 2G\n",
    "limit max_tdmrs 1\nlimit max_reserved_per_tdmr 1\nram 0 512M\nram 2G 512M\n"
    "cmr 0 512M\ncmr 2G 512M\n",
])
def test_the_memmap_that_is_proposed_makes_a_map_work(text):
    """It is printed for the kernel command line, and quoted for GRUB."""
    refused = run("tdmr_layout", text)
    assert refused.returncode == 1
    plain = re.findall(r" memmap=(0x\w+)\$(0x\w+)", refused.stderr)
    quoted = re.findall(r" memmap=(0x\w+)\\\\\\\$(0x\w+)", refused.stderr)
    assert plain == quoted and plain
    ram = ram_of(text)
    for size, base in plain:
        ram = without(ram, int(base, 16), int(base, 16) + int(size, 16))
    rest = "".join(line + "\n" for line in text.splitlines() if not line.startswith("ram"))
    assert run("tdmr_layout", rest + "".join(f"ram {start:#x} {end - start:#x}\n"
                                             for start, end in ram)).returncode == 0


def test_fragmented_memory_takes_more_tdmrs():
    text = "ram 0 16G\ncmr 0 16G\n"
    whole = run("tdmr_layout", text, "--cpus", "1")
    pieces = run("tdmr_layout", text, "--cpus", "1", "--fragment", "7:70")
    assert len(lines(whole, "tdmr")) == 1
    assert len(lines(pieces, "tdmr")) > 2
    assert run("tdx_judge", pieces.stdout).returncode == 0


@pytest.mark.parametrize("text, message", [
    ("ram 4G 4G\ncmr 4G 2G\n", "RAM at [0x180000000-0x1ffffffff] is in no CMR"),
    ("ram 4G 4K\nram 8G 4K\ncmr 4G 8G\n", "no 4108 contiguous KB"),
    ("limit max_tdmrs 1\nlimit max_reserved_per_tdmr 1\nram 0 512M\nram 2G 512M\n"
     "cmr 0 512M\ncmr 2G 512M\n", "2 TDMRs are needed and 1 can be had; [0x80000000-"),
    ("limit max_reserved_per_tdmr 1\nram 0 128M\nram 256M 128M\ncmr 0 128M\ncmr 256M 128M\n",
     "[0x0-0x3fffffff] needs 2 reserved areas, a TDMR has 1"),
])
def test_what_is_impossible_is_explained(text, message):
    result = run("tdmr_layout", text)
    assert result.returncode == 1
    assert message in result.stderr
    assert not lines(result, "tdmr")


@pytest.mark.parametrize("text, message", [
    ("ram 4G\n", "standard input:1: expected a number, found 'end of line'"),
    ("\nram 4Q 1G\n", "standard input:2: expected a number, found '4Q'"),
    ("ram 1G 1G knot 1\n", "expected node, found 'knot'"),
    ("ram 1G 1G node 0 0\n", "expected end of line, found '0'"),
    ("dram 1G 1G\n", "expected ram, cmr, tdmr, rsvd or limit, found 'dram'"),
    ("rsvd 0 4K\n", "expected a tdmr before"),
    ("limit max_tdmrs 65\n", "found '65'"),
    ("limit size 5\n", "found 'size'"),
    ("ram 99999999999999999999 1\n", "expected a number"),
    ("ram 1G 20000000T\n", "expected a number below 2^64 - 1, found '20000000T'"),
    ("limit max_tdmrs 99999999999999999999\n", "expected a number below 2^64 - 1"),
    ("ram 1G 1G\ncmr 1G 99999999999999999999\n", "cmr 0x40000000 0xffffffffffffffff goes beyond"),
    ("ram 1G 1G\nram 1G 1G\ncmr 1G 1G\n", "ram 0x40000000 0x40000000 overlaps"),
    ("ram 1G 1G\ncmr 1G 0\n", "cmr 0x40000000 0x0 is empty"),
    ("ram 1025 1G\ncmr 1G 1G\n", "is not made of whole 4 KB pages"),
    ("ram 0xfffffffffffff000 8K\ncmr 1G 1G\n", "goes beyond the end of the address space"),
    ("cmr 1G 1G\n", "has no ram"), ("ram 1G 1G\n", "has no cmr"), ("", "has no ram"),
])
def test_bad_input_is_named(text, message):
    result = run("tdmr_layout", text)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize("options", [["--cpus", "0"], ["--cpus", "x"], ["--fragment", "7"],
                                     ["--fragment", "1:101"], ["--nonsense"], ["file"],
                                     ["--from-e820", "/nonexistent"]])
def test_bad_options_are_errors(options):
    assert run("tdmr_layout", SERVER if "--from" not in options[0] else "cmr 0 1G\n",
               *options).returncode == 2


def one_gb(reserved="", pamt="0x40000000", extra=""):
    base = int(pamt, 0)
    return (f"cmr 1G 8G\n{extra}tdmr 1G 1G pamt1g {base:#x} 4K pamt2m {base + 0x1000:#x} 8K "
            f"pamt4k {base + 0x3000:#x} 4M\n{reserved}")


@pytest.mark.parametrize("text, verdict", [
    (one_gb("rsvd 0 0x403000\n"), "0x0000000000000000 SUCCESS"),
    (one_gb(), "0xC0000A1200000000 PAMT_OVERLAP"),
    (one_gb("rsvd 0 0x403000\nrsvd 0 4K\n"), "0xC0000A2100000100 NON_ORDERED_RESERVED_IN_TDMR"),
    (one_gb("rsvd 0 0x403001\n"), "0xC0000A2000000000 INVALID_RESERVED_IN_TDMR"),
    (one_gb("rsvd 0 1G\n", pamt="0x400000000"), "0xC0000A1100000200 PAMT_OUTSIDE_CMRS"),
    (one_gb("rsvd 0 4K\n", pamt="0x80000000").replace("cmr 1G 8G", "cmr 1028M 8G"),
     "0xC0000A0200000000 TDMR_OUTSIDE_CMRS"),
    (one_gb("rsvd 0 0x403000\n").replace("tdmr 1G 1G", "tdmr 1G 1025M"),
     "0xC0000A0000000000 INVALID_TDMR"),
    (one_gb("rsvd 0 0x403000\n") + one_gb("rsvd 0 0x403000\n").replace("cmr 1G 8G\n", ""),
     "0xC0000A0100000001 NON_ORDERED_TDMR"),
    (one_gb("rsvd 0 0x403000\n").replace("pamt4k 0x40003000 4M", "pamt4k 0x40003000 4092K"),
     "0xC0000A1000000000 INVALID_PAMT"),
])
def test_the_judge_answers_as_the_module(text, verdict):
    """With the specification's status and details: TDMR, and PAMT level or reserved area."""
    result = run("tdx_judge", text)
    assert f"TDH.SYS.CONFIG -> {verdict}" in result.stdout
    assert result.returncode == (0 if verdict.endswith("SUCCESS") else 1)


@pytest.mark.parametrize("old, verdict", [
    ("tdmr 1G", "SYS.CONFIG -> 0xC0000A0000000000 INVALID_TDMR"),
    ("tdmr 1G 1G", "SYS.CONFIG -> 0xC0000A0000000000 INVALID_TDMR"),
    ("pamt1g 0x40000000", "SYS.CONFIG -> 0xC0000A1000000200 INVALID_PAMT"),
    ("pamt2m 0x40001000 8K", "SYS.CONFIG -> 0xC0000A1000000100 INVALID_PAMT"),
    ("rsvd 0", "SYS.CONFIG -> 0xC0000A2000000000 INVALID_RESERVED_IN_TDMR"),
    ("rsvd 0 0x403000", "SYS.CONFIG -> 0xC0000A2000000000 INVALID_RESERVED_IN_TDMR"),
    ("cmr 1G", "SYS.INIT -> 0xC0000A2200000000 CMR_LIST_INVALID"),
    ("cmr 1G 8G", "SYS.INIT -> 0xC0000A2200000000 CMR_LIST_INVALID"),
])
@pytest.mark.parametrize("large", ["0x10000000000001000", "18446744073709551616", "20000000T"])
def test_a_number_above_64_bits_is_an_address_that_the_module_refuses(old, verdict, large):
    new = " ".join(old.split()[:-1] + [large])
    result = run("tdx_judge", one_gb("rsvd 0 0x403000\n").replace(old, new))
    assert f"TDH.{verdict}" in result.stdout
    assert result.returncode == 1


def test_the_judge_refuses_more_than_the_module_takes():
    text = "cmr 1G 8G\n" + "".join(f"tdmr {n}G 1G pamt1g 1G 4K pamt2m 1G 8K pamt4k 1G 4M\n"
                                   for n in range(2, 67))
    result = run("tdx_judge", text)
    assert "TDH.SYS.CONFIG -> 0xC000010000000002 OPERAND_INVALID" in result.stdout
    too_many = one_gb("".join(f"rsvd {n}M 4K\n" for n in range(17)))
    assert "no more than 16 reserved areas" in run("tdx_judge", too_many).stderr


@pytest.mark.parametrize("text, message", [
    ("", "nothing to draw"),
    ("ram 0 0\n", "ram 0x0 0x0 is empty"),
    ("cmr 4095T 2T\n", "cmr 0xfff0000000000 0x20000000000 goes beyond 52 bits"),
    ("ram 0xffffffffc0000000 2G\n", "ram 0xffffffffc0000000 0x80000000 goes beyond 52 bits"),
])
def test_what_cannot_be_drawn_is_named(text, message):
    result = run("tdmr_map", text)
    assert result.returncode == 2
    assert message in result.stderr
    assert not result.stdout


SCRIPT = """\
module 1.5.01
lps 4 packages 2
seamrr 0xc0000000 0x2000000 enabled locked
keyids mktme 1..31 tdx 32..63 bits 6
cmr 0x100000 0x7ff00000
tdmr 0x40000000 0x40000000 pamt1g 0x10900000 0x1000 pamt2m 0x10800000 0x2000 \
pamt4k 0x10000000 0x400000
rsvd 0x0 0x200000
global_keyid 32
ready 0
"""


def test_the_script_of_the_documentation_is_answered_as_it_says():
    page = TOP / "Documentation/x86/tdx-host-development.rst"
    text = re.search(r"^  \$ cat script\n(.*?)^  \$ tdx_script < script\n(.*?)\n\n",
                     page.read_text(), re.M | re.S)
    script, answers = (textwrap.dedent(part) for part in text.groups())
    assert run("tdx_script", script).stdout.strip() == answers.strip()


@pytest.mark.skipif(not README.is_file(), reason="it is no file of a kernel tree")
def test_the_commands_of_the_readme_print_what_it_shows(tmp_path):
    block = re.search(r"^ {4}\$ cat server.map\n( {4}.*\n)*", README.read_text(), re.M)[0]
    shown = [part.split("\n", 1) for part in textwrap.dedent(block).split("$ ")[1:]]
    assert len(shown) == 4
    (tmp_path / "server.map").write_text(shown[0][1])
    (tmp_path / "build").mkdir()
    (tmp_path / "build/unit").symlink_to(BUILD)
    for command, output in shown:
        assert subprocess.run(command, shell=True, check=True, cwd=tmp_path, text=True,
                              stdout=subprocess.PIPE).stdout == output, command
    assert PICTURE.read_text().endswith((tmp_path / "server.svg").read_text())


@pytest.mark.parametrize("statements, answers", [
    ("call 0 MNG.CREATE rcx=0x40200000 rdx=33", ["MNG.CREATE -> 0x0000000000000000 SUCCESS"]),
    ("call 0 9 rcx=0x40000000 rdx=33", ["MNG.CREATE -> 0xc000030000000001 PAGE_METADATA_INCORRECT"
                                        " # the page 0x40000000 has type 0x1, of size 0x0"]),
    ("call 3 0x1000026", ["0x1000026 -> 0xc000010000000000 OPERAND_INVALID"
                          " # reserved bits are set in RAX 0x1000026"]),
    ("call 0 MNG.RD/2 rcx=1 rdx=2 r8=3", ["MNG.RD/2 -> 0xc000010000000000 OPERAND_INVALID"
                                          " rdx=0xffffffffffffffff r8=0x0"
                                          " # leaf 0xb has no version 0x2"]),
    ("mem 0x20000ffe 4 0=0102 2=ff\npeek 0x20000ffd 6", ["0x20000ffd 000102ff0000"]),
    ("mem 0x20000000 1 0=01\nreset\npeek 0x20000000 1", ["0x20000000 00"]),
    ("env norand 1\ncall 0 MNG.CREATE rcx=0x40200000 rdx=33\nreset\n"
     "call 0 MNG.CREATE rcx=0x40200000 rdx=33",
     ["MNG.CREATE -> 0x8000020300000000 RND_NO_ENTROPY # the random number generator is empty",
      "MNG.CREATE -> 0x0000000000000000 SUCCESS"]),
    ("call 0 MNG.CREATE rcx=0x40200000 rdx=33\nenv pconfig 5\n"
     "call 0 MNG.KEY.CONFIG rcx=0x40200000",
     ["MNG.CREATE -> 0x0000000000000000 SUCCESS",
      "MNG.KEY.CONFIG -> 0x80000200000000bb OPERAND_BUSY # PCONFIG is busy"]),
    ("call 0 MNG.CREATE rcx=0x40200000 rdx=33\ncall 0 MNG.VPFLUSHDONE rcx=0x40200000\n"
     "env intr 2\ncall 1 PHYMEM.CACHE.WB\ncall 2 PHYMEM.CACHE.WB rcx=1",
     ["MNG.CREATE -> 0x0000000000000000 SUCCESS", "MNG.VPFLUSHDONE -> 0x0000000000000000 SUCCESS",
      "PHYMEM.CACHE.WB -> 0x8000000300000000 INTERRUPTED_RESUMABLE # 0x1 of 0x4 parts are done",
      "PHYMEM.CACHE.WB -> 0xc000082300000000 WBCACHE_RESUME_ERROR # nothing was interrupted"]),
    ("env msr 1 0x1a0 0x400000\ncall 1 MNG.INIT\ncall 0 MNG.INIT rcx=1",
     ["MNG.INIT -> 0xc000090100000000 LIMIT_CPUID_MAXVAL_SET # IA32_MISC_ENABLE limits CPUID",
      "MNG.INIT -> 0xc000010000000001 OPERAND_INVALID rcx=0x0"
      " # 0x1 is unaligned, or has KeyID bits"]),
])
def test_a_script_is_answered(statements, answers):
    result = run("tdx_script", SCRIPT + statements + "\n")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == answers


def td_statements():
    """Creates a TD with a vCPU and secure EPT pages for guest addresses below 2 MB."""
    tdr, tdvpr, params = 0x40200000, 0x40210000, 0x20000000
    yield f"call 0 MNG.CREATE rcx={tdr} rdx=33"
    yield from (f"call {lp} MNG.KEY.CONFIG rcx={tdr}" for lp in (0, 2))
    yield from (f"call 0 MNG.ADDCX rcx={tdr + 4096 * i} rdx={tdr}" for i in range(1, 7))
    yield f"mem {params} 1024 8=03 16=01 24=1e 40=64"
    yield f"call 0 MNG.INIT rcx={tdr} rdx={params}"
    yield f"call 0 VP.CREATE rcx={tdvpr} rdx={tdr}"
    yield from (f"call 0 VP.ADDCX rcx={tdvpr + 4096 * i} rdx={tdvpr}" for i in range(1, 6))
    yield f"call 0 VP.INIT rcx={tdvpr}"
    yield from (f"call 0 MEM.SEPT.ADD rcx={level} rdx={tdr} r8={tdr + 4096 * (12 - level)}"
                for level in (3, 2, 1))


def block(name, gpa):
    return struct.pack("<16sQ104x", name, gpa)


def test_the_measurement_is_sha_384_of_what_was_added():
    tdr, source, draw = 0x40200000, 0x20001000, random.Random(1)
    statements, measured = [*td_statements()], b""
    for page, gpa in enumerate(draw.sample(range(0, 1 << 21, 4096), 20)):
        contents = draw.randbytes(4096)
        statements += [f"mem {source} 4096 0={contents.hex()}",
                       f"call 0 MEM.PAGE.ADD rcx={gpa} rdx={tdr} r8={0x40300000 + 4096 * page}"
                       f" r9={source}"]
        measured += block(b"MEM.PAGE.ADD", gpa)
        for chunk in draw.sample(range(0, 4096, 256), draw.randrange(17)):
            statements.append(f"call 0 MR.EXTEND rcx={gpa + chunk} rdx={tdr}")
            measured += block(b"MR.EXTEND", gpa + chunk) + contents[chunk:chunk + 256]
    statements.append(f"call 0 MR.FINALIZE rcx={tdr}")
    statements += [f"call 0 MNG.RD rcx={tdr} rdx={0x1310000300000000 + i}" for i in range(6)]
    result = run("tdx_script", SCRIPT + "\n".join(statements) + "\n")
    answers = result.stdout.splitlines()
    assert all(" SUCCESS" in answer for answer in answers)
    mrtd = [int(re.search(r"r8=(\w+)", answer)[1], 16) for answer in answers[-6:]]
    assert struct.pack("<6Q", *mrtd) == hashlib.sha384(measured).digest()


@pytest.mark.parametrize("statement, message", [
    ("calls 0", "expected a statement: see tdx_script --help, found 'calls'"),
    ("call 4 MNG.CREATE", "expected a logical processor, found '4'"),
    ("call 0 MNG.CREAT", "expected a leaf's name, or the value of RAX, found 'MNG.CREAT'"),
    ("call 0 MNG.RD/256", "expected a version of up to 255 behind the leaf, found 'MNG.RD/256'"),
    ("call 0 MNG.RD rsp=1", "expected REG=VALUE, found 'rsp=1'"),
    ("call 0 MNG.RD rcx=0x10000000000000000", "expected a number of up to 64 bits"),
    ("mem 0 2 1=0102", "expected bytes in hexadecimal, within the range"),
    ("mem 0 2 1=012", "expected two digits for each byte"),
    ("env intr", "expected a number of up to 64 bits, found 'end of line'"),
    ("lps 2 packages 3", "expected packages with a logical processor each, found '3'"),
    ("keyids mktme 1..31 tdx 33..63 bits 6", "expected KeyIDs from 1 on"),
    ("ready 1", "expected a TDMR, found '1'"),
    ("reset now", "expected end of line, found 'now'"),
    ("guest 0x40000000 0 call", "expected a statement"),
    ("global_keyid 31\nready", "TDH.SYS.CONFIG -> 0xc000010000000008 OPERAND_INVALID"),
])
def test_a_bad_line_ends_a_script(statement, message):
    result = run("tdx_script", SCRIPT + statement + "\n")
    assert result.returncode == 2
    assert message in result.stderr
    assert re.match(r"standard input:1[01]: ", result.stderr)


@pytest.mark.parametrize("tool", ["tdmr_layout", "tdx_judge", "tdmr_map", "tdx_script", "tdxinfo",
                                  "tdx_timeline"])
def test_help_says_what_a_tool_does(tool):
    result = run(tool, "", "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"usage: {tool}")
