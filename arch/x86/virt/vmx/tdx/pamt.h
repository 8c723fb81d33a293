/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allocating and freeing PAMTs.
 */
#ifndef _X86_VIRT_TDX_PAMT_H
#define _X86_VIRT_TDX_PAMT_H

#include "tdmr/tdmr.h"

/* A source of memory for PAMTs, with a time limit. */
struct tdx_pamt_search {
	struct tdmr_pamt_source source;
	unsigned long deadline;		/* in jiffies */
};

void tdx_pamt_search_begin(struct tdx_pamt_search *search);
void tdx_pamt_free(u64 base, u64 size);
void tdx_pamt_make_safe(const struct tdmr_layout *layout);

#endif /* _X86_VIRT_TDX_PAMT_H */
