/* SPDX-License-Identifier: GPL-2.0-only */
/* XCR0, and what instructions on extended state need of CR4. */

#define CR4_OSFXSR	(1 << 9)
#define CR4_OSXSAVE	(1 << 18)

	.text
/* u64 xstate_enable(void) */
	.globl xstate_enable
xstate_enable:
	movq	%cr4, %rax
	movq	%rax, %rcx
	orq	$(CR4_OSFXSR | CR4_OSXSAVE), %rcx
	movq	%rcx, %cr4
	ret

/* void xstate_disable(u64 cr4) */
	.globl xstate_disable
xstate_disable:
	movq	%rdi, %cr4
	ret

/* u64 xcr0_read(void) */
	.globl xcr0_read
xcr0_read:
	xorl	%ecx, %ecx
	xgetbv
	shlq	$32, %rdx
	orq	%rdx, %rax
	ret

/* void xcr0_write(u64 value) */
	.globl xcr0_write
xcr0_write:
	xorl	%ecx, %ecx
	movl	%edi, %eax
	movq	%rdi, %rdx
	shrq	$32, %rdx
	xsetbv
	ret
	.section .note.GNU-stack, "", @progbits
