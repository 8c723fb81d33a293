// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suggestions for memmap=.  See memmap_advice.h.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "memmap_advice.h"

/* Linux itself is loaded below. */
#define LOWEST	(64ULL * SZ_1M)

static u64 end_of(const struct tdx_ram *ram)
{
	return ram->base + ram->size;
}

/* The contiguous RAM that begins with entry @i. */
static struct tdx_ram stretch(const struct map_text *map, unsigned int i)
{
	struct tdx_ram ram = map->ram[i];

	while (++i < map->nr_ram && map->ram[i].base == end_of(&ram))
		ram.size += map->ram[i].size;
	return ram;
}

/*
 * Two reserved areas can be one if there is no RAM between them: find the
 * smallest RAM between two areas.
 */
static bool smallest_between_holes(const struct map_text *map, u64 base, u64 end,
				   struct tdx_ram *smallest)
{
	unsigned int i;

	smallest->size = 0;
	for (i = 0; i < map->nr_ram; i++) {
		struct tdx_ram ram = stretch(map, i);

		if ((i && end_of(&map->ram[i - 1]) == ram.base) || ram.base <= max(base, LOWEST) ||
		    end_of(&ram) >= end || (smallest->size && smallest->size <= ram.size))
			continue;
		*smallest = ram;
	}
	return smallest->size;
}

bool memmap_advice(const struct map_text *map, const struct tdmr_failure *failure,
		   struct tdx_ram *ram)
{
	switch (failure->error) {
	case TDMR_RAM_OUTSIDE_CMRS:
	case TDMR_TOO_MANY_TDMRS:
		*ram = (struct tdx_ram) { failure->base, failure->size, 0 };
		return ram->base >= LOWEST;
	case TDMR_TOO_MANY_RESERVED:
		return smallest_between_holes(map, failure->base, failure->base + failure->size,
					      ram);
	default:
		return false;
	}
}

void memmap_keep_out(struct map_text *map, const struct tdx_ram *ram)
{
	unsigned int i, nr = map->nr_ram, kept = 0;

	for (i = 0; i < nr; i++) {
		struct tdx_ram whole = map->ram[i];

		if (whole.base >= end_of(ram) || end_of(&whole) <= ram->base)
			continue;
		map->ram[i].size = max(ram->base, whole.base) - whole.base;
		if (end_of(&whole) > end_of(ram))
			map_text_add_ram(map, (struct tdx_ram) {
				end_of(ram), end_of(&whole) - end_of(ram), whole.node });
	}
	for (i = 0; i < map->nr_ram; i++)
		if (map->ram[i].size)
			map->ram[kept++] = map->ram[i];
	map->nr_ram = kept;
	map_text_normalise(map);
}

void memmap_print(const struct tdx_ram *ranges, unsigned int nr)
{
	unsigned int i;

	fprintf(stderr, "there is a layout without this RAM; boot with\n ");
	for (i = 0; i < nr; i++)
		fprintf(stderr, " memmap=0x%llx$0x%llx", ranges[i].size, ranges[i].base);
	fprintf(stderr, "\nin /etc/default/grub that is\n ");
	for (i = 0; i < nr; i++)
		fprintf(stderr, " memmap=0x%llx\\\\\\$0x%llx", ranges[i].size, ranges[i].base);
	fprintf(stderr, "\n");
}
