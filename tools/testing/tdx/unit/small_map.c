// SPDX-License-Identifier: GPL-2.0-only
/* Random memory maps that are small enough to try all TDMRs. */
#include <string.h>

#include "geometry.h"
#include "small_map.h"

u64 small_below(struct small_map *small, u64 limit)
{
	return hash(small->state++, 1) % limit;
}

static bool begins_range(struct small_map *small, unsigned int cell, unsigned int split)
{
	return !cell || small->cells[cell - 1] != RAM ||
	       (split && !small_below(small, split));
}

void small_describe(struct small_map *small, struct tdmr_limits limits, unsigned int split)
{
	const u64 size = SZ_1G / small->per_block;
	struct tdmr_map *map = &small->map;
	unsigned int i;

	*map = (struct tdmr_map) {
		.ram = small->ram, .cmrs = small->cmrs, .limits = limits, .nr_cpus = 1,
	};
	memset(small->ram, 0, sizeof(small->ram));
	for (i = 0; i < small->nr_cells; i++) {
		if (small->cells[i] == RAM && begins_range(small, i, split))
			small->ram[map->nr_ram++] = (struct tdx_ram) { .base = i * size };
		if (small->cells[i] == RAM)
			small->ram[map->nr_ram - 1].size += size;

		if (small->cells[i] == HOLE)
			continue;
		if (!i || small->cells[i - 1] == HOLE)
			small->cmrs[map->nr_cmrs++] = (struct tdx_cmr_info) { i * size };
		small->cmrs[map->nr_cmrs - 1].size += size;
	}
}

bool small_has_ram(const struct small_map *small, unsigned int block)
{
	unsigned int i;

	for (i = block * small->per_block; i < (block + 1) * small->per_block; i++)
		if (small->cells[i] == RAM)
			return true;
	return false;
}
