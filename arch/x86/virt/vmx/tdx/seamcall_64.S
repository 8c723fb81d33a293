/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SEAMCALL instruction.
 */
#include <linux/linkage.h>
#include <asm/frame.h>

#include "regs.h"
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
	mov	TDX_REGS_RCX(%rsi), %rcx
	mov	TDX_REGS_RDX(%rsi), %rdx
	mov	TDX_REGS_RBX(%rsi), %rbx
	mov	TDX_REGS_RDI(%rsi), %rdi
	mov	TDX_REGS_R8(%rsi),  %r8
	mov	TDX_REGS_R9(%rsi),  %r9
	mov	TDX_REGS_R10(%rsi), %r10
	mov	TDX_REGS_R11(%rsi), %r11
	mov	TDX_REGS_R12(%rsi), %r12
	mov	TDX_REGS_R13(%rsi), %r13
	mov	TDX_REGS_R14(%rsi), %r14
	mov	TDX_REGS_R15(%rsi), %r15
	mov	TDX_REGS_RSI(%rsi), %rsi

.Lseamcall:
	seamcall
	/* CF is set only when no module answered. */
	jc	.Lvmfailinvalid

	push	%rsi
	mov	8(%rsp), %rsi
	mov	%rcx, TDX_REGS_RCX(%rsi)
	mov	%rdx, TDX_REGS_RDX(%rsi)
	mov	%rbx, TDX_REGS_RBX(%rsi)
	mov	%rdi, TDX_REGS_RDI(%rsi)
	mov	%r8,  TDX_REGS_R8(%rsi)
	mov	%r9,  TDX_REGS_R9(%rsi)
	mov	%r10, TDX_REGS_R10(%rsi)
	mov	%r11, TDX_REGS_R11(%rsi)
	mov	%r12, TDX_REGS_R12(%rsi)
	mov	%r13, TDX_REGS_R13(%rsi)
	mov	%r14, TDX_REGS_R14(%rsi)
	mov	%r15, TDX_REGS_R15(%rsi)
	popq	TDX_REGS_RSI(%rsi)

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
