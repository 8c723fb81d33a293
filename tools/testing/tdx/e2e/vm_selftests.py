# SPDX-License-Identifier: GPL-2.0-only
"""KVM's selftests of ordinary guests: which there are, and how they end on the platform."""
import re

import machine
import selftests
from events import steps

MAKEFILE = machine.BUILD / "linux/tools/testing/selftests/kvm/Makefile"
DOCUMENT = machine.TOP / "Documentation/x86/tdx-host-development.rst"
SECTION = "Selftests of ordinary guests"

SKIPPED = 4         # their exit status
IN_A_BOOT = 9

# They take much memory or time: each has a machine to itself.
LARGE = ["kvm_create_max_vcpus", "set_memory_region_test"]

# Those of this series, for TDs and private memory: test_kvm.py and test_guests.py run them.
OF_THE_SERIES = {*selftests.NAMES, *selftests.PRIVATE_MEMORY, selftests.APIC_BUS}

# The defaults are for a CPU that is not emulated, and for much more memory.
ARGUMENTS = {
    "access_tracking_perf_test": ["-b", "4M", "-v", 2],
    "demand_paging_test": ["-b", "8M", "-v", 2],
    "dirty_log_perf_test": ["-b", "8M", "-v", 2, "-i", 2],
    "kvm_page_table_test": ["-b", "16M", "-v", 2],
    "memslot_modification_stress_test": ["-i", 50, "-b", "1M", "-v", 2],
}

# For make test: modes of the CPU, instructions that exit, MSRs, events, several vCPUs.
REPRESENTATIVE = ("cr4_cpuid_sync_test", "set_sregs_test", "smm_test", "state_test",
                  "sync_regs_test", "triple_fault_event_test", "tsc_msrs_test",
                  "userspace_io_test", "userspace_msr_exit_test")


def documented():
    """What the documentation says: of those that are skipped, and of those that are not run."""
    section = DOCUMENT.read_text().split(f"\n{SECTION}\n", 1)[1]
    _, _, skipped, _, _, left_out, *_ = re.split(r"^=+  =+$", section, flags=re.M)
    return [{line.split()[0] for line in table.strip().splitlines() if not line.startswith(" ")}
            for table in (skipped, left_out)]


def listed():
    """All of the kernel's own, without those of the series."""
    found = re.findall(r"^TEST_GEN_PROGS(?:_EXTENDED)?_x86_64 \+?= (?:x86_64/)?(\w+)$",
                       machine.read_if_there(MAKEFILE), re.M)
    return {*found} - OF_THE_SERIES


def names():
    """Those that are run."""
    return sorted(listed() - documented()[1])


def groups():
    """All: large ones, and of the others as many in a boot as the command line has room for."""
    small = [name for name in names() if name not in LARGE]
    return [*([name] for name in LARGE),
            *(small[at:at + IN_A_BOOT] for at in range(0, len(small), IN_A_BOOT))]


def scenario(chosen):
    """Steps of the guest program."""
    return steps(*(selftests.step(name, *ARGUMENTS.get(name, [])) for name in chosen))


def expected(chosen):
    """Exit statuses by name."""
    skipped, _ = documented()
    return {name: SKIPPED if name in skipped else 0 for name in chosen}


def statuses(result):
    """Exit statuses by name."""
    return {name: int(status)
            for name, status in (line.split() for line in result.values("selftest"))}
