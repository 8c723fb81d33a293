/* SPDX-License-Identifier: GPL-2.0-only */
/* The SEAMCALL instruction, and the software TDX module behind it. */
#ifndef _TDX_EMU_SEAM_H
#define _TDX_EMU_SEAM_H

#include "decode.h"

/* Load the module that the options ask for. */
void seam_init(void);

/* The module has taken the page at @pa from the host: it holds a PAMT. */
bool seam_owns(u64 pa);

/*
 * The host overwrites a line of the page at @pa with MOVDIR64B.  That is how it
 * takes PAMT memory back from a module that it gives up.
 */
void seam_direct_store(u64 pa);

/* The guest executed SEAMCALL. */
void seam_seamcall(struct cpu *cpu, const struct insn *insn);

#endif /* _TDX_EMU_SEAM_H */
