// SPDX-License-Identifier: GPL-2.0-only
/*
 * Laying out TDMRs and their PAMTs for a memory map.  Pure: see tdmr.h.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "internal.h"

static u64 cmr_end(const struct tdx_cmr_info *cmr)
{
	return cmr->base + cmr->size;
}

/**
 * tdmr_check_ram - check that all RAM is convertible
 * @map: RAM and CMRs
 *
 * Return: TDMR_OK, or TDMR_RAM_OUTSIDE_CMRS with the first part that is in no
 *	   CMR.  Adjacent CMRs count as one.
 */
struct tdmr_failure tdmr_check_ram(const struct tdmr_map *map)
{
	const struct tdx_cmr_info *cmr = map->cmrs, *behind = &map->cmrs[map->nr_cmrs];
	u64 start, end, outside;
	unsigned int i;

	for (i = 0; i < map->nr_ram; i++) {
		start = map->ram[i].base;
		end = start + map->ram[i].size;
		while (start < end) {
			while (cmr < behind && cmr_end(cmr) <= start)
				cmr++;
			outside = cmr < behind ? min(cmr->base, end) : end;
			if (start < outside)
				return (struct tdmr_failure) {
					.error	= TDMR_RAM_OUTSIDE_CMRS,
					.base	= start,
					.size	= outside - start,
				};
			start = cmr_end(cmr);
		}
	}
	return (struct tdmr_failure) { .error = TDMR_OK };
}

/* Sorted, disjoint and not wrapping: the size of all arrays relies on it. */
static bool are_well_formed(const struct tdx_cmr_info *cmr, unsigned int nr)
{
	const struct tdx_cmr_info *behind = cmr + nr;
	u64 start = 0;

	for (; cmr < behind; cmr++) {
		if (cmr->base < start || cmr_end(cmr) <= cmr->base)
			return false;
		start = cmr_end(cmr);
	}
	return true;
}

/**
 * tdmr_scratch_bytes - size of the scratch memory for tdmr_lay_out()
 * @map: the memory map
 *
 * Return: Bytes.
 */
size_t tdmr_scratch_bytes(const struct tdmr_map *map)
{
	return tdmr_cover_scratch_bytes(map);
}

/*
 * In order of preference if they waste the same amount.  The last one has the
 * lowest requirements and wastes the least.
 */
static const struct tdmr_policy policies[] = {
	{ .spare = 1, .for_cpus = true },
	{ .spare = 1 },
	{ .spare = 1, .small = true },
	{ .reserve_non_ram = true },
	{ .reserve_non_ram = true, .large_first = true },
};

static struct tdmr_failure cover(struct tdmr_layout *layout, const struct tdmr_policy *policy,
				 void *scratch, u64 *waste)
{
	layout->reserve_non_ram = policy->reserve_non_ram;
	tdmr_find_holes(layout);
	return tdmr_cover(layout, policy, scratch, waste);
}

static struct tdmr_failure place(struct tdmr_layout *layout, const struct tdmr_policy *policy,
				 const struct tdmr_pamt_source *source)
{
	if (policy->for_cpus)
		tdmr_split_for_cpus(layout);
	return tdmr_place_pamts(layout, policy, source);
}

/**
 * tdmr_lay_out - choose the TDMRs, and find memory for their PAMTs
 * @layout:  @map and the arrays are set up by the caller, the rest is filled in
 * @scratch: tdmr_scratch_bytes() of memory, aligned for u64; not needed afterwards
 * @source:  memory for PAMTs
 *
 * All RAM of the map has to be convertible: see tdmr_check_ram().  Policies
 * that cover fewer blocks without RAM are tried first.
 *
 * Return: TDMR_OK, or why there is no layout; no memory is taken from @source then.
 */
struct tdmr_failure tdmr_lay_out(struct tdmr_layout *layout, void *scratch,
				 const struct tdmr_pamt_source *source)
{
	struct tdmr_failure failure, no_memory = { .error = TDMR_OK };
	u64 waste, allowed, next;
	unsigned int i;

	if (!are_well_formed(layout->map->cmrs, layout->map->nr_cmrs))
		return (struct tdmr_failure) { .error = TDMR_MALFORMED_CMRS };

	failure = cover(layout, &policies[ARRAY_SIZE(policies) - 1], scratch, &next);
	if (failure.error != TDMR_OK)
		return failure;

	do {
		allowed = next;
		next = ~0ULL;
		for (i = 0; i < ARRAY_SIZE(policies); i++) {
			failure = cover(layout, &policies[i], scratch, &waste);
			if (failure.error != TDMR_OK)
				continue;
			if (waste > allowed)
				next = min(next, waste);
			if (waste != allowed)
				continue;
			failure = place(layout, &policies[i], source);
			if (failure.error == TDMR_OK)
				return failure;
			no_memory = failure;
		}
	} while (next != ~0ULL);

	return no_memory;
}
