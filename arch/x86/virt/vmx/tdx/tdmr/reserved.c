// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserved areas of TDMRs.  Pure: see tdmr.h.
 *
 * A TDMR has to reserve everything in it that is not convertible memory
 * (outside the CMRs) or that holds a PAMT: TDX Module Base Architecture
 * Specification, "Physical Memory Management".
 */
#include <linux/minmax.h>
#include <linux/string.h>

#include "internal.h"

/**
 * tdmr_max_unusable - maximal number of entries of @unusable of a layout
 * @map: the memory map
 *
 * Return: The number of entries: holes around the CMRs, and PAMTs.
 */
unsigned int tdmr_max_unusable(const struct tdmr_map *map)
{
	return TDX_NR_CMRS + 1 + map->limits.max_tdmrs;
}

/**
 * tdmr_max_reserved - maximal number of reserved areas of a TDMR
 * @layout: the layout
 *
 * Return: The module's limit, or that of struct tdx_tdmr_info if it is lower.
 */
unsigned int tdmr_max_reserved(const struct tdmr_layout *layout)
{
	return min_t(unsigned int, layout->map->limits.max_reserved_per_tdmr,
		     TDX_TDMR_NR_RESERVED);
}

/**
 * tdmr_find_holes - set unusable memory to everything outside the CMRs
 * @layout: the layout
 *
 * There is no hole between adjacent CMRs.
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
 * tdmr_first_unusable - find the first unusable memory at or above an address
 * @layout: the layout
 * @from:   physical address
 *
 * Return: The index of the first entry that ends above @from.  The last entry
 *	   ends with the address space, so there is one as long as @unusable is
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
 * tdmr_add_unusable - add memory that TDMRs must reserve
 * @layout: the layout, with room for one more entry
 * @start:  physical address
 * @end:    end (exclusive); no memory in between may be unusable already
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
 * tdmr_remove_unusable - undo tdmr_add_unusable()
 * @layout: the layout
 * @start:  physical address
 */
void tdmr_remove_unusable(struct tdmr_layout *layout, u64 start)
{
	unsigned int i = tdmr_first_unusable(layout, start);

	layout->nr_unusable--;
	memmove(&layout->unusable[i], &layout->unusable[i + 1],
		(layout->nr_unusable - i) * sizeof(layout->unusable[0]));
}

/**
 * tdmr_is_one_area - can one reserved area cover two ranges of unusable memory?
 * @layout: the layout
 * @end:    end of the first range (exclusive)
 * @start:  physical address of the second range
 *
 * Return: True if they are adjacent; also if there is only convertible memory
 *	   between them that is not RAM, and @layout reserves such memory.
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
 * tdmr_next_reserved - find the next area that a TDMR must reserve
 * @layout: the layout
 * @from:   physical address in the TDMR: its base, or the end of the last area
 * @end:    end of the TDMR (exclusive)
 *
 * Return: The area, as large as tdmr_is_one_area() allows; empty if there is
 *	   none.
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
 * tdmr_count_reserved - number of reserved areas that a TDMR needs
 * @layout: the layout
 * @base:   physical address of the TDMR
 * @end:    end of the TDMR (exclusive)
 *
 * Return: The number; it must not be larger than tdmr_max_reserved().
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
