/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of every layout, without the code that made it.
 */
#ifndef TDX_UNIT_LAYOUT_CHECK_H
#define TDX_UNIT_LAYOUT_CHECK_H

#include "geometry.h"
#include "model_machine.h"

/* The software module's status of TDH.SYS.CONFIG. */
u64 layout_judge(struct model_machine *machine, const struct geometry *geometry);

/*
 * NULL if all RAM but the PAMTs is usable, each PAMT is one chunk of RAM, and
 * TDMRs keep to NUMA nodes as far as they can; else what does not hold.
 */
const char *layout_check(const struct geometry *geometry);

/*
 * Reserved areas in [base, end): stretches outside the CMRs; with @over_non_ram,
 * those with no RAM between them count once.
 */
unsigned int count_holes(const struct tdmr_map *map, u64 base, u64 end, bool over_non_ram);

/*
 * The fewest TDMRs, made as large as possible from the lowest address on.  Without @exact
 * blocks without RAM may be covered and all reserved areas used.
 */
unsigned int fewest_tdmrs(const struct tdmr_map *map, bool exact);

#endif
