/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The general purpose registers that a SEAMCALL takes and returns, for C and
 * for assembly.
 */
#ifndef _X86_VIRT_TDX_REGS_H
#define _X86_VIRT_TDX_REGS_H

#define TDX_REGS_RCX	0
#define TDX_REGS_RDX	8
#define TDX_REGS_RBX	16
#define TDX_REGS_RSI	24
#define TDX_REGS_RDI	32
#define TDX_REGS_R8	40
#define TDX_REGS_R9	48
#define TDX_REGS_R10	56
#define TDX_REGS_R11	64
#define TDX_REGS_R12	72
#define TDX_REGS_R13	80
#define TDX_REGS_R14	88
#define TDX_REGS_R15	96

#ifndef __ASSEMBLY__

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

/*
 * Registers of a SEAMCALL other than RAX.
 *
 * Inputs before the call, outputs after it.  Except for TDH.VP.ENTER, registers
 * that are not outputs of the leaf are returned unchanged.
 */
struct tdx_regs {
	u64 rcx;
	u64 rdx;
	u64 rbx;
	u64 rsi;
	u64 rdi;
	u64 r8;
	u64 r9;
	u64 r10;
	u64 r11;
	u64 r12;
	u64 r13;
	u64 r14;
	u64 r15;
};

static_assert(offsetof(struct tdx_regs, rcx) == TDX_REGS_RCX);
static_assert(offsetof(struct tdx_regs, rdx) == TDX_REGS_RDX);
static_assert(offsetof(struct tdx_regs, rbx) == TDX_REGS_RBX);
static_assert(offsetof(struct tdx_regs, rsi) == TDX_REGS_RSI);
static_assert(offsetof(struct tdx_regs, rdi) == TDX_REGS_RDI);
static_assert(offsetof(struct tdx_regs, r8) == TDX_REGS_R8);
static_assert(offsetof(struct tdx_regs, r9) == TDX_REGS_R9);
static_assert(offsetof(struct tdx_regs, r10) == TDX_REGS_R10);
static_assert(offsetof(struct tdx_regs, r11) == TDX_REGS_R11);
static_assert(offsetof(struct tdx_regs, r12) == TDX_REGS_R12);
static_assert(offsetof(struct tdx_regs, r13) == TDX_REGS_R13);
static_assert(offsetof(struct tdx_regs, r14) == TDX_REGS_R14);
static_assert(offsetof(struct tdx_regs, r15) == TDX_REGS_R15);

#endif /* !__ASSEMBLY__ */
#endif /* _X86_VIRT_TDX_REGS_H */
