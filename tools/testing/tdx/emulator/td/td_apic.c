// SPDX-License-Identifier: GPL-2.0-only
/* The x2APIC of a TD: which registers are virtualized. */
#include "td/td_apic.h"

/* The module has no exits for these. */
static const struct { u32 first, last; } native[] = {
	{ 0x808, 0x80c },
	{ 0x80e, 0x80e },
	{ 0x810, 0x827 },
	{ 0x83f, 0x83f },
};

struct vapic td_apic(const struct tdx_model_run *run)
{
	return (struct vapic){ run->vapic, &run->guest->rvi, &run->guest->svi };
}

bool td_apic_has_msr(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(native); i++) {
		if (msr >= native[i].first && msr <= native[i].last)
			return true;
	}
	return false;
}
