# SPDX-License-Identifier: GPL-2.0-only
"""References between object files: in one direction, and out of code that must not be traced."""
import re
import subprocess

import pytest

import linked
import machine

CORE = "arch/x86/virt/vmx/tdx"
KVM = "arch/x86/kvm/vmx/tdx"


def test_each_file_of_the_core_uses_those_before_it_in_the_makefile_only():
    makefile = (machine.TOP / CORE / "Makefile").read_text()
    names = re.findall(r"\S+\.o\b", "".join(re.findall(r"^obj-.*\n", makefile, re.M)))
    uses = linked.uses({name: [machine.BUILD / "host" / CORE / name] for name in names})
    assert len(names) > 20 and "seamcall.o" in uses["config.o"]
    upwards = {name: uses[name] - set(names[:number]) for number, name in enumerate(names)}
    assert not {name: others for name, others in upwards.items() if others}


@pytest.mark.release
def test_noinstr_code_calls_only_such_code():
    """A build of the whole kernel only prints what objtool finds, between many other lines."""
    build = machine.KERNELS / "debug"
    assert "CONFIG_NOINSTR_VALIDATION=y\n" in (build / ".config").read_text()
    found = subprocess.run([build / "tools/objtool/objtool", "--noinstr", "--link", "--dry-run",
                            build / "vmlinux.o"], check=True, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT).stdout
    assert [line for line in found.splitlines() if ".noinstr.text" in line] == []
