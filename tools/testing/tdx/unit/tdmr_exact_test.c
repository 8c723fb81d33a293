// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small maps, for which all possible TDMRs can be tried: the geometry finds a
 * layout if there is one, and covers no more blocks than the best layout.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "geometry.h"
#include "harness.h"
#include "small_map.h"

#define NR_MAPS		40000
#define NR_BLOCKS	9
#define PER_BLOCK	16
#define NR_CELLS	(NR_BLOCKS * PER_BLOCK)

/* Cells have 64 MB: more than a PAMT for all blocks. */
static_assert(NR_CELLS <= SMALL_MAP_CELLS);

/* Runs of cells of one kind; some maps have mostly whole blocks. */
static void make_cells(struct small_map *small)
{
	unsigned int i = 0, length, longest = small_below(small, 2) ? 6 : 24;
	enum cell kind;

	while (i < NR_CELLS) {
		kind = small_below(small, 3);
		for (length = 1 + small_below(small, longest); length && i < NR_CELLS; length--)
			small->cells[i++] = kind;
	}
}

static void make_map(struct small_map *small, u64 number)
{
	struct tdmr_limits limits;

	*small = (struct small_map) {
		.nr_cells = NR_CELLS, .per_block = PER_BLOCK, .state = number << 16,
	};
	make_cells(small);
	limits = (struct tdmr_limits) {
		1 + small_below(small, 5), 1 + small_below(small, 4), 16
	};
	small_describe(small, limits, 0);
}

/*
 * Number of reserved areas for the blocks; @join: as one if there is no RAM
 * between them.
 */
static unsigned int areas(const struct small_map *small, unsigned int first, unsigned int last,
			  bool join)
{
	unsigned int i, count = 0;
	bool in_hole = false, ram_since = true;

	for (i = first * PER_BLOCK; i < (last + 1) * PER_BLOCK; i++) {
		if (small->cells[i] == HOLE && !in_hole && (!join || ram_since))
			count++;
		if (small->cells[i] == HOLE)
			ram_since = false;
		ram_since |= small->cells[i] == RAM;
		in_hole = small->cells[i] == HOLE;
	}
	return count;
}

/*
 * With @spare, an area is left for the PAMT; else all areas are used, and
 * joined.
 */
static bool allowed(const struct small_map *small, unsigned int first, unsigned int last,
		    bool spare)
{
	unsigned int limit = small->map.limits.max_reserved_per_tdmr;

	if (spare && last > first)
		return areas(small, first, last, false) < limit;
	return areas(small, first, last, !spare) <= limit;
}

/*
 * The minimum number of blocks without RAM to be covered from @block on; -1 if
 * impossible.
 */
static int least_extra(const struct small_map *small, unsigned int block, unsigned int tdmrs,
		       bool spare)
{
	unsigned int last;
	int extra = 0, rest, best = -1;

	while (block < NR_BLOCKS && !small_has_ram(small, block))
		block++;
	if (block == NR_BLOCKS)
		return 0;
	if (!tdmrs)
		return -1;

	for (last = block; last < NR_BLOCKS; last++) {
		extra += !small_has_ram(small, last);
		if (!small_has_ram(small, last) || !allowed(small, block, last, spare))
			continue;
		rest = least_extra(small, last + 1, tdmrs - 1, spare);
		if (rest >= 0 && (best < 0 || extra + rest < best))
			best = extra + rest;
	}
	return best;
}

/*
 * The minimum size of the largest TDMR, if up to @extra blocks without RAM are
 * covered.
 */
static int least_largest(const struct small_map *small, unsigned int block, unsigned int tdmrs,
			 bool spare, int extra)
{
	int rest, size, best = -1;
	unsigned int last;

	while (block < NR_BLOCKS && !small_has_ram(small, block))
		block++;
	if (block == NR_BLOCKS)
		return 0;

	for (last = block; tdmrs && last < NR_BLOCKS; last++) {
		extra -= !small_has_ram(small, last);
		if (extra < 0)
			break;
		if (!small_has_ram(small, last) || !allowed(small, block, last, spare))
			continue;
		rest = least_largest(small, last + 1, tdmrs - 1, spare, extra);
		size = last - block + 1;
		if (rest >= 0 && (best < 0 || max(rest, size) < best))
			best = max(rest, size);
	}
	return best;
}

/* Maximum number of adjacent blocks with RAM and without holes. */
static unsigned int longest_run(const struct small_map *small)
{
	unsigned int block, run = 0, longest = 0;

	for (block = 0; block < NR_BLOCKS; block++) {
		run = small_has_ram(small, block) && !areas(small, block, block, false) ? run + 1 : 0;
		longest = max(longest, run);
	}
	return longest;
}

/*
 * Number of TDMRs that are needed.  If there are only @tdmrs, @left_over is set
 * to the first block without one.
 */
static unsigned int fewest(const struct small_map *small, unsigned int tdmrs, u64 *left_over)
{
	unsigned int block, first = 0, nr = 0;

	for (block = 0; block < NR_BLOCKS; block++) {
		if (!small_has_ram(small, block) || (nr && allowed(small, first, block, false)))
			continue;
		first = block;
		if (nr++ == tdmrs)
			*left_over = (u64)block * SZ_1G;
	}
	return nr;
}

/* Pages of 4 KB.  @outside is the first part of the RAM that is in no CMR. */
static const struct {
	const char *name;
	struct { unsigned int first, nr; } ram[3], cmrs[3], outside;
} outside_cases[] = {
	{ "inside", { { 10, 10 } }, { { 10, 10 } } },
	{ "only its begin", { { 9, 10 } }, { { 10, 20 } }, { 9, 1 } },
	{ "only its end", { { 10, 11 } }, { { 10, 10 } }, { 20, 1 } },
	{ "begin and end", { { 5, 20 } }, { { 10, 10 } }, { 5, 5 } },
	{ "all below", { { 5, 5 } }, { { 10, 10 } }, { 5, 5 } },
	{ "all behind", { { 20, 5 } }, { { 10, 10 } }, { 20, 5 } },
	{ "the begin of the second", { { 10, 5 }, { 19, 10 } }, { { 10, 5 }, { 20, 10 } }, { 19, 1 } },
	{ "between two CMRs", { { 10, 20 } }, { { 10, 5 }, { 16, 20 } }, { 15, 1 } },
	{ "CMRs that touch", { { 10, 20 } }, { { 10, 5 }, { 15, 5 }, { 20, 10 } } },
	{ "RAM that begins where CMRs touch", { { 15, 5 } }, { { 10, 5 }, { 15, 5 } } },
	{ "RAM that ends where CMRs touch", { { 10, 5 }, { 16, 4 } }, { { 10, 5 }, { 15, 5 } } },
	{ "behind CMRs that touch", { { 10, 11 } }, { { 10, 5 }, { 15, 5 } }, { 20, 1 } },
	{ "below CMRs that touch", { { 9, 11 } }, { { 10, 5 }, { 15, 5 } }, { 9, 1 } },
	{ "a CMR without RAM", { { 10, 5 }, { 30, 5 } }, { { 10, 5 }, { 20, 5 }, { 30, 5 } } },
};

#define PAGES(n)	((u64)(n) * SZ_4K)

TEST(the_first_ram_in_no_cmr_is_named)
{
	struct tdx_ram ram[3] = {};
	struct tdx_cmr_info cmrs[3];
	struct tdmr_failure failure;
	struct tdmr_map map;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(outside_cases); i++) {
		map = (struct tdmr_map) { .ram = ram, .cmrs = cmrs };
		for (j = 0; j < 3; j++) {
			ram[j].base = PAGES(outside_cases[i].ram[j].first);
			ram[j].size = PAGES(outside_cases[i].ram[j].nr);
			map.nr_ram += !!ram[j].size;
			cmrs[j].base = PAGES(outside_cases[i].cmrs[j].first);
			cmrs[j].size = PAGES(outside_cases[i].cmrs[j].nr);
			map.nr_cmrs += !!cmrs[j].size;
		}
		failure = tdmr_check_ram(&map);
		EXPECT_EQ(outside_cases[i].outside.nr ? TDMR_RAM_OUTSIDE_CMRS : TDMR_OK,
			  failure.error) TH_LOG("%s", outside_cases[i].name);
		EXPECT_EQ(PAGES(outside_cases[i].outside.first), failure.base)
			TH_LOG("%s", outside_cases[i].name);
		EXPECT_EQ(PAGES(outside_cases[i].outside.nr), failure.size)
			TH_LOG("%s", outside_cases[i].name);
	}
}

/* Only the PAMT is reserved: adjacent CMRs have no area between them. */
TEST(cmrs_that_touch_leave_no_area_between_them)
{
	static const struct tdx_ram ram[] = { { 0, 4ULL * SZ_1G } };
	static const struct tdx_cmr_info cmrs[] = {
		{ 0, SZ_512M }, { SZ_512M, SZ_512M }, { SZ_1G, 3ULL * SZ_1G },
	};
	struct geometry geometry = { .map = {
		.ram = ram, .nr_ram = 1, .cmrs = cmrs, .nr_cmrs = 3,
		.limits = { 64, 16, 16 }, .nr_cpus = 1,
	} };
	struct model_memory memory;
	u64 pamt;

	model_memory_init(&memory, 0, 0);
	ASSERT_EQ(TDMR_OK, geometry_make(&geometry, &memory.source).error);
	ASSERT_EQ(1, geometry.layout.nr_tdmrs);
	pamt = geometry.info[0].pamt[0].base;
	EXPECT_EQ(pamt, geometry.info[0].reserved[0].offset);
	EXPECT_EQ(geometry_pamt_bytes(&geometry), geometry.info[0].reserved[0].size);
	EXPECT_EQ(0, geometry.info[0].reserved[1].size);
	/* The PAMT, and the memory after the CMRs. */
	EXPECT_EQ(2, geometry.layout.nr_unusable);
	geometry_free(&geometry);
}

TEST(a_malformed_list_of_cmrs_is_refused)
{
	static const struct tdx_cmr_info lists[][2] = {
		{ { SZ_1G, SZ_1G }, { 0, SZ_1G } },			/* not sorted */
		{ { 0, SZ_1G }, { SZ_512M, SZ_1G } },			/* overlap */
		{ { 0, SZ_1G }, { SZ_1G, 0 } },				/* empty */
		{ { 0, SZ_1G }, { 3ULL * SZ_1G, -3ULL * SZ_1G } },	/* ends at 2^64 */
		{ { 0, SZ_1G }, { 3ULL * SZ_1G, -SZ_1G } },		/* wraps */
	};
	static const struct tdx_ram ram = { 0, SZ_512M };
	struct geometry geometry;
	struct model_memory memory;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		geometry = (struct geometry) { .map = {
			.ram = &ram, .nr_ram = 1, .cmrs = lists[i], .nr_cmrs = 2,
			.limits = { 64, 16, 16 }, .nr_cpus = 1,
		} };
		model_memory_init(&memory, 0, 0);
		EXPECT_EQ(TDMR_MALFORMED_CMRS, geometry_make(&geometry, &memory.source).error)
			TH_LOG("list %u", i);
		EXPECT_EQ(0, memory.asked);
		geometry_free(&geometry);
	}
}

TEST(a_block_that_uses_all_reserved_areas_does_not_keep_others_from_being_split)
{
	static const struct tdx_ram ram[] = {
		{ 4ULL * SZ_1G, SZ_256M }, { 4ULL * SZ_1G + SZ_512M, SZ_256M },
		{ 8ULL * SZ_1G, 8ULL * SZ_1G },
	};
	static const struct tdx_cmr_info cmrs[] = {
		{ 4ULL * SZ_1G, SZ_256M }, { 4ULL * SZ_1G + SZ_512M, SZ_256M },
		{ 8ULL * SZ_1G, 8ULL * SZ_1G },
	};
	struct geometry geometry = { .map = {
		.ram = ram, .nr_ram = 3, .cmrs = cmrs, .nr_cmrs = 3,
		.limits = { 64, 2, 16 }, .nr_cpus = 4,
	} };
	struct model_memory memory;

	model_memory_init(&memory, 0, 0);
	ASSERT_EQ(TDMR_OK, geometry_make(&geometry, &memory.source).error);
	EXPECT_EQ(1 + 4, geometry.layout.nr_tdmrs);
	EXPECT_FALSE(geometry.layout.reserve_non_ram);
	geometry_free(&geometry);
}

TEST(too_few_tdmrs_are_named_with_the_number_and_the_first_block_left_over)
{
	static struct small_map small;
	struct tdmr_failure failure;
	unsigned int n, seen = 0;
	struct geometry geometry;
	struct model_memory memory;
	u64 left_over = 0;

	for (n = 0; n < NR_MAPS; n++) {
		make_map(&small, n);
		if (!small.map.nr_ram || small.map.nr_cmrs > TDX_NR_CMRS)
			continue;
		geometry.map = small.map;
		model_memory_init(&memory, 0, 0);
		failure = geometry_make(&geometry, &memory.source);
		geometry_free(&geometry);
		if (failure.error != TDMR_TOO_MANY_TDMRS)
			continue;
		ASSERT_EQ(fewest(&small, small.map.limits.max_tdmrs, &left_over), failure.count);
		ASSERT_EQ(small.map.limits.max_tdmrs, failure.limit);
		ASSERT_EQ(left_over, failure.base) TH_LOG("map %u", n);
		ASSERT_EQ(SZ_1G, failure.size);
		seen++;
	}
	EXPECT_GT(seen, 1000);
}

TEST(a_layout_is_found_if_there_is_one_and_covers_no_more_than_the_best)
{
	unsigned int n, i, possible = 0, joined = 0, wasteful = 0, tried = 0;
	static struct small_map small;
	struct geometry geometry;
	struct model_memory memory;
	struct tdmr_failure failure;
	u64 gb, largest;
	bool spare;
	int best;

	for (n = 0; n < NR_MAPS; n++) {
		make_map(&small, n);
		if (!small.map.nr_ram || small.map.nr_cmrs > TDX_NR_CMRS)
			continue;
		tried++;
		best = least_extra(&small, 0, small.map.limits.max_tdmrs, false);
		spare = least_extra(&small, 0, small.map.limits.max_tdmrs, true) == best;
		joined += !spare;

		geometry.map = small.map;
		model_memory_init(&memory, 0, 0);
		failure = geometry_make(&geometry, &memory.source);
		ASSERT_EQ(best >= 0, failure.error == TDMR_OK)
			TH_LOG("map %u: error %d", n, failure.error);
		if (failure.error == TDMR_OK) {
			for (i = 0, gb = 0, largest = 0; i < geometry.layout.nr_tdmrs; i++) {
				gb += geometry.info[i].size / SZ_1G;
				largest = max(largest, geometry.info[i].size / SZ_1G);
			}
			ASSERT_EQ(blocks_with_ram(small.ram, small.map.nr_ram) + best, gb)
				TH_LOG("map %u", n);
			/* Blocks without holes are split only if there are unused TDMRs. */
			if (geometry.layout.nr_tdmrs == small.map.limits.max_tdmrs)
				ASSERT_LE(largest, longest_run(&small) +
					  least_largest(&small, 0, small.map.limits.max_tdmrs,
							spare, best)) TH_LOG("map %u", n);
			possible++;
			wasteful += best > 0;
		}
		geometry_free(&geometry);
	}
	TH_LOG("%u maps: %u possible, %u of them with areas joined, %u with blocks without RAM",
	       tried, possible, joined, wasteful);
	EXPECT_GT(tried, 20000);
	EXPECT_GT(tried - possible, 1000);
	EXPECT_GT(joined, 500);
	EXPECT_GT(wasteful, 500);
}

TEST_HARNESS_MAIN
