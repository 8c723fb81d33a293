#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count the instructions of the host for VM exits of ordinary guests.

Compares the kernels base and plain: without the series, and with TDX host support as a distribution
would build it.  The platform counts what the host executes from a VM exit to the next VM entry;
what the platform executes does not count.  The exits are those of KVM's selftests.

Exits for one reason do not all take the same: after some of them KVM returns to user space, and
during some of them a timer of the host expires.  So the fewest instructions are compared, and how
many exits there are; of interrupts there are as many as the host had meanwhile.  The kernel plain may
need no more.  The last line is the verdict.
"""
import argparse
import collections
import re
import statistics
import sys

import machine
import selftests
import vm_selftests

# A CPU that waits for another one would execute instructions until QEMU changes to that.
MACHINE = {"cpus": 1, "packages": 1, "memory": "1G", "accel": machine.ONE_THREAD,
           "qemu_options": ("-icount", "shift=0,sleep=off"), "tdx": "",
           "emulator_options": "vms=on ept_levels=5 entries=on",
           "cmdline": "nohibernate", "timeout": 1800}
KERNELS = "base", "plain"
PROGRAMS = ("cr4_cpuid_sync_test", "userspace_io_test", "userspace_msr_exit_test",
            "demand_paging_test")
ENTRY = re.compile(r"vm entry: host (\d+) in \d+ runs, after (\d+) qualification", re.M)
NAMES = {0: "exception or NMI", 1: "interrupt", 7: "interrupt window", 10: "CPUID", 12: "HLT",
         18: "VMCALL", 28: "control register", 30: "I/O", 31: "RDMSR", 32: "WRMSR",
         48: "EPT violation", 49: "EPT misconfiguration", 52: "preemption timer"}
INTERRUPT = 1


def run(kernel):
    """Instructions by reason."""
    found = collections.defaultdict(list)
    for name in PROGRAMS:
        result = machine.Machine(kernel=kernel, **MACHINE, initramfs=selftests.initramfs(name)
                                 ).run(vm_selftests.scenario([name]))
        assert vm_selftests.statuses(result) == {name: 0}, result.values("output")
        for instructions, reason in ENTRY.findall(result.log):
            found[int(reason)].append(int(instructions))
    return found


def show_reason(reason, found):
    """Prints a line for each kernel; true if they need as much."""
    base, plain = (found[kernel].get(reason, [0]) for kernel in KERNELS)
    for kernel, counts in zip(KERNELS, (base, plain)):
        print(f"{NAMES.get(reason, reason):<24}{kernel:<8}{len(counts):>7}{min(counts):>9}"
              f"{statistics.median_low(counts):>9}", flush=True)
    return min(plain) <= min(base) and (reason == INTERRUPT or len(base) == len(plain))


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    found = {kernel: run(kernel) for kernel in KERNELS}
    print("Instructions of the host from a VM exit to the next VM entry\n"
          f"{'VM exit':<24}{'kernel':<8}{'number':>7}{'fewest':>9}{'median':>9}")
    reasons = sorted({reason for exits in found.values() for reason in exits})
    different = [NAMES.get(reason, str(reason)) for reason in reasons
                 if not show_reason(reason, found)]
    if different:
        sys.exit(f"{KERNELS[1]} needs more: {', '.join(different)}")
    print(f"{KERNELS[1]} needs no more than {KERNELS[0]}")


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
