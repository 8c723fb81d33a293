/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry points of the emulator's own exceptions; each of them is a crash: see crash.c. */
	.text
/* One stub for each vector, 16 bytes apart: push an error code if the CPU does not. */
	.balign 16
	.globl exception_stubs
exception_stubs:
	vector = 0
	.rept	32
	.balign 16
	.if	vector == 2
	iretq		/* an NMI, taken on purpose: see shootdown.c */
	.endif
	.if	((1 << vector) & 0x60227d00) == 0
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception_common
	vector = vector + 1
	.endr

exception_common:
	pushq	%r15
	pushq	%r14
	pushq	%r13
	pushq	%r12
	pushq	%r11
	pushq	%r10
	pushq	%r9
	pushq	%r8
	pushq	%rdi
	pushq	%rsi
	pushq	%rbp
	pushq	%rbx
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	movq	%rsp, %rdi
	andq	$-16, %rsp
	call	exception_report
	ud2
	.section .note.GNU-stack, "", @progbits
