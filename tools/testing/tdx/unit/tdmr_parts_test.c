// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts of the geometry whose result a whole layout hardly ever depends on.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>

#include "geometry.h"
#include "kselftest_harness.h"
#include "tdmr/internal.h"

#define MB	((u64)SZ_1M)
#define GB	((u64)SZ_1G)

/* Copied exactly, so that AddressSanitizer detects a look behind the last range. */
#define MAP_OF(ranges)	((struct tdmr_map) {				\
	.ram = exact_copy(ranges, sizeof(ranges)),			\
	.nr_ram = ARRAY_SIZE(ranges),					\
})

TEST(the_last_block_with_ram_below_an_address)
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

TEST(the_node_with_the_most_ram)
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

/* More than the PAMT of 1 GB, and less than that of 2 GB. */
#define LARGEST_CHUNK	(5 * MB)

static bool take_small(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
	return size <= LARGEST_CHUNK;
}

static void give(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
}

/*
 * Two blocks with 9 MB of RAM around their boundary.  The PAMT of one of them takes
 * 4 MB from the end of it, and neither has room for another alone.
 */
TEST(a_pamt_across_a_boundary)
{
	static const struct tdmr_pamt_source source = { .take = take_small, .give = give };
	static const struct tdx_ram ram[] = {
		{ GB - 5 * MB / 2, 5 * MB / 2, 0 }, { GB, 13 * MB / 2, 0 },
	};
	static const struct tdx_cmr_info cmr = { 0, 2 * GB };
	struct geometry geometry = {
		.map = {
			.ram = ram, .nr_ram = ARRAY_SIZE(ram), .cmrs = &cmr, .nr_cmrs = 1,
			.limits = { 64, 16, 16 }, .nr_cpus = 1,
		},
	};
	const struct tdmr *tdmrs;
	u64 bytes, first, second;

	ASSERT_EQ(TDMR_OK, geometry_make(&geometry, &source).error);
	tdmrs = geometry.layout.tdmrs;
	ASSERT_EQ(2, geometry.layout.nr_tdmrs);
	bytes = tdmr_pamt_bytes(&geometry.map, &tdmrs[0]);
	first = min(tdmrs[0].pamt, tdmrs[1].pamt);
	second = max(tdmrs[0].pamt, tdmrs[1].pamt);
	EXPECT_LE(GB - 5 * MB / 2, first);
	EXPECT_GT(GB, first);
	EXPECT_LT(GB, first + bytes);
	EXPECT_LE(first + bytes, second);
	EXPECT_EQ(GB + 13 * MB / 2, second + bytes);
	geometry_free(&geometry);
}

TEST_HARNESS_MAIN
