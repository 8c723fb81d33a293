/* SPDX-License-Identifier: GPL-2.0-only */
/* The world switch. */
#include "cpu/layout.h"

	.text
/*
 * u64 vmrun(u64 vmcb_pa, u64 gpr[16], bool shadow)
 *
 * Returns the ticks of the TSC that it has taken, which with QEMU's -icount are instructions:
 * VMRUN_TICKS from one RDTSC to the other that are not the guest's.  QEMU does not count the
 * instruction of the guest that exits, which so makes up for one of them.
 *
 * RAX and RSP are passed in the VMCB.  Vector and floating point registers always belong to
 * a guest, see xstate.h: no code here is compiled to use them.
 *
 * QEMU 7.2 does not load the guest's interrupt shadow, but keeps the current one: that of
 * an STI right before VMRUN.  Newer QEMUs load it.
 *
 * Interrupts are enabled for a TD's vCPU, which they make exit: see td_interrupt.c.
 * The host's vCPU has interrupts by its own flag.
 */
	.globl vmrun
vmrun:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rsi
	movl	%edx, %ecx
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	pushq	%rax
	movq	%rdi, %rax
	testb	%cl, %cl	/* for below: MOV leaves the flags alone */
	movq	GPR_RCX(%rsi), %rcx
	movq	GPR_RDX(%rsi), %rdx
	movq	GPR_RBX(%rsi), %rbx
	movq	GPR_RBP(%rsi), %rbp
	movq	GPR_RDI(%rsi), %rdi
	movq	GPR_R8(%rsi), %r8
	movq	GPR_R9(%rsi), %r9
	movq	GPR_R10(%rsi), %r10
	movq	GPR_R11(%rsi), %r11
	movq	GPR_R12(%rsi), %r12
	movq	GPR_R13(%rsi), %r13
	movq	GPR_R14(%rsi), %r14
	movq	GPR_R15(%rsi), %r15
	movq	GPR_RSI(%rsi), %rsi
	jnz	1f
	sti
	nop
	jmp	2f
1:	sti
2:	vmrun	%rax
	cli
	/* RAX is the host's again, RSP too */
	movq	8(%rsp), %rax
	movq	%rcx, GPR_RCX(%rax)
	movq	%rdx, GPR_RDX(%rax)
	movq	%rbx, GPR_RBX(%rax)
	movq	%rbp, GPR_RBP(%rax)
	movq	%rsi, GPR_RSI(%rax)
	movq	%rdi, GPR_RDI(%rax)
	movq	%r8, GPR_R8(%rax)
	movq	%r9, GPR_R9(%rax)
	movq	%r10, GPR_R10(%rax)
	movq	%r11, GPR_R11(%rax)
	movq	%r12, GPR_R12(%rax)
	movq	%r13, GPR_R13(%rax)
	movq	%r14, GPR_R14(%rax)
	movq	%r15, GPR_R15(%rax)
	cld
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	popq	%rcx
	subq	%rcx, %rax
	popq	%rsi
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.section .note.GNU-stack, "", @progbits
