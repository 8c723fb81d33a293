// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choosing the TDMRs that cover the RAM with the least PAMT.  Pure: see tdmr.h.
 *
 * A TDMR is a range of 1 GB blocks.  The problem is to choose where TDMRs end,
 * which only matters before and after
 *  - blocks without RAM: a TDMR that spans them needs PAMT for them;
 *  - the end of a NUMA node;
 *  - blocks with unusable memory: reserved areas of a TDMR are limited.
 * RAM is cut into pieces there, of which there are few even if RAM is large.  A
 * TDMR is a sequence of pieces.
 *
 * The cheapest sequences are found by dynamic programming: the minimal cost of
 * the first m pieces with k TDMRs is the minimum, over all pieces f with which
 * the last TDMR can begin, of the cost of the f pieces before it with k - 1
 * TDMRs plus the cost of the gaps from f to m.  The table has a row for each k
 * with an entry for each m, which holds the best f, so that the TDMRs can be
 * read from it backwards.
 *
 * The cost of a TDMR is the difference of two sums of gaps, so the best f does
 * not depend on m.  TDMRs that end later cannot begin earlier, so the
 * candidates for f form a sliding window.  So a row takes a single pass.
 */
#include <linux/align.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "internal.h"

/* Covering a block without RAM costs more than any sharing between nodes. */
#define BLOCK_COST	BIT_ULL(32)
#define IMPOSSIBLE	(S64_MAX / 2)

/**
 * struct piece - RAM that is not split between TDMRs
 * @base: physical address, 1 GB aligned
 * @end:  end of the piece (exclusive), 1 GB aligned
 * @node: NUMA node
 * @cost: of one TDMR with this and all earlier pieces
 */
struct piece {
	u64 base;
	u64 end;
	int node;
	s64 cost;
};

/**
 * struct cover - the state of the search
 * @layout:    the layout for which TDMRs are searched
 * @spare:     reserved areas that a TDMR of more than one block leaves free
 * @largest:   maximal size of a TDMR of more than one piece, in bytes
 * @nr:	       number of pieces
 * @pieces:    RAM, by address
 * @lowest:    by piece: the lowest piece with which a TDMR that ends with it
 *	       can begin, regardless of its size
 * @cost:      by number of pieces: cost to cover them with the current number
 *	       of TDMRs
 * @next_cost: the same with one more TDMR
 * @window:    pieces with which the last TDMR may begin, the cheapest first
 * @begins:    by number of TDMRs and of pieces: the piece with which the last
 *	       TDMR begins
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
 * Each range begins a piece.  So do the blocks with the two ends of each hole,
 * and the blocks that follow them; two of the ends are those of the address
 * space.
 */
static unsigned int max_pieces(const struct tdmr_map *map)
{
	return map->nr_ram + 4 * TDX_NR_CMRS;
}

/**
 * tdmr_cover_scratch_bytes - size of the scratch memory for tdmr_cover()
 * @map: the memory map
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

/* Each block with unusable memory becomes a piece of its own. */
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

/* Do the reserved areas suffice for a TDMR from piece @first to piece @last? */
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

/* Can there be a TDMR from piece @first to piece @last? */
static bool possible(const struct cover *cover, unsigned int first, unsigned int last)
{
	return first == last ||
	       (first >= cover->lowest[last] &&
		cover->pieces[last].end - cover->pieces[first].base <= cover->largest);
}

/*
 * The cost if the last TDMR begins with piece @first, without the part that
 * depends on its end.
 */
static s64 cost_of_begin(const struct cover *cover, unsigned int first)
{
	return cover->cost[first] - cover->pieces[first].cost;
}

/*
 * Computes the costs with one more TDMR; @begins is the row for it.  IMPOSSIBLE
 * is so large that it stays impossible when costs are added.
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
 * struct best - result of the search; the TDMRs themselves are in the table
 * @cost: of all gaps in TDMRs
 * @nr:	  number of TDMRs; 0 if there is no solution
 */
struct best {
	s64 cost;
	unsigned int nr;
};

/* Of the cheapest solutions, finds the one with the fewest TDMRs. */
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

/*
 * Limits the size of TDMRs, to within an eighth of the smallest limit for which
 * there is a solution at @cost.
 */
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

/* Reads the TDMRs from the table, from the last to the first. */
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

/* Even the fewest TDMRs are too many: finds the first block without one. */
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
 * @layout:  the layout; @tdmrs is set, @unusable has to hold the holes
 * @policy:  the policy
 * @scratch: tdmr_cover_scratch_bytes() of memory
 * @waste:   the number of 1 GB blocks without RAM that are covered
 *
 * TDMRs cover the 1 GB blocks with RAM and no others, and none spans two NUMA
 * nodes, except in blocks with memory of both, as far as the module's TDMRs and
 * reserved areas suffice.  Where they do not, the fewest possible blocks
 * without RAM are covered too; of equal solutions, the one where the fewest
 * nodes share TDMRs is chosen.
 *
 * If not all TDMRs are needed, as few as possible are used, so that the others
 * are left for splitting.  Otherwise the largest TDMR, and with it its PAMT, is
 * made about as small as possible; with @policy->small even if that takes more
 * PAMT in total.
 *
 * Return:
 * * TDMR_OK
 * * TDMR_TOO_MANY_RESERVED - a single block needs too many reserved areas
 * * TDMR_TOO_MANY_TDMRS    - with the number that would be needed
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
