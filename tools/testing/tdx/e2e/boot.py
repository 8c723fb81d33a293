#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot any Linux kernel on the emulated TDX platform, its console on the terminal.

At the end, prints the emulator's report: the kernel's SEAMCALLs, and its violations.
"""
import argparse
import pathlib
import re
import subprocess
import sys

import machine

LOG = machine.BUILD / "boot.log"


def is_clean(log):
    """True if the platform ended once, and detected no violation."""
    return re.findall(r"^violations (\d+)$", log, re.M) == ["0"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernel", type=pathlib.Path, help="a bzImage")
    parser.add_argument("--initrd", type=pathlib.Path)
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--packages", type=int, default=1)
    parser.add_argument("--memory", default="2G")
    parser.add_argument("--emulator-options", default="")
    parser.add_argument("--cmdline", default="")
    args = parser.parse_args()
    for path in filter(None, (args.kernel, args.initrd)):
        if not path.is_file():
            parser.error(f"{path}: there is no such file")

    computer = machine.Machine(cpus=args.cpus, packages=args.packages, memory=args.memory,
                               emulator_options=args.emulator_options, bzimage=args.kernel)
    try:
        command = computer.qemu(LOG) + computer.emulator(
            f"console=ttyS0 panic=-1 {args.cmdline}".strip(), *filter(None, [args.initrd]))
    except machine.MachineError as error:
        parser.error(str(error))
    LOG.unlink(missing_ok=True)
    status = subprocess.run(command, check=False).returncode
    log = machine.read_if_there(LOG)
    report = log[log.find("\nend: ") + 1:] if "\nend: " in log else log
    print(f"\n--- the emulated platform, whole in {LOG.relative_to(machine.TOP)}")
    print(report, end="")
    sys.exit(status or not is_clean(log))


if __name__ == "__main__":
    main()
