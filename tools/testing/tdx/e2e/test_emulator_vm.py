# SPDX-License-Identifier: GPL-2.0-only
"""Ordinary VMs of the probe on the emulated platform: failing entries, exits, events, EPT, APIC."""
import re

import pytest

from test_emulator import probe, violations

# Basic exit reasons
EXCEPTION_OR_NMI, INTERRUPT_WINDOW, NMI_WINDOW, CPUID, HLT, VMCALL = 0, 7, 8, 10, 12, 18
INTERRUPT, TPR_BELOW_THRESHOLD, APIC_ACCESS, VIRTUALIZED_EOI, APIC_WRITE = 1, 43, 44, 45, 56
CR, IO, MSR_READ, INVALID_STATE, MSR_LOADING, VMXON = 28, 30, 31, 33, 34, 27
EPT_VIOLATION, EPT_MISCONFIG, PREEMPTION_TIMER = 48, 49, 52
FAILED_ENTRY = 1 << 31
VALID = 1 << 31
# Bits of the qualification of an EPT violation
WRITE, FETCH, READABLE, EXECUTABLE, LINEAR, FINAL = 1 << 1, 1 << 2, 1 << 3, 1 << 5, 1 << 7, 1 << 8


@pytest.fixture
def run():
    """What a case reports, and the log of the platform, which has found no violation."""
    def run_case(case, clean=True):
        facts, log = probe(case, options="vms=on")
        assert not clean or violations(log) == []
        del facts["done"]
        return facts, log
    return run_case


@pytest.mark.release
def test_the_instructions_of_the_host_between_exit_and_entry_are_counted():
    facts, log = probe("vm-cost", options="vms=on entries=on",
                       qemu_options=("-icount", "shift=0,sleep=off"))
    (one, runs), (more, _), (exits, runs_of_exits) = (
        tuple(map(int, count))
        for count in re.findall(rf"vm entry: host (\d+) in (\d+) runs, after {VMCALL} ", log)[1:])
    # The host's RSP and RIP are written by VMWRITE.
    assert facts["launched"] and runs == 3 and one < 100
    # Exact to one for each run
    assert abs(more - one - 1000) <= runs
    # Registers are loaded, too.
    assert runs_of_exits == 103 and 0 <= exits - one - 100 <= 2


def test_instructions_exit_one_after_the_other(run):
    facts, _ = run("vm-basic")
    assert facts == {
        "vmcall": VMCALL, "rbx": 0x12345678, "cpuid": CPUID, "rdmsr": MSR_READ, "outb": IO,
        "port": 0x99 << 16 | 1 << 6, "cr": CR, "register": 4, "int3": EXCEPTION_OR_NMI,
        "int3_info": VALID | 6 << 8 | 3, "ud2": EXCEPTION_OR_NMI, "ud2_info": VALID | 3 << 8 | 6,
        "hlt": HLT, "rax_is_kept": 1}


def test_rdtscp_needs_its_control(run):
    facts, _ = run("vm-tsc")
    assert facts == {"rdtsc": VMCALL, "is_time": 1, "undefined": EXCEPTION_OR_NMI,
                     "info": VALID | 3 << 8 | 6, "rdtscp": VMCALL, "is_later": 1}


def test_an_entry_fails_with_the_numbers_of_the_architecture(run):
    facts, log = run("vm-errors", clean=False)
    valid_failure = 1 << 6      # ZF
    for step, error in ("resume_of_a_clear_one", 5), ("controls", 7), ("host", 8), \
            ("launch_of_a_launched_one", 4):
        assert facts[step] == valid_failure, step
        assert facts[step.split("_")[0] + "_error"] == error, step
    assert facts["guest"] == FAILED_ENTRY | INVALID_STATE and facts["guest_rip_is_kept"]
    assert facts["msr"] == FAILED_ENTRY | MSR_LOADING and facts["msr_number"] == 2
    assert facts["launch"] == VMCALL
    assert violations(log) == ["VMRESUME of a VMCS that was not launched",
                               "VMLAUNCH of a VMCS that was launched already"]


def test_an_msr_with_a_linear_address_has_no_more_bits_than_the_cpu(run):
    facts, _ = run("vm-addresses")
    assert facts.pop("gs_base_is") == 0xff000000_00001000
    assert facts == dict.fromkeys(("sysenter_esp", "sysenter_eip", "lstar", "cstar", "fs_base",
                                   "gs_base", "kernel_gs_base"), EXCEPTION_OR_NMI << 16 | VMCALL)


def test_without_the_option_no_vm_runs():
    facts, log = probe("vm-errors")
    assert facts["resume_error"] == 5
    assert {facts[f"{step}_error"] for step in ("controls", "host", "launch")} == {7}
    assert violations(log) == []


def test_an_interrupt_window_opens_behind_the_shadow_of_sti(run):
    facts, _ = run("vm-windows")
    assert facts == {"interrupt_window": INTERRUPT_WINDOW, "behind_sti": 4, "hlt": HLT}


def test_nmis_are_blocked_until_iret(run):
    facts, _ = run("vm-nmi-window")
    assert facts == {"nmi_window": NMI_WINDOW, "in_handler": VMCALL, "blocked": 1 << 3,
                     "behind_iret": NMI_WINDOW, "at_interrupted": 1, "not_blocked": 0}


def test_an_nmi_window_opens_behind_what_is_delivered_or_blocks(run):
    facts, _ = run("vm-nmi-window-late")
    assert facts == {"behind_event": NMI_WINDOW, "at_handler": 1, "behind_mov_ss": NMI_WINDOW,
                     "at": 1, "rflags": 2}


def test_debug_exceptions_exit_with_their_causes(run):
    """DR6 is as before; MOV to SS holds an exception back for an instruction."""
    facts, _ = run("vm-debug")
    assert facts == {"step": EXCEPTION_OR_NMI, "step_causes": 1 << 14, "dr6": 0xffff0ff2,
                     "held": EXCEPTION_OR_NMI, "held_causes": 1, "at": 1, "not_enabled": HLT}


def test_an_iret_that_faults_unblocks_nmis(run):
    facts, _ = run("vm-iret")
    assert facts == {"in_handler": VMCALL, "blocked": 0, "rflags": 2,
                     "exit": EXCEPTION_OR_NMI, "info": VALID | 1 << 12 | 0xb << 8 | 13,
                     "exit_blocked": 0, "exit_rflags": 2}


def test_an_event_is_delivered_before_there_is_an_exit(run):
    facts, _ = run("vm-injection")
    assert facts == {"in_handler": VMCALL, "window": INTERRUPT_WINDOW, "at_interrupted": 1,
                     "vectoring": 0, "timer": PREEMPTION_TIMER, "at_handler": 1,
                     "timer_vectoring": 0}


def test_exceptions_that_no_cpu_raises_are_injected_once(run):
    facts, _ = run("vm-odd-exceptions")
    for vector in "2", "31", "13", "0x80":
        assert facts[vector] == VMCALL and facts[f"{vector}_behind"] == HLT, vector
        assert facts[f"{vector}_blocked"] == 0, vector


def test_the_preemption_timer_ends_a_loop(run):
    facts, _ = run("vm-timer")
    assert facts == {"timer": PREEMPTION_TIMER, "in_loop": 1}


def test_the_ept_is_used_with_its_rights_and_flags(run):
    """A translation that was not flushed is used, as on hardware."""
    facts, _ = run("vm-ept")
    assert facts == {
        "missing": EPT_VIOLATION, "missing_qualification": WRITE | LINEAR | FINAL,
        "missing_gpa": 0x2400000, "missing_linear": 0x2400000,
        "read_only": EPT_VIOLATION,
        "read_only_qualification": WRITE | READABLE | EXECUTABLE | LINEAR | FINAL,
        "misconfigured": EPT_MISCONFIG, "written": VMCALL, "flags": 0x300, "value": 0x77,
        "stale": VMCALL, "stale_value": 0x77}


def test_an_instruction_whose_end_is_not_mapped_is_fetched_first(run):
    facts, _ = run("vm-cut-insn")
    assert facts == {"cut": EPT_VIOLATION, "qualification": FETCH | LINEAR | FINAL,
                     "gpa": 0x2400000, "whole": VMXON, "length": 6}


def test_an_address_beyond_the_levels_of_the_ept_is_a_violation(run):
    facts, _ = run("vm-beyond-ept")
    assert facts == {"read": VMCALL, "value": 0x99, "beyond": EPT_VIOLATION,
                     "qualification": 1 | LINEAR | FINAL, "gpa": 1 << 48 | 0x2400000}


def test_invept_flushes_translations(run):
    facts, _ = run("vm-invept")
    assert facts == {"read": VMCALL, "value": 0x99, "flushed": EPT_VIOLATION}


def test_a_page_is_flushed_before_there_is_another_one_in_its_place(run):
    """Its removal alone does not have to be flushed yet."""
    facts, log = run("vm-old-page", clean=False)
    assert facts == {"read": VMCALL, "removed": 0x99, "replaced": 0x99, "flushed": VMCALL,
                     "is_new": 1}
    assert violations(log) == [
        "CPU 0 enters a VM without INVEPT: 0x142400000 at 0x2400000, not at 0x42400000"]


def test_a_guest_runs_in_real_mode(run):
    facts, _ = run("vm-real-mode")
    assert facts == {"vmcall": VMCALL, "rbx": 0x1234, "hlt": HLT, "stack": 0x4000 - 6}


def test_the_virtual_tpr_is_compared_with_its_threshold(run):
    facts, _ = run("vm-apic-tpr")
    assert facts == {
        "written": VMCALL, "cr8": 7, "tpr": 0x70, "low": TPR_BELOW_THRESHOLD, "low_tpr": 0x40,
        "still_low": TPR_BELOW_THRESHOLD, "read": VMCALL, "read_tpr": 0x40,
        "id": APIC_ACCESS, "id_qualification": 0x20, "hlt": HLT}


def test_the_apic_access_page_is_never_mapped(run):
    """Except for a VM that does not have it."""
    facts, _ = run("vm-apic-page")
    assert facts == {
        "beside": VMCALL, "beside_value": 0x99, "tpr": VMCALL, "tpr_value": 0x30,
        "without_ept": VMCALL, "without_ept_value": 0x30, "memory": VMCALL, "memory_value": 0x77}


def test_registers_of_the_virtual_apic_are_accessed_at_its_page(run):
    facts, _ = run("vm-apic-registers")
    assert facts == {
        "read": VMCALL, "id": 0x3000000, "written": APIC_WRITE, "written_qualification": 0x320,
        "lvt": 0x11223344, "current_count": APIC_ACCESS, "current_count_qualification": 0x390,
        "exchanged": 0x55000000, "icr_high": 0x11000000, "hlt": HLT}


def test_virtual_interrupts_are_delivered_and_ended(run):
    """The status has the vector in service, and the highest one that is requested."""
    facts, _ = run("vm-apic-interrupts")
    assert facts == {
        "delivered": VMCALL, "status": 0x4100, "end": VIRTUALIZED_EOI, "end_qualification": 0x41,
        "end_status": 0, "self": VMCALL, "self_status": 0x5100, "hlt": HLT, "hlt_status": 0}


def test_posted_interrupts_need_no_exit(run):
    facts, _ = run("vm-apic-posted")
    assert facts == {
        "delivered": VMCALL, "status": 0x5100, "requests": 0, "outstanding": 0,
        "interrupt": INTERRUPT, "information": VALID | 0xf1}


def test_registers_of_the_virtual_apic_are_msrs_in_x2apic_mode(run):
    facts, _ = run("vm-apic-x2apic")
    assert facts == {
        "read": VMCALL, "id": 0x3000000, "requested": VMCALL, "status": 0x51,
        "delivered": VMCALL, "delivered_status": 0x5100, "hlt": HLT, "hlt_status": 0}
