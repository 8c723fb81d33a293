# SPDX-License-Identifier: GPL-2.0-only
"""What users see of TDX, as the guest program read it at the end: the files of
/sys/devices/tdx_host, and the flag in /proc/cpuinfo."""
import dataclasses
import errno

import layout

DIRECTORY = "/sys/devices/tdx_host"

# What the debug file calls a state, on a platform with TDX.
WORDS = {"unknown": "available", "pending": "available", "initializing": "initializing",
         "ready": "initialized", "absent": "failed", "failed": "failed"}
NO_PLATFORM = {"unsupported", "bios-disabled", "off"}
# Known when the module was asked.
OF_MODULE = ("version", "build_num", "build_date", "features0")


@dataclasses.dataclass(frozen=True)
class File:
    mode: int
    error: int
    text: str


def files(result):
    """{path below the directory: its file}"""
    found = {}
    for line in result.values("sysfs"):
        path, mode, error, text = line.split(" ", 3)
        found[path] = File(int(mode, 8), int(error), text)
    return found


def of_module(info):
    """The texts of what the module tells, from the debug file."""
    build, date = info.words("module_build")
    return dict(zip(OF_MODULE, (info.words("module_version")[0], build, date,
                                info.words("module_features0")[0]), strict=True))


def is_known(info):
    return any(line.startswith("module_version ") for line in info.lines)


def expected(info, state, reason):
    """{path: text} of all files but those of nodes; without OF_MODULE if that is not known."""
    ready, known = info.state() == "ready", is_known(info)
    keyids = info.numbers("keyids")[1] - 1 if state not in NO_PLATFORM else 0
    used, burnt = (info.numbers(key)[0] if ready else 0 for key in ("tds", "td_keyids_burnt"))
    texts = {"state": state, "reason": reason, "keyids_total": str(keyids),
             "keyids_used": str(used), "keyids_free": str(keyids - used - burnt)}
    for key in ("memory_bytes", "pamt_bytes"):
        texts[key] = str(info.numbers(key)[0] if ready else 0)
    for number, cmr in enumerate(info.cmrs):
        texts[f"cmr/{number}"] = f"{cmr.base:#x}-{cmr.end - 1:#x}"
    return texts | (of_module(info) if known else {})


def check(result, state=None, reason=None):
    """Asserts that all files, and the CPU flag, agree with the debug file; returns the files."""
    info = layout.Info(result.info())
    found = files(result)
    causes = [line.removeprefix("cause ") for line in info.lines if line.startswith("cause ")]
    with_flag, cpus = map(int, result.value("cpu_flag").split(" of "))
    assert with_flag == (0 if state in NO_PLATFORM else cpus) and cpus
    wanted = expected(info, state or WORDS[info.state()], "".join(causes) if reason is None
                      else reason)
    nodes = {path: file for path, file in found.items() if path.startswith("node")}
    unknown = {} if is_known(info) else dict.fromkeys(OF_MODULE, File(0o444, errno.ENODATA, ""))
    assert {path: file for path, file in found.items() if path not in nodes} == unknown | {
        path: File(0o400 if path.startswith("cmr/") else 0o444, 0, text)
        for path, text in wanted.items()}
    assert all(file.mode == 0o444 and not file.error for file in nodes.values())
    for key in ("memory_bytes", "pamt_bytes"):
        of_nodes = [int(file.text) for path, file in nodes.items() if path.endswith(f"/{key}")]
        assert of_nodes and sum(of_nodes) == int(wanted[key]), key
    return found
