# SPDX-License-Identifier: GPL-2.0-only
"""References between files of the core go in one direction only."""
import re

import linked
import machine

CORE = "arch/x86/virt/vmx/tdx"


def test_each_file_of_the_core_uses_those_before_it_in_the_makefile_only():
    makefile = (machine.TOP / CORE / "Makefile").read_text()
    names = re.findall(r"\S+\.o\b", "".join(re.findall(r"^obj-.*\n", makefile, re.M)))
    uses = linked.uses({name: [machine.BUILD / "host" / CORE / name] for name in names})
    assert len(names) > 20 and "seamcall.o" in uses["config.o"]
    upwards = {name: uses[name] - set(names[:number]) for number, name in enumerate(names)}
    assert not {name: others for name, others in upwards.items() if others}
