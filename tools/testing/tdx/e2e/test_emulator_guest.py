# SPDX-License-Identifier: GPL-2.0-only
"""The emulated platform: TDs that run, with a guest that does what the probe tells it to do."""
import re

import pytest

from test_emulator import ADDED_MEMORY, probe, violations

VMCALL = 77
INTERRUPT, TRIPLE_FAULT = 1, 0x40000001_00000002
EPT_VIOLATION, EPT_MISCONFIGURATION = 48, 49
READ, WRITE = 1, 2
PENDING = 6                     # extended exit qualification
VALID = 1 << 31                 # interruption information
NMI, GP, PF, VE = 2, 13, 14, 20
SHARED = 1 << 47
PENDING_GPA, ABSENT_GPA = 0x1000, 0x5000
TDR, ONES = 0x4000000, (1 << 64) - 1
X87_SSE, AVX_PKU = 3, 0x204     # components of extended state
VECTOR = 32                     # of the probe's interrupt
OF_ALL_QEMUS = 0x01900081       # FSGSBASE SMEP SMAP CLFLUSHOPT CLWB


def run(case, options="", **machine):
    facts, log = probe(f"guest-{case}", options=f"leftovers=off {options}", **machine)
    assert facts["bring_up"] == facts["created"] == 0
    assert not violations(log)
    return facts


def test_a_td_calls_its_host():
    facts = run("vmcall")
    assert facts["exit"] == facts["again"] == VMCALL
    assert facts["mask"] == 0xfc00 and facts["unmasked"] == 0
    assert facts["operand"] == 0x1234
    assert (facts["r12"], facts["r13"]) == (0x5678, 0x9abc)


def test_a_vmcall_passes_the_registers_of_its_mask():
    facts = run("mask")
    assert (facts["rbx"], facts["rsi"], facts["r9"]) == (0xb, 0x5, 0x9)
    assert facts["others"] == 0 and facts["returned"] == 0x1b
    assert facts["refused"] == 0xc0000100_00000001       # OPERAND_INVALID, RCX


def test_cpuid_is_the_modules():
    facts = run("cpuid")
    # "IntelTDX    " is in EBX, EDX and ECX: the probe has ECX, and EDX in the upper half.
    assert facts["name"].to_bytes(8, "little") == b"    lTDX"
    assert facts["vector"] == VE and facts["reason"] == 10


def test_a_td_has_the_features_of_the_cpu_that_nobody_configures():
    """Of leaf 7, without those that depend on XFAM or ATTRIBUTES, which the probe's TD has not."""
    facts = run("cpuid-features")
    eax, ebx = facts["host_eax_ebx"] & 0xffffffff, facts["host_eax_ebx"] >> 32
    assert ebx & OF_ALL_QEMUS == OF_ALL_QEMUS
    assert facts["eax_ebx"] == eax | (ebx & 0x219424c1) << 32
    assert facts["ecx_edx"] == facts["host_ecx_edx"] & 0xfc002600_19000000


@pytest.mark.release
def test_the_instructions_of_the_host_between_two_entries_are_counted():
    _, log = probe("guest-entries", options="leftovers=off entries=on",
                   qemu_options=("-icount", "shift=0,sleep=off"))
    counts = re.findall(r"entry: host (\d+) in (\d+) runs, all (\d+), after 0x4d", log)
    (one, runs, together), (more, _, _), (exits, runs_of_exits, _) = (
        tuple(map(int, count)) for count in counts[1:])
    # Exact to one for each run
    assert runs == 1 and one < 100 and abs(more - one - 1000) <= runs
    # Registers are loaded, too.
    assert runs_of_exits == 101 and 0 <= exits - one - 100 <= 2
    assert together > one


def test_hlt_is_a_virtualization_exception():
    facts = run("hlt")
    assert facts["vector"] == VE and facts["reason"] == 12


def test_shared_memory_is_the_hosts():
    facts = run("shared")
    assert facts["written"] == 0x1122334455667788 and facts["read"] == 0x99
    assert facts["exit"] == EPT_VIOLATION and facts["qualification"] == WRITE
    assert facts["gpa"] == SHARED + 0x1000 and facts["extended"] == 0
    assert facts["again"] == VMCALL and facts["later"] == 0x77


def test_a_shared_page_that_is_not_there_may_be_an_exception():
    facts = run("shared-ve")
    assert facts["vector"] == VE and facts["reason"] == EPT_VIOLATION
    assert facts["where"] == SHARED + 0x1123 and facts["linear"] == (4 << 30) + 0x1123


def test_without_an_ept_of_the_host_shared_memory_is_an_exception():
    facts = run("no-shared-ept")
    assert facts["started"] == VMCALL
    assert facts["vector"] == VE and facts["reason"] == EPT_VIOLATION
    assert facts["where"] == SHARED + 0x123


def test_a_shared_page_may_be_read_only():
    facts = run("shared-read-only")
    assert facts["read"] == 0x55
    assert facts["exit"] == EPT_VIOLATION
    assert facts["qualification"] == WRITE | 5 << 3      # the entry has R and X
    assert facts["gpa"] == SHARED


def test_shared_memory_may_be_memory_that_was_added():
    facts = run("shared-added", qemu_options=ADDED_MEMORY)
    assert facts["exit"] == VMCALL and facts["read"] == 0x66


def test_shared_memory_has_to_be_the_hosts():
    """A TD gets ones from other memory, whatever the EPT has in its entries."""
    facts, log = probe("guest-shared-foreign", options="leftovers=off")
    assert facts["tdr"] == facts["in_large"] == ONES
    assert facts["trampoline"] == 1 and facts["beside"] == 0x1234
    assert violations(log) == [
        f"TD {TDR:#x} {how} {pa:#x} by the shared address {SHARED + offset:#x}, "
        "memory that is not the host's, cpu 0"
        for how, pa, offset in (("reads", TDR + 8, 0x1008), ("writes", 0x100000, 0x2000),
                                ("writes", 0x9e000, 0x3000), ("reads", TDR, 2 << 20))]


def test_shared_memory_has_the_memory_type_of_the_host():
    facts, log = probe("guest-shared-types", options="leftovers=off")
    assert facts["bring_up"] == facts["created"] == 0
    ram, pat, mmio = violations(log)
    assert re.fullmatch(f"TD {TDR:#x}: the shared address {SHARED + 0x3000:#x} has memory type 0, "
                        r"and 0x[0-9a-f]+ is RAM", ram)
    assert pat == (f"TD {TDR:#x}: the memory type of the shared address {SHARED + 0x4000:#x} "
                   "ignores the guest's PAT")
    assert mmio == (f"TD {TDR:#x}: the shared address {SHARED + 0x5000:#x} has memory type 6, "
                    "and 0xfec00000 is MMIO")


def test_a_reclaimed_page_that_is_shared_has_to_be_overwritten():
    facts, log = probe("guest-shared-reclaimed", options="leftovers=off")
    assert facts["removed"] == 0 and facts["read"] == 0x77
    [violation] = violations(log)
    assert violation.startswith("the host uses memory 0x10600000, which it has not overwritten")


def test_an_ept_of_the_host_may_be_misconfigured():
    facts = run("misconfigured")
    assert facts["exit"] == EPT_MISCONFIGURATION and facts["gpa"] == SHARED


def test_a_page_has_to_be_accepted():
    facts = run("pending")
    assert facts["exit"] == EPT_VIOLATION and facts["qualification"] == READ
    assert facts["gpa"] == PENDING_GPA and facts["extended"] == PENDING


def test_a_page_that_was_accepted_is_the_tds():
    facts = run("accepted")
    assert facts["accepted"] == 0 and facts["read"] == 0x5a5a


def test_a_private_page_that_is_not_there_is_asked_for():
    facts = run("absent")
    assert facts["exit"] == EPT_VIOLATION and facts["gpa"] == ABSENT_GPA
    assert facts["extended"] == 0


def test_a_private_page_that_was_removed_is_not_there():
    facts = run("removed")
    assert facts["removed"] == 0
    assert facts["exit"] == EPT_VIOLATION and facts["gpa"] == PENDING_GPA


def test_translations_of_shared_memory_are_kept_until_invept():
    facts = run("invept")
    assert (facts["first"], facts["old"], facts["new"]) == (1, 1, 2)


def test_an_interrupt_of_the_host_is_acknowledged_by_the_exit():
    facts = run("interrupt")
    assert facts["exit"] == INTERRUPT and facts["interruption"] == VALID | VECTOR
    assert facts["in_service"] == 1 and facts["handled"] == 0
    assert facts["again"] == VMCALL


def test_an_interrupt_that_waits_makes_the_td_exit_at_once():
    facts = run("pending-interrupt")
    assert facts["exit"] == INTERRUPT and facts["interruption"] == VALID | VECTOR
    assert facts["again"] == VMCALL and facts["r12"] == 0x11


def test_interrupts_are_posted():
    facts = run("posted")
    assert facts["posting"] == 0 and facts["exit"] == VMCALL
    assert facts["vector"] == 0x31 and facts["interrupts"] == 1
    assert facts["in_service"] == facts["outstanding"] == facts["left"] == 0
    assert facts["second"] == 0x35
    assert facts["requested"] == 1 << (0x2a - 32) | 1 << (0x3a - 32)
    assert facts["third"] == 0x3a


def test_an_interrupt_with_a_vector_of_exceptions_is_delivered_once():
    facts = run("low-vectors")
    assert (facts["first"], facts["second"]) == (0x1f, 0x14)
    assert (facts["exception"], facts["third"]) == (0, 0x35)


def test_vector_registers_are_the_tds_own():
    facts = run("xmm")
    assert facts["host"] == 0 and facts["guest"] == 0x123456789
    assert facts["passed"] == 0x123456789 and facts["returned"] == 0x4444


def test_a_triple_fault_ends_the_vcpu():
    assert run("triple-fault")["exit"] == TRIPLE_FAULT


def test_faults_that_cannot_be_delivered_are_a_triple_fault():
    assert run("unreachable-tables")["exit"] == TRIPLE_FAULT


def test_the_host_finds_what_the_specification_says():
    facts = run("host-state")
    assert facts["lstar"] == facts["kernel_gs"] == facts["tsc_aux"] == 0
    assert facts["fmask"] == 0x20200
    assert (facts["fs"], facts["gs"], facts["sysenter"]) == (0x1111, 0x2222, 0x3333)
    assert facts["guest"] == 0x4321


def test_nmis_wait_for_the_end_of_a_handler():
    facts = run("virtual-nmi")
    assert facts["requested"] == 0 and facts["nmis"] == 1
    assert facts["exit"] == facts["again"] == VMCALL
    assert facts["in_handler"] == facts["second"] == NMI
    assert facts["nmis_at_end"] == 3 and facts["depth"] == 1
    assert facts["r12"] == 0x66


@pytest.mark.parallel
def test_an_nmi_of_the_host_is_an_exit(accel):
    facts = run("nmi", cpus=2, accel=accel)
    assert facts["exit"] == 0 and facts["interruption"] == VALID | 2 << 8 | NMI
    assert facts["delivered"] == 0 and facts["again"] == VMCALL


@pytest.mark.parallel
def test_a_td_goes_on_when_all_cpus_have_to_leave_their_guests(accel):
    facts = run("shootdown", cpus=2, accel=accel)
    assert facts["exit"] == VMCALL and facts["other"] == 0


@pytest.mark.parallel
def test_an_ipi_reaches_a_cpu_that_runs_a_td(accel):
    facts = run("disturbed", cpus=2, accel=accel)
    assert facts["flush"] == 0x80000200_00000001         # OPERAND_BUSY, RCX
    assert facts["exit"] == INTERRUPT and facts["interruption"] == VALID | VECTOR
    assert facts["again"] == VMCALL


def test_xcr0_has_the_bits_of_xfam():
    facts = run("xcr0")
    assert facts["refused"] == GP and facts["xcr0"] == 3
    assert facts["cr4"] >> 18 & 1 and facts["xmm"] == 0x77


def test_a_td_has_no_extended_state_that_the_cpu_has_not():
    facts = run("xfam")
    assert facts["xfam"] & ~AVX_PKU == X87_SSE and facts["started"] == VMCALL
    assert facts["xcr0"] == facts["xfam"]


def test_cr8_is_the_task_priority():
    facts = run("task-priority")
    assert facts["cr8"] == 5 and facts["tpr"] == 0x50 and facts["refused"] == GP


def test_debug_registers_are_the_tds_own():
    facts = run("debug-registers")
    assert (facts["dr2"], facts["dr6"], facts["dr7"]) == (0x12345678, 0xffff4ff1, 0x400)
    assert facts["host_dr2"] == 0 and facts["refused"] == GP


@pytest.mark.parametrize("access", ["read", "fetch"])
def test_an_address_beyond_the_width_is_a_page_fault(access):
    facts = run(f"wide-{access}")
    assert facts["vector"] == PF and facts["cr2"] == (5 << 30) + ABSENT_GPA + 0x123


def test_a_bad_code_segment_does_not_end_the_run():
    """QEMU loads one that a CPU refuses, but does not run it: it is taken for 64-bit code."""
    facts = run("bad-cs")
    assert facts["exit"] == VMCALL
    assert facts["vector"] == GP or facts["ebx"].to_bytes(4, "little") == b"Genu"


def test_movdir64b_reaches_pages_that_no_other_instruction_has_used():
    assert run("direct-store")["read"] == 0x1234


def test_the_time_stamp_counter_is_the_same_in_all_ways():
    facts = run("tsc")
    assert facts["ordered"] and facts["close"] and facts["aux"] == 5


UNSCALED = "cpuid=all:0x15:0:ebx:40"     # the host's TSC has 1 GHz then, as the TD's


def test_the_time_stamp_counter_may_be_the_hosts():
    facts = run("tsc", options=UNSCALED)
    assert facts["ordered"] and facts["close"] and facts["aux"] == 5


@pytest.mark.parametrize("options", ["", UNSCALED])
def test_the_time_stamp_counter_begins_with_the_td(options):
    facts = run("tsc", options=f"msr=all:0x3b:0x100000000000 {options}")
    assert facts["tsc"] < 1 << 36 and facts["ordered"] and facts["close"]


@pytest.mark.parallel
def test_a_page_is_removed_when_no_cpu_can_use_it(accel):
    facts = run("tracking", cpus=2, accel=accel)
    assert facts["interrupted"] == INTERRUPT and facts["exit"] == VMCALL
    assert facts["early"] == 0xc0000b08_00000001         # TLB_TRACKING_NOT_DONE, RCX
    assert facts["removed"] == 0 and facts["absent"] == EPT_VIOLATION


@pytest.mark.parallel
def test_two_cpus_run_vcpus_of_the_same_td(accel):
    facts = run("two-vcpus", cpus=2, accel=accel)
    assert facts["first"] == facts["second"] == 0
    assert facts["second_started"] == VMCALL and facts["second_operand"] == 0x5678


@pytest.mark.parallel
def test_an_init_for_a_cpu_that_runs_a_td_is_held_back(accel):
    facts, log = probe("guest-init", cpus=2, accel=accel, options="leftovers=off")
    assert facts["exit"] == VMCALL and not violations(log)
    assert "[cpu 0] INIT for CPU 1 is held back: it is in VMX operation" in log
