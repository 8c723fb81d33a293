/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDX memory: the RAM that the page allocator hands out.
 */
#ifndef _X86_VIRT_TDX_MEMORY_H
#define _X86_VIRT_TDX_MEMORY_H

#include "tdmr/tdmr.h"

struct tdx_cause;

/**
 * struct tdx_memory - RAM that has to be usable as TDX memory
 * @ram: ranges, sorted by base, disjoint, page aligned
 * @nr:  entries of @ram
 */
struct tdx_memory {
	struct tdx_ram *ram;
	unsigned int nr;
};

void tdx_memory_snapshot(void);
const struct tdx_memory *tdx_boot_memory(void);
int tdx_memory_convertible(struct tdx_memory *memory, const struct tdx_memory *ram,
			   const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs,
			   struct tdx_cause *cause);
u64 tdx_memory_bytes(const struct tdx_memory *memory, int node);
bool tdx_memory_contains(const struct tdx_memory *memory, u64 pa);

#endif /* _X86_VIRT_TDX_MEMORY_H */
