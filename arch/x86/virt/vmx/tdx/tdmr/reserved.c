// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a TDMR must reserve.  Pure: see tdmr.h.
 *
 * That is everything in it that is not convertible memory (outside the CMRs) or that
 * holds a PAMT: TDX Module Base Architecture Specification, "Physical Memory Management".
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "internal.h"

/**
 * tdmr_max_unusable - room that struct tdmr_layout needs for @unusable
 * @map: what the layout is for
 *
 * Return: The number of entries: stretches around the CMRs, and the PAMTs.
 */
unsigned int tdmr_max_unusable(const struct tdmr_map *map)
{
	return TDX_NR_CMRS + 1 + map->limits.max_tdmrs;
}

/**
 * tdmr_max_reserved - how many reserved areas a TDMR can have
 * @layout: for whose module
 *
 * Return: The module's limit, as far as the structure can express it.
 */
unsigned int tdmr_max_reserved(const struct tdmr_layout *layout)
{
	return min_t(unsigned int, layout->map->limits.max_reserved_per_tdmr,
		     TDX_TDMR_NR_RESERVED);
}

/**
 * tdmr_find_holes - everything outside the CMRs is unusable
 * @layout: whose @unusable to begin anew
 *
 * CMRs that touch leave nothing between them.
 */
void tdmr_find_holes(struct tdmr_layout *layout)
{
	const struct tdx_cmr_info *cmr = layout->map->cmrs;
	u64 start = 0;

	layout->nr_unusable = 0;
	for (; cmr < &layout->map->cmrs[layout->map->nr_cmrs]; cmr++) {
		if (start < cmr->base)
			tdmr_add_unusable(layout, start, cmr->base);
		start = cmr->base + cmr->size;
	}
	tdmr_add_unusable(layout, start, ~0ULL);
}

/**
 * tdmr_first_unusable - the first unusable memory at or behind an address
 * @layout: whose
 * @from:   physical address
 *
 * Return: The index of the first one that ends behind @from.  The last one ends
 *	   with the address space, so there is one as long as @unusable is
 *	   complete.
 */
unsigned int tdmr_first_unusable(const struct tdmr_layout *layout, u64 from)
{
	unsigned int low = 0, high = layout->nr_unusable, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (layout->unusable[middle].end > from)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/**
 * tdmr_add_unusable - memory that TDMRs must reserve from now on
 * @layout: where there is room for it
 * @start:  physical address
 * @end:    physical address behind it; nothing in between is unusable already
 */
void tdmr_add_unusable(struct tdmr_layout *layout, u64 start, u64 end)
{
	unsigned int i = tdmr_first_unusable(layout, start);

	memmove(&layout->unusable[i + 1], &layout->unusable[i],
		(layout->nr_unusable - i) * sizeof(layout->unusable[0]));
	layout->unusable[i] = (struct tdmr_span) { start, end };
	layout->nr_unusable++;
}

/**
 * tdmr_remove_unusable - take back what tdmr_add_unusable() added
 * @layout: where it is
 * @start:  its physical address
 */
void tdmr_remove_unusable(struct tdmr_layout *layout, u64 start)
{
	unsigned int i = tdmr_first_unusable(layout, start);

	layout->nr_unusable--;
	memmove(&layout->unusable[i], &layout->unusable[i + 1],
		(layout->nr_unusable - i) * sizeof(layout->unusable[0]));
}

/**
 * tdmr_is_one_area - can what ends and what begins be one reserved area?
 * @layout: whose
 * @end:    physical address behind something unusable
 * @start:  physical address of the next that is unusable
 *
 * Return: True if they touch; also with memory between them that is convertible
 *	   but no RAM, if @layout reserves such memory.
 */
bool tdmr_is_one_area(const struct tdmr_layout *layout, u64 end, u64 start)
{
	const struct tdmr_map *map = layout->map;
	unsigned int i;

	if (end == start || !layout->reserve_non_ram)
		return end == start;
	i = tdmr_first_ram(map, end);
	return i == map->nr_ram || map->ram[i].base >= start;
}

/**
 * tdmr_next_reserved - the next area that a TDMR must reserve
 * @layout: whose unusable memory counts
 * @from:   physical address in the TDMR: its base, or the end of the area before
 * @end:    physical address behind the TDMR
 *
 * Return: The area, over all that is one with it; empty if there is none.
 */
struct tdmr_span tdmr_next_reserved(const struct tdmr_layout *layout, u64 from, u64 end)
{
	const struct tdmr_span *span = &layout->unusable[tdmr_first_unusable(layout, from)];
	const struct tdmr_span *behind = &layout->unusable[layout->nr_unusable];
	struct tdmr_span area = { end, end };

	if (span->start >= end)
		return area;

	area.start = max(span->start, from);
	area.end = span->end;
	while (++span < behind && span->start < end &&
	       tdmr_is_one_area(layout, area.end, span->start))
		area.end = span->end;
	area.end = min(area.end, end);
	return area;
}

/**
 * tdmr_count_reserved - how many reserved areas a TDMR would have
 * @layout: whose unusable memory counts
 * @base:   physical address of the TDMR
 * @end:    physical address behind it
 *
 * Return: The number; more than tdmr_max_reserved() cannot be expressed.
 */
unsigned int tdmr_count_reserved(const struct tdmr_layout *layout, u64 base, u64 end)
{
	struct tdmr_span area = tdmr_next_reserved(layout, base, end);
	unsigned int count = 0;

	while (area.start < area.end) {
		count++;
		area = tdmr_next_reserved(layout, area.end, end);
	}
	return count;
}
