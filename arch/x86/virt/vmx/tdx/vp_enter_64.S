/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SEAMCALL instruction, for TDH.VP.ENTER.
 */
#include <linux/linkage.h>
#include <asm/kvm_vcpu_regs.h>

/* Offset of a register in the array */
#define REG(name)	(__VCPU_REGS_##name * 8)

#include "seamcall_common.S"

.section .noinstr.text, "ax"

/*
 * u64 __tdx_vp_enter(u64 tdvpr, const u64 *in, u64 *out)
 *
 * Enters a vCPU with all general purpose registers but RAX, RCX, RBP and RSP from @in, and
 * stores them and RCX to @out after the exit.  Returns RAX, or a code of the software error
 * class if the CPU did not reach the module; @out is unchanged then.
 *
 * Other leaves preserve RBP.  This one is only used for TDs with NO_RBP_MOD, which cannot
 * set it, but some modules clear it nevertheless: it is restored from the stack.
 */
SYM_FUNC_START(__tdx_vp_enter)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdx

	mov	%rdi, %rcx
	LOAD_SEAMCALL_INPUTS
	/* The number of the leaf is 0. */
	xor	%eax, %eax

.Lseamcall:
	seamcall
	/* CF is set only when no module answered. */
	jc	.Lvmfailinvalid

	push	%rdi
	mov	8(%rsp), %rdi
	STORE_SEAMCALL_OUTPUTS %rdi, %rsi, REG(RSI)
	popq	REG(RDI)(%rdi)

.Lout:
	CLEAR_SEAMCALL_OUTPUTS
	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET

	SEAMCALL_ERRORS .Lseamcall, .Lvmfailinvalid, .Lout
SYM_FUNC_END(__tdx_vp_enter)
