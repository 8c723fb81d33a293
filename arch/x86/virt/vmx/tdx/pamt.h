/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for the PAMTs: from the page allocator and back to it.
 */
#ifndef _X86_VIRT_TDX_PAMT_H
#define _X86_VIRT_TDX_PAMT_H

#include "memory.h"

struct tdx_cause;

int tdx_pamt_alloc(struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs,
		   const struct tdx_memory *memory, struct tdx_cause *cause);
void tdx_pamt_make_safe(const struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs);
void tdx_pamt_free(struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs);
u64 tdx_pamt_bytes(const struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs);

#endif /* _X86_VIRT_TDX_PAMT_H */
