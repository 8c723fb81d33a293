/* SPDX-License-Identifier: GPL-2.0-only */
/* The SEAMCALL instruction, and the software TDX module behind it. */
#ifndef _TDX_EMU_SEAM_H
#define _TDX_EMU_SEAM_H

#include "cpu/decode.h"

/* Load the module that the options ask for. */
void seam_init(void);

/* Print what the module knows. */
void seam_dump(void);

/* The guest executed SEAMCALL. */
void seam_seamcall(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_SEAM_H */
