// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookup of RAM, by address and by 1 GB block.  Pure: see tdmr.h.
 */
#include <linux/align.h>
#include <linux/minmax.h>

#include "internal.h"

static u64 ram_end(const struct tdx_ram *ram)
{
	return ram->base + ram->size;
}

/**
 * tdmr_first_ram - find the first RAM at or above an address
 * @map:  the memory map
 * @from: physical address
 *
 * Return: The index of the first range that ends above @from; @map->nr_ram if
 *	   there is none.
 */
unsigned int tdmr_first_ram(const struct tdmr_map *map, u64 from)
{
	unsigned int low = 0, high = map->nr_ram, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (ram_end(&map->ram[middle]) > from)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/**
 * tdmr_first_block - find the first 1 GB block with RAM at or above an address
 * @map:  the memory map
 * @from: physical address, 1 GB aligned; there must be RAM above it
 *
 * Return: The physical address of the block.
 */
u64 tdmr_first_block(const struct tdmr_map *map, u64 from)
{
	return max(from, ALIGN_DOWN(map->ram[tdmr_first_ram(map, from)].base, TDMR_BLOCK));
}

/**
 * tdmr_last_block_end - end of the last 1 GB block with RAM below an address
 * @map: the memory map
 * @to:	 physical address, 1 GB aligned; there must be RAM below it
 *
 * Return: The end of the block (exclusive).
 */
u64 tdmr_last_block_end(const struct tdmr_map *map, u64 to)
{
	unsigned int i = tdmr_first_ram(map, to);

	if (i < map->nr_ram && map->ram[i].base < to)
		return to;
	return ALIGN(ram_end(&map->ram[i - 1]), TDMR_BLOCK);
}

/**
 * tdmr_ram_node - the NUMA node of most memory in an interval
 * @map:  the memory map
 * @base: physical address
 * @end:  end of the interval (exclusive), in which there must be RAM
 *
 * Return: The node of the range that has the most RAM in it.
 */
int tdmr_ram_node(const struct tdmr_map *map, u64 base, u64 end)
{
	const struct tdx_ram *ram = &map->ram[tdmr_first_ram(map, base)];
	u64 bytes, most = 0;
	int node = ram->node;

	for (; ram < &map->ram[map->nr_ram] && ram->base < end; ram++) {
		bytes = min(end, ram_end(ram)) - max(base, ram->base);
		if (bytes > most) {
			most = bytes;
			node = ram->node;
		}
	}
	return node;
}
