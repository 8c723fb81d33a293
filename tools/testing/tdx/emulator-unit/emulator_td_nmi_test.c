// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: blocking of virtual NMIs of a TD's vCPU. */
#include <string.h>

#include "harness.h"
#include "emulator/td/td_nmi.h"

static unsigned int injected;

void vcpu_inject(struct vcpu *vcpu, unsigned int vector)
{
	injected = vector;
}

FIXTURE(td_nmi) {
	struct vcpu *vcpu;
	struct vmcb *v;
	struct tdx_model_guest guest;
	struct td_nmi_step step;
};

FIXTURE_SETUP(td_nmi)
{
	static struct vcpu vcpu;

	memset(&vcpu, 0, sizeof(vcpu));
	memset(&self->guest, 0, sizeof(self->guest));
	self->step = (struct td_nmi_step){ false };
	self->vcpu = &vcpu;
	self->v = &vcpu.vmcb;
	injected = 0;
}

FIXTURE_TEARDOWN(td_nmi)
{
}

static void prepare(struct vcpu *vcpu, struct tdx_model_guest *guest, struct td_nmi_step *step)
{
	td_nmi_prepare(vcpu, guest, step);
	vcpu->vmcb.event_inject = 0;
}

TEST_F(td_nmi, an_nmi_blocks_others_until_iret)
{
	self->guest.nmi_window = true;
	EXPECT_TRUE(td_nmi_window(self->vcpu, &self->guest, &self->step));
	self->v->event_inject = 0x80000202;
	EXPECT_FALSE(td_nmi_window(self->vcpu, &self->guest, &self->step));
	prepare(self->vcpu, &self->guest, &self->step);
	EXPECT_EQ(SVM_INTERCEPT1_IRET, self->v->intercept1);
	EXPECT_FALSE(td_nmi_window(self->vcpu, &self->guest, &self->step));

	td_nmi_iret(self->vcpu, &self->step);
	prepare(self->vcpu, &self->guest, &self->step);
	EXPECT_EQ(X86_EFLAGS_TF, self->v->rflags);
	EXPECT_EQ(0, self->v->intercept1);
	EXPECT_EQ(BIT(VECTOR_DB), self->v->intercept_exceptions);
	EXPECT_FALSE(td_nmi_window(self->vcpu, &self->guest, &self->step));

	self->v->rflags = 0;
	self->v->dr6 = 0xffff4ff0;
	td_nmi_stepped(self->vcpu, &self->guest, &self->step);
	EXPECT_EQ(0xffff0ff0, self->v->dr6);
	EXPECT_EQ(0, injected);
	EXPECT_TRUE(td_nmi_window(self->vcpu, &self->guest, &self->step));
	prepare(self->vcpu, &self->guest, &self->step);
	EXPECT_EQ(0, self->v->intercept_exceptions);
}

/* The guest's own trap is not lost. */
TEST_F(td_nmi, a_guest_may_step_over_iret_itself)
{
	self->guest.interruptibility = TDX_MODEL_BLOCKED_BY_NMI;
	self->v->rflags = X86_EFLAGS_TF;
	td_nmi_iret(self->vcpu, &self->step);
	td_nmi_stepped(self->vcpu, &self->guest, &self->step);
	EXPECT_EQ(VECTOR_DB, injected);
	EXPECT_EQ(0, self->guest.interruptibility);
}

/* An exit to the host in the middle: IRET is executed later. */
TEST_F(td_nmi, an_iret_that_is_not_executed_unblocks_nothing)
{
	struct tdx_model_event none = { 0 };

	self->guest.interruptibility = TDX_MODEL_BLOCKED_BY_NMI;
	td_nmi_iret(self->vcpu, &self->step);
	td_nmi_leave(self->vcpu, &self->guest, &self->step, &none);
	EXPECT_EQ(0, self->v->rflags);
	EXPECT_FALSE(self->step.active);
	EXPECT_EQ(TDX_MODEL_BLOCKED_BY_NMI, self->guest.interruptibility);
}

TEST_F(td_nmi, an_nmi_that_is_not_delivered_blocks_nothing)
{
	struct tdx_model_event nmi = { .info = 0x80000202 };

	self->v->event_inject = nmi.info;
	prepare(self->vcpu, &self->guest, &self->step);
	ASSERT_EQ(TDX_MODEL_BLOCKED_BY_NMI, self->guest.interruptibility);
	td_nmi_leave(self->vcpu, &self->guest, &self->step, &nmi);
	EXPECT_EQ(0, self->guest.interruptibility);
}

TEST_HARNESS_MAIN
