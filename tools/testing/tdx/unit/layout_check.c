// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checks that apply to every layout.  See layout_check.h.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <string.h>

#include "layout_check.h"

u64 layout_judge(struct model_machine *machine, const struct geometry *geometry)
{
	const struct tdmr_map *map = &geometry->map;

	memset(machine->config.cmrs, 0, sizeof(machine->config.cmrs));
	memcpy(machine->config.cmrs, map->cmrs, map->nr_cmrs * sizeof(map->cmrs[0]));
	machine->config.max_tdmrs = map->limits.max_tdmrs;
	machine->config.max_reserved_per_tdmr = map->limits.max_reserved_per_tdmr;
	machine_init_module(machine);
	return machine_config(machine, geometry->info, geometry->layout.nr_tdmrs);
}

static u64 ram_end(const struct tdx_ram *ram)
{
	return ram->base + ram->size;
}

static const struct tdx_tdmr_info *tdmr_of(const struct geometry *geometry, u64 pa)
{
	unsigned int i;

	for (i = 0; i < geometry->layout.nr_tdmrs; i++)
		if (pa - geometry->info[i].base < geometry->info[i].size)
			return &geometry->info[i];
	return NULL;
}

/* The end of the PAMT level that @pa is in; 0 if it is in none. */
static u64 pamt_end(const struct geometry *geometry, u64 pa)
{
	unsigned int i, level;

	for (i = 0; i < geometry->layout.nr_tdmrs; i++)
		for (level = 0; level < TDX_NR_PAMT_LEVELS; level++) {
			const struct tdx_pamt_area *pamt = &geometry->info[i].pamt[level];

			if (pa - pamt->base < pamt->size)
				return pamt->base + pamt->size;
		}
	return 0;
}

/* The end of usable memory of @tdmr from @pa on; @pa if @pa is reserved. */
static u64 usable_until(const struct tdx_tdmr_info *tdmr, u64 pa)
{
	u64 end = tdmr->base + tdmr->size, start;
	unsigned int i;

	for (i = 0; i < TDX_TDMR_NR_RESERVED && tdmr->reserved[i].size; i++) {
		start = tdmr->base + tdmr->reserved[i].offset;
		if (pa >= start && pa < start + tdmr->reserved[i].size)
			return pa;
		if (start > pa)
			end = min(end, start);
	}
	return end;
}

static const char *check_usable(const struct geometry *geometry)
{
	const struct tdx_tdmr_info *tdmr;
	unsigned int i;
	u64 pa, next;

	for (i = 0; i < geometry->map.nr_ram; i++) {
		for (pa = geometry->map.ram[i].base; pa < ram_end(&geometry->map.ram[i]); pa = next) {
			tdmr = tdmr_of(geometry, pa);
			if (!tdmr)
				return "RAM is in no TDMR";
			next = usable_until(tdmr, pa);
			if (next == pa)
				next = pamt_end(geometry, pa);
			if (next <= pa)
				return "RAM is reserved, and holds no PAMT";
		}
	}
	return NULL;
}

/* True if [base, end) is RAM of one node.  Adjacent ranges count as one. */
static bool is_ram(const struct tdmr_map *map, u64 base, u64 end)
{
	const struct tdx_ram *first = NULL, *ram = map->ram;

	for (; ram < &map->ram[map->nr_ram] && base < end; ram++) {
		if (ram->base > base || base >= ram_end(ram))
			continue;
		first = first ?: ram;
		if (ram->node != first->node)
			return false;
		base = ram_end(ram);
	}
	return base >= end;
}

static const char *check_pamts(const struct geometry *geometry)
{
	const struct tdx_pamt_area *pamt;
	unsigned int i;

	for (i = 0; i < geometry->layout.nr_tdmrs; i++) {
		pamt = geometry->info[i].pamt;
		if (pamt[0].base + pamt[0].size != pamt[1].base ||
		    pamt[1].base + pamt[1].size != pamt[2].base)
			return "the levels of a PAMT are not one chunk";
		if (!is_ram(&geometry->map, pamt[0].base, pamt[2].base + pamt[2].size))
			return "a PAMT is not in RAM of one node";
	}
	return NULL;
}

static bool block_has_node(const struct tdmr_map *map, u64 block, int node)
{
	const struct tdx_ram *ram = map->ram;

	for (; ram < &map->ram[map->nr_ram]; ram++)
		if (ram->node == node && ram->base / SZ_1G <= block &&
		    (ram_end(ram) - 1) / SZ_1G >= block)
			return true;
	return false;
}

/* Unless all TDMRs are used, a TDMR may span nodes only if a block does. */
static const char *check_nodes(const struct geometry *geometry)
{
	const struct tdmr_map *map = &geometry->map;
	const struct tdx_ram *ram;
	unsigned int i;

	if (geometry->layout.nr_tdmrs == map->limits.max_tdmrs)
		return NULL;
	for (i = 0; i + 1 < map->nr_ram; i++) {
		ram = &map->ram[i];
		if (!block_has_node(map, (ram_end(&ram[0]) - 1) / SZ_1G, ram[1].node) &&
		    tdmr_of(geometry, ram_end(&ram[0]) - 1) == tdmr_of(geometry, ram[1].base))
			return "a TDMR spans nodes where no block does";
	}
	return NULL;
}

static const char *check_trimmed(const struct geometry *geometry)
{
	const struct tdmr_map *map = &geometry->map;
	unsigned int i;

	for (i = 0; i < geometry->layout.nr_tdmrs; i++) {
		const struct tdx_tdmr_info *tdmr = &geometry->info[i];
		u64 first = tdmr->base, last = tdmr->base + tdmr->size - SZ_1G;
		bool at_first = false, at_last = false;
		unsigned int r;

		for (r = 0; r < map->nr_ram; r++) {
			at_first |= map->ram[r].base < first + SZ_1G && ram_end(&map->ram[r]) > first;
			at_last |= map->ram[r].base < last + SZ_1G && ram_end(&map->ram[r]) > last;
		}
		if (!at_first || !at_last)
			return "a TDMR begins or ends with a block without RAM";
	}
	return NULL;
}

const char *layout_check(const struct geometry *geometry)
{
	const char *wrong = check_usable(geometry);

	wrong = wrong ?: check_pamts(geometry);
	wrong = wrong ?: check_trimmed(geometry);
	return wrong ?: check_nodes(geometry);
}

static bool ram_between(const struct tdmr_map *map, u64 start, u64 end)
{
	unsigned int i;

	for (i = 0; i < map->nr_ram; i++)
		if (map->ram[i].base < end && ram_end(&map->ram[i]) > start)
			return true;
	return false;
}

unsigned int count_holes(const struct tdmr_map *map, u64 base, u64 end, bool over_non_ram)
{
	u64 start, stop, behind_last = base;
	unsigned int i, count = 0;

	for (i = 0; i <= map->nr_cmrs; i++) {
		start = i ? map->cmrs[i - 1].base + map->cmrs[i - 1].size : 0;
		stop = i < map->nr_cmrs ? map->cmrs[i].base : ~0ULL;
		start = max(start, base);
		stop = min(stop, end);
		if (start >= stop)
			continue;
		if (!count || !over_non_ram || ram_between(map, behind_last, start))
			count++;
		behind_last = stop;
	}
	return count;
}

static bool fits(const struct tdmr_map *map, u64 base, u64 end, bool exact)
{
	unsigned int limit = map->limits.max_reserved_per_tdmr;

	if (exact && end - base > SZ_1G)
		limit--;
	return count_holes(map, base, end, !exact) <= limit;
}

unsigned int fewest_tdmrs(const struct tdmr_map *map, bool exact)
{
	u64 base = 0, end = 0, block;
	unsigned int i, nr = 0;

	for (i = 0; i < map->nr_ram; i++) {
		block = max(map->ram[i].base / SZ_1G * SZ_1G, end);
		for (; block < ram_end(&map->ram[i]); block += SZ_1G) {
			if (!nr || (exact && block != end) || !fits(map, base, block + SZ_1G, exact)) {
				base = block;
				nr++;
				if (!fits(map, base, base + SZ_1G, exact))
					return ~0U;
			}
			end = block + SZ_1G;
		}
	}
	return nr;
}
