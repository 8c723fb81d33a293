/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks that apply to every layout, without the code that made it.
 */
#ifndef TDX_UNIT_LAYOUT_CHECK_H
#define TDX_UNIT_LAYOUT_CHECK_H

#include "geometry.h"
#include "model_machine.h"

/* The software module's status of TDH.SYS.CONFIG. */
u64 layout_judge(struct model_machine *machine, const struct geometry *geometry);

/*
 * NULL if all RAM except PAMTs is usable, each PAMT is contiguous RAM, and
 * TDMRs do not span nodes more than necessary; else the violated rule.
 */
const char *layout_check(const struct geometry *geometry);

/*
 * Number of reserved areas in [base, end), which are ranges outside the CMRs.
 * With @over_non_ram, areas without RAM between them count as one.
 */
unsigned int count_holes(const struct tdmr_map *map, u64 base, u64 end, bool over_non_ram);

/*
 * The minimum number of TDMRs, each made as large as possible, from the lowest
 * address on.  Without @exact, blocks without RAM may be covered, and all
 * reserved areas used.
 */
unsigned int fewest_tdmrs(const struct tdmr_map *map, bool exact);

#endif
