// SPDX-License-Identifier: GPL-2.0-only
/* Debug exceptions of a VM's vCPU: their causes, pending ones, steps of the emulator. */

/*
 * An exit by a debug exception has its causes in the exit qualification and leaves DR6 alone, which
 * QEMU has changed by then.  So while the exception is intercepted, the CPU has no causes in DR6.
 *
 * The emulator steps an instruction that ends the blocking of events, to be called behind it.  The
 * guest has RFLAGS.TF for that only while it runs.
 */
#include "cpu/walk.h"
#include "vm/vm_debug.h"

#define DR6_FIXED		0xffff0ff0ULL
#define BREAKPOINTS		0xfULL
#define CAUSES			(BREAKPOINTS | BIT_ULL(13) | DR6_SINGLE_STEP)

#define PENDING_BREAKPOINT	BIT_ULL(12)

#define DEBUGCTL_BTF		BIT_ULL(1)

#define MAX_INSN_BYTES		15
#define REX(byte)		(((byte) & 0xf0) == 0x40)

/* No address of an instruction */
#define NOWHERE			BIT_ULL(63)

static bool in_shadow(const struct vmcb *v)
{
	return v->int_state & SVM_INTERRUPT_SHADOW;
}

static void raise(struct vm *vm, u64 causes)
{
	vm->debug_causes = causes;
	vm->vcpu->vmcb.dr6 |= causes & CAUSES;
	vcpu_inject(vm->vcpu, VECTOR_DB);
	vm->raised = true;
}

/* A step that MOV to SS holds back is made by the next instruction anyway. */
void vm_debug_load(struct vm *vm, bool vectoring)
{
	u64 pending = vmcs_read(vm->vmcs, VMCS_GUEST_PENDING_DEBUG);
	bool mov_ss = vmcs_read(vm->vmcs, VMCS_GUEST_INTERRUPTIBILITY) & BLOCKED_BY_MOV_SS;
	struct vmcb *v = &vm->vcpu->vmcb;

	vm->dr6 = v->dr6;
	vm->debug_causes = 0;
	vm->held = 0;
	vm->mov_ss_rip = mov_ss ? v->rip : NOWHERE;
	if (vectoring || !(pending & (PENDING_DEBUG_STEP | PENDING_BREAKPOINT)))
		return;
	if (mov_ss)
		vm->held = pending & BREAKPOINTS;
	else
		raise(vm, pending);
}

/* QEMU has one interrupt shadow; if the guest steps, that of STI has ended with an exit. */
static bool is_of_mov_ss(const struct vm *vm, bool debug_exit)
{
	const struct vmcb *v = &vm->vcpu->vmcb;

	return !(v->rflags & X86_EFLAGS_IF) || v->rip == vm->mov_ss_rip ||
	       (v->rflags & X86_EFLAGS_TF && vm->exceptions & BIT(VECTOR_DB) && !debug_exit);
}

/* A step in an interrupt shadow is pending behind it, and one that an exit comes before. */
void vm_debug_store(struct vm *vm, const struct vm_exit *exit)
{
	const struct vcpu *vcpu = vm->vcpu;
	const struct vmcb *v = &vcpu->vmcb;
	bool debug_exit = exit->info == (SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | VECTOR_DB);
	u64 pending = vm->step_pending ? PENDING_DEBUG_STEP : 0;

	if (in_shadow(v)) {
		vm->mov_ss = is_of_mov_ss(vm, debug_exit);
		if (v->rflags & X86_EFLAGS_TF && !debug_exit &&
		    !(vcpu->msr_store[STORE_DEBUGCTL] & DEBUGCTL_BTF))
			pending |= PENDING_DEBUG_STEP;
		if (vm->held)
			pending |= vm->held | PENDING_BREAKPOINT;
	}
	vmcs_write(vm->vmcs, VMCS_GUEST_PENDING_DEBUG, pending);
}

void vm_debug_step(struct vm *vm, bool iret)
{
	vm->step = true;
	vm->iret = iret;
	vm->step_traps = vm->vcpu->vmcb.rflags & X86_EFLAGS_TF;
}

void vm_debug_end_step(struct vm *vm)
{
	vm->step = false;
	vm->iret = false;
	vm->step_traps = false;
	vm->held = 0;
}

static bool is_prefix(const struct vcpu *vcpu, u8 byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64 ... 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return vcpu_64bit_code(vcpu) && REX(byte);
	}
}

/* PUSHF and POPF, INT n and the like, IRET; SYSCALL, SYSRET, SYSENTER and SYSEXIT */
static bool moves_flags(u8 first, u8 second)
{
	switch (first) {
	case 0x9c:
	case 0x9d:
	case 0xcc ... 0xcf:
	case 0xf1:
		return true;
	case 0x0f:
		return second == 0x05 || second == 0x07 || second == 0x34 || second == 0x35;
	default:
		return false;
	}
}

static bool can_be_stepped(const struct vcpu *vcpu)
{
	u64 linear = vcpu_rip_linear(vcpu);
	u8 bytes[MAX_INSN_BYTES + 1] = { 0 };
	unsigned int count = guest_fetch(vcpu, linear, bytes, MAX_INSN_BYTES), at = 0;

	while (at < count && is_prefix(vcpu, bytes[at]))
		at++;
	return !moves_flags(bytes[at], bytes[at + (at < MAX_INSN_BYTES)]);
}

/* Behind the shadow: what MOV to SS has held back is due. */
static void leave_shadow(struct vm *vm)
{
	u64 held = vm->held;

	vm_debug_end_step(vm);
	vm->vcpu->vmcb.int_state = 0;
	if (held && !(vm->vcpu->vmcb.event_inject & SVM_EVENT_VALID))
		raise(vm, held);
}

void vm_debug_step_shadow(struct vm *vm)
{
	if (can_be_stepped(vm->vcpu))
		vm_debug_step(vm, false);
	else
		leave_shadow(vm);
}

void vm_debug_end_emulated(struct vm *vm)
{
	if (vm->step && vm->vcpu->vmcb.event_inject & SVM_EVENT_VALID)
		vm_debug_end_step(vm);
	else if (vm->step && !vm->iret && !in_shadow(&vm->vcpu->vmcb))
		leave_shadow(vm);
}

static bool is_intercepted(const struct vmcb *v)
{
	return v->intercept_exceptions & BIT(VECTOR_DB);
}

void vm_debug_prepare(struct vm *vm)
{
	struct vmcb *v = &vm->vcpu->vmcb;

	vm->dr6 = v->dr6;
	if (is_intercepted(v))
		v->dr6 = DR6_FIXED;
	if (vm->step)
		v->rflags |= X86_EFLAGS_TF;
}

void vm_debug_finish(struct vm *vm)
{
	struct vmcb *v = &vm->vcpu->vmcb;
	bool trapped = (u32)v->exit_code == SVM_EXIT_EXCEPTION + VECTOR_DB;

	vm->debug_causes = 0;
	if (is_intercepted(v)) {
		vm->debug_causes = v->dr6 & CAUSES;
		v->dr6 = vm->dr6;
	}
	/* An IRET has loaded the guest's */
	if (vm->step && !vm->step_traps && !(trapped && vm->iret))
		v->rflags &= ~X86_EFLAGS_TF;
}

bool vm_debug_trapped(struct vm *vm)
{
	if (!vm->step)
		return true;
	if (!vm->step_traps)
		vm->debug_causes &= ~DR6_SINGLE_STEP;
	vm->debug_causes |= vm->held;
	vm_debug_end_step(vm);
	return vm->debug_causes;
}

void vm_debug_deliver(struct vm *vm)
{
	vm->vcpu->vmcb.dr6 |= vm->debug_causes;
	vcpu_inject(vm->vcpu, VECTOR_DB);
}

/* Unless it is known better, an instruction that was emulated has been stepped. */
u64 vm_debug_causes(struct vm *vm)
{
	u64 causes = vm->debug_causes ? vm->debug_causes : DR6_SINGLE_STEP;

	vm->vcpu->vmcb.dr6 = vm->dr6;
	return causes & CAUSES;
}
