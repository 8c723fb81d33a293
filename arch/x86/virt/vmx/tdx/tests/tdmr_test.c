// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the geometry of TDX memory, by table.  Random maps are the business of
 * the userspace tests, which compile the same tdmr.c.
 */
#include <kunit/test.h>
#include <linux/sizes.h>

#include "../tdmr.h"

#define G(n)	((u64)(n) << 30)
#define M(n)	((u64)(n) << 20)
#define MAX_ENTRIES	8

/* Where a PAMT is in nobody's way. */
#define FAR_AWAY	BIT_ULL(50)

struct tdmr_case {
	const char *name;
	struct tdx_ram ram[MAX_ENTRIES];
	struct tdx_cmr_info cmrs[MAX_ENTRIES];
	struct { u64 base, size; } tdmrs[MAX_ENTRIES];
	struct { unsigned int tdmr; u64 offset, size; } reserved[MAX_ENTRIES];
	struct tdmr_limits limits;	/* 0: the usual */
	struct tdmr_failure failure;
};

static const struct tdmr_case tdmr_cases[] = {
	{ .name = "one block",
	  .ram = { { M(1), G(1) - M(1) } }, .cmrs = { { M(1), G(1) - M(1) } },
	  .tdmrs = { { 0, G(1) } }, .reserved = { { 0, 0, M(1) } } },
	{ .name = "RAM that ends within a block",
	  .ram = { { M(1), G(2) } }, .cmrs = { { M(1), G(2) } },
	  .tdmrs = { { 0, G(3) } }, .reserved = { { 0, 0, M(1) }, { 0, G(2) + M(1), M(1023) } } },
	{ .name = "a hole in RAM inside a CMR costs nothing",
	  .ram = { { 0, M(100) }, { M(200), M(824) } }, .cmrs = { { 0, G(1) } },
	  .tdmrs = { { 0, G(1) } } },
	{ .name = "blocks without RAM are not covered",
	  .ram = { { 0, G(1) }, { G(4), G(1) } }, .cmrs = { { 0, G(8) } },
	  .tdmrs = { { 0, G(1) }, { G(4), G(1) } } },
	{ .name = "ranges that share a block share a TDMR",
	  .ram = { { 0, M(100) }, { M(500), M(10) }, { G(1), G(1) } }, .cmrs = { { 0, G(2) } },
	  .tdmrs = { { 0, G(2) } } },
	{ .name = "CMRs that touch count as one",
	  .ram = { { 0, G(2) } }, .cmrs = { { 0, M(512) }, { M(512), G(2) - M(512) } },
	  .tdmrs = { { 0, G(2) } } },
	{ .name = "RAM outside the CMRs",
	  .ram = { { 0, G(2) } }, .cmrs = { { 0, G(1) }, { G(1) + M(4), G(1) } },
	  .failure = { TDMR_RAM_OUTSIDE_CMRS, G(1), M(4) } },
	{ .name = "a TDMR ends where its reserved areas would",
	  .ram = { { 0, M(900) }, { G(1), M(900) }, { G(2), M(900) } },
	  .cmrs = { { 0, M(900) }, { G(1), M(900) }, { G(2), M(900) } },
	  .limits = { 64, 3, 16 },
	  .tdmrs = { { 0, G(2) }, { G(2), G(1) } },
	  .reserved = { { 0, M(900), M(124) }, { 0, G(1) + M(900), M(124) },
			{ 1, M(900), M(124) } } },
	{ .name = "the smallest gap is covered when TDMRs run out",
	  .ram = { { 0, G(1) }, { G(4), G(1) }, { G(6), G(1) }, { G(20), G(1) } },
	  .cmrs = { { 0, G(32) } }, .limits = { 3, 16, 16 },
	  .tdmrs = { { 0, G(1) }, { G(4), G(3) }, { G(20), G(1) } } },
	{ .name = "the smallest gap may be the last one",
	  .ram = { { 0, G(1) }, { G(9), G(1) }, { G(11), G(1) } },
	  .cmrs = { { 0, G(32) } }, .limits = { 2, 16, 16 },
	  .tdmrs = { { 0, G(1) }, { G(9), G(3) } } },
	{ .name = "TDMRs run out and no gap can be covered",
	  .ram = { { 0, M(512) }, { G(2), M(512) } },
	  .cmrs = { { 0, M(512) }, { G(2), M(512) } }, .limits = { 1, 2, 16 },
	  .failure = { TDMR_TOO_MANY_TDMRS, G(2), G(1), 2, 1 } },
};

static void tdmr_to_desc(const struct tdmr_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", c->name);
}

KUNIT_ARRAY_PARAM(tdmr, tdmr_cases, tdmr_to_desc);

static void expect_failure(struct kunit *test, const struct tdmr_failure *got,
			   const struct tdmr_failure *want)
{
	KUNIT_EXPECT_EQ(test, (int)got->error, (int)want->error);
	KUNIT_EXPECT_EQ(test, got->base, want->base);
	KUNIT_EXPECT_EQ(test, got->size, want->size);
	KUNIT_EXPECT_EQ(test, got->count, want->count);
	KUNIT_EXPECT_EQ(test, got->limit, want->limit);
}

static void expect_tdmrs(struct kunit *test, const struct tdmr_case *c,
			 const struct tdx_tdmr_info *tdmrs, unsigned int nr)
{
	unsigned int i, area[MAX_ENTRIES] = {};

	for (i = 0; i < nr; i++) {
		KUNIT_EXPECT_EQ(test, tdmrs[i].base, c->tdmrs[i].base);
		KUNIT_EXPECT_EQ(test, tdmrs[i].size, c->tdmrs[i].size);
	}
	KUNIT_EXPECT_EQ(test, c->tdmrs[nr].size, 0ull);

	for (i = 0; i < MAX_ENTRIES && c->reserved[i].size; i++) {
		unsigned int tdmr = c->reserved[i].tdmr, j = area[tdmr]++;

		KUNIT_EXPECT_EQ(test, tdmrs[tdmr].reserved[j].offset, c->reserved[i].offset);
		KUNIT_EXPECT_EQ(test, tdmrs[tdmr].reserved[j].size, c->reserved[i].size);
	}
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, tdmrs[i].reserved[area[i]].size, 0ull);
}

static void ram_gets_the_tdmrs_that_it_needs(struct kunit *test)
{
	static const struct tdmr_limits usual = { 64, 16, 16 };
	const struct tdmr_case *c = test->param_value;
	const struct tdmr_limits *limits = c->limits.max_tdmrs ? &c->limits : &usual;
	struct tdx_tdmr_info *tdmrs;
	struct tdmr_failure failure;
	unsigned int nr_ram = 0, nr_cmrs = 0, nr, i;

	tdmrs = kunit_kcalloc(test, limits->max_tdmrs, sizeof(*tdmrs), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, tdmrs);
	while (nr_ram < MAX_ENTRIES && c->ram[nr_ram].size)
		nr_ram++;
	while (nr_cmrs < MAX_ENTRIES && c->cmrs[nr_cmrs].size)
		nr_cmrs++;

	failure = tdmr_check_ram(c->ram, nr_ram, c->cmrs, nr_cmrs);
	if (failure.error == TDMR_OK)
		failure = tdmr_cover_ram(tdmrs, &nr, c->ram, nr_ram, c->cmrs, nr_cmrs, limits);
	if (failure.error == TDMR_OK) {
		for (i = 0; i < nr; i++)
			tdmr_place_pamt(&tdmrs[i], FAR_AWAY);
		failure = tdmr_reserve(tdmrs, nr, c->cmrs, nr_cmrs, limits);
	}

	expect_failure(test, &failure, &c->failure);
	if (failure.error == TDMR_OK)
		expect_tdmrs(test, c, tdmrs, nr);
}

static void pamt_sizes_are_rounded_up_at_each_level(struct kunit *test)
{
	static const struct tdx_ram ram = { 0, G(3) };
	static const struct tdx_cmr_info cmr = { 0, G(3) };
	static const struct tdmr_limits limits = { 64, 16, 16 };
	struct tdx_tdmr_info *tdmr = kunit_kzalloc(test, 64 * sizeof(*tdmr), GFP_KERNEL);
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(test, tdmr);
	tdmr_cover_ram(tdmr, &nr, &ram, 1, &cmr, 1, &limits);
	KUNIT_EXPECT_EQ(test, tdx_tdmr_pamt(tdmr, TDX_PAMT_4K)->size, G(3) / SZ_4K * 16);
	KUNIT_EXPECT_EQ(test, tdx_tdmr_pamt(tdmr, TDX_PAMT_2M)->size, G(3) / SZ_2M * 16);
	KUNIT_EXPECT_EQ(test, tdx_tdmr_pamt(tdmr, TDX_PAMT_1G)->size, (u64)SZ_4K);
	KUNIT_EXPECT_EQ(test, tdmr_pamt_size(tdmr), 3 * (u64)(SZ_4M + SZ_8K) + SZ_4K);
}

static void a_pamt_is_reserved_once_wherever_it_lies(struct kunit *test)
{
	static const struct tdx_ram ram[] = { { 0, G(1) }, { G(4), G(1) } };
	static const struct tdx_cmr_info cmr = { 0, G(5) };
	static const struct tdmr_limits limits = { 64, 16, 16 };
	struct tdx_tdmr_info *tdmrs = kunit_kzalloc(test, 64 * sizeof(*tdmrs), GFP_KERNEL);
	u64 size;
	unsigned int nr;

	KUNIT_ASSERT_NOT_NULL(test, tdmrs);
	tdmr_cover_ram(tdmrs, &nr, ram, 2, &cmr, 1, &limits);
	KUNIT_ASSERT_EQ(test, nr, 2u);
	size = tdmr_pamt_size(&tdmrs[0]);

	/* Both in the second TDMR, one behind the other. */
	tdmr_place_pamt(&tdmrs[0], G(4) + M(64));
	tdmr_place_pamt(&tdmrs[1], G(4) + M(64) + size);
	KUNIT_EXPECT_EQ(test, (int)tdmr_reserve(tdmrs, nr, &cmr, 1, &limits).error, (int)TDMR_OK);
	KUNIT_EXPECT_EQ(test, tdmrs[0].reserved[0].size, 0ull);
	KUNIT_EXPECT_EQ(test, tdmrs[1].reserved[0].offset, M(64));
	KUNIT_EXPECT_EQ(test, tdmrs[1].reserved[0].size, 2 * size);
	KUNIT_EXPECT_EQ(test, tdmrs[1].reserved[1].size, 0ull);

	/* Apart, one across the end of the first TDMR. */
	tdmr_place_pamt(&tdmrs[0], G(1) - M(1));
	KUNIT_EXPECT_EQ(test, (int)tdmr_reserve(tdmrs, nr, &cmr, 1, &limits).error, (int)TDMR_OK);
	KUNIT_EXPECT_EQ(test, tdmrs[0].reserved[0].offset, G(1) - M(1));
	KUNIT_EXPECT_EQ(test, tdmrs[0].reserved[0].size, M(1));
}

static void a_tdmr_belongs_to_the_node_of_most_of_its_ram(struct kunit *test)
{
	static const struct tdx_ram ram[] = {
		{ 0, M(300), 1 }, { M(300), M(724), 2 }, { G(1), G(1), 3 },
	};
	static const struct tdx_tdmr_info tdmr = { .base = 0, .size = G(1) };

	KUNIT_EXPECT_EQ(test, tdmr_node(&tdmr, ram, ARRAY_SIZE(ram)), 2);
}

static struct kunit_case tdmr_test_cases[] = {
	KUNIT_CASE_PARAM(ram_gets_the_tdmrs_that_it_needs, tdmr_gen_params),
	KUNIT_CASE(pamt_sizes_are_rounded_up_at_each_level),
	KUNIT_CASE(a_pamt_is_reserved_once_wherever_it_lies),
	KUNIT_CASE(a_tdmr_belongs_to_the_node_of_most_of_its_ram),
	{}
};

static struct kunit_suite tdmr_test_suite = {
	.name = "tdx_tdmr",
	.test_cases = tdmr_test_cases,
};

kunit_test_suite(tdmr_test_suite);
