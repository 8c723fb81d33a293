// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: the x2APIC of a TD. */
#include "harness.h"
#include "emulator/td/td_apic.h"

/* The MSRs that TDX Module Base Architecture Specification lets a TD access. */
TEST(td_apic_has_the_registers_that_are_virtualized)
{
	u32 msr;
	bool has;

	for (msr = 0x800; msr < 0x900; msr++) {
		has = (msr >= 0x808 && msr <= 0x80c) || msr == 0x80e ||
		      (msr >= 0x810 && msr <= 0x827) || msr == 0x83f;
		EXPECT_EQ(has, td_apic_has_msr(msr)) TH_LOG("MSR 0x%x", msr);
	}
	EXPECT_FALSE(td_apic_has_msr(0x10));
}

/* The module saves RVI and SVI with the vCPU. */
TEST(td_apic_changes_the_state_of_the_vcpu)
{
	static u8 page[4096] __aligned(4096);
	struct tdx_model_guest guest = { .rvi = 0x31 };
	const struct tdx_model_run run = { .guest = &guest, .vapic = page };
	struct vapic apic = td_apic(&run);

	EXPECT_TRUE(vapic_is_pending(&apic));
	EXPECT_EQ(0x31, vapic_deliver(&apic));
	EXPECT_EQ(0x31, guest.svi);
	EXPECT_EQ(0, guest.rvi);
}

TEST_HARNESS_MAIN
