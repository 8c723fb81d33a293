/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Legal TDMRs for the software TDX module, for tests to modify.
 */
#ifndef TDX_UNIT_MODEL_LAYOUTS_H
#define TDX_UNIT_MODEL_LAYOUTS_H

#include "model_machine.h"

#define G(n)	((u64)(n) << 30)
#define M(n)	((u64)(n) << 20)
#define K(n)	((u64)(n) << 10)

/* A TDMR over [base, base + size) with contiguous PAMTs at @pamt. */
struct tdx_tdmr_info tdmr_at(u64 base, u64 size, u64 pamt);

/* [0, 1G) and [1G, 3G).  The first megabyte is outside the CMRs, PAMTs are in [32G, 33G). */
void legal_pair(struct tdx_tdmr_info tdmrs[2]);

/* Call TDH.SYS.KEY.CONFIG on each package. */
void machine_config_keys(struct model_machine *machine);

/* Bring a new module to READY, with the legal pair. */
void machine_make_ready(struct model_machine *machine);

#endif
