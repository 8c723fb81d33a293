/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two functions with the SEAMCALL instruction have in common.
 */
#include <asm/asm.h>
#include <asm/tdx.h>

/* The mnemonic is unknown to binutils before 2.36. */
#define seamcall	.byte 0x66, 0x0f, 0x01, 0xcf

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
