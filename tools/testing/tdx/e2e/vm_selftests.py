# SPDX-License-Identifier: GPL-2.0-only
"""KVM's selftests of ordinary guests: which there are, and how they end on the platform."""
import dataclasses
import pathlib
import re

import machine
import selftests
from events import steps

DOCUMENT = machine.TOP / "Documentation/x86/tdx-host-development.rst"

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

# Of Linux 7.3, for what this series adds
OF_PRIVATE_MEMORY = ("guest_memfd_test", "pre_fault_memory_test", "private_mem_conversions_test",
                     "private_mem_kvm_exits_test", "set_memory_region_test")


@dataclasses.dataclass(frozen=True)
class Suite:
    """The selftests of a kernel."""
    makefile: pathlib.Path
    # In the makefile: a test for this architecture.
    test: str
    # What the documentation says of them
    section: str
    # Where they are when they are built
    programs: pathlib.Path
    not_ours: frozenset = frozenset()

    def documented(self):
        """What the documentation says: of those that are skipped, and of those that are not run."""
        section = DOCUMENT.read_text().split(f"\n{self.section}\n", 1)[1]
        _, _, skipped, _, _, left_out, *_ = re.split(r"^=+  =+$", section, flags=re.M)
        return [{line.split()[0] for line in table.strip().splitlines()
                 if not line.startswith(" ")} for table in (skipped, left_out)]

    def listed(self):
        """All of the kernel's own, without those of the series."""
        return {*re.findall(self.test, machine.read_if_there(self.makefile), re.M)} - self.not_ours

    def names(self):
        """Those that are run."""
        return sorted(self.listed() - self.documented()[1])

    def groups(self):
        """
        All: large ones, and of the others as many in a boot as the command line has room for.
        """
        names = self.names()
        small = [name for name in names if name not in LARGE]
        return [*([name] for name in names if name in LARGE),
                *(small[at:at + IN_A_BOOT] for at in range(0, len(small), IN_A_BOOT))]

    def expected(self, chosen):
        """Exit statuses by name."""
        skipped, _ = self.documented()
        return {name: SKIPPED if name in skipped else 0 for name in chosen}

    def initramfs(self, chosen):
        """An initramfs of the guest program, with these selftests."""
        return selftests.initramfs_with(chosen, self.programs)


SUITE = Suite(machine.BUILD / "linux/tools/testing/selftests/kvm/Makefile",
              r"^TEST_GEN_PROGS(?:_EXTENDED)?_x86_64 \+?= (?:x86_64/)?(\w+)$",
              "Selftests of ordinary guests", selftests.PROGRAMS, frozenset(OF_THE_SERIES))
SUITE_OF_MAINLINE = Suite(
    machine.BUILD / "linux-mainline/tools/testing/selftests/kvm/Makefile.kvm",
    r"^TEST_GEN_PROGS(?:_EXTENDED)?_(?:x86|COMMON) \+?= (?:x86/)?(\w+)$",
    "Selftests of ordinary guests of Linux 7.3", machine.BUILD / "selftests-mainline/kvm")


def scenario(chosen):
    """Steps of the guest program."""
    return steps(*(selftests.step(name, *ARGUMENTS.get(name, [])) for name in chosen))


def statuses(result):
    """Exit statuses by name."""
    return {name: int(status)
            for name, status in (line.split() for line in result.values("selftest"))}
