/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first code of a TD, which is measured: it accepts memory and enters the kernel.
 *
 * All vCPUs begin at the reset vector in flat protected mode, with LME set and without a valid
 * GDT, and with their number in ESI.  The first one accepts memory and enters the kernel, the
 * others wait until the kernel wakes them up as ACPI describes it.
 */
#include "stub_abi.h"

#define HERE(label)	(STUB_GPA + (label - stub_image))

#define CR4_PAE		0x20
#define CR0_PG		0x80000000

/* Selectors of the boot protocol */
#define CODE_SELECTOR	0x10
#define DATA_SELECTOR	0x18

/* present, writable, accessed, dirty; of 2 MB */
#define PTE_TABLE	0x63
#define PTE_HUGE	0xe3
#define PAGE_SIZE	0x1000
#define HUGE_PAGE_SIZE	0x200000

/* TDCALL leaves, and what TDG.VP.VMCALL passes: R10 to R15 */
#define TDG_VP_VMCALL	0
#define TDG_MR_REPORT	4
#define TDG_MEM_ACCEPT	6
#define VMCALL_MASK	0xfc00
#define VMCALL_IO	30
#define VMCALL_FATAL	0x10003

#define LEVEL_2M	1
#define OPERAND_BUSY	0x80000200	/* upper half of a status */

#define MAILBOX_COMMAND	0
#define MAILBOX_APIC_ID	4
#define MAILBOX_VECTOR	8
#define COMMAND_WAKEUP	1

.macro tdcall
	.byte	0x66, 0x0f, 0x01, 0xcc
.endm

/* A byte of 0; changes R10 to R15. */
.macro write_port port
	xor	%r10d, %r10d
	mov	$VMCALL_IO, %r11d
	mov	$1, %r12d
	mov	$1, %r13d
	mov	$\port, %r14d
	xor	%r15d, %r15d
	mov	$VMCALL_MASK, %ecx
	mov	$TDG_VP_VMCALL, %eax
	tdcall
.endm

.section .rodata
.balign PAGE_SIZE
.globl stub_image
stub_image:

/* The first 4 GB at their own addresses */
pml4:
	.quad	HERE(pdpt) + PTE_TABLE
	.fill	511, 8, 0
pdpt:
	.quad	HERE(pd) + 0 * PAGE_SIZE + PTE_TABLE
	.quad	HERE(pd) + 1 * PAGE_SIZE + PTE_TABLE
	.quad	HERE(pd) + 2 * PAGE_SIZE + PTE_TABLE
	.quad	HERE(pd) + 3 * PAGE_SIZE + PTE_TABLE
	.fill	508, 8, 0
pd:
	.set	entry, PTE_HUGE
	.rept	2048
	.quad	entry
	.set	entry, entry + HUGE_PAGE_SIZE
	.endr

/* struct stub_params, which the VMM fills in */
	.org	STUB_PARAMS_GPA - STUB_GPA + stub_image
	.fill	PAGE_SIZE, 1, 0

.code32
start:
	lgdtl	HERE(gdtr)
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$STUB_PML4_GPA, %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmpl	$CODE_SELECTOR, $HERE(long_mode)

.code64
long_mode:
	mov	$DATA_SELECTOR, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	mov	$STUB_PARAMS_GPA, %ebp
	test	%esi, %esi
	jnz	wait_for_wakeup

	mov	STUB_NR_RANGES(%rbp), %r12
	lea	STUB_RANGES(%rbp), %rbx
next_range:
	test	%r12, %r12
	jz	make_report
	mov	(%rbx), %r14
	mov	8(%rbx), %r15
next_page:
	cmp	%r15, %r14
	jae	range_done

	/* All of 2 MB at once, if the range has them and the host maps them so. */
	test	$HUGE_PAGE_SIZE - 1, %r14d
	jnz	small_page
	lea	HUGE_PAGE_SIZE(%r14), %r13
	cmp	%r15, %r13
	ja	small_page
	mov	$TDG_MEM_ACCEPT, %eax
	lea	LEVEL_2M(%r14), %rcx
	tdcall
	test	%rax, %rax
	jnz	small_page
	mov	%r13, %r14
	jmp	next_page

small_page:
	mov	$TDG_MEM_ACCEPT, %eax
	mov	%r14, %rcx
	tdcall
	mov	%rax, %rdx
	shr	$32, %rdx
	cmp	$OPERAND_BUSY, %edx
	je	small_page
	test	%rax, %rax
	jnz	accept_failed
	add	$PAGE_SIZE, %r14
	jmp	next_page

range_done:
	add	$16, %rbx
	dec	%r12
	jmp	next_range

/*
 * The host chooses REPORTDATA, so a guest that does this cannot prove anything by a report.  It
 * does so only if its parameters say it, and these are measured.
 */
make_report:
	mov	STUB_REPORT(%rbp), %rbx
	test	%rbx, %rbx
	jz	enter_kernel
	mov	$TDG_MR_REPORT, %eax
	mov	%rbx, %rcx
	lea	STUB_REPORTDATA(%rbx), %rdx
	xor	%r8d, %r8d
	tdcall
	mov	%rax, %rdx
	shr	$32, %rdx
	cmp	$OPERAND_BUSY, %edx
	je	make_report
	mov	$STUB_REPORT_FAILED, %edi
	test	%rax, %rax
	jnz	fatal_error
	write_port STUB_REPORT_PORT

enter_kernel:
	mov	STUB_BOOT_PARAMS(%rbp), %rsi
	mov	STUB_ENTRY(%rbp), %rax
	jmp	*%rax

/* Page R14, status RAX */
accept_failed:
	mov	%r14, %rbx
	mov	$STUB_ACCEPT_FAILED, %edi
/* What failed EDI, address RBX, status RAX */
fatal_error:
	mov	%rax, %rsi
report_error:
	xor	%r10d, %r10d
	mov	$VMCALL_FATAL, %r11d
	mov	%edi, %r12d
	xor	%r13d, %r13d
	mov	%rbx, %r14
	mov	%rsi, %r15
	mov	$VMCALL_MASK, %ecx
	mov	$TDG_VP_VMCALL, %eax
	tdcall
	jmp	report_error

/* The number of a vCPU is its APIC ID, too. */
wait_for_wakeup:
	mov	STUB_MAILBOX(%rbp), %rbx
check_mailbox:
	cmpw	$COMMAND_WAKEUP, MAILBOX_COMMAND(%rbx)
	jne	wait
	cmp	%esi, MAILBOX_APIC_ID(%rbx)
	jne	wait
	mov	MAILBOX_VECTOR(%rbx), %rax
	movw	$0, MAILBOX_COMMAND(%rbx)
	jmp	*%rax
wait:
	write_port STUB_WAIT_PORT
	jmp	check_mailbox

	.balign	8
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff	/* CODE_SELECTOR */
	.quad	0x00cf93000000ffff	/* DATA_SELECTOR */
gdtr:
	.word	gdtr - gdt - 1
	.long	HERE(gdt)

	.org	stub_image + STUB_SIZE - 16
.code32
	jmp	start
	.org	stub_image + STUB_SIZE

.section .note.GNU-stack, "", @progbits
