// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: memory for PAMTs.
 */
#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/memblock.h>
#include <linux/pfn.h>
#include <linux/sizes.h>

#include "../pamt.h"

static bool finds_memory(const struct tdx_pamt_search *search)
{
	const struct tdmr_pamt_source *source = &search->source;
	u64 base;

	for (base = SZ_16M; base < PFN_PHYS(max_pfn); base += SZ_2M) {
		if (!source->take(source, base, SZ_2M))
			continue;
		source->give(source, base, SZ_2M);
		return true;
	}
	return false;
}

static void a_search_for_memory_ends_in_time(struct kunit *test)
{
	struct tdx_pamt_search search;

	tdx_pamt_search_begin(&search);
	KUNIT_EXPECT_TRUE(test, finds_memory(&search));
	/* The limit of the hung task detector. */
	KUNIT_EXPECT_TRUE(test, time_before(search.deadline, jiffies + 120 * HZ));

	search.deadline = jiffies;
	KUNIT_EXPECT_FALSE(test, finds_memory(&search));
}

static struct kunit_case pamt_test_cases[] = {
	KUNIT_CASE(a_search_for_memory_ends_in_time),
	{}
};

static struct kunit_suite pamt_test_suite = {
	.name = "tdx_pamt",
	.test_cases = pamt_test_cases,
};

kunit_test_suite(pamt_test_suite);
