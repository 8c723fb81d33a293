// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where RAM is, in terms of addresses and of 1 GB blocks.  Pure: see tdmr.h.
 */
#include <linux/align.h>
#include <linux/minmax.h>

#include "internal.h"

static u64 ram_end(const struct tdx_ram *ram)
{
	return ram->base + ram->size;
}

/**
 * tdmr_first_ram - the first RAM at or behind an address
 * @map:  whose RAM
 * @from: physical address
 *
 * Return: The index of the first range that ends behind @from; @map->nr_ram if
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
 * tdmr_first_block - the first 1 GB block with RAM at or behind an address
 * @map:  whose RAM
 * @from: physical address, 1 GB aligned; RAM lies behind it
 *
 * Return: The physical address of the block.
 */
u64 tdmr_first_block(const struct tdmr_map *map, u64 from)
{
	return max(from, ALIGN_DOWN(map->ram[tdmr_first_ram(map, from)].base, TDMR_BLOCK));
}

/**
 * tdmr_last_block_end - the end of the last 1 GB block with RAM below an address
 * @map: whose RAM
 * @to:	 physical address, 1 GB aligned; RAM lies below it
 *
 * Return: The physical address behind the block.
 */
u64 tdmr_last_block_end(const struct tdmr_map *map, u64 to)
{
	unsigned int i = tdmr_first_ram(map, to);

	if (i < map->nr_ram && map->ram[i].base < to)
		return to;
	return ALIGN(ram_end(&map->ram[i - 1]), TDMR_BLOCK);
}

/**
 * tdmr_ram_node - the NUMA node that a stretch of memory mostly lies on
 * @map:  whose RAM
 * @base: physical address
 * @end:  physical address behind the stretch, in which there is RAM
 *
 * Return: The node of the range that has most of its RAM in it.
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
