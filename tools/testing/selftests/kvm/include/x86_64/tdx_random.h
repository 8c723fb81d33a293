/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers of tests, which are the same for the same seed.
 */
#ifndef SELFTEST_KVM_TDX_RANDOM_H
#define SELFTEST_KVM_TDX_RANDOM_H

#include <stdint.h>

#include "tdx_memory.h"

struct tr_random {
	uint64_t state;
};

/* xorshift64*, whose state is never 0 */
static inline uint64_t tr_next(struct tr_random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1dull;
}

static inline struct tr_random tr_seed(uint64_t seed)
{
	return (struct tr_random){ seed * 0x9e3779b97f4a7c15ull | 1 };
}

static inline uint64_t tr_below(struct tr_random *random, uint64_t limit)
{
	return (tr_next(random) >> 16) % limit;
}

static inline bool tr_one_in(struct tr_random *random, uint64_t nr)
{
	return !tr_below(random, nr);
}

#define tr_pick(random, array)	((array)[tr_below(random, ARRAY_SIZE(array))])

/* A page of the test's memory, or the address without slot behind it. */
static inline uint64_t tr_gpa(struct tr_random *random)
{
	return PM_GPA + tr_below(random, TM_PAGES + 1) * PM_PAGE;
}

/* Values that are legal somewhere, or at the edge of that. */
static inline uint64_t tr_edge(struct tr_random *random)
{
	switch (tr_below(random, 10)) {
	case 0:
		return 0;
	case 1:
		return ~0ull >> tr_below(random, 64);
	case 2:
		return BIT_ULL(tr_below(random, 64));
	case 3:
	case 4:
		return tr_below(random, 32);
	case 5:
		return tr_gpa(random);
	case 6:
		return tr_gpa(random) | TM_SHARED_BIT;
	case 7:
		return PM_PAGE << tr_below(random, 12);
	case 8:
		return -tr_below(random, 4096);
	default:
		return tr_next(random);
	}
}

#endif /* SELFTEST_KVM_TDX_RANDOM_H */
