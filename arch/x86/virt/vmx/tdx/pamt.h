/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for the PAMTs: from the page allocator and back to it.
 */
#ifndef _X86_VIRT_TDX_PAMT_H
#define _X86_VIRT_TDX_PAMT_H

#include "tdmr.h"

extern const struct tdmr_pamt_source tdx_pamt_source;

void tdx_pamt_make_safe(const struct tdmr_layout *layout);

#endif /* _X86_VIRT_TDX_PAMT_H */
