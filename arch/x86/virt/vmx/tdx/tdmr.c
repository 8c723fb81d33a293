// SPDX-License-Identifier: GPL-2.0-only
/*
 * The geometry of TDX memory.  See tdmr.h for what this file may use.
 *
 * TDX Module Base Architecture Specification, "Physical Memory Management":
 * a TDMR is made of whole 1 GB blocks, and everything in it that is not
 * convertible memory (outside the CMRs) or that holds a PAMT is reserved.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "tdmr.h"

#define BLOCK	TDX_TDMR_ALIGNMENT

/* CMRs and PAMTs that a TDMR has to be checked against. */
struct surroundings {
	const struct tdx_cmr_info *cmrs;
	unsigned int nr_cmrs;
	struct tdx_tdmr_info *tdmrs;	/* whose PAMTs count; nr_tdmrs may be 0 */
	unsigned int nr_tdmrs;
};

struct span {
	u64 start;
	u64 end;
};

static struct tdmr_failure ok(void)
{
	return (struct tdmr_failure) { .error = TDMR_OK };
}

/*
 * The @i-th stretch of the address space that a TDMR must reserve: first those
 * outside the CMRs, in order, then the PAMTs.  Empty where two CMRs touch.
 */
static struct span unusable(const struct surroundings *s, unsigned int i)
{
	struct tdx_pamt_area *pamt;

	if (i <= s->nr_cmrs)
		return (struct span) {
			.start = i ? s->cmrs[i - 1].base + s->cmrs[i - 1].size : 0,
			.end = i < s->nr_cmrs ? s->cmrs[i].base : ~0ULL,
		};

	i -= s->nr_cmrs + 1;
	pamt = &s->tdmrs[i / TDX_NR_PAMT_LEVELS].pamt[i % TDX_NR_PAMT_LEVELS];
	return (struct span) { pamt->base, pamt->base + pamt->size };
}

static unsigned int nr_unusable(const struct surroundings *s)
{
	return s->nr_cmrs + 1 + s->nr_tdmrs * TDX_NR_PAMT_LEVELS;
}

/*
 * The first reserved area at or behind @from and below @end, grown over
 * everything that overlaps or touches it; empty if there is none.
 */
static struct span next_reserved(const struct surroundings *s, u64 from, u64 end)
{
	struct span area = { end, end }, other;
	unsigned int i, nr = nr_unusable(s);
	bool grown;

	for (i = 0; i < nr; i++) {
		other = unusable(s, i);
		other.start = max(other.start, from);
		if (other.start < min(other.end, area.start))
			area = other;
	}

	do {
		grown = false;
		for (i = 0; i < nr; i++) {
			other = unusable(s, i);
			if (other.start < other.end && other.start <= area.end &&
			    other.end > area.end && area.start < area.end) {
				area.end = other.end;
				grown = true;
			}
		}
	} while (grown);

	area.end = min(area.end, end);
	return area;
}

static unsigned int count_reserved(const struct surroundings *s, u64 base, u64 end)
{
	struct span area = next_reserved(s, base, end);
	unsigned int count = 0;

	while (area.start < area.end) {
		count++;
		area = next_reserved(s, area.end, end);
	}
	return count;
}

/**
 * tdmr_check_ram - is all RAM convertible?
 * @ram:     RAM, sorted by base
 * @nr_ram:  entries of @ram
 * @cmrs:    CMRs, sorted by base and disjoint
 * @nr_cmrs: entries of @cmrs
 *
 * Return: TDMR_OK, or TDMR_RAM_OUTSIDE_CMRS with the first part that is in no
 *	   CMR.  CMRs that touch count as one.
 */
struct tdmr_failure tdmr_check_ram(const struct tdx_ram *ram, unsigned int nr_ram,
				   const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs)
{
	const struct surroundings s = { .cmrs = cmrs, .nr_cmrs = nr_cmrs };
	struct span outside;
	unsigned int i;

	for (i = 0; i < nr_ram; i++) {
		outside = next_reserved(&s, ram[i].base, ram[i].base + ram[i].size);
		if (outside.start < outside.end)
			return (struct tdmr_failure) {
				.error	= TDMR_RAM_OUTSIDE_CMRS,
				.base	= outside.start,
				.size	= outside.end - outside.start,
			};
	}
	return ok();
}

static void set_pamt_sizes(struct tdx_tdmr_info *tdmr, u64 entry_size)
{
	static const unsigned int shift[TDX_NR_PAMT_LEVELS] = {
		[TDX_PAMT_4K] = 12,
		[TDX_PAMT_2M] = 21,
		[TDX_PAMT_1G] = 30,
	};
	enum tdx_pamt_level level;

	for (level = TDX_PAMT_4K; level < TDX_NR_PAMT_LEVELS; level++)
		tdx_tdmr_pamt(tdmr, level)->size =
			ALIGN((tdmr->size >> shift[level]) * entry_size,
			      (u64)TDX_PAMT_ALIGNMENT);
}

/* A TDMR over the whole of [base, end) can describe what it must reserve, and one PAMT. */
static bool expressible(const struct surroundings *s, u64 base, u64 end,
			const struct tdmr_limits *limits)
{
	return count_reserved(s, base, end) < limits->max_reserved_per_tdmr;
}

/*
 * Of the gaps between @nr TDMRs, and between the last of them and @block, the
 * smallest one that a TDMR may span; @nr if there is none.  Gap i is the one
 * behind TDMR i.
 */
static unsigned int smallest_gap(const struct tdx_tdmr_info *tdmrs, unsigned int nr, u64 block,
				 const struct surroundings *s, const struct tdmr_limits *limits)
{
	unsigned int i, best = nr;
	u64 gap, best_gap = ~0ULL, start, end;

	for (i = 0; i < nr; i++) {
		start = i + 1 < nr ? tdmrs[i + 1].base : block;
		end = i + 1 < nr ? tdmr_end(&tdmrs[i + 1]) : block + BLOCK;
		gap = start - tdmr_end(&tdmrs[i]);
		if (gap < best_gap && expressible(s, tdmrs[i].base, end, limits)) {
			best = i;
			best_gap = gap;
		}
	}
	return best;
}

/* Cover [block, block + 1 GB), which lies behind all TDMRs so far. */
static bool cover_block(struct tdx_tdmr_info *tdmrs, unsigned int *nr, u64 block,
			const struct surroundings *s, const struct tdmr_limits *limits)
{
	struct tdx_tdmr_info *last = *nr ? &tdmrs[*nr - 1] : NULL;
	unsigned int gap;

	if (last && tdmr_end(last) == block &&
	    expressible(s, last->base, block + BLOCK, limits)) {
		last->size += BLOCK;
		return true;
	}

	if (*nr == limits->max_tdmrs) {
		gap = smallest_gap(tdmrs, *nr, block, s, limits);
		if (gap == *nr)
			return false;
		if (gap == *nr - 1) {
			last->size = block + BLOCK - last->base;
			return true;
		}
		tdmrs[gap].size = tdmr_end(&tdmrs[gap + 1]) - tdmrs[gap].base;
		memmove(&tdmrs[gap + 1], &tdmrs[gap + 2],
			(*nr - gap - 2) * sizeof(tdmrs[0]));
		(*nr)--;
	}

	memset(&tdmrs[*nr], 0, sizeof(tdmrs[0]));
	tdmrs[*nr].base = block;
	tdmrs[*nr].size = BLOCK;
	(*nr)++;
	return true;
}

/**
 * tdmr_cover_ram - choose the TDMRs
 * @tdmrs:    where to write them; room for @limits->max_tdmrs
 * @nr_tdmrs: how many were written
 * @ram:      RAM that must be usable, sorted by base, all of it inside CMRs
 * @nr_ram:   entries of @ram
 * @cmrs:     CMRs, sorted by base and disjoint
 * @nr_cmrs:  entries of @cmrs
 * @limits:   what the module can take
 *
 * The TDMRs cover the 1 GB blocks that hold RAM and no others, as long as
 * there are enough TDMRs; where there are not, the smallest gaps are covered
 * too, which costs the least PAMT.  A TDMR ends early at a 1 GB boundary where
 * it would have to reserve more than it can describe.
 *
 * Sizes of the PAMTs are set, their bases are not: see tdmr_place_pamt().
 *
 * Return: TDMR_OK, or TDMR_TOO_MANY_TDMRS with the first block left over.
 */
struct tdmr_failure tdmr_cover_ram(struct tdx_tdmr_info *tdmrs, unsigned int *nr_tdmrs,
				   const struct tdx_ram *ram, unsigned int nr_ram,
				   const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs,
				   const struct tdmr_limits *limits)
{
	const struct surroundings s = { .cmrs = cmrs, .nr_cmrs = nr_cmrs };
	u64 block, end, covered = 0;
	unsigned int i;

	*nr_tdmrs = 0;
	for (i = 0; i < nr_ram; i++) {
		end = ram[i].base + ram[i].size;
		block = max(ALIGN_DOWN(ram[i].base, BLOCK), covered);
		for (; block < end; block += BLOCK) {
			if (!cover_block(tdmrs, nr_tdmrs, block, &s, limits))
				return (struct tdmr_failure) {
					.error	= TDMR_TOO_MANY_TDMRS,
					.base	= block,
					.size	= BLOCK,
					.count	= *nr_tdmrs + 1,
					.limit	= limits->max_tdmrs,
				};
			covered = block + BLOCK;
		}
	}

	for (i = 0; i < *nr_tdmrs; i++)
		set_pamt_sizes(&tdmrs[i], limits->pamt_entry_size);
	return ok();
}

/**
 * tdmr_pamt_size - bytes of one contiguous chunk for a TDMR's whole PAMT
 * @tdmr: a TDMR of tdmr_cover_ram()
 *
 * Return: The size in bytes, a multiple of 4 KB.
 */
u64 tdmr_pamt_size(const struct tdx_tdmr_info *tdmr)
{
	return tdmr->pamt[0].size + tdmr->pamt[1].size + tdmr->pamt[2].size;
}

/**
 * tdmr_place_pamt - put a TDMR's PAMT into a chunk
 * @tdmr: a TDMR of tdmr_cover_ram()
 * @base: physical address of tdmr_pamt_size() bytes, page aligned
 *
 * The levels follow each other, so that they cost a TDMR which contains them
 * one reserved area and not three.
 */
void tdmr_place_pamt(struct tdx_tdmr_info *tdmr, u64 base)
{
	unsigned int i;

	for (i = 0; i < TDX_NR_PAMT_LEVELS; i++) {
		tdmr->pamt[i].base = base;
		base += tdmr->pamt[i].size;
	}
}

/**
 * tdmr_reserve - set the reserved areas of all TDMRs
 * @tdmrs:    TDMRs with all their PAMTs placed
 * @nr_tdmrs: entries of @tdmrs
 * @cmrs:     CMRs, sorted by base and disjoint
 * @nr_cmrs:  entries of @cmrs
 * @limits:   what the module can take
 *
 * Reserves what is outside the CMRs and every PAMT, also that of another TDMR;
 * areas that touch are one.
 *
 * Return: TDMR_OK, or TDMR_TOO_MANY_RESERVED with the TDMR and its count.
 */
struct tdmr_failure tdmr_reserve(struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs,
				 const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs,
				 const struct tdmr_limits *limits)
{
	const struct surroundings s = {
		.cmrs = cmrs, .nr_cmrs = nr_cmrs, .tdmrs = tdmrs, .nr_tdmrs = nr_tdmrs,
	};
	unsigned int i, j, count, limit;

	limit = min_t(unsigned int, limits->max_reserved_per_tdmr, TDX_TDMR_NR_RESERVED);
	for (i = 0; i < nr_tdmrs; i++) {
		struct tdx_tdmr_info *tdmr = &tdmrs[i];
		struct span area = { .end = tdmr->base };

		count = count_reserved(&s, tdmr->base, tdmr_end(tdmr));
		if (count > limit)
			return (struct tdmr_failure) {
				.error	= TDMR_TOO_MANY_RESERVED,
				.base	= tdmr->base,
				.size	= tdmr->size,
				.count	= count,
				.limit	= limit,
			};

		memset(tdmr->reserved, 0, sizeof(tdmr->reserved));
		for (j = 0; j < count; j++) {
			area = next_reserved(&s, area.end, tdmr_end(tdmr));
			tdmr->reserved[j].offset = area.start - tdmr->base;
			tdmr->reserved[j].size = area.end - area.start;
		}
	}
	return ok();
}

static u64 overlap(const struct tdx_tdmr_info *tdmr, const struct tdx_ram *ram)
{
	u64 start = max(tdmr->base, ram->base);
	u64 end = min(tdmr_end(tdmr), ram->base + ram->size);

	return start < end ? end - start : 0;
}

/**
 * tdmr_node - the NUMA node that a TDMR mostly lies on
 * @tdmr:   a TDMR of tdmr_cover_ram()
 * @ram:    the RAM that it was made for
 * @nr_ram: entries of @ram
 *
 * Return: The node of the largest range of RAM in the TDMR.
 */
int tdmr_node(const struct tdx_tdmr_info *tdmr, const struct tdx_ram *ram, unsigned int nr_ram)
{
	const struct tdx_ram *largest = &ram[0];
	unsigned int i;

	for (i = 1; i < nr_ram; i++)
		if (overlap(tdmr, &ram[i]) > overlap(tdmr, largest))
			largest = &ram[i];
	return largest->node;
}
