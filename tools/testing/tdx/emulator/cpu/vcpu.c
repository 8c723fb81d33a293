// SPDX-License-Identifier: GPL-2.0-only
/* Virtual CPUs: reset, entry and exit, and injection of events. */
#include <linux/string.h>

#include "cpu/cpu.h"
#include "cpu/entry.h"
#include "cpu/vcpu.h"

#define LAST_EXCEPTION	31

/* #DF #TS #NP #SS #GP #PF #AC */
#define WITH_ERROR_CODE	(BIT(8) | 0x7c00U | BIT(17))

/* #DE #TS #NP #SS #GP */
#define CONTRIBUTORY	(BIT(0) | BIT(10) | BIT(11) | BIT(12) | BIT(VECTOR_GP))

static void set_segment(struct vmcb_segment *seg, u16 selector, u64 base, u16 attributes)
{
	*seg = (struct vmcb_segment){ selector, attributes, 0xffff, base };
}

void vcpu_reset(struct vcpu *vcpu, u8 vector)
{
	struct vmcb *v = &vcpu->vmcb;

	memset(v, 0, sizeof(*v));
	memset(vcpu->gpr, 0, sizeof(vcpu->gpr));
	vcpu->cr4_kept = X86_CR4_VMXE;
	vcpu->cr4_hidden = 0;
	vcpu->efer_lme = false;
	vcpu->waiting = 0;
	vcpu->delivering = false;
	vcpu->shut_down = false;
	vcpu->msr_store[STORE_DEBUGCTL] = 0;

	set_segment(&v->cs, vector << 8, vector << 12, 0x9b);
	set_segment(&v->ds, 0, 0, 0x93);
	v->es = v->ds;
	v->ss = v->ds;
	set_segment(&v->gdtr, 0, 0, 0);
	set_segment(&v->idtr, 0, 0, 0);
	v->cr0 = X86_CR0_CD | X86_CR0_NW | X86_CR0_ET;
	v->efer = EFER_SVME;
	v->rflags = X86_EFLAGS_FIXED;
	v->dr6 = 0xffff0ff0;
	v->dr7 = DR7_RESET;
	v->guest_pat = 0x0007040600070406ULL;
}

/*
 * QEMU cannot leave a guest that has EFER.LME, but neither CR4.PAE nor paging: the
 * emulator would go on without paging.  There LME has no effect yet, so the CPU gets
 * it with PAE.
 */
static void update_lme(struct vcpu *vcpu)
{
	struct vmcb *v = &vcpu->vmcb;

	if (v->cr0 & X86_CR0_PG)
		return;
	v->efer &= ~EFER_LME;
	if (vcpu->efer_lme && v->cr4 & X86_CR4_PAE)
		v->efer |= EFER_LME;
}

void vcpu_set_efer(struct vcpu *vcpu, u64 value)
{
	struct vmcb *v = &vcpu->vmcb;

	v->efer = (value & ~EFER_LMA) | (v->efer & EFER_LMA) | EFER_SVME;
	vcpu->efer_lme = value & EFER_LME;
	update_lme(vcpu);
}

/*
 * Reads are intercepted while they have to be modified.  From QEMU 10 on the bit of CR0
 * intercepts reads of all control registers, and that of CR4 has no effect.
 */
void vcpu_set_cr4(struct vcpu *vcpu, u64 value)
{
	const u32 reads = SVM_INTERCEPT_CR_READ(0) | SVM_INTERCEPT_CR_READ(4);

	vcpu->vmcb.cr4 = value & ~vcpu->cr4_kept;
	vcpu->cr4_hidden = value & vcpu->cr4_kept;
	if (vcpu->cr4_hidden)
		vcpu->vmcb.intercept_cr |= reads;
	else
		vcpu->vmcb.intercept_cr &= ~reads;
	update_lme(vcpu);
}

static bool is_exception(u32 event)
{
	return event & SVM_EVENT_VALID && (event & SVM_EVENT_TYPE) == SVM_EVENT_EXCEPTION;
}

/*
 * VMX injects exceptions that VMRUN refuses, and some without the error code that QEMU pushes for
 * their vectors.  As an interrupt they are delivered in the same way.
 */
bool vcpu_injects_as_interrupt(const struct vcpu *vcpu)
{
	u32 event = vcpu->vmcb.event_inject, vector = event & SVM_EVENT_VECTOR;

	if (!is_exception(event) || vector == VECTOR_NMI)
		return false;
	return vector >= LAST_EXCEPTION || (WITH_ERROR_CODE & BIT(vector) &&
					    !(event & SVM_EVENT_ERROR_VALID) &&
					    vcpu->vmcb.cr0 & X86_CR0_PE);
}

/* An NMI that is injected does not block others. */
static u32 deliverable_event(const struct vcpu *vcpu)
{
	u32 event = vcpu->vmcb.event_inject, vector = event & SVM_EVENT_VECTOR;

	if (is_exception(event) && vector == VECTOR_NMI)
		return SVM_EVENT_VALID | SVM_EVENT_NMI | vector;
	if (vcpu_injects_as_interrupt(vcpu))
		return SVM_EVENT_VALID | SVM_EVENT_INTERRUPT | vector;
	return event;
}

/*
 * The event to deliver again after an exit in the middle of its delivery; @asked, if that was
 * injected, which is reported unchanged.  Events that the CPU delivered itself are reported as
 * exceptions by QEMU, except INT n, which is executed again since RIP is still there.  The vector
 * tells interrupts from exceptions, except that of a virtual one, which is still requested then.
 */
static u32 unfinished_event(const struct vcpu *vcpu, u32 asked)
{
	u32 event = vcpu->vmcb.exit_int_info, vector = event & SVM_EVENT_VECTOR;
	u32 interrupt = SVM_EVENT_VALID | SVM_EVENT_INTERRUPT | vector;

	if (!(event & SVM_EVENT_VALID))
		return event;
	if (event == vcpu->entered.event)
		return asked;
	switch (event & SVM_EVENT_TYPE) {
	case SVM_EVENT_EXCEPTION:
		if (vector == VECTOR_NMI)
			return SVM_EVENT_VALID | SVM_EVENT_NMI | vector;
		if (vector >= FIRST_INTERRUPT_VECTOR ||
		    (vcpu->vmcb.int_control & SVM_V_IRQ && vcpu->waiting == interrupt))
			return interrupt;
		return event;
	case SVM_EVENT_SOFTWARE:
		return 0;
	default:
		return event;
	}
}

static bool is_interrupt(u32 event)
{
	return event & SVM_EVENT_VALID && (event & SVM_EVENT_TYPE) == SVM_EVENT_INTERRUPT;
}

/*
 * Of an interrupt that is injected, QEMU keeps the vector, and delivers it a second time when it
 * gives another CPU its turn.  It does not with a virtual interrupt, nor if it exits at once,
 * because another interrupt is pending.
 */
static void request_interrupt(struct vcpu *vcpu)
{
	struct vmcb *v = &vcpu->vmcb;

	if (is_interrupt(v->event_inject) && !vcpu->inject_now) {
		vcpu->waiting = v->event_inject;
		v->event_inject = 0;
	}
	if (!vcpu->waiting)
		return;
	v->int_control &= ~SVM_V_VECTOR;
	v->int_control |= SVM_V_IRQ | SVM_V_IGNORE_TPR | SVM_V_PRIORITY |
			  (u64)(vcpu->waiting & SVM_EVENT_VECTOR) << SVM_V_VECTOR_SHIFT;
	v->intercept1 &= ~SVM_INTERCEPT1_VINTR;
}

/* V_IRQ stays set after an exit in the middle of the delivery, too. */
static void take_interrupt_back(struct vcpu *vcpu)
{
	struct vmcb *v = &vcpu->vmcb;

	if (!vcpu->waiting)
		return;
	if (!(v->int_control & SVM_V_IRQ) || v->event_inject == vcpu->waiting)
		vcpu->waiting = 0;
	v->int_control &= ~SVM_V_IRQ;
	if (!(v->event_inject & SVM_EVENT_VALID)) {
		v->event_inject = vcpu->waiting;
		vcpu->waiting = 0;
	}
}

static void load_xstate(struct vcpu *vcpu)
{
	struct cpu *cpu = vcpu->cpu;

	if (cpu->loaded == vcpu)
		return;
	if (cpu->loaded)
		xstate_save(&cpu->loaded->xstate);
	xstate_load(&vcpu->xstate);
	cpu->loaded = vcpu;
}

void vcpu_unload_xstate(struct vcpu *vcpu)
{
	if (vcpu->cpu->loaded != vcpu)
		return;
	xstate_save(&vcpu->xstate);
	vcpu->cpu->loaded = NULL;
}

/* QEMU loads a code segment that is 64-bit and 32-bit code, but does not enter it by VMRUN. */
static void limit_code_segment(struct vcpu *vcpu)
{
	if (vcpu_64bit_code(vcpu))
		vcpu->vmcb.cs.attributes &= ~SVM_SEG_DB;
}

static void shut_down(struct vcpu *vcpu)
{
	vcpu->shut_down = false;
	vcpu->delivering = false;
	vcpu->vmcb.event_inject = 0;
	vcpu->vmcb.exit_code = SVM_EXIT_SHUTDOWN;
}

void vcpu_run(struct vcpu *vcpu)
{
	struct vmcb *v = &vcpu->vmcb;
	u32 asked;

	if (vcpu->shut_down) {
		shut_down(vcpu);
		return;
	}
	load_xstate(vcpu);
	limit_code_segment(vcpu);
	request_interrupt(vcpu);
	asked = v->event_inject;
	v->event_inject = deliverable_event(vcpu);
	vcpu->entered = (struct entry_state){
		v->rip, v->rflags, v->cr0, v->cr3, v->cr4, v->efer, v->event_inject
	};
	v->rax = vcpu->gpr[RAX];
	v->rsp = vcpu->gpr[RSP];
	/* An event ends it */
	if (v->event_inject & SVM_EVENT_VALID)
		v->int_state = 0;
	vcpu->ticks += vmrun(phys_of(v), vcpu->gpr, v->int_state & SVM_INTERRUPT_SHADOW) -
		       VMRUN_TICKS;
	vcpu->nr_runs++;
	vcpu->gpr[RAX] = v->rax;
	vcpu->gpr[RSP] = v->rsp;
	v->event_inject = unfinished_event(vcpu, asked);
	v->event_inject_error = v->exit_int_error;
	vcpu->inject_now = false;
	vcpu->delivering = is_exception(v->event_inject);
	take_interrupt_back(vcpu);
}

void vcpu_skip_insn(struct vcpu *vcpu, unsigned int length)
{
	struct vmcb *v = &vcpu->vmcb;

	v->rip += length;
	if (!vcpu_64bit_code(vcpu))
		v->rip = (u32)v->rip;
	v->rflags &= ~X86_EFLAGS_RF;
	v->int_state = 0;
	if (v->rflags & X86_EFLAGS_TF) {
		v->dr6 |= DR6_SINGLE_STEP;
		vcpu_inject(vcpu, VECTOR_DB);
	}
}

/* An interrupt that has not been delivered goes on waiting. */
static void inject(struct vcpu *vcpu, u32 event)
{
	if (is_interrupt(vcpu->vmcb.event_inject))
		vcpu->waiting = vcpu->vmcb.event_inject;
	vcpu->vmcb.event_inject = SVM_EVENT_VALID | event;
	vcpu->vmcb.event_inject_error = 0;
}

static bool is_contributory(unsigned int vector)
{
	return CONTRIBUTORY & BIT(vector);
}

/* Does @second, raised by the delivery of @first, make that a double fault?  SDM vol. 3, 6.15. */
static bool is_double_fault(unsigned int first, unsigned int second)
{
	if (first == VECTOR_PF)
		return second == VECTOR_PF || is_contributory(second);
	return is_contributory(first) && is_contributory(second);
}

static bool is_triple_fault(unsigned int first, unsigned int second)
{
	return first == VECTOR_DF && (second == VECTOR_PF || is_contributory(second));
}

static void inject_exception(struct vcpu *vcpu, unsigned int vector, u32 valid, u32 error)
{
	unsigned int first = vcpu->vmcb.event_inject & SVM_EVENT_VECTOR;

	if (vcpu->delivering && is_triple_fault(first, vector)) {
		vcpu->shut_down = true;
	} else if (vcpu->delivering && is_double_fault(first, vector)) {
		inject(vcpu, SVM_EVENT_EXCEPTION | SVM_EVENT_ERROR_VALID | VECTOR_DF);
	} else {
		inject(vcpu, SVM_EVENT_EXCEPTION | valid | vector);
		vcpu->vmcb.event_inject_error = error;
	}
	vcpu->delivering = false;
}

void vcpu_inject(struct vcpu *vcpu, unsigned int vector)
{
	inject_exception(vcpu, vector, 0, 0);
}

void vcpu_inject_error(struct vcpu *vcpu, unsigned int vector, u32 error)
{
	inject_exception(vcpu, vector, SVM_EVENT_ERROR_VALID, error);
}

void vcpu_inject_nmi(struct vcpu *vcpu)
{
	inject(vcpu, SVM_EVENT_NMI | VECTOR_NMI);
}

void vcpu_software_interrupt(struct vcpu *vcpu, u8 vector, unsigned int length)
{
	/* What is pushed is the RIP of the VMCB */
	vcpu_skip_insn(vcpu, length);
	inject(vcpu, SVM_EVENT_SOFTWARE | vector);
}
