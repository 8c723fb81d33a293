#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the KUnit suites of build/linux in stock QEMU, in build/kunit."""
import argparse
import os
import subprocess
import sys

from overlay import BUILD, TREE

CONFIG = "arch/x86/virt/vmx/tdx/tests/.kunitconfig"

# One thread for all CPUs: with several, QEMU 7.2 can run a stale INT3 after code was patched, and
# the suites patch a static call.  No CMPXCHG16B: behind it, QEMU 7.2 interrupts a CPU with wrong
# flags.  No keyboard: it is found late, and said so in the middle of a result.
QEMU = "-smp 4,sockets=2 -accel tcg,thread=single -cpu qemu64,-cx16"
MACHINE = ("--qemu_args", QEMU,
           "--kernel_args", "i8042.nokbd", "--kernel_args", "i8042.noaux")
SUITES = "tdx_*"


def command(tree, out, what, *args):
    """What kunit.py of a tree has to be called with."""
    return [str(tree / "tools/testing/kunit/kunit.py"), what, "--arch", "x86_64",
            "--build_dir", str(out), *args]


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    sys.exit(subprocess.run(command(TREE, BUILD / "kunit", "run", "--kunitconfig", CONFIG,
                                    "--jobs", str(os.cpu_count()), *MACHINE, SUITES),
                            check=False).returncode)


if __name__ == "__main__":
    main()
