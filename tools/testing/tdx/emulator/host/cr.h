/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control registers: CR4, because QEMU's CPU reserves VMXE, and others that are
 * intercepted with it.
 */
#ifndef _TDX_EMU_CR_H
#define _TDX_EMU_CR_H

#include "cpu/decode.h"

/* The bits of CR4 that the guest may set. */
u64 cr4_allowed(void);

/* Of a linear address, by the CPU's features: 48 or 57. */
unsigned int linear_bits(void);

/*
 * QEMU handles a MOV to CR3 with reserved bits like an invalid VMCB.  Inject
 * #GP if @insn is such an instruction, else return false.
 */
bool cr3_write_refused(struct vcpu *vcpu, const struct insn *insn);

/* Emulate SMSW where @cr0 is what it reads, except for RIP.  Returns false like guest_write(). */
bool cr_smsw(struct vcpu *vcpu, const struct insn *insn, u64 cr0);

/* The guest executed MOV from a control register or SMSW, or MOV to CR4. */
void cr_read_exit(struct vcpu *vcpu, const struct insn *insn);
void cr4_write_exit(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_CR_H */
