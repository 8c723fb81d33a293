// SPDX-License-Identifier: GPL-2.0-only
/* Running a VM's vCPU until an exit that the host has to handle. */
#include "cpu/crash.h"
#include "cpu/decode.h"
#include "host/cr.h"
#include "smp/apic_regs.h"
#include "smp/smp.h"
#include "vm/vm_debug.h"
#include "vm/vm_event.h"
#include "vm/vm_exit.h"
#include "vm/vm_map.h"
#include "vm/vm_run.h"
#include "vm/vm_step.h"
#include "vm/vm_timer.h"

/* An emulated instruction needs a page that is not mapped: as if it had faulted. */
static void note_unreached(struct vcpu *vcpu, u64 gpa, bool write)
{
	struct vmcb *v = &vcpu->vmcb;

	v->exit_code = SVM_EXIT_NPF;
	v->exit_info1 = write ? SVM_NPF_WRITE : 0;
	v->exit_info2 = gpa;
}

/* An emulated instruction may have reached a page that is not mapped, or raised an exception. */
static bool emulated(struct vm *vm, struct vm_exit *exit)
{
	vm->raised = true;
	return (u32)vm->vcpu->vmcb.exit_code == SVM_EXIT_NPF && vm_map_fault(vm, exit);
}

/* QEMU also ends a guest that moves a value with reserved bits to CR3. */
static bool error_exit(struct vm *vm)
{
	struct insn insn;

	if (!decode(vm->vcpu, &insn) || !cr3_write_refused(vm->vcpu, &insn))
		crash_vmrun(vm->vcpu);
	vm->raised = true;
	return false;
}

static bool is_exception(u32 code)
{
	return code >= SVM_EXIT_EXCEPTION && code < SVM_EXIT_EXCEPTION + 32;
}

/* False if the vCPU goes on. */
static bool handle(struct vm *vm, struct vm_exit *exit)
{
	u32 code = vm->vcpu->vmcb.exit_code;

	switch (code) {
	case SVM_EXIT_INTR:
	case SVM_EXIT_NMI:
		return vm_event_interrupt(vm, exit);
	case SVM_EXIT_VINTR:
		return false;
	case SVM_EXIT_IRET:
		vm_event_iret(vm);
		return false;
	case SVM_EXIT_NPF:
		if (!vm_map_fault(vm, exit))
			return false;
		vm_event_iret_violates(vm, exit);
		return true;
	case SVM_EXIT_SWINT:
		return vm_event_software(vm, exit) || emulated(vm, exit);
	case SVM_EXIT_SHUTDOWN:
		vm_event_shutdown(vm, exit);
		return true;
	case SVM_EXIT_ERROR:
		return error_exit(vm);
	}
	if (code == SVM_EXIT_EXCEPTION + VECTOR_UD || svm_is_amd_instruction(code))
		return vm_exit_undefined(vm, exit) || emulated(vm, exit);
	if (is_exception(code))
		return vm_event_raise(vm, code - SVM_EXIT_EXCEPTION, exit);
	return vm_exit_instruction(vm, exit) || emulated(vm, exit);
}

/*
 * QEMU 7.2 arms breakpoints at a MOV to DR7 only.  Those of the host stay as they are: there,
 * QEMU would forget which ones are armed.
 */
static void load_breakpoints(const struct vcpu *vcpu)
{
	if (vcpu->vmcb.dr7 & DR7_ENABLED && !(vcpu->cpu->host.vmcb.dr7 & DR7_ENABLED))
		native_write_dr(7, vcpu->vmcb.dr7);
}

static void drop_breakpoints(const struct vcpu *vcpu)
{
	if (vcpu->vmcb.dr7 & DR7_ENABLED && !(vcpu->cpu->host.vmcb.dr7 & DR7_ENABLED))
		native_write_dr(7, DR7_RESET);
}

/*
 * Under multi-threaded TCG, VMRUN with a virtual interrupt may lose the request of a physical one
 * that arrives at the same time.  A write to the APIC makes QEMU look for it again.
 */
static void look_for_interrupts(void)
{
	apic_write(APIC_TPR, apic_read(APIC_TPR));
}

static bool uses_virtual_interrupt(const struct vmcb *v)
{
	return v->int_control & SVM_V_IRQ ||
	       (v->event_inject & (SVM_EVENT_VALID | SVM_EVENT_TYPE)) ==
	       (SVM_EVENT_VALID | SVM_EVENT_INTERRUPT);
}

static void run_guest(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu;
	bool virtual;

	vm_event_prepare(vm);
	virtual = uses_virtual_interrupt(&vcpu->vmcb);
	load_breakpoints(vcpu);
	vm_timer_arm(vm);
	smp_enter_guest(vcpu->cpu);
	vcpu_run(vcpu);
	smp_leave_guest(vcpu->cpu);
	vm_debug_finish(vm);
	vm_timer_disarm(vm);
	drop_breakpoints(vcpu);
	if (virtual)
		look_for_interrupts();
}

void vm_run(struct vm *vm, struct vm_exit *exit)
{
	vm->vcpu->unreached = note_unreached;
	do {
		vm_step_sti(vm);
		if (vm_event_before_run(vm, exit))
			return;
		run_guest(vm);
	} while (!handle(vm, exit));
}
