/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two functions with the SEAMCALL instruction have in common.
 */
#include <asm/asm.h>
#include <asm/tdx.h>

/* The mnemonic is unknown to binutils before 2.36. */
#define seamcall	.byte 0x66, 0x0f, 0x01, 0xcf

/*
 * Registers that the functions load from an array and store to another.  REG(name) is the
 * offset of a register there, and defined before this file is included.
 */
.macro LOAD_SEAMCALL_INPUTS
	mov	REG(RDX)(%rsi), %rdx
	mov	REG(RBX)(%rsi), %rbx
	mov	REG(RDI)(%rsi), %rdi
	mov	REG(R8)(%rsi),  %r8
	mov	REG(R9)(%rsi),  %r9
	mov	REG(R10)(%rsi), %r10
	mov	REG(R11)(%rsi), %r11
	mov	REG(R12)(%rsi), %r12
	mov	REG(R13)(%rsi), %r13
	mov	REG(R14)(%rsi), %r14
	mov	REG(R15)(%rsi), %r15
	mov	REG(RSI)(%rsi), %rsi
.endm

/* \array is RSI or RDI, \other the other one of them, with its \offset. */
.macro STORE_SEAMCALL_OUTPUTS array, other, offset
	mov	%rcx, REG(RCX)(\array)
	mov	%rdx, REG(RDX)(\array)
	mov	%rbx, REG(RBX)(\array)
	mov	\other, \offset(\array)
	mov	%r8,  REG(R8)(\array)
	mov	%r9,  REG(R9)(\array)
	mov	%r10, REG(R10)(\array)
	mov	%r11, REG(R11)(\array)
	mov	%r12, REG(R12)(\array)
	mov	%r13, REG(R13)(\array)
	mov	%r14, REG(R14)(\array)
	mov	%r15, REG(R15)(\array)
.endm

/*
 * Outputs may be controlled by a guest: clear them to prevent their speculative use.  The
 * caller restores the callee-saved registers.
 */
.macro CLEAR_SEAMCALL_OUTPUTS
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
.endm

/*
 * The status if the CPU did not reach the module.  \failed is where a SEAMCALL goes to that sets
 * CF, and \insn is the address of the instruction.
 */
.macro SEAMCALL_ERRORS insn, failed, out
\failed:
	mov	$TDX_SEAMCALL_VMFAILINVALID, %rax
	jmp	\out

.Lfault_\@:
	/* The exception table handler left the trap number in RAX. */
	mov	$TDX_SW_ERROR, %rdi
	or	%rdi, %rax
	jmp	\out

	_ASM_EXTABLE_FAULT(\insn, .Lfault_\@)
.endm
