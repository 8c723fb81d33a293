/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's TDMR geometry in userspace, and a simple model of the machine's
 * memory.
 */
#ifndef TDX_UNIT_GEOMETRY_H
#define TDX_UNIT_GEOMETRY_H

#include "tdmr/tdmr.h"

/**
 * struct geometry - a layout, its input and output
 * @map:    input of the layout; geometry_make() copies RAM and CMRs
 * @layout: output of tdmr_lay_out()
 * @info:   the TDMRs in the module's format
 */
struct geometry {
	struct tdmr_map map;
	struct tdmr_layout layout;
	struct tdx_tdmr_info *info;
};

struct tdmr_failure geometry_make(struct geometry *geometry,
				  const struct tdmr_pamt_source *source);
void geometry_free(struct geometry *geometry);

/*
 * An exact-size copy, so that AddressSanitizer detects overruns; the caller
 * frees it.
 */
void *exact_copy(const void *from, size_t bytes);

u64 geometry_pamt_bytes(const struct geometry *geometry);

/* Number of 1 GB blocks that hold RAM, counted without the code under test. */
u64 blocks_with_ram(const struct tdx_ram *ram, unsigned int nr_ram);

/**
 * struct model_memory - simulates which memory is free for PAMTs
 * @source:  argument for tdmr_lay_out()
 * @seed:    determines the pages that cannot be moved
 * @percent: of 2 MB blocks that have a page that cannot be moved
 * @taken:   bytes that are allocated
 * @asked:   number of allocations, including those that failed
 */
struct model_memory {
	struct tdmr_pamt_source source;
	u64 seed;
	unsigned int percent;
	u64 taken;
	u64 asked;
};

void model_memory_init(struct model_memory *memory, u64 seed, unsigned int percent);

/* An evenly distributed number that depends only on the arguments. */
u64 hash(u64 seed, u64 value);

#endif
