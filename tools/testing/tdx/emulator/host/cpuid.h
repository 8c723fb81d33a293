/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUID: shows QEMU's CPU as an Intel CPU. */
#ifndef _TDX_EMU_CPUID_H
#define _TDX_EMU_CPUID_H

#include "cpu/cpu.h"

/* CPUID as @vcpu, on the calling CPU, sees it: EAX, EBX, ECX, EDX. */
void cpuid_guest(const struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 regs[4]);

/* The guest executed CPUID. */
void cpuid_exit(struct vcpu *vcpu, unsigned int insn_length);

#endif /* _TDX_EMU_CPUID_H */
