// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: interrupts of a virtual local APIC are delivered when the guest allows. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/vintr.h"

FIXTURE(vintr) {
	struct vcpu *vcpu;
	struct vapic apic;
	u8 rvi, svi;
};

FIXTURE_SETUP(vintr)
{
	static struct vcpu vcpu __aligned(4096);
	static u8 page[4096] __aligned(4096);

	memset(&vcpu, 0, sizeof(vcpu));
	memset(page, 0, sizeof(page));
	self->rvi = 0;
	self->svi = 0;
	self->vcpu = &vcpu;
	self->apic = (struct vapic){ page, &self->rvi, &self->svi };
}

FIXTURE_TEARDOWN(vintr)
{
}

TEST_F(vintr, a_guest_that_takes_interrupts_gets_one)
{
	vapic_request_one(&self->apic, 0x51);
	self->vcpu->vmcb.rflags = X86_EFLAGS_IF;
	vintr_prepare(self->vcpu, &self->apic);
	EXPECT_EQ(0x80000051, self->vcpu->vmcb.event_inject);
	EXPECT_EQ(SVM_V_INTR_MASKING, self->vcpu->vmcb.int_control);
	EXPECT_EQ(0x51, self->svi);
}

/* The priority of QEMU's virtual interrupt is the highest, and never delivered by QEMU. */
static const struct {
	u64 rflags, int_state;
	u32 event;
} not_now[] = {
	{ 0, 0, 0 },
	{ X86_EFLAGS_IF, SVM_INTERRUPT_SHADOW, 0 },
	{ X86_EFLAGS_IF, 0, 0x80000306 },
};

TEST_F(vintr, others_exit_as_soon_as_they_do)
{
	unsigned int i;

	vapic_request_one(&self->apic, 0x51);
	for (i = 0; i < ARRAY_LEN(not_now); i++) {
		self->vcpu->vmcb.rflags = not_now[i].rflags;
		self->vcpu->vmcb.int_state = not_now[i].int_state;
		self->vcpu->vmcb.event_inject = not_now[i].event;
		vintr_prepare(self->vcpu, &self->apic);
		EXPECT_EQ(not_now[i].event, self->vcpu->vmcb.event_inject);
		EXPECT_EQ(SVM_V_INTR_MASKING | SVM_V_IRQ | SVM_V_IGNORE_TPR | SVM_V_PRIORITY,
			  self->vcpu->vmcb.int_control);
		EXPECT_EQ(SVM_INTERCEPT1_VINTR, self->vcpu->vmcb.intercept1);
	}
	vintr_hold(self->vcpu, &self->apic);
	EXPECT_EQ(SVM_V_INTR_MASKING, self->vcpu->vmcb.int_control);
	EXPECT_EQ(0, self->vcpu->vmcb.intercept1);
}

TEST_HARNESS_MAIN
