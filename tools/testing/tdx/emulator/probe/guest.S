/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TD that does what the host tells it to do.
 *
 * These pages are the end of the TD's first 4 GB: data, page tables, and code, with the reset
 * vector.  The TD reports to the host by TDG.VP.VMCALL and gets an order in return.
 *
 * Report: R11 vector of the last exception, R12 and R13 results, R14 and R15 of a #VE: reason,
 * and guest physical address or else qualification.  Order: R11 number, R12 to R15 operands.
 */
#define GUEST		0xffffc000
#define PML4		0xffffd000
#define PDPT		0xffffe000
#define STACK		0xffffd000
#define SHARED_BIT	0x800000000000

#define CR4_PAE		0x20
#define CR4_OSFXSR	0x200
#define CR0_PG_WP	0x80010000
#define MSR_X2APIC_EOI	0x80b
#define MSR_X2APIC_SELF_IPI 0x83f
#define MSR_TSC_AUX	0xc0000103
#define IDT_ENTRIES	64
#define GUEST_SPINS	511	/* as in guest.c */

#define TDCALL		.byte 0x66, 0x0f, 0x01, 0xcc
#define TDG_VP_VMCALL	0
#define TDG_VP_VEINFO_GET 3
#define MASK_R10_TO_R15	0xfc00
#define VECTOR_NMI	2
#define VECTOR_VE	20

/* Where the guest has @label. */
#define AT(label)	(GUEST + (label - guest_image))

	.section .rodata
	.balign 4096
	.globl guest_image, guest_image_end
guest_image:
idt:	.skip	16 * IDT_ENTRIES
	/* The last one has L and D. */
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff, 0x00ef9b000000ffff
gdtr:	.word	5 * 8 - 1
	.long	AT(gdt), 0
idtr:	.word	16 * IDT_ENTRIES - 1
	.quad	AT(idt)
	.balign 8
vector:	.quad	0
ve_reason: .quad 0
ve_where: .quad	0
interrupts_seen: .quad 0
last_interrupt: .quad 0
	.globl	guest_ve_linear
guest_ve_linear: .quad 0
	.globl	guest_nmis, guest_nmi_depth, guest_reports_nmis
guest_nmis: .quad 0
guest_nmi_depth: .quad 0	/* the highest */
nmi_depth: .quad 0
guest_reports_nmis: .quad 0
	.balign 4096

	.quad	PDPT + 7
	.balign 4096

	/* 4 GB as they are, then 1 GB of shared memory, then 1 GB beyond the width of addresses */
	.quad	0x00000087, 0x40000087, 0x80000087, 0xc0000087, SHARED_BIT + 0x87
	.quad	SHARED_BIT * 2 + 0x87
	.balign 4096

	.code32
start32:
	lgdt	AT(gdtr)
	movl	%cr4, %eax
	orl	$(CR4_PAE | CR4_OSFXSR), %eax
	movl	%eax, %cr4
	movl	$PML4, %eax
	movl	%eax, %cr3
	movl	%cr0, %eax
	orl	$CR0_PG_WP, %eax
	movl	%eax, %cr0
	ljmpl	$0x18, $AT(start64)

	.code64
start64:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	/* A stack for each vCPU, with the number in RSI; RBP is not used for anything else. */
	movl	$STACK, %ebp
	shll	$9, %esi
	subl	%esi, %ebp
	movl	%ebp, %esp
	movq	%r8, %r12		/* operand of TDH.VP.INIT */
	xorl	%ecx, %ecx
	leaq	idt(%rip), %rdi
	leaq	stubs(%rip), %rax
1:	movw	%ax, (%rdi)
	movw	$0x18, 2(%rdi)
	movw	$0x8e00, 4(%rdi)
	movq	%rax, %rdx
	shrq	$16, %rdx
	movw	%dx, 6(%rdi)
	shrq	$16, %rdx
	movl	%edx, 8(%rdi)
	movl	$0, 12(%rdi)
	addq	$16, %rdi
	addq	$8, %rax
	incl	%ecx
	cmpl	$IDT_ENTRIES, %ecx
	jb	1b
	lidt	idtr(%rip)

	/* RCX, RDX and RBX do not reach the host, but are kept. */
report:
	movq	%rbp, %rsp
	movq	vector(%rip), %r11
	movq	ve_reason(%rip), %r14
	movq	ve_where(%rip), %r15
	movq	$0, vector(%rip)
	movl	$TDG_VP_VMCALL, %eax
	movl	$MASK_R10_TO_R15, %ecx
	xorl	%r10d, %r10d
	TDCALL
	testq	%rax, %rax
	jnz	refused
	leaq	orders(%rip), %rax
	movslq	(%rax, %r11, 4), %rdi
	addq	%rax, %rdi
	jmp	*%rdi

refused:
	movq	%rax, %r12
	jmp	report

	.balign 4
orders:
	.long	report - orders
	.long	order_read - orders
	.long	order_write - orders
	.long	order_tdcall - orders
	.long	order_cpuid - orders
	.long	order_rdmsr - orders
	.long	order_wrmsr - orders
	.long	order_wait - orders
	.long	order_hlt - orders
	.long	order_call - orders
	.long	order_set_xmm - orders
	.long	order_get_xmm - orders
	.long	order_triple_fault - orders
	.long	order_spin - orders
	.long	order_in - orders
	.long	order_rdtsc - orders
	.long	order_vmcall_mask - orders
	.long	order_interrupt - orders

order_read:
	movq	(%r12), %r12
	jmp	report

order_write:
	movq	%r13, (%r12)
	jmp	report

order_tdcall:
	movq	%r12, %rax
	movq	%r13, %rcx
	movq	%r14, %rdx
	movq	%r15, %r8
	TDCALL
	movq	%rax, %r12
	movq	%rcx, %r13
	movq	%rdx, ve_reason(%rip)
	movq	%r8, ve_where(%rip)
	jmp	report

order_cpuid:
	movl	%r12d, %eax
	movl	%r13d, %ecx
	cpuid
	shlq	$32, %rbx
	leaq	(%rax, %rbx), %r12
	shlq	$32, %rdx
	leaq	(%rcx, %rdx), %r13
	jmp	report

order_rdmsr:
	movl	%r12d, %ecx
	rdmsr
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %r12
	jmp	report

order_wrmsr:
	movl	%r12d, %ecx
	movl	%r13d, %eax
	movq	%r13, %rdx
	shrq	$32, %rdx
	wrmsr
	jmp	report

	/* Wait for an interrupt; it arrives after the instruction behind STI. */
order_wait:
	movq	interrupts_seen(%rip), %rdx
	sti
1:	pause
	cmpq	%rdx, interrupts_seen(%rip)
	je	1b
	cli
	movq	interrupts_seen(%rip), %r12
	movq	last_interrupt(%rip), %r13
	jmp	report

order_hlt:
	hlt
	jmp	report

order_call:
	call	*%r12
	jmp	report

order_set_xmm:
	movq	%r12, %xmm5
	jmp	report

order_get_xmm:
	movq	%xmm5, %r12
	jmp	report

order_triple_fault:
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	ud2

	/* Without interrupts, until the host writes to memory that both have */
order_spin:
	movq	$1, 8 * GUEST_SPINS(%r12)
1:	pause
	cmpq	$0, (%r12)
	je	1b
	jmp	report

order_in:
	movl	%r12d, %edx
	inb	%dx, %al
	movzbl	%al, %r12d
	jmp	report

order_rdtsc:
	rdtsc
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %r12
	jmp	report

	/* VMCALL with another mask; all registers have values that the host knows. */
order_vmcall_mask:
	movl	$TDG_VP_VMCALL, %eax
	movq	%r12, %rcx
	movl	$0xb, %ebx
	movl	$0xd, %edx
	movl	$0x5, %esi
	movl	$0x6, %edi
	movl	$0x8, %r8d
	movl	$0x9, %r9d
	movl	$0x10, %r10d
	TDCALL
	movq	%rax, %r12
	movq	%rbx, %r13
	jmp	report

	/*
	 * Interrupt itself with a vector below 32, which is handled like an exception.  The page
	 * of the IDT is not accessed before.
	 */
order_interrupt:
	movl	$MSR_X2APIC_SELF_IPI, %ecx
	movl	%r12d, %eax
	xorl	%edx, %edx
	wrmsr
	sti
1:	pause
	jmp	1b

	/*
	 * Functions for order_call, which gets their address in R12: operands in R13 to R15,
	 * result in R12.
	 */
	.globl	guest_set_cr4, guest_xsetbv, guest_cr8, guest_drs, guest_direct_store, guest_rdtscp
	.globl	guest_load_cs, guest_cr2, guest_load_cr3
guest_set_cr4:
	movq	%cr4, %rax
	orq	%r13, %rax
	movq	%rax, %cr4
	movq	%cr4, %r12
	ret

guest_load_cr3:
	movq	%r13, %cr3
	ret

guest_xsetbv:
	xorl	%ecx, %ecx
	movl	%r13d, %eax
	xorl	%edx, %edx
	xsetbv
	xgetbv
	movl	%eax, %r12d
	ret

guest_cr8:
	movq	%r13, %cr8
	movq	%cr8, %r12
	ret

guest_drs:
	movq	%r13, %db2
	movq	%r14, %db6
	movq	%r15, %db7
	movq	%db2, %r12
	movq	%db6, %r13
	movq	%db7, %rax
	shlq	$32, %rax
	orq	%rax, %r13
	ret

guest_direct_store:
	movdir64b (%r13), %r14
	ret

	/* Processor number, and result: the same, and the TSC in R13 */
guest_rdtscp:
	movl	$MSR_TSC_AUX, %ecx
	movl	%r13d, %eax
	xorl	%edx, %edx
	wrmsr
	movq	$-1, %rcx
	rdtscp
	movq	%rcx, %r12
	shlq	$32, %rdx
	leaq	(%rax, %rdx), %r13
	ret

guest_cr2:
	movq	%cr2, %r12
	ret

	/* Selector; executes CPUID with it, and returns with that of 64-bit code. */
guest_load_cs:
	leaq	1f(%rip), %rax
	pushq	%r13
	pushq	%rax
	lretq
1:	xorl	%eax, %eax
	cpuid
	movl	%ebx, %r12d
	leaq	2f(%rip), %rax
	pushq	$0x18
	pushq	%rax
	lretq
2:	ret

	/* Stubs of 8 bytes: push the vector, and go on. */
	.balign 8
stubs:
	number = 0
	.rept	IDT_ENTRIES
	.balign 8
	pushq	$number
	jmp	trap
	number = number + 1
	.endr

trap:
	pushq	%rax
	movq	8(%rsp), %rax
	cmpl	$32, %eax
	jae	interrupt
	cmpl	$VECTOR_NMI, %eax
	je	nmi
	movq	%rax, vector(%rip)
	cmpl	$VECTOR_VE, %eax
	jne	report
	/* A #VE: continue behind the instruction, if its length is known. */
	pushq	%rcx
	pushq	%rdx
	pushq	%r8
	pushq	%r9
	pushq	%r10
	movl	$TDG_VP_VEINFO_GET, %eax
	TDCALL
	movq	%rcx, ve_reason(%rip)
	movq	%r8, guest_ve_linear(%rip)
	testq	%r9, %r9
	cmovzq	%rdx, %r9
	movq	%r9, ve_where(%rip)
	movl	%r10d, %eax
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdx
	popq	%rcx
	testl	%eax, %eax
	jz	report
	addq	%rax, 16(%rsp)
	popq	%rax
	leaq	8(%rsp), %rsp
	iretq

	/* An NMI: count it, and report it before IRET if the host wants that. */
nmi:
	incq	guest_nmis(%rip)
	incq	nmi_depth(%rip)
	movq	nmi_depth(%rip), %rax
	cmpq	%rax, guest_nmi_depth(%rip)
	jae	1f
	movq	%rax, guest_nmi_depth(%rip)
1:	cmpq	$0, guest_reports_nmis(%rip)
	je	2f
	pushq	%rcx
	pushq	%r10
	pushq	%r11
	pushq	%r12
	movl	$TDG_VP_VMCALL, %eax
	movl	$MASK_R10_TO_R15, %ecx
	xorl	%r10d, %r10d
	movl	$VECTOR_NMI, %r11d
	TDCALL
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%rcx
2:	decq	nmi_depth(%rip)
	popq	%rax
	leaq	8(%rsp), %rsp
	iretq

interrupt:
	movq	%rax, last_interrupt(%rip)
	lock incq interrupts_seen(%rip)
	pushq	%rcx
	pushq	%rdx
	movl	$MSR_X2APIC_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popq	%rdx
	popq	%rcx
	popq	%rax
	leaq	8(%rsp), %rsp
	iretq

	.org	guest_image + 0x3ff0
	.code32
	.byte	0xe9			/* jmp start32 */
	.long	start32 - . - 4
	.org	guest_image + 0x4000
guest_image_end:
	.section .note.GNU-stack, "", @progbits
