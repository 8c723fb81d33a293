/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The geometry of TDX memory: which TDMRs cover which RAM, how large their
 * PAMTs are, and what in a TDMR must be reserved.
 *
 * Pure: no allocation, no output, no SEAMCALL and no global.  The kernel and
 * userspace tests compile the same file.
 */
#ifndef _X86_VIRT_TDX_TDMR_H
#define _X86_VIRT_TDX_TDMR_H

#include <linux/types.h>

#include "tdx_abi.h"

/* Physical memory with its NUMA node; base and size in bytes, page aligned. */
struct tdx_ram {
	u64 base;
	u64 size;
	int node;
};

/* What the module can take; read from it, never assumed. */
struct tdmr_limits {
	u16 max_tdmrs;
	u16 max_reserved_per_tdmr;
	u16 pamt_entry_size;	/* bytes, at every level */
};

enum tdmr_error {
	TDMR_OK,
	TDMR_RAM_OUTSIDE_CMRS,		/* @base, @size: the part outside */
	TDMR_TOO_MANY_TDMRS,		/* @base: first block left over; @count, @limit */
	TDMR_TOO_MANY_RESERVED,		/* @base, @size: the TDMR; @count, @limit */
};

/* What went wrong, and where. */
struct tdmr_failure {
	enum tdmr_error error;
	u64 base;	/* physical address */
	u64 size;	/* bytes */
	unsigned int count;
	unsigned int limit;
};

struct tdmr_failure tdmr_check_ram(const struct tdx_ram *ram, unsigned int nr_ram,
				   const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs);
struct tdmr_failure tdmr_cover_ram(struct tdx_tdmr_info *tdmrs, unsigned int *nr_tdmrs,
				   const struct tdx_ram *ram, unsigned int nr_ram,
				   const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs,
				   const struct tdmr_limits *limits);
struct tdmr_failure tdmr_reserve(struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs,
				 const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs,
				 const struct tdmr_limits *limits);

u64 tdmr_pamt_size(const struct tdx_tdmr_info *tdmr);
void tdmr_place_pamt(struct tdx_tdmr_info *tdmr, u64 base);
int tdmr_node(const struct tdx_tdmr_info *tdmr, const struct tdx_ram *ram, unsigned int nr_ram);

static inline u64 tdmr_end(const struct tdx_tdmr_info *tdmr)
{
	return tdmr->base + tdmr->size;
}

#endif /* _X86_VIRT_TDX_TDMR_H */
