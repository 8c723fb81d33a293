/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The geometry of TDX memory: the TDMRs that cover RAM, the places of their
 * PAMTs, and their reserved areas.
 *
 * Pure: no allocation, no output, no SEAMCALL and no global.  The kernel and
 * userspace tests compile the same files.
 */
#ifndef _X86_VIRT_TDX_TDMR_H
#define _X86_VIRT_TDX_TDMR_H

#include <linux/types.h>

#include "../abi.h"

/* Physical memory with its NUMA node; base and size in bytes, page aligned. */
struct tdx_ram {
	u64 base;
	u64 size;
	int node;
};

/* Limits of the module, as read from it. */
struct tdmr_limits {
	u16 max_tdmrs;
	u16 max_reserved_per_tdmr;
	u16 pamt_entry_size;	/* bytes, at every level */
};

/**
 * struct tdmr_map - the input of a layout of TDMRs
 * @ram:     RAM that must be usable; sorted by base, disjoint
 * @nr_ram:  entries of @ram, at least 1
 * @cmrs:    CMRs, sorted by base, disjoint
 * @nr_cmrs: entries of @cmrs, at most TDX_NR_CMRS
 * @limits:  limits of the module
 * @nr_cpus: CPUs that initialize TDMRs at the same time, at least 1
 */
struct tdmr_map {
	const struct tdx_ram *ram;
	unsigned int nr_ram;
	const struct tdx_cmr_info *cmrs;
	unsigned int nr_cmrs;
	struct tdmr_limits limits;
	unsigned int nr_cpus;
};

/* Value of @pamt for a TDMR without a PAMT. */
#define TDMR_NO_PAMT	(~0ULL)

/**
 * struct tdmr - one Trust Domain Memory Region
 * @base:	 physical address, 1 GB aligned
 * @end:	 end of the TDMR (exclusive), 1 GB aligned
 * @pamt:	 physical address of the chunk that holds its PAMT, all levels
 * @chunk_limit: bytes; its RAM has no chunk of this size or larger
 * @node:	 the NUMA node of most of its RAM
 */
struct tdmr {
	u64 base;
	u64 end;
	u64 pamt;
	u64 chunk_limit;
	int node;
};

struct tdmr_span {
	u64 start;
	u64 end;
};

/**
 * struct tdmr_layout - the TDMRs of a machine
 * @map:	     the memory map and the limits
 * @tdmrs:	     sorted; with room for the module's maximum
 * @nr_tdmrs:	     used entries of @tdmrs
 * @unusable:	     memory that TDMRs must reserve: holes outside the CMRs, and
 *		     PAMTs; sorted, disjoint; with room for tdmr_max_unusable()
 *		     entries
 * @nr_unusable:     used entries of @unusable
 * @reserve_non_ram: also reserve convertible memory that is not RAM, where that
 *		     joins areas
 */
struct tdmr_layout {
	const struct tdmr_map *map;
	struct tdmr *tdmrs;
	unsigned int nr_tdmrs;
	struct tdmr_span *unusable;
	unsigned int nr_unusable;
	bool reserve_non_ram;
};

/**
 * struct tdmr_pamt_source - memory for PAMTs
 * @take: tries to allocate [base, base + size), in bytes, page aligned; returns
 *	  whether it was free
 * @give: frees what @take allocated
 */
struct tdmr_pamt_source {
	bool (*take)(const struct tdmr_pamt_source *source, u64 base, u64 size);
	void (*give)(const struct tdmr_pamt_source *source, u64 base, u64 size);
};

enum tdmr_error {
	TDMR_OK,
	TDMR_RAM_OUTSIDE_CMRS,	/* @base, @size: the part outside */
	TDMR_TOO_MANY_TDMRS,	/* @base, @size: first 1 GB block left over; @count, @limit */
	TDMR_TOO_MANY_RESERVED,	/* @base, @size: the 1 GB block; @count, @limit */
	TDMR_NO_PAMT_MEMORY,	/* @base, @size: the TDMR; @bytes: of its PAMT */
	TDMR_MALFORMED_CMRS,	/* they are not sorted, or one wraps */
};

/* What went wrong, and where. */
struct tdmr_failure {
	enum tdmr_error error;
	u64 base;	/* physical address */
	u64 size;	/* bytes */
	unsigned int count;
	unsigned int limit;
	u64 bytes;
};

struct tdmr_failure tdmr_check_ram(const struct tdmr_map *map);

unsigned int tdmr_max_unusable(const struct tdmr_map *map);
size_t tdmr_scratch_bytes(const struct tdmr_map *map);
struct tdmr_failure tdmr_lay_out(struct tdmr_layout *layout, void *scratch,
				 const struct tdmr_pamt_source *source);
void tdmr_encode(const struct tdmr_layout *layout, const struct tdmr *tdmr,
		 struct tdx_tdmr_info *info);

u64 tdmr_pamt_bytes(const struct tdmr_map *map, const struct tdmr *tdmr);

#endif /* _X86_VIRT_TDX_TDMR_H */
