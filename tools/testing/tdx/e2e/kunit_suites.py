# SPDX-License-Identifier: GPL-2.0-only
"""The KUnit suites of TDX host support."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[4]
TESTS = "arch/x86/virt/vmx/tdx/tests"


def expected():
    """Names of the suites that the sources have."""
    sources = sorted([*(TOP / TESTS).glob("*_test.c"), *TOP.glob("arch/x86/kvm/*/*_test.c")])
    return {name for path in sources
            for name in re.findall(r'^\t\.name = "(tdx_\w+)",$', path.read_text(), re.M)}
