// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: encoding of a TDMR for the TDX module.
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "../tdmr/tdmr.h"

#define G(n)	((u64)(n) << 30)

static void pamt_levels_follow_each_other_rounded_up_to_pages(struct kunit *test)
{
	static const struct tdmr_map map = { .limits = { 64, 16, 16 } };
	const struct tdmr tdmr = { .base = G(1), .end = G(4), .pamt = G(2) };
	const u64 pamt_bytes = G(3) / SZ_4K * 16 + G(3) / SZ_2M * 16 + SZ_4K;
	struct tdmr_span unusable[] = { { G(2), G(2) + pamt_bytes }, { G(8), ~0ULL } };
	const struct tdmr_layout layout = {
		.map = &map, .unusable = unusable, .nr_unusable = ARRAY_SIZE(unusable),
	};
	struct tdx_tdmr_info *info = kunit_kzalloc(test, sizeof(*info), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, info);
	tdmr_encode(&layout, &tdmr, info);

	KUNIT_EXPECT_EQ(test, tdmr_pamt_bytes(&map, &tdmr), pamt_bytes);
	KUNIT_EXPECT_EQ(test, tdx_tdmr_pamt(info, TDX_PAMT_4K)->size, G(3) / SZ_4K * 16);
	KUNIT_EXPECT_EQ(test, tdx_tdmr_pamt(info, TDX_PAMT_2M)->size, G(3) / SZ_2M * 16);
	KUNIT_EXPECT_EQ(test, tdx_tdmr_pamt(info, TDX_PAMT_1G)->size, (u64)SZ_4K);
	KUNIT_EXPECT_EQ(test, info->pamt[0].base, G(2));
	KUNIT_EXPECT_EQ(test, info->pamt[1].base, info->pamt[0].base + info->pamt[0].size);
	KUNIT_EXPECT_EQ(test, info->pamt[2].base, info->pamt[1].base + info->pamt[1].size);
	KUNIT_EXPECT_EQ(test, info->reserved[0].offset, G(1));
	KUNIT_EXPECT_EQ(test, info->reserved[0].size, pamt_bytes);
	KUNIT_EXPECT_EQ(test, info->reserved[1].size, 0ull);
}

static struct kunit_case info_test_cases[] = {
	KUNIT_CASE(pamt_levels_follow_each_other_rounded_up_to_pages),
	{}
};

static struct kunit_suite info_test_suite = {
	.name = "tdx_tdmr_info",
	.test_cases = info_test_cases,
};

kunit_test_suite(info_test_suite);
