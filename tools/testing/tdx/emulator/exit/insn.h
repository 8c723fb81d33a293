/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions that QEMU's CPU does not know. */
#ifndef _TDX_EMU_INSN_H
#define _TDX_EMU_INSN_H

#include "cpu/cpu.h"

/* The guest executed an invalid opcode: emulate it, or inject #UD. */
void insn_ud_exit(struct vcpu *vcpu);

#endif /* _TDX_EMU_INSN_H */
