// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: VMX capability MSRs. */
#include "harness.h"
#include "emulator/host/cr.h"
#include "emulator/host/vmcs.h"
#include "emulator/host/vmx_caps.h"
#include "emulator/machine/options.h"

#define ALLOWED_CR4	0x3727ff

struct options options = { .ept_levels = EPT_4_LEVELS, .vms = true };

u64 cr4_allowed(void)
{
	return ALLOWED_CR4;
}

static u64 cap(u32 msr)
{
	u64 value = 0xdead;

	return vmx_cap_read(msr, &value) ? value : 0xbad;
}

TEST(other_msrs_are_not_capabilities)
{
	u64 value;

	EXPECT_FALSE(vmx_cap_read(0, &value));
	EXPECT_FALSE(vmx_cap_read(0x47f, &value));
	EXPECT_FALSE(vmx_cap_read(0x492, &value));
	for (u32 msr = 0x480; msr < 0x492; msr++)
		EXPECT_TRUE(vmx_cap_read(msr, &value));
}

TEST(the_region_has_a_page_of_write_back_memory)
{
	EXPECT_EQ(VMCS_REVISION, (u32)cap(0x480));
	EXPECT_EQ(4096, cap(0x480) >> 32 & 0x1fff);
	EXPECT_EQ(6, cap(0x480) >> 50 & 15);
	EXPECT_TRUE(cap(0x480) & BIT_ULL(55)) TH_LOG("no true controls");
}

/* SDM vol. 3, appendix A.2 to A.5 */
TEST(reserved_controls_have_their_defaults)
{
	EXPECT_EQ(0x00000016, (u32)cap(0x481));
	EXPECT_EQ(0x0401e172, (u32)cap(0x482));
	EXPECT_EQ(0x00036dff, (u32)cap(0x483));
	EXPECT_EQ(0x000011ff, (u32)cap(0x484));
	EXPECT_EQ(0x00000016, (u32)cap(0x48d));
	EXPECT_EQ(0x04006172, (u32)cap(0x48e));
	EXPECT_EQ(0x00036dfb, (u32)cap(0x48f));
	EXPECT_EQ(0x000011fb, (u32)cap(0x490));
	EXPECT_EQ(0, (u32)cap(0x48b));
}

/* Also: what one MSR of a field allows the other allows. */
TEST(what_must_be_set_may_be_set)
{
	static const u32 msrs[][2] = {
		{ 0x481, 0x48d }, { 0x482, 0x48e }, { 0x483, 0x48f }, { 0x484, 0x490 },
	};

	for (unsigned int i = 0; i < ARRAY_LEN(msrs); i++) {
		EXPECT_EQ(0, (u32)cap(msrs[i][0]) & ~(cap(msrs[i][0]) >> 32));
		EXPECT_EQ(cap(msrs[i][0]) >> 32, cap(msrs[i][1]) >> 32);
	}
}

TEST(a_field_is_valid_as_its_msrs_say)
{
	static const u32 msrs[] = {
		[VMX_PIN] = 0x48d,
		[VMX_PRIMARY] = 0x48e,
		[VMX_SECONDARY] = 0x48b,
		[VMX_EXIT] = 0x48f,
		[VMX_ENTRY] = 0x490,
	};
	u64 must, may;

	for (unsigned int i = 0; i < ARRAY_LEN(msrs); i++) {
		must = (u32)cap(msrs[i]);
		may = cap(msrs[i]) >> 32;
		EXPECT_TRUE(vmx_controls_valid(i, must));
		EXPECT_TRUE(vmx_controls_valid(i, may));
		for (unsigned int bit = 0; bit < 32; bit++) {
			EXPECT_EQ(!(~may & BIT_ULL(bit)), vmx_controls_valid(i, must | BIT_ULL(bit)));
			EXPECT_EQ(!(must & BIT_ULL(bit)), vmx_controls_valid(i, may & ~BIT_ULL(bit)));
		}
	}
}

TEST(fixed_bits_are_those_of_the_cpu)
{
	EXPECT_EQ(0x80000021, cap(0x486));
	EXPECT_EQ(0xffffffff, cap(0x487));
	EXPECT_EQ(BIT_ULL(13), cap(0x488));
	EXPECT_EQ(ALLOWED_CR4, cap(0x489));
}

TEST(levels_of_ept_depend_on_the_option)
{
	EXPECT_EQ(BIT_ULL(6), cap(0x48c) & 0xc0);
	options.ept_levels = EPT_5_LEVELS;
	EXPECT_EQ(BIT_ULL(6) | BIT_ULL(7), cap(0x48c) & 0xc0);
	options.ept_levels = EPT_4_LEVELS;
}

/* The nested page tables of SVM have no execute-only pages. */
TEST(ept_has_what_nested_page_tables_can_express)
{
	EXPECT_EQ(0x00000f0106334040, cap(0x48c));
}

static const struct { u32 msr; u64 value; } without_vms[] = {
	{ 0x481, 0x000000ff00000016 },
	{ 0x482, 0xfff9fffe0401e172 },
	{ 0x483, 0x007fefff00036dff },
	{ 0x484, 0x0000d3ff000011ff },
	{ 0x485, 0x0000000000040165 },
	{ 0x48b, 0x00030fff00000000 },
	{ 0x48c, 0x00000f0106334041 },
	{ 0x48d, 0x000000ff00000016 },
	{ 0x48e, 0xfff9fffe04006172 },
	{ 0x48f, 0x007fefff00036dfb },
	{ 0x490, 0x0000d3ff000011fb },
};

TEST(without_vms_the_cpu_shows_what_its_model_has)
{
	unsigned int i;

	options.vms = false;
	for (i = 0; i < ARRAY_LEN(without_vms); i++)
		EXPECT_EQ(without_vms[i].value, cap(without_vms[i].msr))
			TH_LOG("MSR 0x%x", without_vms[i].msr);
	/* It does not work anyway */
	EXPECT_FALSE(vmx_controls_valid(VMX_SECONDARY, SECONDARY_PML));
	options.vms = true;
}

TEST_HARNESS_MAIN
