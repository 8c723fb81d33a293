# SPDX-License-Identifier: GPL-2.0-only
"""Ordinary VMs of the probe on the emulated platform: VM entries that fail, exits, events, EPT."""
import pytest

from test_emulator import probe, violations

# Basic exit reasons
EXCEPTION_OR_NMI, INTERRUPT_WINDOW, NMI_WINDOW, CPUID, HLT, VMCALL = 0, 7, 8, 10, 12, 18
CR, IO, MSR_READ, INVALID_STATE, MSR_LOADING = 28, 30, 31, 33, 34
EPT_VIOLATION, EPT_MISCONFIG, PREEMPTION_TIMER = 48, 49, 52
FAILED_ENTRY = 1 << 31
VALID = 1 << 31
# Bits of the qualification of an EPT violation
WRITE, READABLE, EXECUTABLE, LINEAR, FINAL = 1 << 1, 1 << 3, 1 << 5, 1 << 7, 1 << 8


@pytest.fixture
def run():
    """What a case reports, and the log of the platform, which has found no violation."""
    def run_case(case, clean=True):
        facts, log = probe(case, options="vms=on")
        assert not clean or violations(log) == []
        del facts["done"]
        return facts, log
    return run_case


def test_instructions_exit_one_after_the_other(run):
    facts, _ = run("vm-basic")
    assert facts == {
        "vmcall": VMCALL, "rbx": 0x12345678, "cpuid": CPUID, "rdmsr": MSR_READ, "outb": IO,
        "port": 0x99 << 16 | 1 << 6, "cr": CR, "register": 4, "int3": EXCEPTION_OR_NMI,
        "int3_info": VALID | 6 << 8 | 3, "ud2": EXCEPTION_OR_NMI, "ud2_info": VALID | 3 << 8 | 6,
        "hlt": HLT, "rax_is_kept": 1}


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


def test_an_event_is_delivered_before_there_is_an_exit(run):
    facts, _ = run("vm-injection")
    assert facts == {"in_handler": VMCALL, "window": INTERRUPT_WINDOW, "at_interrupted": 1,
                     "vectoring": 0, "timer": PREEMPTION_TIMER, "at_handler": 1,
                     "timer_vectoring": 0}


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


def test_invept_flushes_translations(run):
    facts, _ = run("vm-invept")
    assert facts == {"read": VMCALL, "value": 0x99, "flushed": EPT_VIOLATION}


def test_a_guest_runs_in_real_mode(run):
    facts, _ = run("vm-real-mode")
    assert facts == {"vmcall": VMCALL, "rbx": 0x1234, "hlt": HLT, "stack": 0x4000 - 6}
