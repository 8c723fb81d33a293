/* SPDX-License-Identifier: GPL-2.0-only */
/* Facts about pages that are not the host's, in its nested page table: host_map_mark(). */
#ifndef _TDX_EMU_PAGE_MARK_H
#define _TDX_EMU_PAGE_MARK_H

#include "lib/x86.h"
#include "model/model.h"

enum page_kind {
	PAGE_NOT_MARKED,
	PAGE_TD,
	PAGE_RECLAIMED,	/* the host's, but it still has the contents of a TD */
};

/*
 * @type:	enum tdx_page_type of a page of a TD
 * @leaf:	leaf that gave the page to the TD, or that returned it
 * @keyid:	KeyID of the contents; 0 of a reclaimed page that was written back
 * @kernel:	kernel that gave the page to the TD: new_kernel_number()
 * @tdr:	of a TD: page frame of its TDR page
 * @reclaimed_at: of a reclaimed page: cache_now() at that time
 */
union page_mark {
	u64 word;
	struct {
		u64 present : 1;	/* 0 */
		u64 kind : 2;
		u64 type : 4;
		u64 leaf : 7;
		u64 keyid : 11;
		u64 kernel : 7;
		union {
			u32 tdr;
			u32 reclaimed_at;
		};
	};
};

static_assert(sizeof(union page_mark) == sizeof(u64));
static_assert(TDX_MODEL_NR_KEYIDS <= 1 << 11 && TDX_MODEL_NR_LEAVES <= 1 << 7);

#endif /* _TDX_EMU_PAGE_MARK_H */
