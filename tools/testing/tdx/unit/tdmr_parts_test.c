// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts of the geometry whose result a whole layout hardly ever depends on.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>

#include "geometry.h"
#include "harness.h"
#include "tdmr/internal.h"

#define MB	((u64)SZ_1M)
#define GB	((u64)SZ_1G)

/* Copied exactly, so that AddressSanitizer detects a look behind the last range. */
#define MAP_OF(ranges)	((struct tdmr_map) {				\
	.ram = exact_copy(ranges, sizeof(ranges)),			\
	.nr_ram = ARRAY_SIZE(ranges),					\
})

TEST(the_last_block_below_an_address_has_ram)
{
	static const struct tdx_ram ram[] = {
		{ 0, GB + 512 * MB, 0 }, { 4 * GB, 512 * MB, 0 },
	};
	struct tdmr_map map = MAP_OF(ram);

	EXPECT_EQ(GB, tdmr_last_block_end(&map, GB));
	EXPECT_EQ(2 * GB, tdmr_last_block_end(&map, 2 * GB));
	EXPECT_EQ(2 * GB, tdmr_last_block_end(&map, 3 * GB));
	EXPECT_EQ(2 * GB, tdmr_last_block_end(&map, 4 * GB));
	EXPECT_EQ(5 * GB, tdmr_last_block_end(&map, 5 * GB));
	EXPECT_EQ(5 * GB, tdmr_last_block_end(&map, 8 * GB));
	free((void *)map.ram);
}

TEST(the_node_is_that_with_the_most_ram)
{
	static const struct tdx_ram ram[] = {
		{ 0, 3 * GB, 0 }, { 3 * GB, GB, 1 }, { 4 * GB, 4 * GB, 2 }, { 8 * GB, 4 * GB, 3 },
	};
	struct tdmr_map map = MAP_OF(ram);

	EXPECT_EQ(0, tdmr_ram_node(&map, 0, 4 * GB));
	EXPECT_EQ(1, tdmr_ram_node(&map, 3 * GB, 4 * GB));
	EXPECT_EQ(2, tdmr_ram_node(&map, 2 * GB, 8 * GB));
	/* Only what lies in the interval counts. */
	EXPECT_EQ(1, tdmr_ram_node(&map, 3 * GB, 4 * GB + 512 * MB));
	/* Of equals the first. */
	EXPECT_EQ(2, tdmr_ram_node(&map, 6 * GB, 10 * GB));
	free((void *)map.ram);
}

/* A layout by hand: TDMRs without PAMTs, and what is outside the CMRs. */
struct by_hand {
	struct tdmr_map map;
	struct tdmr_layout layout;
	struct tdmr tdmrs[4];
	struct tdmr_span unusable[TDX_NR_CMRS + 1 + 4];
};

static void lay_out_by_hand(struct by_hand *hand, const u64 (*tdmrs)[2], unsigned int nr)
{
	unsigned int i;

	hand->layout = (struct tdmr_layout) {
		.map = &hand->map, .tdmrs = hand->tdmrs, .nr_tdmrs = nr,
		.unusable = hand->unusable,
	};
	for (i = 0; i < nr; i++)
		hand->tdmrs[i] = (struct tdmr) {
			.base = tdmrs[i][0], .end = tdmrs[i][1], .pamt = TDMR_NO_PAMT,
			.chunk_limit = ~0ULL,
		};
	tdmr_find_holes(&hand->layout);
}

/* All memory is free. */
static struct tdmr_failure place_pamts(struct by_hand *hand, const struct tdmr_policy *policy)
{
	struct model_memory memory;

	model_memory_init(&memory, 0, 0);
	return tdmr_place_pamts(&hand->layout, policy, &memory.source);
}

/* Memory that remembers where PAMTs were asked for, in turn. */
struct asked {
	struct tdmr_pamt_source source;
	bool refuses;
	u64 at[8];
	unsigned int nr;
};

static bool take_and_remember(const struct tdmr_pamt_source *source, u64 base, u64 bytes)
{
	struct asked *asked = (struct asked *)source;

	if (asked->nr < ARRAY_SIZE(asked->at))
		asked->at[asked->nr] = base;
	asked->nr++;
	return !asked->refuses;
}

static void give_nothing(const struct tdmr_pamt_source *source, u64 base, u64 bytes)
{
}

static const struct tdmr_pamt_source remembering = { take_and_remember, give_nothing };

/* The PAMT of 1 GB takes 4 MB and 3 pages. */
static const u64 two_blocks[][2] = { { 0, GB }, { GB, 2 * GB } };

TEST(a_chunk_of_the_size_of_a_pamt_suffices)
{
	static const u64 one[][2] = { { 0, GB } };
	static const struct tdx_cmr_info cmr = { 0, GB };
	static const struct tdmr_policy policy = {};
	struct tdx_ram ram = { 512 * MB, 0, 0 };
	struct by_hand hand = { .map = {
		.ram = &ram, .nr_ram = 1, .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 4, 16, 16 }, .nr_cpus = 1,
	} };

	lay_out_by_hand(&hand, one, 1);
	ram.size = tdmr_pamt_bytes(&hand.map, &hand.tdmrs[0]);
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_EQ(512 * MB, hand.tdmrs[0].pamt);

	ram.size -= SZ_4K;
	lay_out_by_hand(&hand, one, 1);
	EXPECT_EQ(TDMR_NO_PAMT_MEMORY, place_pamts(&hand, &policy).error);
}

/* The hole is the only area that the TDMR may reserve. */
TEST(a_chunk_beside_a_hole_of_the_size_of_a_pamt_suffices)
{
	static const u64 one[][2] = { { 0, GB } };
	static const struct tdx_cmr_info cmr = { 0, 512 * MB };
	static const struct tdmr_policy policy = {};
	struct tdx_ram ram = {};
	struct by_hand hand = { .map = {
		.ram = &ram, .nr_ram = 1, .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 4, 1, 16 }, .nr_cpus = 1,
	} };

	lay_out_by_hand(&hand, one, 1);
	ram.size = tdmr_pamt_bytes(&hand.map, &hand.tdmrs[0]);
	ram.base = 512 * MB - ram.size;
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_EQ(ram.base, hand.tdmrs[0].pamt);
	EXPECT_EQ(1, tdmr_count_reserved(&hand.layout, 0, GB));
}

/* RAM for a PAMT and two steps of 2 MB: three places, from the end down. */
TEST(no_place_is_asked_for_twice)
{
	static const u64 one[][2] = { { 0, GB } };
	static const struct tdx_cmr_info cmr = { 0, GB };
	static const struct tdmr_policy policy = {};
	struct asked asked = { .source = remembering, .refuses = true };
	struct tdx_ram ram = { 512 * MB, 0, 0 };
	struct by_hand hand = { .map = {
		.ram = &ram, .nr_ram = 1, .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 4, 16, 16 }, .nr_cpus = 1,
	} };

	lay_out_by_hand(&hand, one, 1);
	ram.size = tdmr_pamt_bytes(&hand.map, &hand.tdmrs[0]) + 4 * MB;
	EXPECT_EQ(TDMR_NO_PAMT_MEMORY,
		  tdmr_place_pamts(&hand.layout, &policy, &asked.source).error);
	ASSERT_EQ(3, asked.nr);
	EXPECT_EQ(516 * MB, asked.at[0]);
	EXPECT_EQ(514 * MB, asked.at[1]);
	EXPECT_EQ(512 * MB, asked.at[2]);
}

/*
 * There are 9 MB of RAM around the boundary.  The PAMT of one TDMR takes 4 MB from the
 * end of it, and neither TDMR has room for another alone.
 */
static const struct tdx_ram around_boundary[] = {
	{ GB - 5 * MB / 2, 5 * MB / 2, 0 }, { GB, 13 * MB / 2, 0 },
};

static struct by_hand around_the_boundary(const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs,
					  unsigned int max_reserved)
{
	return (struct by_hand) { .map = {
		.ram = around_boundary, .nr_ram = ARRAY_SIZE(around_boundary),
		.cmrs = cmrs, .nr_cmrs = nr_cmrs, .limits = { 4, max_reserved, 16 }, .nr_cpus = 1,
	} };
}

TEST(a_pamt_may_lie_across_a_boundary)
{
	static const struct tdx_cmr_info cmr = { 0, 2 * GB };
	static const struct tdmr_policy policy = {};
	struct by_hand hand = around_the_boundary(&cmr, 1, 16);
	u64 bytes;

	lay_out_by_hand(&hand, two_blocks, 2);
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	ASSERT_EQ(2, hand.layout.nr_tdmrs);
	bytes = tdmr_pamt_bytes(&hand.map, &hand.tdmrs[0]);
	EXPECT_EQ(GB + 13 * MB / 2, hand.tdmrs[1].pamt + bytes);
	EXPECT_EQ(GB - 5 * MB / 2, hand.tdmrs[0].pamt);
}

/* The upper TDMR has RAM for its own PAMT elsewhere. */
TEST(a_chunk_across_a_boundary_of_the_size_of_a_pamt_suffices)
{
	static const struct tdx_cmr_info cmr = { 0, 2 * GB };
	static const struct tdmr_policy policy = {};
	struct tdx_ram ram[] = {
		{ GB - MB, MB, 0 }, { GB, 0, 0 }, { GB + 512 * MB, 0, 0 },
	};
	struct by_hand hand = { .map = {
		.ram = ram, .nr_ram = ARRAY_SIZE(ram), .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 4, 16, 16 }, .nr_cpus = 1,
	} };

	lay_out_by_hand(&hand, two_blocks, 2);
	ram[2].size = tdmr_pamt_bytes(&hand.map, &hand.tdmrs[0]);
	ram[1].size = ram[2].size - MB;
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_EQ(GB - MB, hand.tdmrs[0].pamt);
	EXPECT_EQ(GB + 512 * MB, hand.tdmrs[1].pamt);
}

/* The upper TDMR has one area left, so both PAMTs have to share it. */
TEST(a_pamt_across_a_boundary_respects_the_areas_of_both)
{
	static const struct tdx_cmr_info cmrs[] = {
		{ 0, GB + 512 * MB }, { GB + 768 * MB, 256 * MB },
	};
	static const struct tdmr_policy policy = {};
	struct by_hand hand = around_the_boundary(cmrs, ARRAY_SIZE(cmrs), 2);

	lay_out_by_hand(&hand, two_blocks, 2);
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_EQ(hand.tdmrs[1].pamt,
		  hand.tdmrs[0].pamt + tdmr_pamt_bytes(&hand.map, &hand.tdmrs[0]));
	EXPECT_EQ(2, tdmr_count_reserved(&hand.layout, GB, 2 * GB));
}

/* The same of the lower TDMR: with its hole and the lower part of the PAMT it is full. */
TEST(a_pamt_across_a_boundary_may_take_the_last_area)
{
	static const struct tdx_cmr_info cmrs[] = {
		{ 0, 512 * MB }, { 768 * MB, GB + 256 * MB },
	};
	static const struct tdmr_policy policy = {};
	struct by_hand hand = around_the_boundary(cmrs, ARRAY_SIZE(cmrs), 2);

	lay_out_by_hand(&hand, two_blocks, 2);
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_EQ(GB - 5 * MB / 2, hand.tdmrs[0].pamt);
	EXPECT_EQ(2, tdmr_count_reserved(&hand.layout, 0, GB));
}

/* There is a chunk for the PAMT of 512 GB, but in three TDMRs, and the third one is full. */
TEST(a_pamt_is_across_one_boundary_only)
{
	static const u64 tdmrs[][2] = {
		{ 0, GB }, { GB, 2 * GB }, { 2 * GB, 4 * GB }, { 4 * GB, 516 * GB },
	};
	static const struct tdx_cmr_info cmrs[] = {
		{ 0, 3 * GB }, { 3 * GB + 256 * MB, 256 * MB }, { 3 * GB + 768 * MB, 513 * GB },
	};
	static const struct tdx_ram ram = { 512 * MB, 2 * GB + 512 * MB, 0 };
	static const struct tdmr_policy policy = { .large_first = true };
	struct by_hand hand = { .map = {
		.ram = &ram, .nr_ram = 1, .cmrs = cmrs, .nr_cmrs = ARRAY_SIZE(cmrs),
		.limits = { 4, 2, 16 }, .nr_cpus = 1,
	} };
	struct tdmr_failure failure;

	lay_out_by_hand(&hand, tdmrs, 4);
	failure = place_pamts(&hand, &policy);
	ASSERT_EQ(TDMR_NO_PAMT_MEMORY, failure.error);
	EXPECT_EQ(4 * GB, failure.base);
	EXPECT_EQ(512 * GB, failure.size);
	EXPECT_EQ(tdmr_pamt_bytes(&hand.map, &hand.tdmrs[3]), failure.bytes);
}

TEST(a_pamt_is_placed_on_the_node_of_its_tdmr)
{
	static const u64 tdmrs[][2] = { { 0, GB }, { GB, 2 * GB }, { 2 * GB, 3 * GB } };
	static const struct tdx_cmr_info cmr = { 0, 3 * GB };
	static const struct tdx_ram ram[] = {
		{ GB + 512 * MB, 32 * MB, 1 }, { 2 * GB + 512 * MB, 32 * MB, 0 },
	};
	static const struct tdmr_policy policy = {};
	struct by_hand hand = { .map = {
		.ram = ram, .nr_ram = ARRAY_SIZE(ram), .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 4, 16, 16 }, .nr_cpus = 1,
	} };

	lay_out_by_hand(&hand, tdmrs, 3);
	hand.tdmrs[1].node = 1;
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_LT(2 * GB, hand.tdmrs[0].pamt);
}

/* A hole below, between and behind as many CMRs as there may be, and none touches a PAMT. */
TEST(there_is_room_for_all_that_may_be_unusable)
{
	static const u64 tdmrs[][2] = {
		{ 0, GB }, { GB, 2 * GB }, { 2 * GB, 3 * GB }, { 3 * GB, 4 * GB },
	};
	static const struct tdmr_policy policy = {};
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	struct tdx_ram ram[4];
	struct by_hand hand = { .map = {
		.ram = ram, .nr_ram = 4, .cmrs = cmrs, .nr_cmrs = TDX_NR_CMRS,
		.limits = { 4, 16, 16 }, .nr_cpus = 1,
	} };
	unsigned int i;

	for (i = 0; i < TDX_NR_CMRS; i++)
		cmrs[i] = (struct tdx_cmr_info) { i * 128 * MB + 64 * MB, 64 * MB };
	for (i = 0; i < 4; i++)
		ram[i] = (struct tdx_ram) { i * GB + 80 * MB, 16 * MB, 0 };
	lay_out_by_hand(&hand, tdmrs, 4);
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_EQ(tdmr_max_unusable(&hand.map), hand.layout.nr_unusable);
}

/* Only the first TDMR has a chunk for the PAMT of 2 GB, if its own does not take it. */
TEST(a_large_pamt_is_placed_first_if_asked_for)
{
	static const u64 small_and_large[][2] = { { 0, GB }, { GB, 3 * GB } };
	static const struct tdx_cmr_info cmr = { 0, 3 * GB };
	static const struct tdx_ram ram[] = {
		{ 512 * MB, 17 * MB / 2, 0 }, { GB + 512 * MB, 9 * MB / 2, 0 },
	};
	static const struct tdmr_policy policy = { .large_first = true };
	struct by_hand hand = { .map = {
		.ram = ram, .nr_ram = ARRAY_SIZE(ram), .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 2, 16, 16 }, .nr_cpus = 1,
	} };

	lay_out_by_hand(&hand, small_and_large, 2);
	ASSERT_EQ(TDMR_OK, place_pamts(&hand, &policy).error);
	EXPECT_GT(GB, hand.tdmrs[1].pamt);
	EXPECT_LT(GB, hand.tdmrs[0].pamt);
}

/* Each TDMR has RAM for its own PAMT. */
TEST(of_pamts_of_one_size_the_lowest_tdmrs_is_placed_first)
{
	static const u64 tdmrs[][2] = {
		{ GB, 2 * GB }, { 2 * GB, 4 * GB }, { 4 * GB, 6 * GB }, { 6 * GB, 7 * GB },
	};
	static const struct tdx_cmr_info cmr = { 0, 7 * GB };
	static const struct tdx_ram ram = { GB, 6 * GB, 0 };
	static const struct tdmr_policy policy = { .large_first = true };
	static const unsigned int turns[] = { 1, 2, 0, 3 };
	struct asked asked = { .source = remembering };
	struct by_hand hand = { .map = {
		.ram = &ram, .nr_ram = 1, .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 4, 16, 16 }, .nr_cpus = 1,
	} };
	unsigned int i;

	lay_out_by_hand(&hand, tdmrs, 4);
	ASSERT_EQ(TDMR_OK, tdmr_place_pamts(&hand.layout, &policy, &asked.source).error);
	ASSERT_EQ(4, asked.nr);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(hand.tdmrs[turns[i]].pamt, asked.at[i]);
}

/* 12 blocks, a CPU for each, and a module that takes 4 TDMRs: none is to be left over. */
TEST(tdmrs_are_split_as_far_as_the_module_takes_them)
{
	static const u64 one[][2] = { { 0, 12 * GB } };
	static const struct tdx_cmr_info cmr = { 0, 12 * GB };
	static const struct tdx_ram ram[] = { { 0, 12 * GB, 0 } };
	struct by_hand hand = { .map = {
		.ram = ram, .nr_ram = 1, .cmrs = &cmr, .nr_cmrs = 1,
		.limits = { 4, 16, 16 }, .nr_cpus = 12,
	} };
	unsigned int i;

	lay_out_by_hand(&hand, one, 1);
	tdmr_split_for_cpus(&hand.layout);
	ASSERT_EQ(4, hand.layout.nr_tdmrs);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(3 * GB, hand.tdmrs[i].end - hand.tdmrs[i].base);
}

TEST_HARNESS_MAIN
