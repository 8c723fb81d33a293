/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory maps, most of them unrealistic.
 */
#ifndef TDX_UNIT_RANDOM_MAP_H
#define TDX_UNIT_RANDOM_MAP_H

#include "tdmr/tdmr.h"

#define RANDOM_MAP_MAX_RAM	2100

/**
 * struct random_map - a map and the random numbers that it comes from
 * @state:  of the random numbers
 * @ram:    behind map.ram
 * @cmrs:   behind map.cmrs
 * @map:    what the geometry gets
 */
struct random_map {
	u64 state;
	struct tdx_ram ram[RANDOM_MAP_MAX_RAM];
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	struct tdmr_map map;
};

/* The same map for the same number; kinds of maps take turns. */
void random_map_make(struct random_map *random, u64 number);
u64 random_below(struct random_map *random, u64 limit);

#endif
