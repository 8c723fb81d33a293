/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The record of pages of TDs.
 */
#ifndef _X86_VIRT_TDX_OWNER_H
#define _X86_VIRT_TDX_OWNER_H

#include <linux/types.h>

struct page;
struct tdx_td;

/**
 * struct tdx_page_owner - the TD that owns a page
 * @tdr:     physical address of its TDR page
 * @creator: process that created it
 * @leaked:  the TD does not exist any more, but the page could not be reclaimed
 */
struct tdx_page_owner {
	u64 tdr;
	pid_t creator;
	bool leaked;
};

/**
 * struct tdx_page_counts - numbers of pages of TDs
 * @owned:  all pages, including leaked ones
 * @leaked: pages that could not be reclaimed
 */
struct tdx_page_counts {
	unsigned long owned;
	unsigned long leaked;
};

int tdx_owner_record(struct tdx_td *td, struct page *page);
void tdx_owner_forget(struct tdx_td *td, struct page *page);
void tdx_owner_leak(struct tdx_td *td, struct page *page);
bool tdx_page_find_owner(u64 pa, struct tdx_page_owner *owner);
bool tdx_pages_are_owned(void);
struct tdx_page_counts tdx_pages_count(void);
void tdx_pages_make_safe(void);

#endif /* _X86_VIRT_TDX_OWNER_H */
