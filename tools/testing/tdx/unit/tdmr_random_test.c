// SPDX-License-Identifier: GPL-2.0-only
/*
 * The geometry of TDX memory on random maps, checked by the software TDX
 * module.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "layout_check.h"
#include "random_map.h"

static struct random_map random_map;

/* Set NR_MAPS in the environment for fewer or more maps. */
static unsigned int nr_maps(void)
{
	const char *number = getenv("NR_MAPS");

	return number ? atoi(number) : 40000;
}

FIXTURE(judge) {
	struct model_machine *machine;
	struct geometry geometry;
	struct model_memory memory;
};

FIXTURE_SETUP(judge)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 1);
}

FIXTURE_TEARDOWN(judge)
{
	machine_free(self->machine);
}

static u64 nr_gb(const struct geometry *geometry)
{
	unsigned int i;
	u64 nr = 0;

	for (i = 0; i < geometry->layout.nr_tdmrs; i++)
		nr += geometry->info[i].size / SZ_1G;
	return nr;
}

/* The longest range of RAM in [base, end) that belongs to one node. */
static u64 longest_segment(const struct tdmr_map *map, u64 base, u64 end)
{
	u64 start, stop, longest = 0;
	unsigned int i;

	for (i = 0; i < map->nr_ram; i++) {
		start = max(map->ram[i].base, base);
		stop = min(map->ram[i].base + map->ram[i].size, end);
		if (start < stop)
			longest = max(longest, stop - start);
	}
	return longest;
}

/*
 * Number of PAMTs of 1 GB that certainly fit if all RAM is free: side by side
 * in the longest range of RAM of each block that has a reserved area left.
 */
static u64 pamt_slots(const struct tdmr_map *map)
{
	u64 slots = 0, block = ~0ULL, one = 4 * SZ_1M + 3 * 4096;
	unsigned int i;

	for (i = 0; i < map->nr_ram; i++) {
		if (map->ram[i].base / SZ_1G == block)
			continue;
		block = map->ram[i].base / SZ_1G;
		if (count_holes(map, block * SZ_1G, (block + 1) * SZ_1G, false) <
		    map->limits.max_reserved_per_tdmr)
			slots += longest_segment(map, block * SZ_1G, (block + 1) * SZ_1G) / one;
	}
	return slots;
}

/* True if the reason of a failure is correct. */
static bool failure_is_true(const struct tdmr_map *map, const struct tdmr_failure *failure)
{
	switch (failure->error) {
	case TDMR_TOO_MANY_RESERVED:
		return failure->size == SZ_1G && failure->limit == map->limits.max_reserved_per_tdmr &&
		       count_holes(map, failure->base, failure->base + SZ_1G, true) ==
		       failure->count && failure->count > failure->limit;
	case TDMR_TOO_MANY_TDMRS:
		return failure->limit == map->limits.max_tdmrs && failure->count > failure->limit &&
		       failure->count == fewest_tdmrs(map, false);
	case TDMR_NO_PAMT_MEMORY:
		return pamt_slots(map) < blocks_with_ram(map->ram, map->nr_ram) ||
		       map->limits.max_tdmrs < blocks_with_ram(map->ram, map->nr_ram);
	default:
		return false;
	}
}

TEST_F(judge, accepts_all_that_random_maps_become)
{
	unsigned int n, failures[TDMR_MALFORMED_CMRS + 1] = {};
	struct geometry *geometry = &self->geometry;
	struct tdmr_failure failure;

	for (n = 0; n < nr_maps(); n++) {
		random_map_make(&random_map, n);
		geometry->map = random_map.map;
		model_memory_init(&self->memory, 0, 0);
		ASSERT_EQ(TDMR_OK, tdmr_check_ram(&geometry->map).error) TH_LOG("map %u", n);

		failure = geometry_make(geometry, &self->memory.source);
		failures[failure.error]++;
		if (failure.error != TDMR_OK) {
			ASSERT_TRUE(failure_is_true(&geometry->map, &failure))
				TH_LOG("map %u: error %d at 0x%llx, %u of %u", n, failure.error,
				       failure.base, failure.count, failure.limit);
			ASSERT_EQ(0, self->memory.taken);
			geometry_free(geometry);
			continue;
		}

		ASSERT_EQ(0, layout_judge(self->machine, geometry))
			TH_LOG("map %u: %s", n, tdx_model_why(&self->machine->model));
		ASSERT_EQ(NULL, layout_check(geometry))
			TH_LOG("map %u: %s", n, layout_check(geometry));
		ASSERT_EQ(geometry_pamt_bytes(geometry), self->memory.taken);
		if (fewest_tdmrs(&geometry->map, true) <= geometry->map.limits.max_tdmrs)
			ASSERT_EQ(blocks_with_ram(geometry->map.ram, geometry->map.nr_ram),
				  nr_gb(geometry)) TH_LOG("map %u", n);
		geometry_free(geometry);
	}
	TH_LOG("%u maps: %u without enough reserved areas, %u without enough TDMRs, %u without room for PAMTs",
	       n, failures[TDMR_TOO_MANY_RESERVED], failures[TDMR_TOO_MANY_TDMRS],
	       failures[TDMR_NO_PAMT_MEMORY]);
	EXPECT_LT(failures[TDMR_TOO_MANY_RESERVED], nr_maps() / 20);
	EXPECT_LT(failures[TDMR_TOO_MANY_TDMRS], nr_maps() / 10);
	EXPECT_LT(failures[TDMR_NO_PAMT_MEMORY], nr_maps() / 10);
}

/* The first byte of RAM that is in no CMR; ~0 if there is none. */
static u64 first_outside(const struct tdmr_map *map)
{
	unsigned int i, c;
	u64 pa;

	for (i = 0; i < map->nr_ram; i++) {
		pa = map->ram[i].base;
		for (c = 0; c < map->nr_cmrs; c++)
			if (pa - map->cmrs[c].base < map->cmrs[c].size)
				pa = map->cmrs[c].base + map->cmrs[c].size;
		if (pa < map->ram[i].base + map->ram[i].size)
			return pa;
	}
	return ~0ULL;
}

/* The end of the RAM at @pa that is outside the CMRs. */
static u64 end_outside(const struct tdmr_map *map, u64 pa)
{
	unsigned int i;
	u64 end = ~0ULL;

	for (i = 0; i < map->nr_ram; i++)
		if (pa - map->ram[i].base < map->ram[i].size)
			end = map->ram[i].base + map->ram[i].size;
	for (i = 0; i < map->nr_cmrs; i++)
		if (map->cmrs[i].base > pa)
			end = min(end, map->cmrs[i].base);
	return end;
}

TEST_F(judge, sees_ram_outside_the_cmrs_named)
{
	struct tdmr_failure failure;
	unsigned int n, outside = 0;
	struct tdx_cmr_info *cmr;
	struct tdmr_map *map;
	u64 cut, pa, end;

	for (n = 0; n < nr_maps() / 10; n++) {
		random_map_make(&random_map, n);
		map = &random_map.map;
		cmr = &random_map.cmrs[random_below(&random_map, map->nr_cmrs)];
		cut = random_below(&random_map, cmr->size / 4096 + 1) * 4096;
		cmr->size -= cut;
		if (random_below(&random_map, 2))
			cmr->base += cut;

		map->cmrs = exact_copy(random_map.cmrs, map->nr_cmrs * sizeof(*map->cmrs));
		failure = tdmr_check_ram(map);
		pa = first_outside(map);
		end = pa == ~0ULL ? 0 : end_outside(map, pa);
		free((void *)map->cmrs);
		ASSERT_EQ(pa == ~0ULL, failure.error == TDMR_OK) TH_LOG("map %u", n);
		if (failure.error == TDMR_OK)
			continue;
		ASSERT_EQ(TDMR_RAM_OUTSIDE_CMRS, failure.error);
		ASSERT_EQ(pa, failure.base) TH_LOG("map %u", n);
		ASSERT_EQ(end, failure.base + failure.size) TH_LOG("map %u", n);
		outside++;
	}
	EXPECT_GT(outside, nr_maps() / 40);
}

/* The PAMT is in the TDMR's own RAM, if a segment of that is large enough. */
static bool is_at_home(const struct geometry *geometry, const struct tdx_tdmr_info *info)
{
	u64 base = info->pamt[0].base, bytes = info->pamt[2].base + info->pamt[2].size - base;
	u64 start, end;
	unsigned int i;

	for (i = 0; i < geometry->map.nr_ram; i++) {
		start = max(geometry->map.ram[i].base, info->base);
		end = min(geometry->map.ram[i].base + geometry->map.ram[i].size,
			  info->base + info->size);
		if (start < end && end - start >= bytes)
			return base >= info->base && base + bytes <= info->base + info->size;
	}
	return true;
}

TEST_F(judge, sees_pamts_at_home_and_tdmrs_for_all_cpus)
{
	struct geometry *geometry = &self->geometry;
	unsigned int n, i;
	u64 share;

	for (n = 4; n < nr_maps() / 10; n += 5) {
		random_map_make(&random_map, n);
		geometry->map = random_map.map;
		model_memory_init(&self->memory, 0, 0);
		if (geometry_make(geometry, &self->memory.source).error == TDMR_OK) {
			share = nr_gb(geometry) / geometry->map.nr_cpus;
			share = share > 16 ? 16 : share ?: 1;
			for (i = 0; i < geometry->layout.nr_tdmrs; i++) {
				const struct tdx_tdmr_info *info = &geometry->info[i];

				ASSERT_TRUE(is_at_home(geometry, info)) TH_LOG("map %u", n);
				/*
				 * TDMRs may be larger if there would be too
				 * many otherwise.
				 */
				if (geometry->layout.nr_tdmrs < geometry->map.limits.max_tdmrs / 2)
					ASSERT_LE(info->size / SZ_1G, share) TH_LOG("map %u", n);
			}
		}
		geometry_free(geometry);
	}
}

TEST_F(judge, sees_the_same_layout_for_the_same_map)
{
	struct geometry *geometry = &self->geometry, again;
	unsigned int n;

	for (n = 0; n < nr_maps() / 400; n++) {
		random_map_make(&random_map, n);
		geometry->map = random_map.map;
		again.map = random_map.map;
		model_memory_init(&self->memory, n, 30);
		ASSERT_EQ(geometry_make(geometry, &self->memory.source).error,
			  geometry_make(&again, &self->memory.source).error);
		ASSERT_EQ(geometry->layout.nr_tdmrs, again.layout.nr_tdmrs);
		ASSERT_EQ(0, memcmp(geometry->layout.tdmrs, again.layout.tdmrs,
				    again.layout.nr_tdmrs * sizeof(struct tdmr)));
		geometry_free(geometry);
		geometry_free(&again);
	}
}

TEST_F(judge, accepts_what_becomes_of_fragmented_memory)
{
	struct geometry *geometry = &self->geometry;
	unsigned int n, failed = 0, split = 0;

	for (n = 0; n < nr_maps() / 200; n++) {
		random_map_make(&random_map, n);
		geometry->map = random_map.map;
		geometry->map.nr_cpus = 1;
		model_memory_init(&self->memory, n, random_below(&random_map, 60));
		if (geometry_make(geometry, &self->memory.source).error != TDMR_OK) {
			ASSERT_EQ(0, self->memory.taken) TH_LOG("map %u", n);
			failed++;
		} else {
			ASSERT_EQ(0, layout_judge(self->machine, geometry))
				TH_LOG("map %u: %s", n, tdx_model_why(&self->machine->model));
			ASSERT_EQ(NULL, layout_check(geometry))
				TH_LOG("map %u: %s", n, layout_check(geometry));
			ASSERT_EQ(geometry_pamt_bytes(geometry), self->memory.taken);
			split += self->memory.asked > geometry->layout.nr_tdmrs;
		}
		geometry_free(geometry);
	}
	TH_LOG("%u maps, %u searched, %u failed", n, split, failed);
	EXPECT_GT(split, nr_maps() / 2000);
}

/* All TDMRs are used, and the largest needs more memory than any free range has. */
TEST_F(judge, sees_small_tdmrs_where_large_ones_find_no_memory)
{
	static const unsigned int maps[] = { 23, 48, 143, 178, 333, 363, 438, 503, 603 };
	struct geometry *geometry = &self->geometry;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		random_map_make(&random_map, maps[i]);
		geometry->map = random_map.map;
		geometry->map.nr_cpus = 1;
		model_memory_init(&self->memory, maps[i], random_below(&random_map, 60));
		EXPECT_EQ(TDMR_OK, geometry_make(geometry, &self->memory.source).error)
			TH_LOG("map %u", maps[i]);
		EXPECT_EQ(64, geometry->layout.nr_tdmrs);
		geometry_free(geometry);
	}
}

/* TDMRs are split down to 1 GB if each GB has a free chunk of only 8 MB. */
TEST_F(judge, sees_fragmented_memory_split_down_to_single_blocks)
{
	static const struct tdx_ram ram = { 0, 32ULL * SZ_1G, 0 };
	static const struct tdx_cmr_info cmr = { 0, 32ULL * SZ_1G };
	struct geometry *geometry = &self->geometry;
	unsigned int percent, most = 0;

	for (percent = 0; percent < 80; percent++) {
		geometry->map = (struct tdmr_map) {
			.ram = &ram, .nr_ram = 1, .cmrs = &cmr, .nr_cmrs = 1,
			.limits = { 64, 16, 16 }, .nr_cpus = 1,
		};
		model_memory_init(&self->memory, percent, percent);
		/* Up to here, every GB has three adjacent free blocks of 2 MB. */
		ASSERT_EQ(TDMR_OK, geometry_make(geometry, &self->memory.source).error)
			TH_LOG("%u %%", percent);
		most = max(most, geometry->layout.nr_tdmrs);
		geometry_free(geometry);
	}
	EXPECT_LE(30, most);
}

TEST_HARNESS_MAIN
