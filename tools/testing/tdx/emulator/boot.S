/* SPDX-License-Identifier: GPL-2.0-only */
/* Entry points from the multiboot loader and from a SIPI, up to 64-bit C. */
#include "cpu/layout.h"

#define MULTIBOOT_MAGIC	0x1badb002
#define MULTIBOOT_FLAGS	0x00010003	/* page-align modules, memory map, addresses below */

#define CR0_FOR_C	0x80010033	/* PG WP NE ET MP PE */
/*
 * Same bits as in most guests: QEMU flushes its TLB at each exit if they
 * differ.
 */
#define CR4_FOR_C	0x3000b0	/* SMAP SMEP PGE PAE PSE */
#define CR4_LA57	0x1000
#define CR0_PG		0x80000000
#define EFER_FOR_C	0x1900		/* SVME NXE LME */
#define MSR_EFER	0xc0000080
#define PTE_TABLE	0x23		/* A W P */
#define PTE_1G		0xe3		/* PS D A W P */
#define APIC_ID		0xfee00020

#define SELECTOR_CODE32	0x08
#define SELECTOR_DATA	0x10
#define SELECTOR_CODE64	0x18

	.section .multiboot, "ax"
	.balign 4
multiboot_header:
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long multiboot_header
	.long emulator_start
	.long load_end
	.long emulator_end
	.long multiboot_entry

	.code32
	.globl multiboot_entry
multiboot_entry:
	cli
	cld
	movl	%eax, %ebp
	/* .bss, which holds the page tables and the stacks */
	movl	$load_end, %edi
	movl	$emulator_end, %ecx
	subl	%edi, %ecx
	xorl	%eax, %eax
	rep stosb

	/* 512 GB identity mapped in 1 GB pages */
	movl	$(emulator_pdpt + PTE_TABLE), emulator_pml4
	xorl	%ecx, %ecx
1:	movl	%ecx, %eax
	shll	$30, %eax
	orl	$PTE_1G, %eax
	movl	%eax, emulator_pdpt(, %ecx, 8)
	movl	%ecx, %eax
	shrl	$2, %eax
	movl	%eax, emulator_pdpt + 4(, %ecx, 8)
	incl	%ecx
	cmpl	$512, %ecx
	jb	1b

	movl	%ebp, %edi
	movl	%ebx, %esi
	lgdt	emulator_gdtr
	movl	$bsp_start64, %edx
	jmp	enter_long_mode

	/*
	 * An AP comes from the trampoline in protected mode, with flat
	 * segments.
	 */
ap_start32:
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$ap_start64, %edx

	/* Continues at EDX in long mode; EDI and ESI are preserved. */
enter_long_mode:
	movl	emulator_cr4, %eax
	movl	%eax, %cr4
	movl	emulator_cr3, %eax
	movl	%eax, %cr3
	movl	%edx, %ebx
	movl	$MSR_EFER, %ecx
	movl	$EFER_FOR_C, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$CR0_FOR_C, %eax
	movl	%eax, %cr0
	ljmpl	$SELECTOR_CODE64, $long_mode

	.code64
long_mode:
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%ebx, %ebx
	jmp	*%rbx

bsp_start64:
	leaq	cpu_stacks + CPU_STACK_TOP(%rip), %rsp
	movl	%edi, %edi
	movl	%esi, %esi
	call	bsp_main
	ud2

	/*
	 * void boot_use_5_levels(void)
	 *
	 * Also for APs, which start later.  CR4.LA57 can be changed only while
	 * paging is off.
	 */
	.globl boot_use_5_levels
boot_use_5_levels:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	$(emulator_pml4 + PTE_TABLE), emulator_pml5(%rip)
	movl	$emulator_pml5, emulator_cr3(%rip)
	orl	$CR4_LA57, emulator_cr4(%rip)
	pushq	$SELECTOR_CODE32
	pushq	$1f
	lretq
	.code32
1:	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	movl	$2f, %edx
	jmp	enter_long_mode
	.code64
2:	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

ap_start64:
	movl	$APIC_ID, %eax
	movl	(%rax), %eax
	shrl	$24, %eax
	leaq	stack_of_apic_id(%rip), %rsp
	movq	(%rsp, %rax, 8), %rsp
	testq	%rsp, %rsp
	jz	1f
	call	ap_main
1:	hlt
	jmp	1b

	/* Copied below 1 MB by smp.c; a SIPI makes an AP start here. */
	.code16
	.globl ap_trampoline, ap_trampoline_end
ap_trampoline:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	emulator_gdtr_copy - ap_trampoline
	movl	%cr0, %eax
	andl	$~0x60000000, %eax	/* INIT has set CD and NW */
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$SELECTOR_CODE32, $ap_start32
	.balign 4
emulator_gdtr_copy:
	.word	emulator_gdt_end - emulator_gdt - 1
	.long	emulator_gdt
ap_trampoline_end:

	.section .rodata
	.balign 8
emulator_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff	/* 32-bit code */
	.quad	0x00cf93000000ffff	/* data */
	.quad	0x00af9b000000ffff	/* 64-bit code */
emulator_gdt_end:
emulator_gdtr:
	.word	emulator_gdt_end - emulator_gdt - 1
	.quad	emulator_gdt

	.data
	.balign 4
emulator_cr3:
	.long	emulator_pml4
emulator_cr4:
	.long	CR4_FOR_C

	.bss
	.balign 4096
emulator_pml5:
	.skip	4096
emulator_pml4:
	.skip	4096
emulator_pdpt:
	.skip	4096
	.section .note.GNU-stack, "", @progbits
