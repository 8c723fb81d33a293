/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracking the CPUs whose caches may hold lines that the TDX module wrote.
 */
#ifndef _X86_VIRT_TDX_CACHE_H
#define _X86_VIRT_TDX_CACHE_H

#include <linux/types.h>

struct tdx_regs;

bool tdx_cache_may_seamcall(void);
u64 tdx_cache_seamcall(u64 leaf, struct tdx_regs *regs);
void tdx_cache_retire(void);
bool tdx_cache_retired(void);

#endif /* _X86_VIRT_TDX_CACHE_H */
