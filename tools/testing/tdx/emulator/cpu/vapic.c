// SPDX-License-Identifier: GPL-2.0-only
/* The registers of a virtual local APIC, and what a CPU with VMX does to them without exits. */

/* SDM vol. 3, "APIC Virtualization and Virtual Interrupts". */
#include "cpu/vapic.h"

#define CLASS			0xf0
#define NR_VECTORS		256
#define POSTED_ON		1ULL

static u32 *reg(const struct vapic *apic, unsigned int offset)
{
	return (u32 *)(apic->page + offset);
}

u32 vapic_read(const struct vapic *apic, unsigned int offset)
{
	return *reg(apic, offset);
}

void vapic_write(const struct vapic *apic, unsigned int offset, u32 value)
{
	*reg(apic, offset) = value;
}

/* Registers of 256 bits have 32 of them in every 16 bytes. */
static u32 *word(const struct vapic *apic, unsigned int offset, u8 vector)
{
	return reg(apic, offset + vector / 32 * 16);
}

static void set_vector(const struct vapic *apic, unsigned int offset, u8 vector)
{
	*word(apic, offset, vector) |= 1U << vector % 32;
}

static void clear_vector(const struct vapic *apic, unsigned int offset, u8 vector)
{
	*word(apic, offset, vector) &= ~(1U << vector % 32);
}

/* 0 if there is none */
static u8 highest(const struct vapic *apic, unsigned int offset)
{
	unsigned int base;
	u32 bits;

	for (base = NR_VECTORS - 32; base < NR_VECTORS; base -= 32) {
		bits = *word(apic, offset, base);
		if (bits)
			return base + 31 - __builtin_clz(bits);
	}
	return 0;
}

void vapic_update_ppr(const struct vapic *apic)
{
	u32 tpr = *reg(apic, VAPIC_TPR) & 0xff, svi = *apic->svi;

	*reg(apic, VAPIC_PPR) = (tpr & CLASS) >= (svi & CLASS) ? tpr : svi & CLASS;
}

u8 vapic_end(const struct vapic *apic)
{
	u8 vector = *apic->svi;

	clear_vector(apic, VAPIC_ISR, vector);
	*apic->svi = highest(apic, VAPIC_ISR);
	vapic_update_ppr(apic);
	return vector;
}

u64 vapic_read_msr(const struct vapic *apic, u32 msr)
{
	const u32 *at = reg(apic, VAPIC_OFFSET(msr));

	return at[0] | (u64)at[1] << 32;
}

static enum vapic_write write_self_ipi(const struct vapic *apic, u64 value)
{
	if (value > 0xff)
		return VAPIC_FAULTS;
	*reg(apic, VAPIC_SELF_IPI) = value;
	if (!(value & CLASS))
		return VAPIC_EXITS;
	vapic_request_one(apic, value);
	return VAPIC_DONE;
}

enum vapic_write vapic_write_msr(const struct vapic *apic, u32 msr, u64 value)
{
	switch (msr) {
	case VAPIC_MSR(VAPIC_TPR):
		if (value > 0xff)
			return VAPIC_FAULTS;
		*reg(apic, VAPIC_TPR) = value;
		vapic_update_ppr(apic);
		return VAPIC_DONE;
	case VAPIC_MSR(VAPIC_EOI):
		if (value)
			return VAPIC_FAULTS;
		*reg(apic, VAPIC_EOI) = 0;
		vapic_end(apic);
		return VAPIC_DONE;
	case VAPIC_MSR(VAPIC_SELF_IPI):
		return write_self_ipi(apic, value);
	default:
		/* read-only, or without a register */
		return VAPIC_FAULTS;
	}
}

u8 vapic_tpr_class(const struct vapic *apic)
{
	return *reg(apic, VAPIC_TPR) >> 4 & 0xf;
}

bool vapic_write_cr8(const struct vapic *apic, u64 value)
{
	return value <= 0xf &&
	       vapic_write_msr(apic, VAPIC_MSR(VAPIC_TPR), value << 4) == VAPIC_DONE;
}

void vapic_request(const struct vapic *apic, const u64 vectors[4])
{
	unsigned int vector;

	for (vector = 0; vector < NR_VECTORS; vector++) {
		if (vectors[vector / 64] & BIT_ULL(vector % 64))
			vapic_request_one(apic, vector);
	}
}

void vapic_request_one(const struct vapic *apic, u8 vector)
{
	set_vector(apic, VAPIC_IRR, vector);
	if (vector > *apic->rvi)
		*apic->rvi = vector;
}

/* The CPU clears ON first: what is posted later is notified again. */
void vapic_take_posted(const struct vapic *apic, struct vapic_posted *posted)
{
	u64 vectors[4];
	unsigned int i;

	__atomic_and_fetch(&posted->control, ~POSTED_ON, __ATOMIC_SEQ_CST);
	for (i = 0; i < 4; i++)
		vectors[i] = __atomic_exchange_n(&posted->requests[i], 0, __ATOMIC_SEQ_CST);
	vapic_request(apic, vectors);
}

bool vapic_is_pending(const struct vapic *apic)
{
	return (*apic->rvi & CLASS) > (*reg(apic, VAPIC_PPR) & CLASS);
}

u8 vapic_deliver(const struct vapic *apic)
{
	u8 vector = *apic->rvi;

	set_vector(apic, VAPIC_ISR, vector);
	*apic->svi = vector;
	*reg(apic, VAPIC_PPR) = vector & CLASS;
	clear_vector(apic, VAPIC_IRR, vector);
	*apic->rvi = highest(apic, VAPIC_IRR);
	return vector;
}
