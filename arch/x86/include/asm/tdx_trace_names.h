/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of statuses for __print_symbolic(), with which trace-cmd and perf decode events, too.
 */
#ifndef _ASM_X86_TDX_TRACE_NAMES_H
#define _ASM_X86_TDX_TRACE_NAMES_H

#include <linux/build_bug.h>

#include <asm/tdx_status.h>

#define TDX_TRACE_STATUS(name, value)	{ value, #name },

/* These tools need literals. */
#define TDX_TRACE_STATUSES				\
	TDX_STATUS_LIST(TDX_TRACE_STATUS)		\
	{ 0x8000ff00ffff0000ULL, "VMfailInvalid" },	\
	{ 0x8000ff000000000dULL, "#GP" },		\
	{ 0x8000ff0000000006ULL, "#UD" },		\
	{ 0x8000ff0000000100ULL, "not made" }

static_assert(TDX_SEAMCALL_VMFAILINVALID == 0x8000ff00ffff0000ULL);
static_assert(TDX_SEAMCALL_GP == 0x8000ff000000000dULL);
static_assert(TDX_SEAMCALL_UD == 0x8000ff0000000006ULL);
static_assert(TDX_SEAMCALL_RETIRED == 0x8000ff0000000100ULL);

/* The key in TDX_TRACE_STATUSES: codes of the software error class have no details. */
static inline u64 tdx_trace_code(u64 status)
{
	return (status & TDX_SW_ERROR) == TDX_SW_ERROR ? status : tdx_status_code(status);
}

#endif /* _ASM_X86_TDX_TRACE_NAMES_H */
