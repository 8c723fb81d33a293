// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random memory maps.  See random_map.h.
 */
#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "geometry.h"
#include "random_map.h"

u64 random_below(struct random_map *random, u64 limit)
{
	return hash(random->state++, 0) % limit;
}

/* A size of any order of magnitude from a page to 8 GB. */
static u64 random_size(struct random_map *random)
{
	return ALIGN(1 + random_below(random, 1ULL << (12 + random_below(random, 22))), 4096ULL);
}

static void add_ram(struct random_map *random, u64 base, u64 end, int node)
{
	struct tdmr_map *map = &random->map;

	if (map->nr_ram < RANDOM_MAP_MAX_RAM && base < end)
		random->ram[map->nr_ram++] = (struct tdx_ram) { base, end - base, node };
}

static void add_cmr(struct random_map *random, u64 base, u64 end)
{
	struct tdmr_map *map = &random->map;

	if (map->nr_cmrs < TDX_NR_CMRS)
		random->cmrs[map->nr_cmrs++] = (struct tdx_cmr_info) { base, end - base };
}

/* RAM in [base, end); the gaps are convertible. */
static void fill_with_ram(struct random_map *random, u64 base, u64 end, unsigned int most, int *node)
{
	while (base < end && most--) {
		u64 stop = min(end, base + random_size(random));

		if (!random_below(random, 8))
			(*node)++;
		add_ram(random, base, stop, *node);
		base = stop + (random_below(random, 3) ? random_size(random) : 0);
	}
}

/* CMRs with and without gaps, with some RAM in each. */
static void anything(struct random_map *random)
{
	unsigned int i, nr = 1 + random_below(random, TDX_NR_CMRS);
	unsigned int most = random_below(random, 64) ? 12 : 2000 / nr;
	u64 base = SZ_1M + random_size(random), end;
	int node = 0;

	for (i = 0; i < nr; i++) {
		end = base + random_size(random);
		add_cmr(random, base, end);
		fill_with_ram(random, base, end, 1 + random_below(random, most), &node);
		base = end + (random_below(random, 3) ? random_size(random) : 0);
	}
}

/* A few GB with about as many holes as a TDMR has reserved areas. */
static void many_holes(struct random_map *random)
{
	unsigned int i, nr = 14 + random_below(random, 18);
	u64 room = (1 + random_below(random, 3)) * SZ_1G, base = SZ_1M, step = room / nr;

	for (i = 0; i < nr; i++) {
		u64 size = ALIGN_DOWN(step / 2 + random_below(random, step / 2), 4096);
		u64 unused = ALIGN_DOWN(random_below(random, size / 8 + 1), 4096);

		add_cmr(random, base, base + size);
		if (random_below(random, 4))
			add_ram(random, base + unused, base + size, 0);
		base += ALIGN(step, 4096ULL);
	}
	add_cmr(random, ALIGN(base, (u64)SZ_1G), ALIGN(base, (u64)SZ_1G) + SZ_1G);
	add_ram(random, ALIGN(base, (u64)SZ_1G), ALIGN(base, (u64)SZ_1G) + SZ_1G, 0);
}

/* About as many islands of RAM as there are TDMRs. */
static void many_islands(struct random_map *random)
{
	static const unsigned int numbers[] = { 62, 63, 64, 65, 66, 128, 200 };
	unsigned int i, nr = numbers[random_below(random, ARRAY_SIZE(numbers))];
	u64 base = SZ_1G, size;
	int node = 0;

	for (i = 0; i < nr; i++) {
		size = random_below(random, 4) ? SZ_1G : ALIGN(16 * SZ_1M + random_size(random), 4096ULL);
		node += !random_below(random, 16);
		add_ram(random, base, base + size, node);
		base += ALIGN(size, (u64)SZ_1G) + SZ_1G * random_below(random, 4);
	}
	add_cmr(random, SZ_1G, base + SZ_1G);
}

/* A server: low memory with holes, and several nodes above 4 GB. */
static void server(struct random_map *random)
{
	unsigned int i, nodes = 1 + random_below(random, 16), holes = random_below(random, 14);
	u64 base = SZ_1M, end, share = (1 + random_below(random, 4096 / nodes)) * SZ_1G;

	for (i = 0; i < holes; i++) {
		end = base + ALIGN(SZ_2M + random_below(random, 3ULL * SZ_1G / (holes + 1)), 4096ULL);
		add_cmr(random, base, end);
		add_ram(random, base, end, 0);
		base = end + ALIGN(1 + random_below(random, SZ_2M), 4096ULL);
	}
	for (i = 0, base = 4ULL * SZ_1G; i < nodes; i++, base += share) {
		u64 shift = random_below(random, 2) ? 0 : SZ_2M * random_below(random, 512);

		add_ram(random, base + (i ? shift : 0), base + share, i);
	}
	add_cmr(random, 4ULL * SZ_1G, base);
}

void random_map_make(struct random_map *random, u64 number)
{
	static void (* const kinds[])(struct random_map *random) = {
		anything, anything, many_holes, many_islands, server,
	};
	static const unsigned int cpus[] = { 1, 2, 4, 8, 64, 500 };

	random->state = number << 20;
	random->map = (struct tdmr_map) {
		.ram = random->ram,
		.cmrs = random->cmrs,
		.limits = { 64, TDX_TDMR_NR_RESERVED, 16 },
		.nr_cpus = cpus[random_below(random, ARRAY_SIZE(cpus))],
	};
	kinds[number % ARRAY_SIZE(kinds)](random);
	if (!random_below(random, 8))
		random->map.limits.max_reserved_per_tdmr = 8 + random_below(random, 9);
	if (!random_below(random, 8))
		random->map.limits.max_tdmrs = 1 + random_below(random, 64);
}
