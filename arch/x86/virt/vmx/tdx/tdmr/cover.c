// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which TDMRs cover the RAM, so that the PAMTs are as small as they can be.
 * Pure: see tdmr.h.
 *
 * A TDMR is a stretch of 1 GB blocks, so the question is where TDMRs end.  It
 * only matters in front of and behind
 *  - blocks without RAM: a TDMR that spans them pays PAMT for them;
 *  - the end of a NUMA node;
 *  - blocks with unusable memory: a TDMR can reserve so much and no more.
 * RAM is cut there into pieces, of which few exist however much RAM there is.
 * A TDMR is a run of pieces, and what is sought is where to cut between them.
 *
 * The largest gaps are cut, as many as there are TDMRs, and among equal ones as
 * many as the limits of a TDMR demand, each as late as possible.  Nothing can cost
 * less.  But limits may demand cuts elsewhere.  Then dynamic programming finds
 * them: the cheapest way to cover the first m pieces with k TDMRs follows from
 * the cheapest ways to cover fewer pieces with k - 1.
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
 * @cut:       by piece: a TDMR begins with it
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
	u32 *cut;
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
	size_t each = sizeof(struct piece) + 2 * sizeof(s64) + 3 * sizeof(u32) +
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
	cover->cut = &cover->lowest[max];
	cover->window = &cover->cut[max];
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

/* What it costs that piece @i and the one before it are in one TDMR. */
static s64 gap(const struct cover *cover, unsigned int i)
{
	return cover->pieces[i].cost - cover->pieces[i - 1].cost;
}

/**
 * struct cuts - where to cut
 * @must: cut all gaps that cost more
 * @may:  cut those that cost at least this, where a TDMR has to end
 */
struct cuts {
	s64 must;
	s64 may;
};

/* The smallest of the @nr largest gaps; 0 if there are not so many. */
static s64 nth_largest_gap(const struct cover *cover, unsigned int nr)
{
	s64 *largest = cover->next_cost, cost;
	unsigned int i, at, found = 0;

	for (i = 1; i < cover->nr; i++) {
		cost = gap(cover, i);
		if (found == nr && (!nr || cost <= largest[nr - 1]))
			continue;
		at = found < nr ? found++ : nr - 1;
		for (; at && largest[at - 1] < cost; at--)
			largest[at] = largest[at - 1];
		largest[at] = cost;
	}
	return nr && found == nr ? largest[nr - 1] : 0;
}

/* How many TDMRs the cuts make; 0 if a TDMR would have to end elsewhere. */
static unsigned int cut_runs(const struct cover *cover, struct cuts cuts)
{
	unsigned int i, first = 0, latest = 0, nr = 1;

	cover->cut[0] = true;
	for (i = 1; i < cover->nr; i++) {
		cover->cut[i] = gap(cover, i) > cuts.must;
		if (gap(cover, i) >= cuts.may)
			latest = i;
		if (cover->cut[i]) {
			first = i;
		} else if (!possible(cover, first, i)) {
			if (latest == first || !possible(cover, latest, i))
				return 0;
			first = latest;
			cover->cut[first] = true;
		} else {
			continue;
		}
		nr++;
	}
	return nr;
}

/* The TDMRs that are left over save what gaps of this cost would cost. */
static unsigned int cut_more(const struct cover *cover, s64 cost, unsigned int nr, unsigned int max)
{
	unsigned int i;

	for (i = 1; i < cover->nr && nr < max; i++) {
		if (cover->cut[i] || gap(cover, i) != cost)
			continue;
		cover->cut[i] = true;
		nr++;
	}
	return nr;
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
 * struct best - what a search found; where to cut is in struct cover
 * @cost: of all gaps that are not cut
 * @nr:	  number of TDMRs; 0 if there are none
 */
struct best {
	s64 cost;
	unsigned int nr;
};

static const struct best none = { .cost = IMPOSSIBLE };

static struct best best_of_cuts(const struct cover *cover, unsigned int nr)
{
	struct best best = { .cost = cover->pieces[cover->nr - 1].cost, .nr = nr };
	unsigned int i;

	for (i = 1; i < cover->nr; i++)
		if (cover->cut[i])
			best.cost -= gap(cover, i);
	return best;
}

/* The fewest TDMRs that cut nothing but the largest gaps: no others cost less. */
static struct best cut_largest_gaps(struct cover *cover)
{
	unsigned int max = cover->layout->map->limits.max_tdmrs;
	s64 cost = nth_largest_gap(cover, max - 1);
	unsigned int nr = cut_runs(cover, (struct cuts) { .must = cost, .may = cost });

	if (!nr || nr > max)
		return none;
	if (cost)
		nr = cut_more(cover, cost, nr, max);
	return best_of_cuts(cover, nr);
}

/* The fewest TDMRs, wherever they are cut. */
static struct best cut_anywhere(struct cover *cover)
{
	unsigned int nr = cut_runs(cover, (struct cuts) { .must = S64_MAX });

	return nr && nr <= cover->layout->map->limits.max_tdmrs ? best_of_cuts(cover, nr) : none;
}

/* From the table to cuts. */
static void trace_back(struct cover *cover, unsigned int nr)
{
	unsigned int i, end = cover->nr;

	for (i = 0; i < cover->nr; i++)
		cover->cut[i] = false;
	for (; nr; nr--) {
		end = begins_with(cover, nr)[end];
		cover->cut[end] = true;
	}
}

/* The fewest TDMRs of those that cost least. */
static struct best cut_dynamically(struct cover *cover)
{
	struct best best = none;
	unsigned int i;

	cover->cost[0] = 0;
	for (i = 1; i < cover->nr; i++)
		cover->cost[i] = IMPOSSIBLE;

	for (i = 1; i <= cover->layout->map->limits.max_tdmrs && best.cost > 0; i++) {
		add_tdmr(cover, begins_with(cover, i));
		if (cover->cost[cover->nr] < best.cost)
			best = (struct best) { cover->cost[cover->nr], i };
	}
	trace_back(cover, best.nr);
	return best;
}

typedef struct best (*search_fn)(struct cover *cover);

/* The fewest TDMRs of those that cost least; @search becomes who found them. */
static struct best find_best(struct cover *cover, search_fn *search)
{
	struct best best = cut_largest_gaps(cover);

	*search = cut_largest_gaps;
	if (best.nr)
		return best;

	*search = cut_dynamically;
	return cut_dynamically(cover);
}

/* The largest is within an eighth of the smallest with which @search finds any at @cost. */
static void limit_size(struct cover *cover, search_fn search, s64 cost)
{
	u64 high = (cover->pieces[cover->nr - 1].end - cover->pieces[0].base) / TDMR_BLOCK;
	u64 low = 1, middle;

	while (high - low > low / 8) {
		middle = low + (high - low) / 2;
		cover->largest = middle * TDMR_BLOCK;
		if (search(cover).cost <= cost)
			high = middle;
		else
			low = middle + 1;
	}
	cover->largest = high * TDMR_BLOCK;
}

static void make_tdmrs(struct cover *cover, struct tdmr_layout *layout)
{
	struct tdmr *tdmr = layout->tdmrs - 1;
	unsigned int i;

	for (i = 0; i < cover->nr; i++) {
		if (cover->cut[i])
			*++tdmr = (struct tdmr) {
				.base	= cover->pieces[i].base,
				.pamt	= TDMR_NO_PAMT,
				.dry	= ~0ULL,
			};
		tdmr->end = cover->pieces[i].end;
	}
	layout->nr_tdmrs = tdmr + 1 - layout->tdmrs;

	for (; tdmr >= layout->tdmrs; tdmr--)
		tdmr->node = tdmr_ram_node(layout->map, tdmr->base, tdmr->end);
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
 * @effort:  what is important
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
 * PAMT is too; also at the cost of PAMT, if @effort says so.
 *
 * Return:
 * * TDMR_OK
 * * TDMR_TOO_MANY_RESERVED - a single block is more than a TDMR can describe
 * * TDMR_TOO_MANY_TDMRS    - with the number that would do
 */
struct tdmr_failure tdmr_cover(struct tdmr_layout *layout, const struct tdmr_effort *effort,
			       void *scratch, u64 *waste)
{
	struct cover cover = { .layout = layout, .spare = effort->spare, .largest = ~0ULL };
	struct tdmr_failure failure;
	struct best best;
	search_fn search;

	layout->nr_tdmrs = 0;
	*waste = 0;
	divide_scratch(&cover, scratch);
	cut_ram(&cover);
	failure = check_blocks(&cover);
	if (failure.error != TDMR_OK || !cover.nr)
		return failure;

	find_lowest(&cover);
	best = find_best(&cover, &search);
	if (!best.nr)
		return too_many_tdmrs(&cover);
	if (best.nr == layout->map->limits.max_tdmrs) {
		if (effort->small)
			limit_size(&cover, cut_anywhere, IMPOSSIBLE - 1);
		else
			limit_size(&cover, search, best.cost);
		best = find_best(&cover, &search);
	}
	make_tdmrs(&cover, layout);
	*waste = best.cost / BLOCK_COST;
	return failure;
}
