/* SPDX-License-Identifier: GPL-2.0-only */
/* An ordinary VM of the probe: the VM entry, and what the guest executes. */

#define HOST_RSP	0x6c14
#define HOST_RIP	0x6c16
#define RAX		0
#define RCX		8
#define RDX		16
#define RBX		24

	.text
	.code64
	/*
	 * u64 vm_enter(struct vm_regs *regs, bool launch): 0 after a VM exit, or the flags CF and
	 * ZF of an entry that has failed.
	 */
	.globl vm_enter
vm_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	movl	$HOST_RSP, %eax
	vmwrite	%rsp, %rax
	leaq	vm_exited(%rip), %rcx
	movl	$HOST_RIP, %eax
	vmwrite	%rcx, %rax
	testb	%sil, %sil
	movq	RAX(%rdi), %rax
	movq	RCX(%rdi), %rcx
	movq	RDX(%rdi), %rdx
	movq	RBX(%rdi), %rbx
	jz	1f
	vmlaunch
	jmp	2f
1:	vmresume
2:	pushfq
	popq	%rax
	andl	$0x41, %eax
	popq	%rdi
	jmp	3f
vm_exited:
	popq	%rdi
	movq	%rax, RAX(%rdi)
	movq	%rcx, RCX(%rdi)
	movq	%rdx, RDX(%rdi)
	movq	%rbx, RBX(%rdi)
	xorl	%eax, %eax
3:	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	/* What the guest executes, with an exit at each instruction that has one */
	.globl vm_guest_basic, vm_guest_spin, vm_guest_window, vm_guest_nmi, vm_guest_touch
	.globl vm_guest_handler, vm_guest_real, vm_guest_real_end
	.globl vm_guest_touch32, vm_guest_tsc, vm_guest_wrmsr
	.globl vm_guest_tpr, vm_guest_registers, vm_guest_interrupts, vm_guest_end_interrupt
	.globl vm_guest_x2apic, vm_guest_end_x2apic
vm_guest_basic:
	movl	$0x12345678, %ebx
	vmcall
	cpuid
	rdmsr
	outb	%al, $0x99
	movq	%cr0, %rax
	movq	%rax, %cr4
	int3
	ud2
	hlt

vm_guest_spin:
	pause
	jmp	vm_guest_spin

	/* The window opens behind the NOP that STI shadows. */
vm_guest_window:
	cli
	nop
	sti
	nop
	nop
	hlt

	/* Its NMI handler ends with the first IRET. */
vm_guest_nmi:
	nop
	hlt

vm_guest_handler:
	vmcall
	iretq

	/* RBX: address; RCX: value to store there, or 0 to read */
vm_guest_touch:
	testq	%rcx, %rcx
	jz	1f
	movq	%rcx, (%rbx)
	vmcall
1:	movq	(%rbx), %rax
	vmcall

	/* The same, 32 bits and to read only */
vm_guest_touch32:
	movl	(%rbx), %eax
	vmcall

	/* RDTSCP is a control's. */
vm_guest_wrmsr:
	wrmsr
	vmcall

vm_guest_tsc:
	rdtsc
	vmcall
	xorl	%ecx, %ecx
	rdtscp
	vmcall

	/* RBX: the local APIC's page, also below */
vm_guest_tpr:
	movl	$7, %eax
	movq	%rax, %cr8
	xorl	%eax, %eax
	movq	%cr8, %rax
	vmcall
	movl	$4, %eax
	movq	%rax, %cr8
	movl	0x80(%rbx), %eax
	vmcall
	movl	0x20(%rbx), %eax
	hlt

vm_guest_registers:
	movl	0x20(%rbx), %eax
	vmcall
	movl	%ecx, 0x320(%rbx)
	xchgl	%ecx, 0x310(%rbx)
	movl	0x390(%rbx), %eax
	hlt

	/* An IPI to itself */
vm_guest_interrupts:
	movl	$0x40051, 0x300(%rbx)
	hlt

vm_guest_end_interrupt:
	vmcall
	movl	$0, 0xb0(%rbx)
	iretq

	/* An IPI to itself that the TPR holds back */
vm_guest_x2apic:
	movl	$0x802, %ecx
	rdmsr
	vmcall
	movl	$0x808, %ecx
	movl	$0x60, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x83f, %ecx
	movl	$0x51, %eax
	wrmsr
	vmcall
	movl	$0x808, %ecx
	xorl	%eax, %eax
	wrmsr
	hlt

vm_guest_end_x2apic:
	vmcall
	movl	$0x80b, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	iretq

	.code16
vm_guest_real:
	movw	$0x1234, %bx
	vmcall
	int	$0x21
	hlt
vm_guest_real_end:
	.section .note.GNU-stack, "", @progbits
