/* SPDX-License-Identifier: GPL-2.0-only */
/* Random events, which are the same for the same seed. */
#ifndef _TDX_EMU_CHANCE_H
#define _TDX_EMU_CHANCE_H

#include <linux/types.h>

struct chance {
	unsigned int percent;	/* 0: never */
	u64 seed;
	u64 drawn;		/* how often */
};

/*
 * Whether it happens this time.  CPUs that call this at the same time get different
 * numbers.
 */
bool chance_strikes(struct chance *c);

#endif /* _TDX_EMU_CHANCE_H */
