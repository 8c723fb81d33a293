// SPDX-License-Identifier: GPL-2.0-only
/* Events of a VM's vCPU: injection, windows, virtual NMIs, exceptions and interrupts. */
#include "cpu/decode.h"
#include "cpu/interrupt.h"
#include "cpu/vintr.h"
#include "host/softint.h"
#include "smp/apic.h"
#include "smp/shootdown.h"
#include "vm/vm_debug.h"
#include "vm/vm_event.h"
#include "vm/vm_posted.h"
#include "vm/vm_timer.h"

#define VECTOR_BP		3
#define VECTOR_OF		4
#define OPCODE_INT3		0xcc
#define OPCODE_INTO		0xce

/* Of the exit qualification, and of the interruption information: the exit is inside an IRET. */
#define NMI_UNBLOCKED		BIT(12)

/* Bits of an error code that names a descriptor */
#define ERROR_EXT		BIT(0)
#define ERROR_IDT		BIT(1)

/* #DF, #TS, #NP, #SS, #GP, #PF, #AC */
#define WITH_ERROR_CODE		(BIT(8) | 0x7c00U | BIT(17))

static bool is_pending(const struct vcpu *vcpu)
{
	return vcpu->vmcb.event_inject & SVM_EVENT_VALID;
}

static bool has_type(u32 event, u32 type)
{
	return event & SVM_EVENT_VALID && (event & SVM_EVENT_TYPE) == type;
}

/* For SVM, the events of INT3 and INTO are software interrupts; that of INT1 is an exception. */
static u32 svm_event(u32 info)
{
	switch (info & SVM_EVENT_TYPE) {
	case EVENT_SOFTWARE_EXCEPTION:
		return (info & ~SVM_EVENT_TYPE) | SVM_EVENT_SOFTWARE;
	case EVENT_PRIVILEGED_SOFTWARE:
		return (info & ~SVM_EVENT_TYPE) | SVM_EVENT_EXCEPTION;
	default:
		return info;
	}
}

static bool has_instruction(u32 info)
{
	switch (info & SVM_EVENT_TYPE) {
	case SVM_EVENT_SOFTWARE:
	case EVENT_SOFTWARE_EXCEPTION:
	case EVENT_PRIVILEGED_SOFTWARE:
		return info & SVM_EVENT_VALID;
	default:
		return false;
	}
}

void vm_event_load(struct vm *vm)
{
	u32 info = vmcs_read(vm->vmcs, VMCS_ENTRY_INTERRUPTION_INFO);
	struct vmcb *v = &vm->vcpu->vmcb;

	vm->software = 0;
	vm->raised = false;
	vm->enters = true;
	vm_debug_load(vm, info & SVM_EVENT_VALID);
	if (!(info & SVM_EVENT_VALID))
		return;
	v->event_inject = svm_event(info);
	v->event_inject_error = vmcs_read(vm->vmcs, VMCS_ENTRY_EXCEPTION_ERROR_CODE);
	if (!has_instruction(info))
		return;
	vm->software = v->event_inject;
	vm->software_info = info;
	vm->software_length = vmcs_read(vm->vmcs, VMCS_ENTRY_INSTRUCTION_LENGTH);
	v->rip += vm->software_length;
}

/* An instruction of the guest is executed again, that of the host's injection is told. */
static u32 take_back_software(struct vm *vm)
{
	vm->vcpu->vmcb.rip -= vm->software_length;
	if (vm->software_info)
		vmcs_write(vm->vmcs, VMCS_EXIT_INSTRUCTION_LENGTH, vm->software_length);
	return vm->software_info;
}

void vm_event_store(struct vm *vm, const struct vm_exit *exit)
{
	struct vmcb *v = &vm->vcpu->vmcb;
	u32 event = v->event_inject;

	v->event_inject = 0;
	vm_debug_store(vm, exit);
	if (!(event & SVM_EVENT_VALID))
		event = 0;
	else if (event == vm->software)
		event = take_back_software(vm);
	/* It has not been delivered */
	if (has_type(event, SVM_EVENT_NMI))
		vm->nmi_blocked = false;
	vmcs_write(vm->vmcs, VMCS_IDT_VECTORING_INFO, event);
	if (event & SVM_EVENT_ERROR_VALID)
		vmcs_write(vm->vmcs, VMCS_IDT_VECTORING_ERROR_CODE, v->event_inject_error);
}

static bool is_open(const struct vm *vm)
{
	return !vm->vcpu->vmcb.int_state && !is_pending(vm->vcpu) && !vm->step;
}

static bool nmi_window(const struct vm *vm)
{
	return vm->primary & PRIMARY_NMI_WINDOW && is_open(vm) && !vm->nmi_blocked;
}

static bool interrupt_window(const struct vm *vm)
{
	return vm->primary & PRIMARY_INTERRUPT_WINDOW && is_open(vm) &&
	       vm->vcpu->vmcb.rflags & X86_EFLAGS_IF;
}

/* The exceptions that have to be looked at, though the host may not want all of them. */
static u32 exceptions(const struct vm *vm)
{
	u32 bits = (vm->exceptions & ~BIT(VECTOR_NMI)) | BIT(VECTOR_UD);

	if (vmcs_read(vm->vmcs, VMCS_PF_ERROR_CODE_MASK) |
	    vmcs_read(vm->vmcs, VMCS_PF_ERROR_CODE_MATCH))
		bits |= BIT(VECTOR_PF);
	return vm->step ? ~BIT(VECTOR_NMI) : bits;
}

/*
 * For the host, an event that it injects is delivered before it sees another exit.  So the guest is
 * left again at once: it has not executed an instruction.
 */
static void leave_behind_delivery(struct vcpu *vcpu)
{
	vcpu->inject_now = true;
	shootdown_self(vcpu->cpu);
}

/* An interrupt window is a virtual interrupt that is intercepted. */
static void prepare_window(struct vm *vm)
{
	struct vmcb *v = &vm->vcpu->vmcb;

	v->int_control |= SVM_V_IRQ | SVM_V_IGNORE_TPR | SVM_V_PRIORITY;
	v->intercept1 |= SVM_INTERCEPT1_VINTR;
}

/*
 * There is no intercept for an NMI window, and QEMU would use the same virtual interrupt for an
 * interrupt window as for one that is injected.
 */
static bool needs_exit_behind_delivery(const struct vm *vm)
{
	if (!is_pending(vm->vcpu))
		return false;
	if (vm->primary & PRIMARY_NMI_WINDOW && !vm->nmi_blocked)
		return true;
	return vm_timer_has_expired(vm) || vcpu_injects_as_interrupt(vm->vcpu) ||
	       (vm->enters && vm_apic_is_low(&vm->apic)) ||
	       (vm->primary & PRIMARY_INTERRUPT_WINDOW &&
		has_type(vm->vcpu->vmcb.event_inject, SVM_EVENT_INTERRUPT));
}

/* If NMIs exit and there are no virtual ones, IRET does not affect their blocking. */
static bool iret_unblocks(const struct vm *vm)
{
	return !(vm->pin & PIN_NMI_EXITING) || vm->pin & PIN_VIRTUAL_NMIS;
}

void vm_event_prepare(struct vm *vm)
{
	struct vmcb *v = &vm->vcpu->vmcb;

	if (has_type(v->event_inject, SVM_EVENT_NMI))
		vm->nmi_blocked = true;
	v->intercept1 &= ~(SVM_INTERCEPT1_IRET | SVM_INTERCEPT1_VINTR);
	v->int_control = vm->pin & PIN_EXTERNAL_INTERRUPT_EXITING ? SVM_V_INTR_MASKING : 0;
	if (vm->nmi_blocked && !vm->step && iret_unblocks(vm))
		v->intercept1 |= SVM_INTERCEPT1_IRET;
	v->intercept_exceptions = exceptions(vm);
	vm_debug_prepare(vm);
	if (vm_apic_has_tpr(&vm->apic))
		v->int_control |= vapic_tpr_class(&vm->apic.regs);
	if (vm_apic_has_interrupts(&vm->apic) && !vm->step)
		vintr_prepare(vm->vcpu, &vm->apic.regs);
	if (needs_exit_behind_delivery(vm))
		leave_behind_delivery(vm->vcpu);
	else if (vm->primary & PRIMARY_INTERRUPT_WINDOW && !vm->step)
		prepare_window(vm);
}

/* The IRET is stepped: what it ends, it ends behind the instruction, or if that faults. */
void vm_event_iret(struct vm *vm)
{
	vm_debug_step(vm, true);
}

void vm_event_iret_violates(struct vm *vm, struct vm_exit *exit)
{
	if (!vm->iret || exit->reason != VM_EXIT_EPT_VIOLATION ||
	    vm->vcpu->vmcb.exit_info1 & SVM_NPF_FETCH)
		return;
	vm->nmi_blocked = false;
	exit->qualification |= NMI_UNBLOCKED;
}

static bool page_fault_exits(const struct vm *vm, u32 error)
{
	bool matches = (error & vmcs_read(vm->vmcs, VMCS_PF_ERROR_CODE_MASK)) ==
		       vmcs_read(vm->vmcs, VMCS_PF_ERROR_CODE_MATCH);

	return matches == !!(vm->exceptions & BIT(VECTOR_PF));
}

static bool exception_exits(const struct vm *vm, unsigned int vector, u32 error)
{
	if (vector == VECTOR_PF)
		return page_fault_exits(vm, error);
	return vm->exceptions & BIT(vector);
}

static void exception_exit(struct vm *vm, u32 event, u32 error, u64 qualification,
			   struct vm_exit *exit)
{
	unsigned int vector = event & SVM_EVENT_VECTOR;

	*exit = (struct vm_exit){
		.reason = VM_EXIT_EXCEPTION_OR_NMI,
		.qualification = qualification,
		.info = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | vector,
	};
	/* There are no error codes in real mode */
	if (BIT(vector) & WITH_ERROR_CODE && vm->vcpu->vmcb.cr0 & X86_CR0_PE) {
		exit->info |= SVM_EVENT_ERROR_VALID;
		exit->error = error;
	}
}

/* That of a gate that cannot be used: QEMU 7.2 counts in 8 bytes, and never sets EXT. */
static u32 error_code(const struct vcpu *vcpu, unsigned int vector)
{
	u32 event = vcpu->vmcb.event_inject, error = vcpu->vmcb.exit_info1;
	unsigned int gate = event & SVM_EVENT_VECTOR;

	if (vector != VECTOR_GP || !is_pending(vcpu) ||
	    (error != gate * 16 + ERROR_IDT && error != gate * 8 + ERROR_IDT))
		return error;
	return gate * 8 + ERROR_IDT + (has_type(event, SVM_EVENT_SOFTWARE) ? 0 : ERROR_EXT);
}

static bool debug_exception(struct vm *vm, struct vm_exit *exit)
{
	if (vm->iret)
		vm->nmi_blocked = false;
	if (!vm_debug_trapped(vm))
		return false;
	if (exception_exits(vm, VECTOR_DB, 0)) {
		exception_exit(vm, VECTOR_DB, 0, vm->debug_causes, exit);
		return true;
	}
	vm_debug_deliver(vm);
	return false;
}

/* An exception that is no trap of a step */
static bool fault(struct vm *vm, unsigned int vector, struct vm_exit *exit)
{
	struct vcpu *vcpu = vm->vcpu;
	u32 error = error_code(vcpu, vector);
	u64 address = vcpu->vmcb.exit_info2;
	bool iret_faults = vm->iret;

	if (vm->iret)
		vm->nmi_blocked = false;
	if (vm->step)
		vm_debug_end_step(vm);
	if (exception_exits(vm, vector, error)) {
		exception_exit(vm, vector, error, vector == VECTOR_PF ? address : 0, exit);
		if (iret_faults)
			exit->info |= NMI_UNBLOCKED;
		return true;
	}
	if (vector == VECTOR_PF)
		vcpu->vmcb.cr2 = address;
	if (BIT(vector) & WITH_ERROR_CODE)
		vcpu_inject_error(vcpu, vector, error);
	else
		vcpu_inject(vcpu, vector);
	return false;
}

bool vm_event_raise(struct vm *vm, unsigned int vector, struct vm_exit *exit)
{
	return vector == VECTOR_DB ? debug_exception(vm, exit) : fault(vm, vector, exit);
}

/* What the host injects does not exit, nor what is delivered again. */
static bool raised_exits(struct vm *vm, struct vm_exit *exit)
{
	struct vmcb *v = &vm->vcpu->vmcb;
	unsigned int vector = v->event_inject & SVM_EVENT_VECTOR;

	if (!has_type(v->event_inject, SVM_EVENT_EXCEPTION) ||
	    !exception_exits(vm, vector, v->event_inject_error))
		return false;
	exception_exit(vm, v->event_inject, v->event_inject_error,
		       vector == VECTOR_PF ? v->cr2 :
		       vector == VECTOR_DB ? vm_debug_causes(vm) : 0, exit);
	v->event_inject = 0;
	return true;
}

/* Looked at once after a VM entry, when an event that it injects is delivered. */
static bool tpr_exits(struct vm *vm, struct vm_exit *exit)
{
	if (!vm->enters || is_pending(vm->vcpu))
		return false;
	vm->enters = false;
	if (!vm_apic_is_low(&vm->apic))
		return false;
	*exit = (struct vm_exit){ .reason = VM_EXIT_TPR_BELOW_THRESHOLD };
	return true;
}

/* There, neither an NMI window is intercepted nor what MOV to SS holds back. */
static bool needs_step(const struct vm *vm)
{
	return vm->vcpu->vmcb.int_state && !is_pending(vm->vcpu) && !vm->step &&
	       (vm->held || (vm->primary & PRIMARY_NMI_WINDOW && !vm->nmi_blocked));
}

bool vm_event_before_run(struct vm *vm, struct vm_exit *exit)
{
	vm_debug_end_emulated(vm);
	if (needs_step(vm))
		vm_debug_step_shadow(vm);
	if (vm->raised && raised_exits(vm, exit))
		return true;
	vm->raised = false;
	if (tpr_exits(vm, exit))
		return true;
	if (vm_timer_has_expired(vm) && !is_pending(vm->vcpu))
		*exit = (struct vm_exit){ .reason = VM_EXIT_PREEMPTION_TIMER };
	else if (nmi_window(vm))
		*exit = (struct vm_exit){ .reason = VM_EXIT_NMI_WINDOW };
	else if (interrupt_window(vm))
		*exit = (struct vm_exit){ .reason = VM_EXIT_INTERRUPT_WINDOW };
	else
		return false;
	return true;
}

/* QEMU ignores an intercept of the double fault.  For the host no event was in delivery. */
void vm_event_shutdown(struct vm *vm, struct vm_exit *exit)
{
	vm->vcpu->vmcb.event_inject = 0;
	if (vm->exceptions & BIT(VECTOR_DF))
		exception_exit(vm, VECTOR_DF, 0, 0, exit);
	else
		*exit = (struct vm_exit){ .reason = VM_EXIT_TRIPLE_FAULT };
}

static bool software_exit(struct vm *vm, unsigned int vector, struct vm_exit *exit)
{
	if (!(vm->exceptions & BIT(vector)))
		return false;
	*exit = (struct vm_exit){
		.reason = VM_EXIT_EXCEPTION_OR_NMI,
		.info = SVM_EVENT_VALID | EVENT_SOFTWARE_EXCEPTION | vector,
		.length = 1,
	};
	return true;
}

bool vm_event_software(struct vm *vm, struct vm_exit *exit)
{
	struct vcpu *vcpu = vm->vcpu;
	u64 rip = vcpu->vmcb.rip;
	struct insn insn;

	if (decode(vcpu, &insn) && insn.map == MAP_ONE_BYTE) {
		if (insn.opcode == OPCODE_INT3 && software_exit(vm, VECTOR_BP, exit))
			return true;
		if (insn.opcode == OPCODE_INTO && software_exit(vm, VECTOR_OF, exit))
			return true;
	}
	softint_exit(vcpu);
	vm->software = vcpu->vmcb.event_inject;
	vm->software_info = 0;
	vm->software_length = vcpu->vmcb.rip - rip;
	return false;
}

static bool nmi_exit(struct vm *vm, struct vm_exit *exit)
{
	if (!(vm->pin & PIN_NMI_EXITING)) {
		vcpu_inject_nmi(vm->vcpu);
		return false;
	}
	*exit = (struct vm_exit){
		.reason = VM_EXIT_EXCEPTION_OR_NMI,
		.info = SVM_EVENT_VALID | SVM_EVENT_NMI | VECTOR_NMI,
	};
	return true;
}

/* The interrupt stays pending if the host does not want its vector. */
static bool interrupt_exit(struct vm *vm, struct vm_exit *exit)
{
	struct cpu *cpu = vm->vcpu->cpu;
	bool taken, nmi;
	u8 vector;

	*exit = (struct vm_exit){ .reason = VM_EXIT_INTERRUPT };
	if (!(vm->exits & EXIT_ACK_INTERRUPT))
		return true;
	taken = interrupt_take(cpu, &vector, &nmi);
	nmi = nmi && shootdown_take_nmi(cpu);
	if (taken && vm_timer_is_interrupt(vm, vector)) {
		apic_end_interrupt();
		taken = false;
	} else if (taken && vm_posted_take(vm, vector)) {
		taken = false;
	}
	if (!taken)
		return nmi && nmi_exit(vm, exit);
	if (nmi)
		vcpu_inject_nmi(&cpu->host);
	exit->info = SVM_EVENT_VALID | SVM_EVENT_INTERRUPT | vector;
	return true;
}

bool vm_event_interrupt(struct vm *vm, struct vm_exit *exit)
{
	struct vcpu *vcpu = vm->vcpu;

	if (is_pending(vcpu)) {
		vcpu->inject_now = true;
		return false;
	}
	if ((u32)vcpu->vmcb.exit_code == SVM_EXIT_INTR)
		return interrupt_exit(vm, exit);
	return shootdown_take_nmi(vcpu->cpu) && nmi_exit(vm, exit);
}
