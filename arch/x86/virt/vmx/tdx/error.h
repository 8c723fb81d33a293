/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Completion statuses as errno for the caller of a SEAMCALL, and as text.
 */
#ifndef _X86_VIRT_TDX_ERROR_H
#define _X86_VIRT_TDX_ERROR_H

#include "abi.h"

struct tdx_cause;
struct tdx_regs;

const char *tdx_leaf_name(u64 leaf);
const char *tdx_status_name(u64 status);
bool tdx_status_is_software(u64 status);
bool tdx_status_may_clear(u64 status);
int tdx_explain(struct tdx_cause *cause, u64 leaf, u64 status);
int tdx_explain_platform(struct tdx_cause *cause, u64 leaf, u64 status,
			 const struct tdx_regs *out);

#endif /* _X86_VIRT_TDX_ERROR_H */
