/* SPDX-License-Identifier: GPL-2.0-only */
/* Model specific registers of the guest and the software module. */
#ifndef _TDX_EMU_MSR_H
#define _TDX_EMU_MSR_H

#include "cpu/cpu.h"

/* Compute values, and do not intercept the MSRs of QEMU's CPU. */
void msr_init(void);

/*
 * Emulate RDMSR on @vcpu, which runs on the calling CPU.  Returns false for
 * #GP.
 */
bool msr_read(const struct vcpu *vcpu, u32 msr, u64 *value);

/* The same for WRMSR. */
bool msr_write(struct vcpu *vcpu, u32 msr, u64 value);

/* Whether the MSR has a linear address, of which QEMU's CPU takes any 64 bits. */
static inline bool msr_has_address(u32 msr)
{
	switch (msr) {
	case 0x175 ... 0x176:		/* SYSENTER_ESP, _EIP */
	case 0xc0000082 ... 0xc0000083:	/* LSTAR, CSTAR */
	case MSR_FS_BASE ... 0xc0000102: /* GS_BASE, KERNEL_GS_BASE */
		return true;
	default:
		return false;
	}
}

/* The guest executed RDMSR or WRMSR. */
void msr_exit(struct vcpu *vcpu, bool write, unsigned int insn_length);

#endif /* _TDX_EMU_MSR_H */
