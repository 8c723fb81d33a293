/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical address of an access through a nested page table. */
#ifndef _TDX_EMU_UNIT_REACH_H
#define _TDX_EMU_UNIT_REACH_H

#include "emulator/cpu/npt.h"

/* ~0 if the access is not allowed. */
static inline u64 reach(struct npt *npt, u64 gpa, bool write)
{
	u64 pa = ~0ULL;

	npt_reach(npt, gpa, write, &pa);
	return pa;
}

#endif /* _TDX_EMU_UNIT_REACH_H */
