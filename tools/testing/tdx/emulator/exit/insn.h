/* SPDX-License-Identifier: GPL-2.0-only */
/* Emulation of instructions that QEMU's CPU does not have. */
#ifndef _TDX_EMU_INSN_H
#define _TDX_EMU_INSN_H

#include "cpu/cpu.h"

/* Emulate an invalid opcode that the guest executed, or inject #UD. */
void insn_ud_exit(struct vcpu *vcpu);

#endif /* _TDX_EMU_INSN_H */
