/* SPDX-License-Identifier: GPL-2.0-only */
/* An image for Linux's boot protocol; enters 64-bit C on both CPUs. */

#define CR0_FOR_C	0x80010033	/* PG WP NE ET MP PE */
#define CR4_FOR_C	0x2060		/* VMXE MCE PAE */
#define EFER_LME	0x100
#define MSR_EFER	0xc0000080
#define PTE_TABLE	0x3
#define PTE_1G		0x83
#define APIC_ID		0xfee00020
#define APIC_EOI	0xfee000b0

	.section .header, "a"
	.org 0x1f1
	.byte	1			/* setup_sects */
	.org 0x1fe
	.word	0xaa55
	.byte	0xeb, 0x66		/* end of the header */
	.ascii	"HdrS"
	.word	0x20c
	.org 0x211
	.byte	1			/* loaded high */
	.org 0x22c
	.long	0x7fffffff		/* initrd_addr_max */
	.org 0x238
	.long	255			/* cmdline_size */
	.org 0x258
	.quad	0x1000000		/* pref_address */
	.long	0x100000		/* init_size */
	.org 0x400

	.section .text.start, "ax"
	.code32
	.globl probe_start
probe_start:
	cli
	cld
	movl	%esi, %ebp
	movl	$probe_bss, %edi
	movl	$probe_end, %ecx
	subl	%edi, %ecx
	xorl	%eax, %eax
	rep stosb
	movl	$(pdpt + PTE_TABLE), pml4
	xorl	%ecx, %ecx
1:	movl	%ecx, %eax
	shll	$30, %eax
	orl	$PTE_1G, %eax
	movl	%eax, pdpt(, %ecx, 8)
	movl	%ecx, %eax
	shrl	$2, %eax
	movl	%eax, pdpt + 4(, %ecx, 8)
	incl	%ecx
	cmpl	$16, %ecx
	jb	1b
	movl	$bsp_start64, %ebx

enter_long_mode:
	lgdt	gdtr
	movl	$pml4, %eax
	movl	%eax, %cr3
	/* Set LME before PAE, unlike Linux, because QEMU has a bug with that order */
	movl	$MSR_EFER, %ecx
	movl	$EFER_LME, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR4_FOR_C, %eax
	movl	%eax, %cr4
	movl	$CR0_FOR_C, %eax
	movl	%eax, %cr0
	ljmpl	$0x18, $long_mode

	.code64
long_mode:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebx, %ebx
	jmp	*%rbx

bsp_start64:
	leaq	bsp_stack_top(%rip), %rsp
	movl	%ebp, %edi
	call	probe_main
	ud2

ap_start64:
	leaq	ap_stack_top(%rip), %rsp
	call	ap_main
	ud2

	.code32
ap_start32:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$ap_start64, %ebx
	jmp	enter_long_mode

	/* Copied below 1 MB; the SIPI makes the second CPU start here. */
	.code16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	1f - ap_trampoline
	movl	%cr0, %eax
	andl	$~0x60000000, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$0x08, $ap_start32
	.balign 4
1:	.word	gdt_end - gdt - 1
	.long	gdt
ap_trampoline_end:

	.code64
	.text
	/*
	 * Exceptions: record the vector, pop the error code if any, continue at
	 * the fixup.
	 */
	.globl trap_stubs
	.balign 16
trap_stubs:
	vector = 0
	.rept	33
	.balign 16
	pushq	$vector
	jmp	trap_common
	vector = vector + 1
	.endr

trap_common:
	pushq	%rax
	movq	8(%rsp), %rax
	cmpl	$2, %eax
	je	2f
	cmpl	$32, %eax
	je	3f
	movq	%rax, trapped(%rip)
	btl	%eax, has_error_code(%rip)
	popq	%rax
	leaq	8(%rsp), %rsp
	jnc	1f
	leaq	8(%rsp), %rsp
1:	pushq	%rax
	movl	$APIC_ID, %eax
	movl	(%rax), %eax
	shrl	$24, %eax
	movq	fixup(, %rax, 8), %rax
	movq	%rax, 8(%rsp)
	popq	%rax
	iretq
2:	popq	%rax
	leaq	8(%rsp), %rsp
	lock incq nmis(%rip)
	iretq
	/* An interrupt: record its RIP */
3:	movq	16(%rsp), %rax
	movq	%rax, interrupted_at(%rip)
	movl	$APIC_EOI, %eax
	movl	$0, (%rax)
	popq	%rax
	leaq	8(%rsp), %rsp
	lock incq interrupts(%rip)
	iretq

	/*
	 * Address at which this CPU continues after an exception; changes RAX
	 * and RCX.
	 */
	.macro set_fixup label
	movl	$APIC_ID, %eax
	movl	(%rax), %eax
	shrl	$24, %eax
	leaq	\label(%rip), %rcx
	movq	%rcx, fixup(, %rax, 8)
	.endm

	/* u64 seamcall(u64 leaf, struct regs *regs): 1 if CF is set, 2 after #UD, else 0 */
	.globl seamcall
seamcall:
	pushq	%rbx
	movq	%rsi, %rbx
	set_fixup 3f
	movq	%rdi, %rax
	movq	0x08(%rbx), %rcx
	movq	0x10(%rbx), %rdx
	movq	0x18(%rbx), %r8
	movq	0x20(%rbx), %r9
	.byte	0x66, 0x0f, 0x01, 0xcf
	movq	%rax, 0x00(%rbx)
	movq	%rcx, 0x08(%rbx)
	movq	%rdx, 0x10(%rbx)
	movq	%r8, 0x18(%rbx)
	movq	%r9, 0x20(%rbx)
	setc	%al
	movzbl	%al, %eax
	popq	%rbx
	ret
3:	movl	$2, %eax
	popq	%rbx
	ret

	/* void vp_enter(struct vp_regs *regs): TDH.VP.ENTER with all registers */
	.globl vp_enter
vp_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	%rdi
	set_fixup 8f
	movq	0x08(%rdi), %rcx
	movq	0x10(%rdi), %rdx
	movq	0x18(%rdi), %rbx
	movq	0x20(%rdi), %rbp
	movq	0x28(%rdi), %rsi
	movq	0x38(%rdi), %r8
	movq	0x40(%rdi), %r9
	movq	0x48(%rdi), %r10
	movq	0x50(%rdi), %r11
	movq	0x58(%rdi), %r12
	movq	0x60(%rdi), %r13
	movq	0x68(%rdi), %r14
	movq	0x70(%rdi), %r15
	movq	0x30(%rdi), %rdi
	xorl	%eax, %eax
	.byte	0x66, 0x0f, 0x01, 0xcf
	xchgq	%rdi, (%rsp)
	movq	%rax, 0x00(%rdi)
	movq	%rcx, 0x08(%rdi)
	movq	%rdx, 0x10(%rdi)
	movq	%rbx, 0x18(%rdi)
	movq	%rbp, 0x20(%rdi)
	movq	%rsi, 0x28(%rdi)
	movq	%r8, 0x38(%rdi)
	movq	%r9, 0x40(%rdi)
	movq	%r10, 0x48(%rdi)
	movq	%r11, 0x50(%rdi)
	movq	%r12, 0x58(%rdi)
	movq	%r13, 0x60(%rdi)
	movq	%r14, 0x68(%rdi)
	movq	%r15, 0x70(%rdi)
	popq	%rax
	movq	%rax, 0x30(%rdi)
	jmp	9f
8:	popq	%rdi
	movq	$-1, 0x00(%rdi)
9:	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

	/* bool touch(u64 address, bool write): false if the access trapped */
	.globl touch
touch:
	set_fixup 4f
	testl	%esi, %esi
	jnz	5f
	movq	(%rdi), %rax
	jmp	6f
5:	movq	$0, (%rdi)
6:	movl	$1, %eax
	ret
4:	xorl	%eax, %eax
	ret

	/* Read in a loop, without exits in between, until a read traps. */
	.globl touch_forever
touch_forever:
	set_fixup 4b
7:	movq	(%rdi), %rax
	lock incq touches(%rip)
	jmp	7b

	.section .rodata
	.balign 8
has_error_code:
	.quad	0x60227d00		/* one bit for each vector */
gdt:	.quad	0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdt_end:
gdtr:	.word	gdt_end - gdt - 1
	.quad	gdt

	.bss
	.balign 4096
	.globl probe_bss, pml4, pdpt, fixup, trapped, interrupts, interrupted_at, nmis, touches
probe_bss:
pml4:	.skip	4096
pdpt:	.skip	4096
	.skip	16384
bsp_stack_top:
	.skip	16384
ap_stack_top:
fixup:	.skip	2 * 8
trapped: .skip	8
nmis:	.skip	8
interrupts: .skip 8
interrupted_at: .skip 8
touches: .skip	8
	.section .note.GNU-stack, "", @progbits
