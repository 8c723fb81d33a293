// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which TDMRs cover the RAM with the least PAMT.  Pure: see tdmr.h.
 *
 * A TDMR is a stretch of 1 GB blocks, so the question is where TDMRs end.  It
 * only matters in front of and behind
 *  - blocks without RAM: a TDMR that spans them pays PAMT for them;
 *  - the end of a NUMA node;
 *  - blocks with unusable memory: a TDMR can reserve so much and no more.
 * RAM is cut there into pieces, of which few exist however much RAM there is.
 * A TDMR is a run of pieces.
 *
 * Dynamic programming finds the cheapest runs: the least cost of the first m
 * pieces with k TDMRs is the least, over all pieces f that the last TDMR can
 * begin with, of the cost of the f pieces before it with k - 1 TDMRs plus the
 * gaps from f to m.  One row of the table for each k, and one entry for each m,
 * which holds the best f, so that the TDMRs can be read from it backwards.
 *
 * As the gaps add up, the cost of a TDMR is the difference of two sums, and which f
 * is best does not depend on m.  As TDMRs that end later can begin no earlier, the
 * pieces that can be f are a sliding window.  So a row takes one pass.
 */
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "internal.h"

/* Blocks without RAM that are covered weigh more than any number of nodes that meet in TDMRs. */
#define BLOCK_COST	BIT_ULL(32)
#define IMPOSSIBLE	(S64_MAX / 2)

/**
 * struct piece - RAM that belongs into one TDMR
 * @base: physical address, 1 GB aligned
 * @end:  physical address behind it, 1 GB aligned
 * @node: NUMA node
 * @cost: what it costs to have this and all earlier pieces in one TDMR
 */
struct piece {
	u64 base;
	u64 end;
	int node;
	s64 cost;
};

/**
 * struct cover - the workings
 * @layout:    whose TDMRs are sought
 * @spare:     reserved areas that a TDMR of more than one block leaves free
 * @largest:   bytes that a TDMR of more than one piece may have
 * @nr:	       number of pieces
 * @pieces:    RAM, by address
 * @lowest:    by piece: the lowest one that a TDMR which ends with it can begin with,
 *	       however large it is
 * @cost:      by number of pieces: to cover them with the TDMRs so far
 * @next_cost: the same with one TDMR more
 * @window:    pieces that the last TDMR may begin with, the cheapest first
 * @begins:    by number of TDMRs and of pieces: the piece that the last TDMR begins with
 */
struct cover {
	const struct tdmr_layout *layout;
	unsigned int spare;
	u64 largest;
	unsigned int nr;
	struct piece *pieces;
	u32 *lowest;
	s64 *cost;
	s64 *next_cost;
	u32 *window;
	u32 *begins;
};

/*
 * A range begins a piece.  So do the blocks with the two ends of a hole, and
 * what follows them; two of the ends are those of the address space.
 */
static unsigned int max_pieces(const struct tdmr_map *map)
{
	return map->nr_ram + 4 * TDX_NR_CMRS;
}

/**
 * tdmr_cover_scratch_bytes - memory that tdmr_cover() works in
 * @map: what TDMRs are made for
 *
 * Return: Bytes.
 */
size_t tdmr_cover_scratch_bytes(const struct tdmr_map *map)
{
	size_t each = sizeof(struct piece) + 2 * sizeof(s64) + 2 * sizeof(u32) +
		      map->limits.max_tdmrs * sizeof(u32);

	return (max_pieces(map) + 1) * each;
}

static void divide_scratch(struct cover *cover, void *scratch)
{
	unsigned int max = max_pieces(cover->layout->map) + 1;

	cover->pieces = scratch;
	cover->cost = (s64 *)&cover->pieces[max];
	cover->next_cost = &cover->cost[max];
	cover->lowest = (u32 *)&cover->next_cost[max];
	cover->window = &cover->lowest[max];
	cover->begins = &cover->window[max];
}

static void add_piece(struct cover *cover, u64 base, u64 end, int node)
{
	struct piece *piece = &cover->pieces[cover->nr], *last = piece - 1;

	*piece = (struct piece) { .base = base, .end = end, .node = node };
	if (cover->nr)
		piece->cost = last->cost + (base - last->end) / TDMR_BLOCK * BLOCK_COST +
			      (node != last->node);
	cover->nr++;
}

/* Blocks with RAM; those with unusable memory in them are pieces of their own. */
static void cut_blocks(struct cover *cover, u64 base, u64 end, int node)
{
	const struct tdmr_layout *layout = cover->layout;
	u64 unusable, cut;

	for (; base < end; base = cut) {
		unusable = layout->unusable[tdmr_first_unusable(layout, base)].start;
		cut = max(ALIGN_DOWN(unusable, TDMR_BLOCK), base);
		cut = cut == base ? base + TDMR_BLOCK : min(cut, end);
		add_piece(cover, base, cut, node);
	}
}

/* A block that two ranges share belongs to the first one's piece. */
static void cut_ram(struct cover *cover)
{
	const struct tdmr_map *map = cover->layout->map;
	u64 base, end, covered = 0;
	unsigned int i;

	for (i = 0; i < map->nr_ram; i++) {
		base = max(ALIGN_DOWN(map->ram[i].base, TDMR_BLOCK), covered);
		end = ALIGN(map->ram[i].base + map->ram[i].size, TDMR_BLOCK);
		cut_blocks(cover, base, end, map->ram[i].node);
		covered = end;
	}
}

/* Can a TDMR from piece @first to piece @last describe what it must reserve? */
static bool expressible(const struct cover *cover, unsigned int first, unsigned int last)
{
	u64 base = cover->pieces[first].base, end = cover->pieces[last].end;
	unsigned int spare = end - base == TDMR_BLOCK ? 0 : cover->spare;

	return tdmr_count_reserved(cover->layout, base, end) + spare <=
	       max(tdmr_max_reserved(cover->layout), spare);
}

static struct tdmr_failure check_blocks(const struct cover *cover)
{
	const struct piece *piece = cover->pieces;
	unsigned int i;

	for (i = 0; i < cover->nr; i++, piece++)
		if (!expressible(cover, i, i))
			return (struct tdmr_failure) {
				.error	= TDMR_TOO_MANY_RESERVED,
				.base	= piece->base,
				.size	= TDMR_BLOCK,
				.count	= tdmr_count_reserved(cover->layout, piece->base,
							      piece->end),
				.limit	= tdmr_max_reserved(cover->layout),
			};
	return (struct tdmr_failure) { .error = TDMR_OK };
}

static void find_lowest(struct cover *cover)
{
	unsigned int last, first = 0;

	for (last = 0; last < cover->nr; last++) {
		while (first < last && !expressible(cover, first, last))
			first++;
		cover->lowest[last] = first;
	}
}

/* A TDMR from piece @first to piece @last is neither too large nor has too many holes. */
static bool possible(const struct cover *cover, unsigned int first, unsigned int last)
{
	return first == last ||
	       (first >= cover->lowest[last] &&
		cover->pieces[last].end - cover->pieces[first].base <= cover->largest);
}

/* What it costs that the last TDMR begins with piece @first, but for the cost of its end. */
static s64 cost_of_begin(const struct cover *cover, unsigned int first)
{
	return cover->cost[first] - cover->pieces[first].cost;
}

/*
 * From the costs with some TDMRs to those with one more; @begins is its row.
 * What is impossible costs so much that it stays impossible.
 */
static void add_tdmr(struct cover *cover, u32 *begins)
{
	u32 *window = cover->window;
	unsigned int head = 0, tail = 0, last;

	cover->next_cost[0] = IMPOSSIBLE;
	for (last = 0; last < cover->nr; last++) {
		while (tail > head && cost_of_begin(cover, window[tail - 1]) >=
				      cost_of_begin(cover, last))
			tail--;
		window[tail++] = last;
		while (!possible(cover, window[head], last))
			head++;

		begins[last + 1] = window[head];
		cover->next_cost[last + 1] = cover->pieces[last].cost +
					     cost_of_begin(cover, window[head]);
	}
	swap(cover->cost, cover->next_cost);
}

static u32 *begins_with(struct cover *cover, unsigned int nr_tdmrs)
{
	return &cover->begins[(nr_tdmrs - 1) * (cover->nr + 1)];
}

/**
 * struct best - what the search found; which TDMRs these are is in the table
 * @cost: of all gaps in TDMRs
 * @nr:	  number of TDMRs; 0 if there are none
 */
struct best {
	s64 cost;
	unsigned int nr;
};

/* The fewest TDMRs of those that cost least. */
static struct best find_best(struct cover *cover)
{
	struct best best = { .cost = IMPOSSIBLE };
	unsigned int i;

	cover->cost[0] = 0;
	for (i = 1; i < cover->nr; i++)
		cover->cost[i] = IMPOSSIBLE;

	for (i = 1; i <= cover->layout->map->limits.max_tdmrs && best.cost > 0; i++) {
		add_tdmr(cover, begins_with(cover, i));
		if (cover->cost[cover->nr] < best.cost)
			best = (struct best) { cover->cost[cover->nr], i };
	}
	return best;
}

/* The largest TDMR is within an eighth of the smallest with which there are any at @cost. */
static void limit_size(struct cover *cover, s64 cost)
{
	u64 high = (cover->pieces[cover->nr - 1].end - cover->pieces[0].base) / TDMR_BLOCK;
	u64 low = 1, middle;

	while (high - low > low / 8) {
		middle = low + (high - low) / 2;
		cover->largest = middle * TDMR_BLOCK;
		if (find_best(cover).cost <= cost)
			high = middle;
		else
			low = middle + 1;
	}
	cover->largest = high * TDMR_BLOCK;
}

/* From the last one to the first. */
static void make_tdmrs(struct cover *cover, struct tdmr_layout *layout, unsigned int nr)
{
	unsigned int first, behind = cover->nr;
	struct tdmr *tdmr;

	layout->nr_tdmrs = nr;
	for (; nr; nr--) {
		first = begins_with(cover, nr)[behind];
		tdmr = &layout->tdmrs[nr - 1];
		*tdmr = (struct tdmr) {
			.base	     = cover->pieces[first].base,
			.end	     = cover->pieces[behind - 1].end,
			.pamt	     = TDMR_NO_PAMT,
			.chunk_limit = ~0ULL,
		};
		tdmr->node = tdmr_ram_node(layout->map, tdmr->base, tdmr->end);
		behind = first;
	}
}

/* The fewest TDMRs at whatever cost are too many: which block is the first without one? */
static struct tdmr_failure too_many_tdmrs(const struct cover *cover)
{
	struct tdmr_failure failure = {
		.error	= TDMR_TOO_MANY_TDMRS,
		.size	= TDMR_BLOCK,
		.limit	= cover->layout->map->limits.max_tdmrs,
	};
	unsigned int last, first = 0;

	for (last = 0; last < cover->nr; last++) {
		if (last && cover->lowest[last] <= first)
			continue;
		first = last;
		if (failure.count++ == failure.limit)
			failure.base = cover->pieces[first].base;
	}
	return failure;
}

/**
 * tdmr_cover - choose the TDMRs
 * @layout:  whose @tdmrs to choose; @unusable holds the holes
 * @policy:  what is important
 * @scratch: tdmr_cover_scratch_bytes() of memory
 * @waste:   where to put how many 1 GB blocks without RAM are covered
 *
 * They cover the 1 GB blocks with RAM and no others, and none spans two NUMA
 * nodes, but for blocks that hold memory of two nodes, as far as the module's
 * TDMRs and reserved areas suffice.  Where they do not, the fewest blocks
 * without RAM are covered too; among equals, the fewest nodes meet in TDMRs.
 *
 * If that leaves TDMRs over, as many as possible are left over, to split
 * others.  Else the largest TDMR is about as small as it can be, so that its
 * PAMT is too; also at the cost of PAMT, if @policy says so.
 *
 * Return:
 * * TDMR_OK
 * * TDMR_TOO_MANY_RESERVED - a single block is more than a TDMR can describe
 * * TDMR_TOO_MANY_TDMRS    - with the number that would do
 */
struct tdmr_failure tdmr_cover(struct tdmr_layout *layout, const struct tdmr_policy *policy,
			       void *scratch, u64 *waste)
{
	struct cover cover = { .layout = layout, .spare = policy->spare, .largest = ~0ULL };
	struct tdmr_failure failure;
	struct best best;

	layout->nr_tdmrs = 0;
	*waste = 0;
	divide_scratch(&cover, scratch);
	cut_ram(&cover);
	failure = check_blocks(&cover);
	if (failure.error != TDMR_OK || !cover.nr)
		return failure;

	find_lowest(&cover);
	best = find_best(&cover);
	if (!best.nr)
		return too_many_tdmrs(&cover);
	if (best.nr == layout->map->limits.max_tdmrs) {
		limit_size(&cover, policy->small ? IMPOSSIBLE - 1 : best.cost);
		best = find_best(&cover);
	}
	make_tdmrs(&cover, layout, best.nr);
	*waste = best.cost / BLOCK_COST;
	return failure;
}
