/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses and offsets that the code of the guest in a TD knows.
 */
#ifndef SELFTEST_KVM_TDX_GUEST_CODE_H
#define SELFTEST_KVM_TDX_GUEST_CODE_H

/* A page that ends at the reset vector, the root of page tables, and the IDT */
#define TG_CODE_GPA	0xfffff000
#define TG_CODE_SIZE	0x1000
#define TG_PML4_GPA	0xffff9000
#define TG_IDT_GPA	0xffffd000

/* Where a vCPU executes instructions that the test has chosen, and returns */
#define TG_INSN_GPA	0xffffe000
#define TG_INSN_SLOT	32
#define TG_INSN_SIZE	16

/* Linear address of struct tg_page of the first vCPU; the others' follow in pages of their own */
#define TG_PAGE_VA	0x40000000
#define TG_PAGE_SHIFT	12
#define TG_PAGE_SIZE	0x1000

/* struct tg_page */
#define TG_OPERATION	0
#define TG_ADDRESS	8
#define TG_VALUE	16
#define TG_IN		24
#define TG_OUT		136
#define TG_BOOT		248
#define TG_INSN		360
#define TG_TARGET	376
#define TG_EXCEPTION	384
#define TG_NMIS		392
#define TG_TAKEN	400
#define TG_ABORT	528

/* struct tg_regs */
#define TG_RAX		0
#define TG_RCX		8
#define TG_RDX		16
#define TG_RBX		24
#define TG_RSI		32
#define TG_RDI		40
#define TG_R8		48
#define TG_R9		56
#define TG_R10		64
#define TG_R11		72
#define TG_R12		80
#define TG_R13		88
#define TG_R14		96
#define TG_R15		104

/* enum tg_operation */
#define TG_TDCALL	0
#define TG_LOAD		1
#define TG_STORE	2
#define TG_SPIN		3	/* until there is another one, which is not executed */
#define TG_READ_MSR	4	/* the instruction */
#define TG_LOAD_IDT	5
#define TG_WAIT		6	/* for a counter of the page, taking interrupts */
#define TG_HALT		7	/* the same, halted */
#define TG_EXECUTE	8	/* instructions */

/* After TG_LOAD_IDT these interrupts are counted, exceptions end the operation. */
#define TG_FIRST_VECTOR	0x40
#define TG_NR_VECTORS	16
#define TG_NR_EXCEPTIONS 32
#define TG_NMI_VECTOR	2
#define TG_HANDLER_SIZE	16

/* The guest reports with a write to this port that an operation is done. */
#define TG_DONE_PORT	0x500

#endif /* SELFTEST_KVM_TDX_GUEST_CODE_H */
