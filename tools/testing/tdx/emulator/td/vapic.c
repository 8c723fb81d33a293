// SPDX-License-Identifier: GPL-2.0-only
/* The virtual local APIC of a vCPU: what a CPU with VMX does without exits. */

/* SDM vol. 3, "APIC Virtualization and Virtual Interrupts". */
#include "td/vapic.h"

#define MSR_X2APIC		0x800
#define MSR_TPR			0x808
#define MSR_EOI			0x80b
#define MSR_SELF_IPI		0x83f

/* Offsets in the page */
#define TPR			0x80
#define PPR			0xa0
#define EOI			0xb0
#define ISR			0x100
#define IRR			0x200
#define SELF_IPI		0x3f0

#define CLASS			0xf0
#define NR_VECTORS		256

static u32 *reg(const struct vapic *apic, unsigned int offset)
{
	return (u32 *)(apic->page + offset);
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

static void update_ppr(const struct vapic *apic)
{
	u32 tpr = *reg(apic, TPR) & 0xff, svi = apic->guest->svi;

	*reg(apic, PPR) = (tpr & CLASS) >= (svi & CLASS) ? tpr : svi & CLASS;
}

/* The module has no exits for these. */
static const struct { u32 first, last; } native[] = {
	{ 0x808, 0x80c },
	{ 0x80e, 0x80e },
	{ 0x810, 0x827 },
	{ 0x83f, 0x83f },
};

bool vapic_has_msr(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(native); i++) {
		if (msr >= native[i].first && msr <= native[i].last)
			return true;
	}
	return false;
}

u64 vapic_read_msr(const struct vapic *apic, u32 msr)
{
	const u32 *at = reg(apic, (msr - MSR_X2APIC) * 16);

	return at[0] | (u64)at[1] << 32;
}

static void write_eoi(const struct vapic *apic)
{
	struct tdx_model_guest *guest = apic->guest;

	clear_vector(apic, ISR, guest->svi);
	guest->svi = highest(apic, ISR);
	update_ppr(apic);
}

static enum vapic_write write_self_ipi(const struct vapic *apic, u64 value)
{
	u64 vectors[4] = { 0 };

	if (value > 0xff)
		return VAPIC_FAULTS;
	*reg(apic, SELF_IPI) = value;
	if (!(value & CLASS))
		return VAPIC_EXITS;
	vectors[value / 64] = BIT_ULL(value % 64);
	vapic_request(apic, vectors);
	return VAPIC_DONE;
}

enum vapic_write vapic_write_msr(const struct vapic *apic, u32 msr, u64 value)
{
	switch (msr) {
	case MSR_TPR:
		if (value > 0xff)
			return VAPIC_FAULTS;
		*reg(apic, TPR) = value;
		update_ppr(apic);
		return VAPIC_DONE;
	case MSR_EOI:
		if (value)
			return VAPIC_FAULTS;
		*reg(apic, EOI) = 0;
		write_eoi(apic);
		return VAPIC_DONE;
	case MSR_SELF_IPI:
		return write_self_ipi(apic, value);
	default:
		/* read-only, or without a register */
		return VAPIC_FAULTS;
	}
}

u8 vapic_tpr_class(const struct vapic *apic)
{
	return *reg(apic, TPR) >> 4 & 0xf;
}

bool vapic_write_cr8(const struct vapic *apic, u64 value)
{
	return value <= 0xf && vapic_write_msr(apic, MSR_TPR, value << 4) == VAPIC_DONE;
}

void vapic_request(const struct vapic *apic, const u64 vectors[4])
{
	unsigned int vector;

	for (vector = 0; vector < NR_VECTORS; vector++) {
		if (vectors[vector / 64] & BIT_ULL(vector % 64))
			set_vector(apic, IRR, vector);
	}
	apic->guest->rvi = highest(apic, IRR);
}

bool vapic_is_pending(const struct vapic *apic)
{
	return (apic->guest->rvi & CLASS) > (*reg(apic, PPR) & CLASS);
}

u8 vapic_deliver(const struct vapic *apic)
{
	struct tdx_model_guest *guest = apic->guest;
	u8 vector = guest->rvi;

	set_vector(apic, ISR, vector);
	guest->svi = vector;
	*reg(apic, PPR) = vector & CLASS;
	clear_vector(apic, IRR, vector);
	guest->rvi = highest(apic, IRR);
	return vector;
}
