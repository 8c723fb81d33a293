// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: the virtual local APIC of a TD's vCPU. */
#include <string.h>

#include "harness.h"
#include "emulator/td/vapic.h"

#define TPR	0x808
#define PPR	0x80a
#define EOI	0x80b
#define SELF	0x83f
#define IRR(v)	(0x820 + (v) / 32)
#define ISR(v)	(0x810 + (v) / 32)

FIXTURE(vapic) {
	struct vapic apic;
};

FIXTURE_SETUP(vapic)
{
	static u8 page[4096];
	static struct tdx_model_guest guest;

	memset(page, 0, sizeof(page));
	memset(&guest, 0, sizeof(guest));
	self->apic = (struct vapic){ page, &guest };
}

FIXTURE_TEARDOWN(vapic)
{
}

static void request(struct vapic *apic, unsigned int vector)
{
	u64 vectors[4] = { 0 };

	vectors[vector / 64] = BIT_ULL(vector % 64);
	vapic_request(apic, vectors);
}

static bool is_set(struct vapic *apic, u32 msr, unsigned int vector)
{
	return vapic_read_msr(apic, msr) >> vector % 32 & 1;
}

/* The MSRs that TDX Module Base Architecture Specification lets a TD access. */
TEST_F(vapic, has_the_registers_that_are_virtualized)
{
	u32 msr;
	bool has;

	for (msr = 0x800; msr < 0x900; msr++) {
		has = (msr >= 0x808 && msr <= 0x80c) || msr == 0x80e ||
		      (msr >= 0x810 && msr <= 0x827) || msr == 0x83f;
		EXPECT_EQ(has, vapic_has_msr(msr)) TH_LOG("MSR 0x%x", msr);
	}
	EXPECT_FALSE(vapic_has_msr(0x10));
}

TEST_F(vapic, requests_are_delivered_in_the_order_of_their_priority)
{
	request(&self->apic, 0x31);
	request(&self->apic, 0xff);
	request(&self->apic, 0x80);
	ASSERT_TRUE(vapic_is_pending(&self->apic));
	EXPECT_EQ(0xff, vapic_deliver(&self->apic));
	EXPECT_FALSE(vapic_is_pending(&self->apic));
	EXPECT_TRUE(is_set(&self->apic, ISR(0xff), 0xff));
	EXPECT_FALSE(is_set(&self->apic, IRR(0xff), 0xff));
	EXPECT_TRUE(is_set(&self->apic, IRR(0x80), 0x80));
	EXPECT_EQ(0xf0, vapic_read_msr(&self->apic, PPR));
	EXPECT_EQ(VAPIC_DONE, vapic_write_msr(&self->apic, EOI, 0));
	EXPECT_FALSE(is_set(&self->apic, ISR(0xff), 0xff));
	ASSERT_TRUE(vapic_is_pending(&self->apic));
	EXPECT_EQ(0x80, vapic_deliver(&self->apic));
	vapic_write_msr(&self->apic, EOI, 0);
	EXPECT_EQ(0x31, vapic_deliver(&self->apic));
	vapic_write_msr(&self->apic, EOI, 0);
	EXPECT_FALSE(vapic_is_pending(&self->apic));
	EXPECT_EQ(0, vapic_read_msr(&self->apic, PPR));
}

/* The same class waits, a higher one does not. */
TEST_F(vapic, a_handler_is_interrupted_by_a_higher_class_only)
{
	request(&self->apic, 0x42);
	vapic_deliver(&self->apic);
	request(&self->apic, 0x4f);
	EXPECT_FALSE(vapic_is_pending(&self->apic));
	request(&self->apic, 0x50);
	ASSERT_TRUE(vapic_is_pending(&self->apic));
	EXPECT_EQ(0x50, vapic_deliver(&self->apic));
	vapic_write_msr(&self->apic, EOI, 0);
	EXPECT_EQ(0x42, self->apic.guest->svi);
	EXPECT_FALSE(vapic_is_pending(&self->apic));
	vapic_write_msr(&self->apic, EOI, 0);
	ASSERT_TRUE(vapic_is_pending(&self->apic));
	EXPECT_EQ(0x4f, vapic_deliver(&self->apic));
}

TEST_F(vapic, the_task_priority_holds_interrupts_back)
{
	request(&self->apic, 0x51);
	ASSERT_EQ(VAPIC_DONE, vapic_write_msr(&self->apic, TPR, 0x50));
	EXPECT_EQ(0x50, vapic_read_msr(&self->apic, PPR));
	EXPECT_FALSE(vapic_is_pending(&self->apic));
	EXPECT_EQ(5, vapic_tpr_class(&self->apic));
	ASSERT_TRUE(vapic_write_cr8(&self->apic, 4));
	EXPECT_EQ(0x40, vapic_read_msr(&self->apic, TPR));
	EXPECT_TRUE(vapic_is_pending(&self->apic));
	EXPECT_FALSE(vapic_write_cr8(&self->apic, 0x10));
}

TEST_F(vapic, a_self_ipi_is_a_request)
{
	ASSERT_EQ(VAPIC_DONE, vapic_write_msr(&self->apic, SELF, 0x93));
	EXPECT_EQ(0x93, self->apic.guest->rvi);
	EXPECT_TRUE(is_set(&self->apic, IRR(0x93), 0x93));
	EXPECT_EQ(VAPIC_EXITS, vapic_write_msr(&self->apic, SELF, 0xf));
	EXPECT_FALSE(is_set(&self->apic, IRR(0xf), 0xf));
}

TEST_F(vapic, reserved_bits_and_read_only_registers_fault)
{
	EXPECT_EQ(VAPIC_FAULTS, vapic_write_msr(&self->apic, TPR, 0x100));
	EXPECT_EQ(VAPIC_FAULTS, vapic_write_msr(&self->apic, EOI, 1));
	EXPECT_EQ(VAPIC_FAULTS, vapic_write_msr(&self->apic, SELF, 0x100));
	EXPECT_EQ(VAPIC_FAULTS, vapic_write_msr(&self->apic, PPR, 0));
	EXPECT_EQ(VAPIC_FAULTS, vapic_write_msr(&self->apic, IRR(0), 0));
}

TEST_HARNESS_MAIN
