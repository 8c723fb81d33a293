// SPDX-License-Identifier: GPL-2.0-only
/* The fields of a VMCS: which there are, and access to them. */
#include "host/vmcs.h"

#define ENCODING_HIGH_HALF	1
#define ENCODING_BITS		0x6fff

/* Fields of one type and width; the encodings between the first and the last are even. */
static const struct { u16 first, last; } existing[] = {
	{ VMCS_VPID, VMCS_POSTED_INTERRUPT_VECTOR },
	{ VMCS_GUEST_ES_SELECTOR, VMCS_GUEST_INTERRUPT_STATUS },
	{ VMCS_HOST_ES_SELECTOR, VMCS_HOST_TR_SELECTOR },
	{ VMCS_IO_BITMAP_A, VMCS_EXECUTIVE_VMCS },
	{ VMCS_TSC_OFFSET, VMCS_POSTED_INTERRUPT_DESC_ADDR },
	{ VMCS_EPT_POINTER, VMCS_EOI_EXIT_BITMAP3 },
	{ VMCS_GUEST_PHYSICAL_ADDRESS, VMCS_GUEST_PHYSICAL_ADDRESS },
	{ VMCS_LINK_POINTER, VMCS_GUEST_EFER },
	{ VMCS_GUEST_PDPTE0, VMCS_GUEST_PDPTE3 },
	{ VMCS_HOST_PAT, VMCS_HOST_EFER },
	{ VMCS_PIN_CONTROLS, VMCS_PLE_WINDOW },
	{ VMCS_INSTRUCTION_ERROR, VMCS_EXIT_INSTRUCTION_INFO },
	{ VMCS_GUEST_ES_LIMIT, VMCS_GUEST_SYSENTER_CS },
	{ VMCS_PREEMPTION_TIMER, VMCS_PREEMPTION_TIMER },
	{ VMCS_HOST_SYSENTER_CS, VMCS_HOST_SYSENTER_CS },
	{ VMCS_CR0_MASK, VMCS_CR3_TARGET_VALUE3 },
	{ VMCS_EXIT_QUALIFICATION, VMCS_GUEST_LINEAR_ADDRESS },
	{ VMCS_GUEST_CR0, VMCS_GUEST_SYSENTER_EIP },
	{ VMCS_HOST_CR0, VMCS_HOST_RIP },
};

bool vmcs_has_field(u64 encoding)
{
	const u64 full = encoding & ~(u64)ENCODING_HIGH_HALF;

	if (encoding & ~(u64)ENCODING_BITS)
		return false;
	if (encoding & ENCODING_HIGH_HALF && vmcs_width(encoding) != VMCS_WIDTH_64)
		return false;
	for (unsigned int i = 0; i < ARRAY_LEN(existing); i++)
		if (full >= existing[i].first && full <= existing[i].last)
			return true;
	return false;
}

static unsigned int group_of(enum vmcs_field field)
{
	return vmcs_type(field) * 4 + vmcs_width(field);
}

static unsigned int index_of(enum vmcs_field field)
{
	return field >> 1 & 0x1ff;
}

/* Truncates a value to the width of a field. */
static u64 fit(enum vmcs_field field, u64 value)
{
	static const u64 mask[] = { 0xffff, ~0ULL, 0xffffffff, ~0ULL };

	return value & mask[vmcs_width(field)];
}

u64 vmcs_read(const struct vmcs *vmcs, enum vmcs_field field)
{
	const u64 value = vmcs->fields[group_of(field)][index_of(field)];

	return field & ENCODING_HIGH_HALF ? value >> 32 : value;
}

void vmcs_write(struct vmcs *vmcs, enum vmcs_field field, u64 value)
{
	u64 *at = &vmcs->fields[group_of(field)][index_of(field)];

	if (field & ENCODING_HIGH_HALF)
		*at = (u32)*at | value << 32;
	else
		*at = fit(field, value);
}
