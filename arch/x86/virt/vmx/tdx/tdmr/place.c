// SPDX-License-Identifier: GPL-2.0-only
/*
 * Placement of PAMTs.  Pure: see tdmr.h.
 *
 * A PAMT is in RAM, so it takes a reserved area of the TDMR that covers that
 * RAM, unless it is adjacent to another reserved area, and TDMRs have few of
 * them.  So the places are chosen here, and the source of memory is only asked
 * whether a place is free.  First each PAMT is placed in its own TDMR, where
 * tdmr_cover() has left a reserved area; the others are placed where reserved
 * areas are left.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "internal.h"

/* Places are tried in steps of this size or a quarter of the PAMT's size. */
#define SMALLEST_STEP	SZ_2M

struct placement {
	struct tdmr_layout *layout;
	const struct tdmr_pamt_source *source;
};

/* The end of RAM that begins with range @i, joining ranges of the same node. */
static u64 contiguous_end(const struct tdmr_map *map, unsigned int i)
{
	u64 end = map->ram[i].base + map->ram[i].size;

	for (; i + 1 < map->nr_ram && map->ram[i + 1].base == end &&
	     map->ram[i + 1].node == map->ram[i].node; i++)
		end += map->ram[i + 1].size;
	return end;
}

/* The first contiguous RAM in [@from, @to) with no PAMT in it. */
static bool next_segment(const struct tdmr_layout *layout, u64 from, u64 to,
			 struct tdmr_span *segment)
{
	const struct tdmr_map *map = layout->map;
	const struct tdmr_span *unusable;
	unsigned int i;

	while (from < to) {
		i = tdmr_first_ram(map, from);
		if (i == map->nr_ram || map->ram[i].base >= to)
			return false;

		from = max(from, map->ram[i].base);
		unusable = &layout->unusable[tdmr_first_unusable(layout, from)];
		if (unusable->start > from) {
			segment->start = from;
			segment->end = min3(contiguous_end(map, i), to, unusable->start);
			return true;
		}
		from = unusable->end;
	}
	return false;
}

static bool take(const struct placement *p, struct tdmr *tdmr, u64 base)
{
	u64 bytes = tdmr_pamt_bytes(p->layout->map, tdmr);

	if (!p->source->take(p->source, base, bytes))
		return false;
	tdmr->pamt = base;
	tdmr_add_unusable(p->layout, base, base + bytes);
	return true;
}

/* Does @host reserve an area below @pa that can be one with a PAMT at @pa? */
static bool follows_reserved(const struct tdmr_layout *layout, const struct tdmr *host, u64 pa)
{
	unsigned int i = tdmr_first_unusable(layout, pa);
	u64 end = i ? layout->unusable[i - 1].end : 0;

	return end > host->base && tdmr_is_one_area(layout, end, pa);
}

/* The same above a PAMT that ends at @pa. */
static bool precedes_reserved(const struct tdmr_layout *layout, const struct tdmr *host, u64 pa)
{
	u64 start = layout->unusable[tdmr_first_unusable(layout, pa)].start;

	return start < host->end && tdmr_is_one_area(layout, pa, start);
}

/* Takes memory adjacent to an area that @host reserves anyway. */
static bool take_beside_reserved(const struct placement *p, struct tdmr *tdmr,
				 const struct tdmr *host)
{
	u64 bytes = tdmr_pamt_bytes(p->layout->map, tdmr);
	struct tdmr_span segment;
	u64 from = host->base;

	for (; next_segment(p->layout, from, host->end, &segment); from = segment.end) {
		if (segment.end - segment.start < bytes)
			continue;
		if (follows_reserved(p->layout, host, segment.start) &&
		    take(p, tdmr, segment.start))
			return true;
		if (precedes_reserved(p->layout, host, segment.end) &&
		    take(p, tdmr, segment.end - bytes))
			return true;
	}
	return false;
}

/* Takes memory anywhere in @host. */
static bool take_new_area(const struct placement *p, struct tdmr *tdmr, const struct tdmr *host)
{
	u64 bytes = tdmr_pamt_bytes(p->layout->map, tdmr), base, from = host->base;
	u64 step = max_t(u64, ALIGN_DOWN(bytes / 4, SMALLEST_STEP), SMALLEST_STEP);
	struct tdmr_span segment;

	for (; next_segment(p->layout, from, host->end, &segment); from = segment.end) {
		if (segment.end - segment.start < bytes)
			continue;
		for (base = segment.end - bytes; base > segment.start + step; base -= step)
			if (take(p, tdmr, base))
				return true;
		if (take(p, tdmr, base) || take(p, tdmr, segment.start))
			return true;
	}
	return false;
}

/* Put the PAMT of @tdmr into RAM of @host. */
static bool place_in(const struct placement *p, struct tdmr *tdmr, struct tdmr *host)
{
	u64 bytes = tdmr_pamt_bytes(p->layout->map, tdmr);
	bool found;

	if (bytes >= host->chunk_limit)
		return false;
	if (take_beside_reserved(p, tdmr, host))
		return true;
	if (tdmr_count_reserved(p->layout, host->base, host->end) >= tdmr_max_reserved(p->layout))
		return false;
	found = take_new_area(p, tdmr, host);
	if (!found)
		host->chunk_limit = bytes;
	return found;
}

/*
 * Takes memory at @base, in @first and the next TDMR, if the reserved areas of
 * both suffice.
 */
static bool take_across(const struct placement *p, struct tdmr *tdmr, const struct tdmr *first,
			u64 base)
{
	const struct tdmr *second = first + 1;
	unsigned int max = tdmr_max_reserved(p->layout);
	u64 bytes = tdmr_pamt_bytes(p->layout->map, tdmr);

	tdmr_add_unusable(p->layout, base, base + bytes);
	if (tdmr_count_reserved(p->layout, first->base, first->end) <= max &&
	    tdmr_count_reserved(p->layout, second->base, second->end) <= max &&
	    p->source->take(p->source, base, bytes)) {
		tdmr->pamt = base;
		return true;
	}
	tdmr_remove_unusable(p->layout, base);
	return false;
}

/* Takes memory across the boundary between @first and the next TDMR. */
static bool place_at_boundary(const struct placement *p, struct tdmr *tdmr,
			      const struct tdmr *first)
{
	u64 bytes = tdmr_pamt_bytes(p->layout->map, tdmr);
	u64 to = min(first->end + bytes, first[1].end);
	u64 from = max(first->end - min(first->end, bytes), first->base);
	struct tdmr_span segment;

	for (; next_segment(p->layout, from, to, &segment) && segment.start < first->end;
	     from = segment.end)
		if (segment.end - segment.start >= bytes &&
		    (take_across(p, tdmr, first, segment.start) ||
		     take_across(p, tdmr, first, segment.end - bytes)))
			return true;
	return false;
}

/* Across the boundary of adjacent TDMRs, none of which has enough RAM alone. */
static bool place_across(const struct placement *p, struct tdmr *tdmr)
{
	const struct tdmr *first = p->layout->tdmrs;
	unsigned int i;

	for (i = 1; i < p->layout->nr_tdmrs; i++, first++)
		if (first->end == first[1].base && place_at_boundary(p, tdmr, first))
			return true;
	return false;
}

static bool place_on_node(const struct placement *p, struct tdmr *tdmr)
{
	struct tdmr *host = p->layout->tdmrs, *behind = &host[p->layout->nr_tdmrs];

	if (place_in(p, tdmr, tdmr))
		return true;
	for (; host < behind; host++)
		if (host->node == tdmr->node && place_in(p, tdmr, host))
			return true;
	return false;
}

static bool place_anywhere(const struct placement *p, struct tdmr *tdmr)
{
	struct tdmr *host = p->layout->tdmrs, *behind = &host[p->layout->nr_tdmrs];

	for (; host < behind; host++)
		if (place_in(p, tdmr, host))
			return true;
	return false;
}

/* The first TDMR without a PAMT, or the first of the largest ones. */
static struct tdmr *without_pamt(struct tdmr_layout *layout, bool large_first)
{
	struct tdmr *tdmr = layout->tdmrs, *next = NULL;

	for (; tdmr < &layout->tdmrs[layout->nr_tdmrs]; tdmr++)
		if (tdmr->pamt == TDMR_NO_PAMT &&
		    (!next || (large_first && tdmr->end - tdmr->base > next->end - next->base)))
			next = tdmr;
	return next;
}

static void give_all_back(const struct placement *p)
{
	const struct tdmr_layout *layout = p->layout;
	struct tdmr *tdmr = layout->tdmrs;

	for (; tdmr < &layout->tdmrs[layout->nr_tdmrs]; tdmr++) {
		if (tdmr->pamt == TDMR_NO_PAMT)
			continue;
		p->source->give(p->source, tdmr->pamt, tdmr_pamt_bytes(layout->map, tdmr));
		tdmr->pamt = TDMR_NO_PAMT;
	}
}

/**
 * tdmr_place_pamts - find a place for the PAMT of every TDMR
 * @layout: from tdmr_cover(); TDMRs may be split, and @unusable grows by the
 *	    PAMTs
 * @policy: the policy
 * @source: memory for PAMTs
 *
 * A PAMT is placed in RAM of its own TDMR or, if that fails, of the same NUMA
 * node.  If there is no contiguous chunk, the TDMR is halved, down to 1 GB,
 * before RAM of another node is used, and finally across the boundary of two
 * TDMRs.
 *
 * Every TDMR's own RAM is tried before that of others, unless
 * @policy->large_first is set because there is little RAM to choose from.
 *
 * Return: TDMR_OK, or TDMR_NO_PAMT_MEMORY with the TDMR; nothing is taken then.
 */
struct tdmr_failure tdmr_place_pamts(struct tdmr_layout *layout, const struct tdmr_policy *policy,
				     const struct tdmr_pamt_source *source)
{
	const struct placement p = { layout, source };
	struct tdmr_failure failure;
	struct tdmr *tdmr;
	unsigned int i;

	for (i = 0; i < layout->nr_tdmrs && !policy->large_first; i++)
		place_in(&p, &layout->tdmrs[i], &layout->tdmrs[i]);

	while ((tdmr = without_pamt(layout, policy->large_first))) {
		if (place_on_node(&p, tdmr) || tdmr_split_in_two(layout, tdmr) ||
		    place_anywhere(&p, tdmr) || place_across(&p, tdmr))
			continue;

		failure = (struct tdmr_failure) {
			.error	= TDMR_NO_PAMT_MEMORY,
			.base	= tdmr->base,
			.size	= tdmr->end - tdmr->base,
			.bytes	= tdmr_pamt_bytes(layout->map, tdmr),
		};
		give_all_back(&p);
		return failure;
	}
	return (struct tdmr_failure) { .error = TDMR_OK };
}
