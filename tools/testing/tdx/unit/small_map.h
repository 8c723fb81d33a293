/* SPDX-License-Identifier: GPL-2.0-only */
/* Random memory maps that are small enough to try all TDMRs. */
#ifndef TDX_UNIT_SMALL_MAP_H
#define TDX_UNIT_SMALL_MAP_H

#include <linux/sizes.h>

#include "tdmr/tdmr.h"

#define SMALL_MAP_CELLS	144

enum cell { RAM, CONVERTIBLE, HOLE };

/**
 * struct small_map - a map of blocks of 1 GB, which consist of cells of one size
 * @nr_cells:  of all blocks
 * @per_block: cells of a block
 * @state:     what the next random number is made of
 * @cells:     what the map has there
 * @ram:       of @map
 * @cmrs:      of @map
 * @map:       what small_describe() makes of it
 */
struct small_map {
	unsigned int nr_cells;
	unsigned int per_block;
	u64 state;
	enum cell cells[SMALL_MAP_CELLS];
	struct tdx_ram ram[SMALL_MAP_CELLS];
	struct tdx_cmr_info cmrs[SMALL_MAP_CELLS];
	struct tdmr_map map;
};

u64 small_below(struct small_map *small, u64 limit);

/* Make RAM and CMRs of the cells; one in @split ranges of RAM is adjacent to the one before. */
void small_describe(struct small_map *small, struct tdmr_limits limits, unsigned int split);

bool small_has_ram(const struct small_map *small, unsigned int block);

#endif
