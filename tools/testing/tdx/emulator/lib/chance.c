// SPDX-License-Identifier: GPL-2.0-only
/* Random events that are reproducible by their seed. */
#include "lib/chance.h"

/* SplitMix64: the n-th number depends only on the seed and n. */
static u64 number(u64 seed, u64 n)
{
	u64 z = seed + n * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

bool chance_strikes(struct chance *c)
{
	if (!c->percent)
		return false;
	return number(c->seed, __atomic_add_fetch(&c->drawn, 1, __ATOMIC_SEQ_CST)) % 100 <
	       c->percent;
}
