#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Count the SEAMCALLs and the memory of a TD, for kernels on the same emulated platform.

The platform counts the SEAMCALLs of TDs that are created and destroyed by the guest program.  For
each of both, the first kernel must not need more than a limit, which depends on the memory of TDs.
"""
import argparse
import re
import sys

import machine

# The memory of the second group is measured: initialization is over by then.  In a small group the
# pages would come from the lists of free pages that each CPU has.
TDS, GROUPS = 100, 2
VCPUS = (1, 4, 16)
PACKAGES = 2
PAGE_KB = 4

# Each page is given, and a key is configured on each package; and MNG.INIT, and two fields of the
# TSC are read.  A vCPU is initialized, and three of its fields are written for posted interrupts.
MOST_TO_CREATE = PACKAGES + 3
MOST_OF_A_VCPU = 4

# Each page is reclaimed, each vCPU is flushed, and caches are written back on each package; and
# VPFLUSHDONE, KEY.FREEID, and the TDR page is written back.
MOST_TO_DESTROY = PACKAGES + 3

# All other leaves of TDs create them.
DESTROY = re.compile(r"TDH\.(VP\.FLUSH|MNG\.(VPFLUSHDONE|KEY\.FREEID)|PHYMEM\..*)")
GIVES_PAGE = re.compile(r"TDH\.(MNG|VP)\.(CREATE|ADDCX)")


def calls_for_each(result):
    """SEAMCALLs for each TD, with any status: {leaf: number}."""
    calls = {}
    for leaf, count in re.findall(r"^seamcall (TDH\.(?!SYS)\S+) \S+ (\d+)$", result.log, re.M):
        calls[leaf] = calls.get(leaf, 0) + int(count) / (TDS * GROUPS)
    return calls


def sum_of(calls, pattern, matches=True):
    return sum(count for leaf, count in calls.items() if bool(pattern.fullmatch(leaf)) == matches)


def free_kb(result):
    """Free memory in the last group: {when: kB}."""
    return dict((when, int(kb)) for when, kb in map(str.split, result.values("free_kb")))


def measure(kernel, vcpus):
    result = machine.Machine(kernel=kernel, cpus=max(VCPUS), packages=PACKAGES,
                             memory="3G",
                             accel=machine.ONE_THREAD, cmdline="nohibernate", timeout=300,
                             emulator_options="keyids=15:128"
                             ).run(";".join([f"open-tds,{TDS},{vcpus};close-tds"] * GROUPS))
    if set(result.values("open_tds")) != {"0"}:
        raise machine.MachineError(f"{kernel}: errnos {result.values('open_tds')}", result)
    return calls_for_each(result), free_kb(result)


def show(kernel, vcpus, calls, free):
    print(f"{kernel:<10} {vcpus:>5} {sum_of(calls, DESTROY, False):>8.1f} "
          f"{sum_of(calls, DESTROY):>8.1f} {sum_of(calls, GIVES_PAGE) * PAGE_KB:>10.0f} KB "
          f"{(free['before'] - free['with']) / TDS:>8.0f} KB", flush=True)


def excess(vcpus, calls):
    """What exceeds its limit."""
    pages = sum_of(calls, GIVES_PAGE)
    limits = {
        "create": (sum_of(calls, DESTROY, False), pages + vcpus * MOST_OF_A_VCPU + MOST_TO_CREATE),
        "destroy": (sum_of(calls, DESTROY), pages + vcpus + MOST_TO_DESTROY),
    }
    return [f"{number:.1f} SEAMCALLs to {what} a TD with {vcpus} vCPUs, not {limit:.1f}"
            for what, (number, limit) in limits.items() if number > limit]


def show_leaves(kernels, found):
    print(f"\n{'SEAMCALLs by leaf, ' + str(max(VCPUS)) + ' vCPUs':<30}"
          + "".join(f"{kernel:>12}" for kernel in kernels))
    for leaf in sorted({leaf for calls in found.values() for leaf in calls}):
        print(f"  {leaf:<28}" + "".join(f"{found[kernel].get(leaf, 0):>12.1f}"
                                        for kernel in kernels))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", default="host,mainline",
                        help="configs of the kernels, separated by commas")
    kernels = parser.parse_args().kernels.split(",")
    print(f"a TD on a machine with 2 packages, the mean of {TDS}\n"
          f"{'kernel':<10} {'vCPUs':>5} {'create':>8} {'destroy':>8} {'module':>13} {'all':>11}")
    found, wrong = {}, []
    for vcpus in VCPUS:
        for kernel in kernels:
            found[kernel], free = measure(kernel, vcpus)
            show(kernel, vcpus, found[kernel], free)
            if kernel == kernels[0]:
                wrong += excess(vcpus, found[kernel])
    show_leaves(kernels, found)
    if wrong:
        sys.exit("\n".join([f"{kernels[0]} needs more than the limits:", *wrong]))


if __name__ == "__main__":
    with machine.errors_in_words():
        main()
