// SPDX-License-Identifier: GPL-2.0-only
/*
 * Encoding TDMRs for TDH.SYS.CONFIG, and sizes of PAMTs.  Pure: see tdmr.h.
 *
 * TDX Module ABI specification, "TDMR_INFO".
 */
#include <linux/align.h>
#include <linux/string.h>

#include "internal.h"

static u64 pamt_level_bytes(const struct tdmr_map *map, const struct tdmr *tdmr,
			    enum tdx_pamt_level level)
{
	static const unsigned int shift[TDX_NR_PAMT_LEVELS] = {
		[TDX_PAMT_4K] = 12,
		[TDX_PAMT_2M] = 21,
		[TDX_PAMT_1G] = 30,
	};
	u64 nr_entries = (tdmr->end - tdmr->base) >> shift[level];

	return ALIGN(nr_entries * map->limits.pamt_entry_size, (u64)TDX_PAMT_ALIGNMENT);
}

/**
 * tdmr_pamt_bytes - size of the contiguous chunk for all levels of a PAMT
 * @map:  the memory map
 * @tdmr: the TDMR
 *
 * Return: Bytes, a multiple of 4 KB.
 */
u64 tdmr_pamt_bytes(const struct tdmr_map *map, const struct tdmr *tdmr)
{
	return pamt_level_bytes(map, tdmr, TDX_PAMT_4K) +
	       pamt_level_bytes(map, tdmr, TDX_PAMT_2M) +
	       pamt_level_bytes(map, tdmr, TDX_PAMT_1G);
}

/* The levels are adjacent, so that one reserved area suffices for all three. */
static void encode_pamt(const struct tdmr_map *map, const struct tdmr *tdmr,
			struct tdx_tdmr_info *info)
{
	struct tdx_pamt_area *pamt;
	u64 base = tdmr->pamt;
	int level;

	for (level = TDX_PAMT_1G; level >= TDX_PAMT_4K; level--) {
		pamt = tdx_tdmr_pamt(info, level);
		pamt->base = base;
		pamt->size = pamt_level_bytes(map, tdmr, level);
		base += pamt->size;
	}
}

/**
 * tdmr_encode - encode a TDMR for TDH.SYS.CONFIG
 * @layout: from tdmr_lay_out()
 * @tdmr:   one of @layout
 * @info:   the structure to fill
 */
void tdmr_encode(const struct tdmr_layout *layout, const struct tdmr *tdmr,
		 struct tdx_tdmr_info *info)
{
	struct tdx_reserved_area *reserved = info->reserved;
	struct tdmr_span area;
	u64 from = tdmr->base;

	memset(info, 0, sizeof(*info));
	info->base = tdmr->base;
	info->size = tdmr->end - tdmr->base;
	encode_pamt(layout->map, tdmr, info);

	for (;;) {
		area = tdmr_next_reserved(layout, from, tdmr->end);
		if (area.start == area.end)
			return;
		reserved->offset = area.start - tdmr->base;
		reserved->size = area.end - area.start;
		reserved++;
		from = area.end;
	}
}
