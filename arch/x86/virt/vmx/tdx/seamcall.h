/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calling the TDX module.
 */
#ifndef _X86_VIRT_TDX_SEAMCALL_H
#define _X86_VIRT_TDX_SEAMCALL_H

#include <linux/linkage.h>
#include <linux/static_call_types.h>
#include <linux/types.h>

#include "abi.h"
#include "cache.h"
#include "regs.h"

asmlinkage u64 __seamcall(u64 leaf, struct tdx_regs *regs);

/*
 * All SEAMCALLs but TDH.VP.ENTER go through this.  KUnit suites redirect it to the software
 * module with static_call_update().
 */
DECLARE_STATIC_CALL(tdx_make_seamcall, tdx_cache_seamcall);

/* For a loop around tdx_seamcall_once(). */
struct tdx_backoff {
	unsigned int tries;
};

u64 tdx_seamcall_once(u64 leaf, struct tdx_regs *regs);
bool tdx_backoff(struct tdx_backoff *backoff, u64 status);
u64 tdx_seamcall(u64 leaf, struct tdx_regs *regs);
u64 tdx_seamcall_atomic(u64 leaf, struct tdx_regs *regs);

#endif /* _X86_VIRT_TDX_SEAMCALL_H */
