/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of the executing CPU's local APIC. */
#ifndef _TDX_EMU_APIC_REGS_H
#define _TDX_EMU_APIC_REGS_H

#include "lib/x86.h"

#define APIC_PAGE		0xfee00000ULL
#define APIC_ID			0x20
#define APIC_TPR		0x80
#define APIC_EOI		0xb0
#define APIC_LDR		0xd0
#define APIC_DFR		0xe0
#define APIC_ICR_LOW		0x300
#define APIC_ICR_HIGH		0x310

#define APIC_LVT_TIMER		0x320
#define APIC_TIMER_INITIAL	0x380
#define APIC_TIMER_CURRENT	0x390
#define APIC_TIMER_DIVIDE	0x3e0

#define ICR_VECTOR(low)		((low) & 0xff)
#define ICR_MODE(low)		((low) >> 8 & 7)
#define ICR_MODE_FIXED		0
#define ICR_MODE_NMI		4
#define ICR_MODE_INIT		5
#define ICR_MODE_SIPI		6
#define ICR_LOGICAL		BIT_ULL(11)
#define ICR_ASSERT		BIT_ULL(14)
#define ICR_LEVEL		BIT_ULL(15)
#define ICR_SHORTHAND(low)	((low) >> 18 & 3)
#define ICR_DESTINATION		(3ULL << 18 | ICR_LOGICAL)

static inline u32 apic_read(unsigned int offset)
{
	const u32 *reg = phys(APIC_PAGE + offset);
	u32 value;

	asm volatile("movl %1, %0" : "=r"(value) : "m"(*reg));
	return value;
}

static inline void apic_write(unsigned int offset, u32 value)
{
	u32 *reg = phys(APIC_PAGE + offset);

	asm volatile("movl %1, %0" : "=m"(*reg) : "r"(value));
}

#endif /* _TDX_EMU_APIC_REGS_H */
