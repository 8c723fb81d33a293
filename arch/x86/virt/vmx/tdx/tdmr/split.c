// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splitting TDMRs.  Pure: see tdmr.h.
 *
 * A TDMR can be initialized by one CPU at a time, so TDMRs are the unit of
 * parallel work.  A TDMR's PAMT is one contiguous chunk, so small TDMRs need
 * small chunks.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "internal.h"

/*
 * In blocks.  The PAMT of 16 GB takes a chunk of 64 MB, which can still be
 * found when memory has been in use for long; 64 TDMRs of 16 GB cover 1 TB.
 * Further splitting is not useful: the module searches the TDMRs for each page
 * it is given.
 */
#define LARGEST_TDMR	16

static u64 nr_blocks(const struct tdmr *tdmr)
{
	return (tdmr->end - tdmr->base) / TDMR_BLOCK;
}

/* Cuts a TDMR in two; blocks without RAM at the cut belong to neither. */
static void cut(struct tdmr_layout *layout, struct tdmr *tdmr, u64 at)
{
	const struct tdmr_map *map = layout->map;
	struct tdmr *second = tdmr + 1;

	memmove(second, tdmr, (&layout->tdmrs[layout->nr_tdmrs] - tdmr) * sizeof(*tdmr));
	layout->nr_tdmrs++;

	tdmr->end = tdmr_last_block_end(map, at);
	tdmr->node = tdmr_ram_node(map, tdmr->base, tdmr->end);
	second->base = tdmr_first_block(map, at);
	second->node = tdmr_ram_node(map, second->base, second->end);
}

/* Number of TDMRs if none has more blocks than @largest. */
static u64 nr_tdmrs_of(const struct tdmr_layout *layout, u64 largest)
{
	u64 nr = 0;
	unsigned int i;

	for (i = 0; i < layout->nr_tdmrs; i++)
		nr += DIV_ROUND_UP(nr_blocks(&layout->tdmrs[i]), largest);
	return nr;
}

/*
 * The smallest limit for the blocks of a TDMR, not below @wanted, that does not
 * take more TDMRs than the module supports.
 */
static u64 largest_allowed(const struct tdmr_layout *layout, u64 wanted)
{
	u64 low = wanted, high = wanted, middle;

	while (nr_tdmrs_of(layout, high) > layout->map->limits.max_tdmrs)
		high *= 2;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (nr_tdmrs_of(layout, middle) > layout->map->limits.max_tdmrs)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/**
 * tdmr_split_for_cpus - make TDMRs small enough to initialize them in parallel
 * @layout: from tdmr_cover()
 *
 * No TDMR is larger than a CPU's share of all of them, or than 16 GB, as far as
 * the module's number of TDMRs allows.  The parts of a TDMR differ in size by
 * at most a block.
 */
void tdmr_split_for_cpus(struct tdmr_layout *layout)
{
	u64 total = nr_tdmrs_of(layout, 1), largest, parts;
	unsigned int i;

	largest = largest_allowed(layout, clamp_t(u64, total / layout->map->nr_cpus,
						  1, LARGEST_TDMR));
	for (i = 0; i < layout->nr_tdmrs; i++) {
		struct tdmr *tdmr = &layout->tdmrs[i];

		parts = DIV_ROUND_UP(nr_blocks(tdmr), largest);
		if (parts > 1)
			cut(layout, tdmr, tdmr->base +
			    DIV_ROUND_UP(nr_blocks(tdmr), parts) * TDMR_BLOCK);
	}
}

/**
 * tdmr_split_in_two - halve a TDMR
 * @layout: the layout
 * @tdmr:   the TDMR; must not have a PAMT yet
 *
 * Return: False if the TDMR is a single block, or if the module takes no more TDMRs.
 */
bool tdmr_split_in_two(struct tdmr_layout *layout, struct tdmr *tdmr)
{
	if (nr_blocks(tdmr) == 1 || layout->nr_tdmrs == layout->map->limits.max_tdmrs)
		return false;
	cut(layout, tdmr, tdmr->base + nr_blocks(tdmr) / 2 * TDMR_BLOCK);
	return true;
}
