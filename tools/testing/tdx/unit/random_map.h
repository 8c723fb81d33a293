/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random memory maps, most of them unrealistic.
 */
#ifndef TDX_UNIT_RANDOM_MAP_H
#define TDX_UNIT_RANDOM_MAP_H

#include "tdmr/tdmr.h"

#define RANDOM_MAP_MAX_RAM	2100

/**
 * struct random_map - a random memory map
 * @state:  state of the random number generator
 * @ram:    storage of map.ram
 * @cmrs:   storage of map.cmrs
 * @map:    input of the geometry
 */
struct random_map {
	u64 state;
	struct tdx_ram ram[RANDOM_MAP_MAX_RAM];
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	struct tdmr_map map;
};

/* The map depends only on @number; kinds of maps alternate. */
void random_map_make(struct random_map *random, u64 number);
u64 random_below(struct random_map *random, u64 limit);

#endif
