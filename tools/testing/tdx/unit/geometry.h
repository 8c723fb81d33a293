/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's TDMR geometry with memory of userspace, and a simple model of the machine's
 * memory.
 */
#ifndef TDX_UNIT_GEOMETRY_H
#define TDX_UNIT_GEOMETRY_H

#include "tdmr/tdmr.h"

/**
 * struct geometry - a layout and what it works in
 * @map:    what the layout is for; geometry_make() takes copies of RAM and CMRs
 * @layout: of tdmr_lay_out()
 * @info:   the TDMRs as the module takes them
 */
struct geometry {
	struct tdmr_map map;
	struct tdmr_layout layout;
	struct tdx_tdmr_info *info;
};

struct tdmr_failure geometry_make(struct geometry *geometry,
				  const struct tdmr_pamt_source *source);
void geometry_free(struct geometry *geometry);

/* Allocated exactly, so that AddressSanitizer detects overruns; the caller frees it. */
void *exact_copy(const void *from, size_t bytes);

u64 geometry_pamt_bytes(const struct geometry *geometry);

/* 1 GB blocks that hold RAM, counted without the code under test. */
u64 blocks_with_ram(const struct tdx_ram *ram, unsigned int nr_ram);

/**
 * struct model_memory - which memory is free for PAMTs
 * @source:  for tdmr_lay_out()
 * @seed:    decides which pages are in the way
 * @percent: of the 2 MB blocks in which one page cannot be moved
 * @taken:   bytes taken and not given back
 * @asked:   how often memory was asked for
 */
struct model_memory {
	struct tdmr_pamt_source source;
	u64 seed;
	unsigned int percent;
	u64 taken;
	u64 asked;
};

void model_memory_init(struct model_memory *memory, u64 seed, unsigned int percent);

/* The same number for the same arguments, evenly spread. */
u64 hash(u64 seed, u64 value);

#endif
