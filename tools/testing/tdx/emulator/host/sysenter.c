// SPDX-License-Identifier: GPL-2.0-only
/* SYSENTER in long mode. */
#include "host/sysenter.h"

#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_SYSENTER_EIP	0x176

/*
 * In long mode, Intel CPUs have SYSENTER and AMD CPUs do not.  32-bit programs
 * use it if the kernel sees an Intel CPU.
 */
void sysenter(struct vcpu *vcpu, const struct insn *insn)
{
	struct vmcb *v = &vcpu->vmcb;
	u16 cs = native_rdmsr(MSR_SYSENTER_CS) & 0xfffc;

	if (!vcpu_long_mode(vcpu)) {
		vcpu_inject(vcpu, VECTOR_UD);
		return;
	}
	if (!cs) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return;
	}
	v->cs = (struct vmcb_segment){ cs, 0xa9b, 0xffffffff, 0 };
	v->ss = (struct vmcb_segment){ cs + 8, 0xc93, 0xffffffff, 0 };
	v->cpl = 0;
	v->rflags &= ~(X86_EFLAGS_VM | X86_EFLAGS_IF | X86_EFLAGS_RF);
	v->int_state = 0;
	v->rip = native_rdmsr(MSR_SYSENTER_EIP);
	vcpu->gpr[RSP] = native_rdmsr(MSR_SYSENTER_ESP);
}
