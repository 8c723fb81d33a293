# SPDX-License-Identifier: GPL-2.0-only
"""Tracepoints and statistics, compared with what the emulated platform saw, and their tools."""
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree

import pytest

import layout
import machine
import modules
import private_apt
import selftests
import td_shell
import tdxinfo
from events import steps

TEXT = "{http://www.w3.org/2000/svg}text"
TRACING = "/sys/kernel/tracing"
EVENTS = f"{TRACING}/events/tdx"
NAME = "tdx_fault_around_test"

# As tracefs, trace-cmd and perf show it
EVENT = re.compile(r"\[\d+\](?: \S{5})? +\d+\.\d+: +(?:tdx:)?(\w+): +(.*)$")
SEAMCALL = re.compile(r"(TDH[\w.]+) rcx=0x\w+ rdx=0x\w+ r8=0x\w+ r9=0x\w+ -> (\w+) 0x\w+ "
                      r"rcx=0x\w+ rdx=0x\w+ r8=0x\w+ (\d+) ns$")
SEPT = re.compile(r"KeyID (\d+) (TDH[\w.]+) gpa 0x(\w+) level (\d) pfn 0x(\w+) -> (\w+) 0x\w+$")
EXIT = re.compile(r"KeyID (\d+) vCPU 0 (\w+) (\w+) 0x\w+( r\w+=0x\w+){6}$")
FAULT = re.compile(r"KeyID (\d+) vCPU 0 (private|shared) gpa 0x(\w+) level (\d)$")
STEP = re.compile(r"([\w' ]+): (-?\d+), (\d+) us$")

BRINGUP = ["checking the CPUs", "initializing the module", "initializing the CPUs",
           "reading the module's information", "choosing TDX memory", "laying out TDMRs",
           "laying out TDMRs", "checking the CPUs", "initializing the CPUs",
           "configuring the module", "configuring the global KeyID", "initializing TDMRs"]


def events(lines):
    """{event: its texts, in order}"""
    found = collections.defaultdict(list)
    for line in lines:
        match = EVENT.search(line)
        if match:
            found[match[1]].append(match[2])
    return found


def matches(pattern, texts):
    found = [(text, pattern.match(text)) for text in texts]
    assert [text for text, match in found if not match] == []
    return [match for _, match in found]


def check_counts(calls, log):
    """Asserts that these are all SEAMCALLs of the log that succeeded; {leaf: how many}"""
    succeeded = collections.Counter(match[1] for match in calls if match[2] == "SUCCESS")
    assert succeeded == {leaf: log.count(leaf) for leaf in succeeded}
    assert succeeded["TDH.SYS.CONFIG"] == 1 and succeeded["TDH.MEM.PAGE.AUG"] > 1
    return succeeded


@pytest.mark.kernels("debug")
def test_the_life_of_a_td_is_traced(boot):
    result = boot(steps(f"set,{EVENTS}/enable=1", selftests.step(NAME), f"set,{EVENTS}/enable=0",
                        f"show-lines,{TRACING}/trace"),
                  cpus=1, packages=1, memory="1G", initramfs=selftests.initramfs(NAME))
    selftests.check_passed(result)
    log, traced = layout.EmulatorLog(result.log), events(result.values("line"))
    assert set(traced) == {"tdx_fault", "tdx_init_step", "tdx_seamcall", "tdx_sept", "tdx_td_exit"}

    assert [match.groups()[:2] for match in matches(STEP, traced["tdx_init_step"])] == \
        [(step, "0") for step in BRINGUP]

    calls = matches(SEAMCALL, traced["tdx_seamcall"])
    assert all(int(match[3]) for match in calls)
    succeeded = check_counts(calls, log)
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

    faults = [match.groups() for match in matches(FAULT, traced["tdx_fault"])]
    assert len(faults) == exits["EPT_VIOLATION"]
    # Pages that were not mapped were mapped then.
    assert {(half, level) for _, half, _, level in faults} >= {("private", "0"), ("shared", "0")}
    mapped = {match[3] for match in changes if match[2] == "TDH.MEM.PAGE.AUG"}
    assert {gpa for _, half, gpa, level in faults if half == "private" and level == "0"} <= mapped


def with_libraries(files):
    """{path in the machine: contents} of such programs of this machine and of their libraries."""
    listed = subprocess.run(["ldd", *files.values()], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    files = files | {path.lstrip("/"): path for path in re.findall(r"(/\S+) \(0x", listed)}
    return {path: pathlib.Path(file).read_bytes() for path, file in files.items()}


def programs(*names):
    paths = [shutil.which(name) for name in names]
    assert all(paths), "overlay/build/packages.sh packages-trace.txt installs them"
    return with_libraries({f"selftests/{name}": path
                           for name, path in zip(names, paths, strict=True)})


def timeline(lines):
    """The texts of the picture that tdx_timeline draws of a trace."""
    tdxinfo.build()
    svg = subprocess.run([tdxinfo.BUILT / "tdx_timeline"], input="\n".join(lines), text=True,
                         check=True, stdout=subprocess.PIPE).stdout
    return ["".join(text.itertext()) for text in xml.etree.ElementTree.fromstring(svg).iter(TEXT)]


RECORD = {
    "trace-cmd": ["selftest,trace-cmd,record,-q,-e,tdx,-o,/trace,{}",
                  "selftest,trace-cmd,report,/trace"],
    "perf": ["selftest,perf,record,-q,-a,-e,tdx:*,-o,/trace,{}", "selftest,perf,script,-i,/trace"],
}


@pytest.mark.release
@pytest.mark.kernels("debug")
@pytest.mark.parametrize("tool", RECORD)
def test_tools_record_the_events_and_tdx_timeline_draws_them(boot, tmp_path, tool):
    image = tmp_path / "initramfs.cpio"
    image.write_bytes(selftests.initramfs(NAME).read_bytes() + tdxinfo.archive(programs(tool)))
    result = boot(steps(*(step.format(f"/selftests/{NAME}") for step in RECORD[tool])),
                  cpus=1, packages=1, memory="1G", initramfs=image)
    assert all(status.endswith(" 0") for status in result.values("selftest"))
    lines = result.values("output")
    traced, said = events(lines), timeline(lines)
    check_counts(matches(SEAMCALL, traced["tdx_seamcall"]), layout.EmulatorLog(result.log))
    assert len([text for text in said if text.startswith("Initialization of TDX: ")]) == 1
    exits = [re.match(r"TD with KeyID .* (\d+) exits$", text) for text in said]
    assert sum(int(match[1]) for match in exits if match) == \
        len(matches(EXIT, traced["tdx_td_exit"])) > 0


PROBES = b"""
tracepoint:tdx:tdx_init_step { @step[str(args->step)] = count(); }
tracepoint:tdx:tdx_seamcall /args->code == 0/ { @seamcall[args->leaf & 0xffff] = count(); }
tracepoint:tdx:tdx_sept /args->code == 0/ { @sept[str(args->leaf)] = count(); }
tracepoint:tdx:tdx_td_exit { @exit[args->reason & 0xffff] = count(); }
"""
# Of a kernel without BTF, bpftrace takes the types from headers of user space.
HEADERS = machine.BUILD / "selftests/usr/include"
# TDX Module ABI specification, and SDM vol. 3, "VMX Basic Exit Reasons"
LEAVES = {"6": "TDH.MEM.PAGE.AUG", "34": "TDH.SYS.RD", "36": "TDH.SYS.TDMR.INIT",
          "45": "TDH.SYS.CONFIG"}
EPT_VIOLATION, TDCALL = "48", "77"


def headers():
    """{path in the machine: contents} of <linux/types.h>, and what it includes."""
    files = [file for pattern in ("asm*/*.h", "linux/*types.h", "linux/stddef.h")
             for file in HEADERS.glob(pattern)]
    return {f"usr/include/{file.relative_to(HEADERS)}": file.read_bytes() for file in files}


def image_for_bpftrace(tmp_path, files=()):
    """
    An initramfs for the config modular, which has what BPF programs need.  If there is no BTF,
    bpftrace asks a shell for compilers.
    """
    folder, image = machine.KERNELS / "modular", tmp_path / "initramfs.cpio"
    base = selftests.initramfs(NAME, modules.initramfs(folder, folder / "initramfs.cpio"))
    image.write_bytes(base.read_bytes() + tdxinfo.archive({
        **programs("bpftrace"), **headers(), "bin/sh": td_shell.busybox().read_bytes(),
        **dict(files)}))
    return image


@pytest.mark.release
def test_bpftrace_counts_the_events(boot_kernel, tmp_path):
    try:
        image = image_for_bpftrace(tmp_path, {"probes": PROBES})
    except private_apt.Unavailable as error:
        pytest.skip(str(error))
    count = f"selftest,bpftrace,-c,/selftests/{NAME},/probes"
    result = boot_kernel("modular", steps("load-modules,tdx=1", count), cpus=1, packages=1,
                         memory="3G", timeout=600, initramfs=image)
    assert result.value("selftest") == "bpftrace 0", result.values("output")
    counts = collections.defaultdict(dict)
    for name, key, count in re.findall(r"^output @(\w+)\[(.+)\]: (\d+)\r?$", result.report, re.M):
        counts[name][key] = int(count)
    log = layout.EmulatorLog(result.log)
    assert counts["step"] == collections.Counter(BRINGUP)
    for number, leaf in LEAVES.items():
        assert counts["seamcall"][number] == log.count(leaf) > 0
    assert counts["sept"]["TDH.MEM.PAGE.AUG"] == log.count("TDH.MEM.PAGE.AUG")
    assert counts["exit"][TDCALL] and counts["exit"][EPT_VIOLATION]


KVM_STAT = machine.BUILD / "linux/tools/kvm/kvm_stat/kvm_stat"
MODULES = ["*", "encodings/*", "collections/*", "importlib/*", "re/*", "ctypes/*", "curses/*"]
STATISTIC = re.compile(r"^(td_\w+) ", re.M)


def python():
    """{path in the machine: contents} of as much of Python as kvm_stat imports."""
    stdlib = pathlib.Path(sysconfig.get_path("stdlib"))
    files = [file for pattern in MODULES for file in stdlib.glob(f"{pattern}.py")]
    binaries = {str(file).lstrip("/"): file for name in ("_curses", "_ctypes", "resource")
                for file in stdlib.glob(f"lib-dynload/{name}.*.so")}
    return {**{str(file).lstrip("/"): file.read_bytes() for file in files},
            **with_libraries({"selftests/python3": sys.executable, **binaries})}


@pytest.mark.release
@pytest.mark.one_kernel
def test_kvm_stat_shows_the_statistics_that_are_documented(boot, tmp_path):
    image = tmp_path / "initramfs.cpio"
    image.write_bytes(selftests.initramfs(NAME).read_bytes() +
                      tdxinfo.archive({**python(), "kvm_stat": KVM_STAT.read_bytes()}))
    result = boot(steps("open-tds,1,1", "selftest,python3,/kvm_stat,-1,-d,-f,^td_", "close-tds"),
                  cpus=1, packages=1, memory="1G", initramfs=image)
    assert result.value("selftest") == "python3 0", result.values("output")
    text = (machine.TOP / "Documentation/x86/tdx-host.rst").read_text()
    assert [line.split()[0] for line in result.values("output")] == sorted(STATISTIC.findall(text))
