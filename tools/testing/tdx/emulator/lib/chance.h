/* SPDX-License-Identifier: GPL-2.0-only */
/* Random events that are reproducible by their seed. */
#ifndef _TDX_EMU_CHANCE_H
#define _TDX_EMU_CHANCE_H

#include <linux/types.h>

struct chance {
	unsigned int percent;	/* 0: never */
	u64 seed;
	u64 drawn;		/* number of calls */
};

/*
 * True if the event happens at this call.  Concurrent calls get different
 * random numbers.
 */
bool chance_strikes(struct chance *c);

#endif /* _TDX_EMU_CHANCE_H */
