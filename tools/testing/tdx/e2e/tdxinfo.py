# SPDX-License-Identifier: GPL-2.0-only
"""tdxinfo in the machine under test."""
import json
import os
import pathlib
import subprocess
import tempfile

import machine

SOURCES = machine.TOP / "tools/arch/x86/tdx"
BUILT = machine.BUILD / "tdxinfo"

# A step of the guest program.
STEP = "selftest,tdxinfo,--json"


def build():
    """Builds a static program."""
    BUILT.mkdir(exist_ok=True)
    subprocess.run(["make", "-s", "-C", SOURCES, f"OUTPUT={BUILT}/", "LDFLAGS=-static"], check=True)
    return BUILT / "tdxinfo"


def initramfs(base=None, files=()):
    """The initramfs of the guest program, with tdxinfo and other files: (path there, contents)."""
    base = base or machine.build_initramfs()
    with machine.lock("files"):
        contents = {"selftests/tdxinfo": build().read_bytes(), **dict(files)}
        image = base.with_name(f"{base.stem}-tdxinfo.cpio")
        image.write_bytes(base.read_bytes() + archive(contents))
    return image


def archive(contents):
    with tempfile.TemporaryDirectory() as directory:
        for path, text in contents.items():
            file = pathlib.Path(directory) / path
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(text)
            file.chmod(0o755)
        names = [os.path.relpath(path, directory)
                 for path in sorted(pathlib.Path(directory).rglob("*"))]
        return subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=directory, check=True,
                              input="\n".join(names).encode(), stdout=subprocess.PIPE).stdout


def answers(result):
    """(facts, exit status) of each run."""
    statuses = [int(value.split()[1]) for value in result.values("selftest")]
    text, decoder = "\n".join(result.values("output")), json.JSONDecoder()
    for status in statuses:
        facts, end = decoder.raw_decode(text)
        text = text[end:].lstrip()
        yield facts, status
