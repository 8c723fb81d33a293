// SPDX-License-Identifier: GPL-2.0-only
/* Physical memory that the host can access. */
#include <linux/string.h>

#include "memory/host_map.h"

#define NR_REGIONS	(BIT_ULL(52) / SIZE_512G)

static struct npt map;
static u8 abort_page[PAGE_SIZE] __page_aligned;
static struct lock regions_lock;
static bool region_is_mapped[NR_REGIONS];
static u64 map_limit;

/* A region is mapped as a whole, before parts of it are unmapped. */
static void map_region(u64 pa)
{
	u64 region = pa / SIZE_512G;

	lock(&regions_lock);
	if (pa < npt_walk_limit() && !region_is_mapped[region]) {
		npt_map(&map, region * SIZE_512G, region * SIZE_512G, SIZE_512G, NPT_READ_WRITE);
		region_is_mapped[region] = true;
	}
	unlock(&regions_lock);
}

void host_map_on_demand(u64 pa)
{
	if (pa < map_limit)
		map_region(pa);
}

void host_map_set_access(u64 base, u64 size, enum npt_access access)
{
	map_region(base);
	npt_map(&map, base, base, size, access);
}

void host_map_mark(u64 base, u64 size, u64 mark)
{
	map_region(base);
	npt_mark(&map, base, size, mark);
}

u64 host_map_mark_at(u64 pa)
{
	return npt_mark_at(&map, pa);
}

u64 host_map_next_mark(u64 *base, u64 *size)
{
	return npt_next_mark(&map, base, size);
}

/* A guest may have written to it. */
u64 host_map_ones(void)
{
	memset(abort_page, 0xff, sizeof(abort_page));
	return phys_of(abort_page);
}

void host_map_abort_page(u64 pa)
{
	/* QEMU's walk ignores higher bits */
	pa %= npt_walk_limit();
	map_region(pa);
	npt_map(&map, pa & PAGE_MASK, host_map_ones(), PAGE_SIZE, NPT_READ_WRITE);
}

bool host_map_has(u64 pa)
{
	u64 at;

	return npt_reach(&map, pa, false, &at) && (at & PAGE_MASK) != phys_of(abort_page);
}

bool host_map_has_range(u64 base, u64 size)
{
	return npt_is_identity(&map, base, size);
}

unsigned int host_map_take_retired(void)
{
	return npt_take_retired(&map);
}

void host_map_free_tables(unsigned int list)
{
	npt_free_tables(&map, list);
}

struct npt *host_map_init(u64 limit)
{
	map_limit = limit < npt_walk_limit() ? limit : npt_walk_limit();
	npt_create(&map);
	map_region(0);
	if (limit < SIZE_512G)
		host_map_set_access(limit, SIZE_512G - limit, NPT_NONE);
	return &map;
}
