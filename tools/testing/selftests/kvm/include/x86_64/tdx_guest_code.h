/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses and offsets that the code of the guest in a TD knows.
 */
#ifndef SELFTEST_KVM_TDX_GUEST_CODE_H
#define SELFTEST_KVM_TDX_GUEST_CODE_H

/* A page that ends at the reset vector, and the root of page tables */
#define TG_CODE_GPA	0xfffff000
#define TG_CODE_SIZE	0x1000
#define TG_PML4_GPA	0xffffb000

/* Linear address of struct tg_page */
#define TG_PAGE_VA	0x40000000

/* struct tg_page */
#define TG_OPERATION	0
#define TG_ADDRESS	8
#define TG_VALUE	16
#define TG_IN		24
#define TG_OUT		136
#define TG_BOOT		248

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

/* The guest tells with a write to this port that an operation is done. */
#define TG_DONE_PORT	0x500

#endif /* SELFTEST_KVM_TDX_GUEST_CODE_H */
