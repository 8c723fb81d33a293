/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDMRs of this machine, with memory for their PAMTs.
 */
#ifndef _X86_VIRT_TDX_LAYOUT_H
#define _X86_VIRT_TDX_LAYOUT_H

#include "tdmr/tdmr.h"

struct tdx_cause;

int tdx_layout_create(struct tdmr_layout *layout, const struct tdmr_map *map,
		      struct tdx_cause *cause);
void tdx_layout_destroy(struct tdmr_layout *layout);
u64 tdx_layout_pamt_bytes(const struct tdmr_layout *layout, int node);
const struct tdmr *tdx_layout_find_pamt(const struct tdmr_layout *layout, u64 address);

#endif /* _X86_VIRT_TDX_LAYOUT_H */
