/* SPDX-License-Identifier: GPL-2.0-only */
/* MOVDIR64B, with which memory that TDX used is overwritten. */
#ifndef _TDX_EMU_DIRECT_STORE_H
#define _TDX_EMU_DIRECT_STORE_H

#include "cpu/decode.h"

/* Copy 64 bytes from memory to the linear address in a register. */
void direct_store_exit(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_DIRECT_STORE_H */
