/* SPDX-License-Identifier: GPL-2.0-only */
/* Model specific registers of the guest and the software module. */
#ifndef _TDX_EMU_MSR_H
#define _TDX_EMU_MSR_H

#include "cpu/cpu.h"

/* Fill the computed values and let the pass-through registers through. */
void msr_init(void);

/* As RDMSR on @vcpu, which the calling CPU runs; false: #GP. */
bool msr_read(const struct vcpu *vcpu, u32 msr, u64 *value);

/* The guest executed RDMSR or WRMSR. */
void msr_exit(struct vcpu *vcpu, bool write, unsigned int insn_length);

#endif /* _TDX_EMU_MSR_H */
