// SPDX-License-Identifier: GPL-2.0-only
/* Single steps that QEMU does not make. */
#include "cpu/walk.h"
#include "vm/vm_step.h"

#define OPCODE_STI		0xfb
#define IOPL(rflags)		((rflags) >> 12 & 3)

/* Only steps for the host come here one by one. */
static bool is_stepped(const struct vm *vm)
{
	const struct vmcb *v = &vm->vcpu->vmcb;

	return v->rflags & X86_EFLAGS_TF && vm->exceptions & BIT(VECTOR_DB) && !vm->step &&
	       !(v->event_inject & SVM_EVENT_VALID);
}

void vm_step_sti(struct vm *vm)
{
	struct vcpu *vcpu = vm->vcpu;
	struct vmcb *v = &vcpu->vmcb;
	bool shadow = !(v->rflags & X86_EFLAGS_IF);
	u8 opcode;

	if (!is_stepped(vm) || IOPL(v->rflags) < v->cpl ||
	    !guest_fetch(vcpu, vcpu_rip_linear(vcpu), &opcode, 1) ||
	    opcode != OPCODE_STI)
		return;
	v->rflags |= X86_EFLAGS_IF;
	vcpu_skip_insn(vcpu, 1);
	v->int_state = shadow ? SVM_INTERRUPT_SHADOW : 0;
	vm->raised = true;
}
