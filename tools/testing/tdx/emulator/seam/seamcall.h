/* SPDX-License-Identifier: GPL-2.0-only */
/* The SEAMCALL instruction. */
#ifndef _TDX_EMU_SEAMCALL_H
#define _TDX_EMU_SEAMCALL_H

#include "cpu/decode.h"

/**
 * seamcall_exit() - the guest executed SEAMCALL
 * @vcpu:	vCPU at the instruction
 * @insn:	the instruction
 *
 * Skips the instruction, or injects #UD or #GP.
 */
void seamcall_exit(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_SEAMCALL_H */
