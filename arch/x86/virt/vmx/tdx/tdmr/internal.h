/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Declarations that the files of the TDMR geometry share.
 */
#ifndef _X86_VIRT_TDX_TDMR_INTERNAL_H
#define _X86_VIRT_TDX_TDMR_INTERNAL_H

#include "tdmr.h"

#define TDMR_BLOCK	TDX_TDMR_ALIGNMENT

/* ram.c: where RAM is */
unsigned int tdmr_first_ram(const struct tdmr_map *map, u64 from);
u64 tdmr_first_block(const struct tdmr_map *map, u64 from);
u64 tdmr_last_block_end(const struct tdmr_map *map, u64 to);
int tdmr_ram_node(const struct tdmr_map *map, u64 base, u64 end);

/* reserved.c: unusable memory and reserved areas */
void tdmr_find_holes(struct tdmr_layout *layout);
void tdmr_add_unusable(struct tdmr_layout *layout, u64 start, u64 end);
void tdmr_remove_unusable(struct tdmr_layout *layout, u64 start);
unsigned int tdmr_first_unusable(const struct tdmr_layout *layout, u64 from);
bool tdmr_is_one_area(const struct tdmr_layout *layout, u64 end, u64 start);
struct tdmr_span tdmr_next_reserved(const struct tdmr_layout *layout, u64 from, u64 end);
unsigned int tdmr_count_reserved(const struct tdmr_layout *layout, u64 base, u64 end);
unsigned int tdmr_max_reserved(const struct tdmr_layout *layout);

/**
 * struct tdmr_policy - one way of searching a layout
 * @reserve_non_ram: see struct tdmr_layout
 * @small:	     where TDMRs are scarce, prefer small ones to the least PAMT
 * @spare:	     reserved areas that a TDMR keeps free for its PAMT, which
 *		     needs none if it is adjacent to another one
 * @for_cpus:	     split TDMRs for parallel initialization
 * @large_first:     place large PAMTs first, in any TDMR
 */
struct tdmr_policy {
	bool reserve_non_ram;
	bool small;
	unsigned int spare;
	bool for_cpus;
	bool large_first;
};

/* cover.c: the least PAMT with the fewest TDMRs */
size_t tdmr_cover_scratch_bytes(const struct tdmr_map *map);
struct tdmr_failure tdmr_cover(struct tdmr_layout *layout, const struct tdmr_policy *policy,
			       void *scratch, u64 *waste);

/* split.c: more TDMRs, for parallel initialization and smaller PAMTs */
void tdmr_split_for_cpus(struct tdmr_layout *layout);
bool tdmr_split_in_two(struct tdmr_layout *layout, struct tdmr *tdmr);

/* place.c: where PAMTs go */
struct tdmr_failure tdmr_place_pamts(struct tdmr_layout *layout, const struct tdmr_policy *policy,
				     const struct tdmr_pamt_source *source);

#endif /* _X86_VIRT_TDX_TDMR_INTERNAL_H */
