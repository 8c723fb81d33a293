/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Giving pages to the TDX module and reclaiming them.
 */
#ifndef _X86_VIRT_TDX_PAGE_H
#define _X86_VIRT_TDX_PAGE_H

struct tdx_memory;

void tdx_page_setup(const struct tdx_memory *memory);

#endif /* _X86_VIRT_TDX_PAGE_H */
