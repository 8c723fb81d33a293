# SPDX-License-Identifier: GPL-2.0-only
"""The KUnit suites of TDX host support."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[4]
TESTS = "arch/x86/virt/vmx/tdx/tests"
HEADER = re.compile(r" *(KTAP version \d|# Subtest: )")
KTAP = re.compile(r" *(1\.\.\d|# |(not )?ok \d)")


def without_messages_in_headers(lines):
    """
    What suites print, without messages that the kernel printed in the header of one meanwhile:
    kunit.py would not find its name or its number of cases.
    """
    in_header = False
    for line in lines:
        if HEADER.match(line):
            in_header = True
        elif KTAP.match(line):
            in_header = False
        elif in_header:
            continue
        yield line


def expected():
    """Names of the suites that the sources have."""
    sources = sorted([*(TOP / TESTS).glob("*_test.c"), *TOP.glob("arch/x86/kvm/*/*_test.c")])
    return {name for path in sources
            for name in re.findall(r'^\t\.name = "(tdx_\w+)",$', path.read_text(), re.M)}
