// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: the fields of a VMCS. */
#include <string.h>

#include "harness.h"
#include "emulator/host/vmcs.h"

FIXTURE(vmcs) {
	struct vmcs vmcs;
};

FIXTURE_SETUP(vmcs)
{
	memset(&self->vmcs, 0, sizeof(self->vmcs));
}

FIXTURE_TEARDOWN(vmcs)
{
}

TEST_F(vmcs, a_field_keeps_what_fits_its_width)
{
	vmcs_write(&self->vmcs, VMCS_GUEST_ES_SELECTOR, ~0ULL);
	vmcs_write(&self->vmcs, VMCS_TSC_OFFSET, ~1ULL);
	vmcs_write(&self->vmcs, VMCS_EXCEPTION_BITMAP, ~2ULL);
	vmcs_write(&self->vmcs, VMCS_HOST_RIP, ~3ULL);
	EXPECT_EQ(0xffff, vmcs_read(&self->vmcs, VMCS_GUEST_ES_SELECTOR));
	EXPECT_EQ(~1ULL, vmcs_read(&self->vmcs, VMCS_TSC_OFFSET));
	EXPECT_EQ(0xfffffffd, vmcs_read(&self->vmcs, VMCS_EXCEPTION_BITMAP));
	EXPECT_EQ(~3ULL, vmcs_read(&self->vmcs, VMCS_HOST_RIP));
}

TEST_F(vmcs, both_halves_of_a_64_bit_field_can_be_accessed)
{
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, 0x1111111122222222);
	EXPECT_EQ(0x11111111, vmcs_read(&self->vmcs, VMCS_EPT_POINTER | 1));
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER | 1, 0x3333333344444444);
	EXPECT_EQ(0x4444444422222222, vmcs_read(&self->vmcs, VMCS_EPT_POINTER));
	/* the SDM: a write of the full field by its first encoding */
	vmcs_write(&self->vmcs, VMCS_EPT_POINTER, 5);
	EXPECT_EQ(0, vmcs_read(&self->vmcs, VMCS_EPT_POINTER | 1));
}

TEST_F(vmcs, fields_do_not_overlap)
{
	u64 encoding, number = 0;

	for (encoding = 0; encoding < 0x8000; encoding += 2)
		if (vmcs_has_field(encoding))
			vmcs_write(&self->vmcs, encoding, ++number);
	EXPECT_EQ(141, number);
	number = 0;
	for (encoding = 0; encoding < 0x8000; encoding += 2) {
		if (!vmcs_has_field(encoding))
			continue;
		number++;
		EXPECT_EQ(number, vmcs_read(&self->vmcs, encoding));
	}
}

/* Bit 12 and those from 15 on are reserved; only fields of 64 bits have a high half. */
TEST_F(vmcs, other_encodings_do_not_exist)
{
	static const u64 no_fields[] = {
		VMCS_GUEST_RIP | BIT_ULL(12), VMCS_GUEST_RIP | BIT_ULL(15),
		VMCS_GUEST_RIP | BIT_ULL(32), VMCS_GUEST_RIP | BIT_ULL(63),
		VMCS_GUEST_RIP | 1, VMCS_VPID | 1, VMCS_PIN_CONTROLS | 1,
		VMCS_GUEST_SYSENTER_EIP + 2, VMCS_HOST_RIP + 2, 0x0812, 0x200e, 0x2018, 0x2024,
		0x2808, 0x2812, 0x2c04, 0x482c, 0x7fff, ~0ULL,
	};

	for (unsigned int i = 0; i < ARRAY_LEN(no_fields); i++)
		EXPECT_FALSE(vmcs_has_field(no_fields[i]));
	EXPECT_TRUE(vmcs_has_field(VMCS_EPT_POINTER | 1));
}

TEST_F(vmcs, the_highest_index_is_that_of_a_field)
{
	u64 encoding, highest = 0;

	for (encoding = 0; encoding < 0x8000; encoding++)
		if (vmcs_has_field(encoding) && (encoding >> 1 & 0x1ff) > highest)
			highest = encoding >> 1 & 0x1ff;
	EXPECT_EQ(VMCS_MAX_INDEX, highest);
}

TEST_F(vmcs, type_and_width_are_in_the_encoding)
{
	EXPECT_EQ(VMCS_TYPE_CONTROL, vmcs_type(VMCS_VPID));
	EXPECT_EQ(VMCS_TYPE_READ_ONLY, vmcs_type(VMCS_EXIT_QUALIFICATION));
	EXPECT_EQ(VMCS_TYPE_GUEST, vmcs_type(VMCS_GUEST_PAT));
	EXPECT_EQ(VMCS_TYPE_HOST, vmcs_type(VMCS_HOST_SYSENTER_CS));
	EXPECT_EQ(VMCS_WIDTH_16, vmcs_width(VMCS_VPID));
	EXPECT_EQ(VMCS_WIDTH_64, vmcs_width(VMCS_GUEST_PAT));
	EXPECT_EQ(VMCS_WIDTH_32, vmcs_width(VMCS_HOST_SYSENTER_CS));
	EXPECT_EQ(VMCS_WIDTH_NATURAL, vmcs_width(VMCS_EXIT_QUALIFICATION));
}

TEST_HARNESS_MAIN
