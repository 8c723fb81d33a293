// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's TDMR geometry in userspace.  See geometry.h.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>
#include <string.h>

#include "geometry.h"

void *exact_copy(const void *from, size_t bytes)
{
	void *copy = malloc(bytes);

	if (!copy)
		abort();
	return memcpy(copy, from, bytes);
}

struct tdmr_failure geometry_make(struct geometry *geometry,
				  const struct tdmr_pamt_source *source)
{
	struct tdmr_map *map = &geometry->map;
	struct tdmr_layout *layout = &geometry->layout;
	void *scratch = malloc(tdmr_scratch_bytes(map));
	struct tdmr_failure failure;
	unsigned int i;

	map->ram = exact_copy(map->ram, map->nr_ram * sizeof(*map->ram));
	map->cmrs = exact_copy(map->cmrs, map->nr_cmrs * sizeof(*map->cmrs));
	*layout = (struct tdmr_layout) {
		.map = map,
		.tdmrs = calloc(map->limits.max_tdmrs, sizeof(*layout->tdmrs)),
		.unusable = calloc(tdmr_max_unusable(map), sizeof(*layout->unusable)),
	};
	geometry->info = aligned_alloc(TDX_TDMR_INFO_ALIGNMENT,
				       map->limits.max_tdmrs * sizeof(*geometry->info));
	if (!scratch || !layout->tdmrs || !layout->unusable || !geometry->info)
		abort();

	failure = tdmr_lay_out(layout, scratch, source);
	for (i = 0; failure.error == TDMR_OK && i < layout->nr_tdmrs; i++)
		tdmr_encode(layout, &layout->tdmrs[i], &geometry->info[i]);
	free(scratch);
	return failure;
}

void geometry_free(struct geometry *geometry)
{
	free((void *)geometry->map.ram);
	free((void *)geometry->map.cmrs);
	free(geometry->layout.tdmrs);
	free(geometry->layout.unusable);
	free(geometry->info);
}

u64 geometry_pamt_bytes(const struct geometry *geometry)
{
	unsigned int i, level;
	u64 bytes = 0;

	for (i = 0; i < geometry->layout.nr_tdmrs; i++)
		for (level = 0; level < TDX_NR_PAMT_LEVELS; level++)
			bytes += geometry->info[i].pamt[level].size;
	return bytes;
}

u64 blocks_with_ram(const struct tdx_ram *ram, unsigned int nr_ram)
{
	u64 nr = 0, next = 0, first, behind;
	unsigned int i;

	for (i = 0; i < nr_ram; i++) {
		first = max(ram[i].base / SZ_1G, next);
		behind = (ram[i].base + ram[i].size - 1) / SZ_1G + 1;
		if (behind > first) {
			nr += behind - first;
			next = behind;
		}
	}
	return nr;
}

/* splitmix64 */
u64 hash(u64 seed, u64 value)
{
	u64 z = seed + (value + 1) * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static bool in_the_way(const struct model_memory *memory, u64 block)
{
	return hash(memory->seed, block) % 100 < memory->percent;
}

static bool take(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
	/* @source is the first member. */
	struct model_memory *memory = (struct model_memory *)source;
	u64 block;

	memory->asked++;
	for (block = base / SZ_2M; memory->percent && block < (base + size - 1) / SZ_2M + 1; block++)
		if (in_the_way(memory, block))
			return false;
	memory->taken += size;
	return true;
}

static void give(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
	((struct model_memory *)source)->taken -= size;
}

void model_memory_init(struct model_memory *memory, u64 seed, unsigned int percent)
{
	*memory = (struct model_memory) {
		.source = { .take = take, .give = give },
		.seed = seed,
		.percent = percent,
	};
}
