/* SPDX-License-Identifier: GPL-2.0-only */
/* Where an access through a nested page table leads. */
#ifndef _TDX_EMU_UNIT_REACH_H
#define _TDX_EMU_UNIT_REACH_H

#include "emulator/cpu/npt.h"

/* ~0: it does not get through. */
static inline u64 reach(struct npt *npt, u64 gpa, bool write)
{
	u64 pa = ~0ULL;

	npt_reach(npt, gpa, write, &pa);
	return pa;
}

#endif /* _TDX_EMU_UNIT_REACH_H */
