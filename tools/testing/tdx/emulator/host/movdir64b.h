/* SPDX-License-Identifier: GPL-2.0-only */
/* MOVDIR64B of a guest, whose memory is never the module's. */
#ifndef _TDX_EMU_MOVDIR64B_H
#define _TDX_EMU_MOVDIR64B_H

#include "cpu/decode.h"

/**
 * movdir64b() - emulate MOVDIR64B
 * @vcpu:	vCPU at the instruction, in 64-bit mode
 * @insn:	the instruction
 */
void movdir64b(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_MOVDIR64B_H */
