/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry points of interrupts that the emulator takes on purpose: see interrupt.c. */
#define EFLAGS_IF	0x200

	.text
	/* One stub for each vector, 16 bytes apart. */
	.balign 16
	.globl interrupt_stubs
interrupt_stubs:
	vector = 0
	.rept	256
	.balign 16
	pushq	$vector
	jmp	interrupt_common
	vector = vector + 1
	.endr

	/* Afterwards interrupts are disabled, so that no other one is taken. */
interrupt_common:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	movq	72(%rsp), %rdi
	call	interrupt_taken
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$8, %rsp
	andq	$~EFLAGS_IF, 16(%rsp)
	iretq
	.section .note.GNU-stack, "", @progbits
