/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SEAMCALL instruction.
 */
#include <linux/linkage.h>
#include <asm/frame.h>

#include "regs.h"

/* Offset of a register in struct tdx_regs */
#define REG(name)	TDX_REGS_##name

#include "seamcall_common.S"

.section .noinstr.text, "ax"

/*
 * u64 __seamcall(u64 leaf, struct tdx_regs *regs)
 *
 * Calls the TDX module with @leaf in RAX and all other general purpose
 * registers but RBP and RSP from @regs, and stores the outputs to @regs.
 * Returns RAX, or a code of the software error class if the CPU did not reach
 * the module; @regs is unchanged then.
 *
 * RBP stays the frame pointer: a module that lets a guest change it (one
 * without NO_RBP_MOD) is not used to run guests.
 */
SYM_FUNC_START(__seamcall)
	FRAME_BEGIN
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi

	mov	%rdi, %rax
	mov	REG(RCX)(%rsi), %rcx
	LOAD_SEAMCALL_INPUTS

.Lseamcall:
	seamcall
	/* CF is set only when no module answered. */
	jc	.Lvmfailinvalid

	push	%rsi
	mov	8(%rsp), %rsi
	STORE_SEAMCALL_OUTPUTS %rsi, %rdi, REG(RDI)
	popq	REG(RSI)(%rsi)

.Lout:
	CLEAR_SEAMCALL_OUTPUTS
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	FRAME_END
	RET

	SEAMCALL_ERRORS .Lseamcall, .Lvmfailinvalid, .Lout
SYM_FUNC_END(__seamcall)
