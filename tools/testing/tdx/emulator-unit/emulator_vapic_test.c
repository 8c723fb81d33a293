// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: the registers of a virtual local APIC. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/vapic.h"

#define TPR	0x808
#define PPR	0x80a
#define EOI	0x80b
#define SELF	0x83f
#define IRR(v)	(0x820 + (v) / 32)
#define ISR(v)	(0x810 + (v) / 32)

FIXTURE(vapic) {
	struct vapic apic;
	u8 rvi, svi;
};

FIXTURE_SETUP(vapic)
{
	static u8 page[4096] __aligned(4096);

	memset(page, 0, sizeof(page));
	self->rvi = 0;
	self->svi = 0;
	self->apic = (struct vapic){ page, &self->rvi, &self->svi };
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
	EXPECT_EQ(0x42, self->svi);
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
	EXPECT_EQ(0x93, self->rvi);
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

/* Their values are 64 bits wide, whatever is there. */
TEST_F(vapic, an_msr_is_8_bytes_of_the_page)
{
	vapic_write(&self->apic, 0x830, 0x11223344);
	vapic_write(&self->apic, 0x834, 0x55667788);
	EXPECT_EQ(0x5566778811223344, vapic_read_msr(&self->apic, 0x883));
	EXPECT_EQ(0x11223344, vapic_read(&self->apic, 0x830));
	EXPECT_EQ(0x883, VAPIC_MSR(0x830));
	EXPECT_EQ(0x830, VAPIC_OFFSET(0x883));
}

TEST_F(vapic, the_end_of_an_interrupt_tells_which_it_was)
{
	vapic_request_one(&self->apic, 0x42);
	vapic_deliver(&self->apic);
	vapic_request_one(&self->apic, 0x51);
	vapic_deliver(&self->apic);
	EXPECT_EQ(0x51, vapic_end(&self->apic));
	EXPECT_EQ(0x40, vapic_read(&self->apic, VAPIC_PPR));
	EXPECT_EQ(0x42, vapic_end(&self->apic));
	EXPECT_EQ(0, self->svi);
	EXPECT_EQ(0, vapic_read(&self->apic, VAPIC_PPR));
	/* One EOI too many */
	EXPECT_EQ(0, vapic_end(&self->apic));
}

/* A request does not hide a higher one that the host has put into RVI. */
TEST_F(vapic, requests_only_raise_the_highest_one)
{
	self->rvi = 0x80;
	vapic_request_one(&self->apic, 0x31);
	EXPECT_EQ(0x80, self->rvi);
	vapic_request_one(&self->apic, 0x91);
	EXPECT_EQ(0x91, self->rvi);
}

TEST_F(vapic, what_is_posted_moves_to_the_page)
{
	struct vapic_posted posted = {
		.requests = { BIT_ULL(0x31), 0, BIT_ULL(0xb0 - 128), BIT_ULL(63) },
		.control = 0xf200ff01,
	};

	vapic_take_posted(&self->apic, &posted);
	EXPECT_EQ(0xf200ff00, posted.control);
	EXPECT_EQ(0, posted.requests[0] | posted.requests[2] | posted.requests[3]);
	EXPECT_EQ(0xff, vapic_deliver(&self->apic));
	EXPECT_EQ(0xb0, vapic_deliver(&self->apic));
	EXPECT_EQ(0x31, self->rvi);
}

TEST_HARNESS_MAIN
