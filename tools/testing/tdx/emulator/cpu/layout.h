/* SPDX-License-Identifier: GPL-2.0-only */
/* Constants that C and assembly share. */
#ifndef _TDX_EMU_LAYOUT_H
#define _TDX_EMU_LAYOUT_H

#define MAX_CPUS		16

/*
 * The top of each stack holds the address of its CPU's struct cpu; stacks are aligned to
 * their size, so that it can be found from any stack pointer.
 */
#define CPU_STACK_SIZE		16384
#define CPU_STACK_TOP		(CPU_STACK_SIZE - 16)

/* struct cpu.gpr, by x86 register number; asserted in cpu.h. */
#define GPR_RCX			(1 * 8)
#define GPR_RDX			(2 * 8)
#define GPR_RBX			(3 * 8)
#define GPR_RBP			(5 * 8)
#define GPR_RSI			(6 * 8)
#define GPR_RDI			(7 * 8)
#define GPR_R8			(8 * 8)
#define GPR_R9			(9 * 8)
#define GPR_R10			(10 * 8)
#define GPR_R11			(11 * 8)
#define GPR_R12			(12 * 8)
#define GPR_R13			(13 * 8)
#define GPR_R14			(14 * 8)
#define GPR_R15			(15 * 8)

#endif /* _TDX_EMU_LAYOUT_H */
