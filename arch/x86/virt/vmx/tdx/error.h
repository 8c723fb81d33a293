/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Completion statuses as errno for the caller of a SEAMCALL, and as text.
 */
#ifndef _X86_VIRT_TDX_ERROR_H
#define _X86_VIRT_TDX_ERROR_H

#include <asm/tdx.h>
#include <asm/trapnr.h>

#include "abi.h"

struct tdx_cause;
struct tdx_regs;

/* The CPU raised an exception instead of entering the module. */
#define TDX_SEAMCALL_GP		(TDX_SW_ERROR | X86_TRAP_GP)
#define TDX_SEAMCALL_UD		(TDX_SW_ERROR | X86_TRAP_UD)

/* The SEAMCALL was not made: another kernel is being started.  No vector. */
#define TDX_SEAMCALL_RETIRED	(TDX_SW_ERROR | 0x100)

/* Large enough for every text of tdx_status_format(). */
#define TDX_STATUS_TEXT_SIZE	256

static inline bool tdx_status_failed(u64 status)
{
	return status & TDX_STATUS_ERROR;
}

/* The status without its details: comparable with the constants of abi_status.h. */
static inline u64 tdx_status_code(u64 status)
{
	return status & TDX_STATUS_CODE_MASK;
}

const char *tdx_leaf_name(u64 leaf);
const char *tdx_status_name(u64 status);
bool tdx_status_is_software(u64 status);
bool tdx_status_may_clear(u64 status);
int tdx_status_errno(u64 status);
void tdx_status_format(char *buf, size_t size, u64 status);
int tdx_explain(struct tdx_cause *cause, u64 leaf, u64 status);
int tdx_explain_platform(struct tdx_cause *cause, u64 leaf, u64 status,
			 const struct tdx_regs *out);

#endif /* _X86_VIRT_TDX_ERROR_H */
