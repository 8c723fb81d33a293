/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The code of the guest in a TD: a page that ends at the reset vector.
 *
 * There the vCPU is in flat protected mode, with LME set, and without a valid GDT.  Until all
 * registers are stored, only RAX, RBP and RSP are changed.
 */
#include "tdx_guest_code.h"

#define HERE(label)	(TG_CODE_GPA + (label - tg_code))

#define CR4_PAE		0x20
#define CR0_PG		0x80000000
#define CODE_SELECTOR	8

/* TDG.VP.VMCALL with R10 to R15 */
#define VMCALL_MASK	0xfc00
#define VMCALL_HLT	12
#define VMCALL_IO	30

#define MSR_X2APIC_EOI	0x80b

.macro tdcall_bytes
	.byte	0x66, 0x0f, 0x01, 0xcc
.endm

/* All registers but RAX, RBP and RSP */
.macro store_registers area
	mov	%rcx, \area + TG_RCX(%rbp)
	mov	%rdx, \area + TG_RDX(%rbp)
	mov	%rbx, \area + TG_RBX(%rbp)
	mov	%rsi, \area + TG_RSI(%rbp)
	mov	%rdi, \area + TG_RDI(%rbp)
	mov	%r8,  \area + TG_R8(%rbp)
	mov	%r9,  \area + TG_R9(%rbp)
	mov	%r10, \area + TG_R10(%rbp)
	mov	%r11, \area + TG_R11(%rbp)
	mov	%r12, \area + TG_R12(%rbp)
	mov	%r13, \area + TG_R13(%rbp)
	mov	%r14, \area + TG_R14(%rbp)
	mov	%r15, \area + TG_R15(%rbp)
.endm

.macro load_registers
	mov	TG_IN + TG_RCX(%rbp), %rcx
	mov	TG_IN + TG_RDX(%rbp), %rdx
	mov	TG_IN + TG_RBX(%rbp), %rbx
	mov	TG_IN + TG_RSI(%rbp), %rsi
	mov	TG_IN + TG_RDI(%rbp), %rdi
	mov	TG_IN + TG_R8(%rbp),  %r8
	mov	TG_IN + TG_R9(%rbp),  %r9
	mov	TG_IN + TG_R10(%rbp), %r10
	mov	TG_IN + TG_R11(%rbp), %r11
	mov	TG_IN + TG_R12(%rbp), %r12
	mov	TG_IN + TG_R13(%rbp), %r13
	mov	TG_IN + TG_R14(%rbp), %r14
	mov	TG_IN + TG_R15(%rbp), %r15
.endm

.section .rodata
.balign 16
.globl tg_code
tg_code:

.code32
start:
	lgdtl	HERE(gdtr)
	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$TG_PML4_GPA, %eax
	mov	%eax, %cr3
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmpl	$CODE_SELECTOR, $HERE(long_mode)

/* RSI is the number of the vCPU. */
.code64
long_mode:
	mov	%rsi, %rbp
	shl	$TG_PAGE_SHIFT, %rbp
	add	$TG_PAGE_VA, %rbp
	lea	TG_PAGE_SIZE(%rbp), %rsp
	store_registers TG_BOOT

next:
	mov	TG_ADDRESS(%rbp), %rsi
	mov	TG_OPERATION(%rbp), %rax
	cmp	$TG_LOAD, %rax
	je	load
	cmp	$TG_STORE, %rax
	je	store
	cmp	$TG_SPIN, %rax
	je	spin
	cmp	$TG_READ_MSR, %rax
	je	read_msr
	cmp	$TG_LOAD_IDT, %rax
	je	load_idt
	cmp	$TG_WAIT, %rax
	je	wait
	cmp	$TG_HALT, %rax
	je	halt
	cmp	$TG_EXECUTE, %rax
	je	execute

	load_registers
	mov	TG_IN + TG_RAX(%rbp), %rax
	tdcall_bytes
	mov	%rax, TG_OUT + TG_RAX(%rbp)
	store_registers TG_OUT

done:
	cli
	lea	TG_PAGE_SIZE(%rbp), %rsp
	xor	%eax, %eax
	mov	$VMCALL_MASK, %ecx
	xor	%r10d, %r10d
	mov	$VMCALL_IO, %r11d
	mov	$1, %r12d
	mov	$1, %r13d
	mov	$TG_DONE_PORT, %r14d
	xor	%r15d, %r15d
	tdcall_bytes
	jmp	next

load:
	mov	(%rsi), %rax
	mov	%rax, TG_VALUE(%rbp)
	jmp	done

store:
	mov	TG_VALUE(%rbp), %rax
	mov	%rax, (%rsi)
	jmp	done

spin:
	movq	$1, TG_VALUE(%rbp)
1:	pause
	cmpq	$TG_SPIN, TG_OPERATION(%rbp)
	je	1b
	jmp	done

read_msr:
	mov	%esi, %ecx
	rdmsr
	mov	%eax, TG_VALUE(%rbp)
	mov	%edx, TG_VALUE + 4(%rbp)
	jmp	done

load_idt:
	lidt	idtr(%rip)
	jmp	done

wait:
	mov	TG_VALUE(%rbp), %rax
	sti
1:	pause
	cmp	%rax, (%rbp, %rsi)
	jb	1b
	jmp	done

/* No interrupt is taken between the comparison and TDCALL: STI delays them. */
halt:
	cli
	mov	TG_VALUE(%rbp), %rax
	cmp	%rax, (%rbp, %rsi)
	jae	done
	xor	%eax, %eax
	mov	$VMCALL_MASK, %ecx
	xor	%r10d, %r10d
	mov	$VMCALL_HLT, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	sti
	tdcall_bytes
	jmp	halt

/* In private memory, as code in shared memory cannot be executed */
execute:
	mov	%rbp, %rdi
	sub	$TG_PAGE_VA, %rdi
	shr	$TG_PAGE_SHIFT, %rdi
	imul	$TG_INSN_SLOT, %rdi
	mov	$TG_INSN_GPA, %eax
	add	%rax, %rdi
	mov	TG_INSN(%rbp), %rax
	mov	%rax, (%rdi)
	mov	TG_INSN + 8(%rbp), %rax
	mov	%rax, 8(%rdi)
	mov	%rdi, TG_TARGET(%rbp)
	load_registers
	mov	TG_IN + TG_RAX(%rbp), %rax
	call	*TG_TARGET(%rbp)
	mov	%rax, TG_OUT + TG_RAX(%rbp)
	store_registers TG_OUT
	jmp	done

/* Others are blocked until IRET. */
nmi:
	incq	TG_NMIS(%rbp)
	cmpq	$0, TG_ABORT(%rbp)
	je	1f
	push	%rax
	lea	done(%rip), %rax
	mov	%rax, 8(%rsp)
	pop	%rax
1:	iretq

end_interrupt:
	push	%rax
	push	%rcx
	push	%rdx
	mov	$MSR_X2APIC_EOI, %ecx
	xor	%eax, %eax
	xor	%edx, %edx
	wrmsr
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

.balign TG_HANDLER_SIZE
.globl tg_exception_handlers
tg_exception_handlers:
.set vector, 0
.rept TG_NR_EXCEPTIONS
	.if vector == TG_NMI_VECTOR
	jmp	nmi
	.else
	movq	$vector, TG_EXCEPTION(%rbp)
	jmp	done
	.endif
	.balign TG_HANDLER_SIZE
	.set vector, vector + 1
.endr

.globl tg_interrupt_handlers
tg_interrupt_handlers:
.set number, 0
.rept TG_NR_VECTORS
	incq	TG_TAKEN + 8 * number(%rbp)
	jmp	end_interrupt
	.balign TG_HANDLER_SIZE
	.set number, number + 1
.endr

idtr:
	.word	TG_PAGE_SIZE - 1
	.quad	TG_IDT_GPA

.balign 8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* code of 64 bits */
gdtr:
	.word	gdtr - gdt - 1
	.long	HERE(gdt)

.org tg_code + TG_CODE_SIZE - 16, 0xcc
.code32
reset_vector:
	jmp	start
.org tg_code + TG_CODE_SIZE, 0xcc

.section .note.GNU-stack, "", %progbits
