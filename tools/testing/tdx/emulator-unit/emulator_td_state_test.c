// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: the state of a TD's vCPU as a VMCB. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/cpu.h"
#include "emulator/cpu/entry.h"
#include "emulator/td/td_state.h"

u64 vmrun(u64 vmcb_pa, u64 gpr[NR_GPRS], bool shadow)
{
	return VMRUN_TICKS;
}

void xstate_save(struct xstate *state)
{
}

void xstate_load(const struct xstate *state)
{
}

FIXTURE(td_state) {
	struct vcpu *vcpu;
	struct tdx_model_guest guest, again;
};

FIXTURE_SETUP(td_state)
{
	static struct vcpu vcpu __aligned(4096);

	memset(&vcpu, 0, sizeof(vcpu));
	memset(&self->guest, 0, sizeof(self->guest));
	self->vcpu = &vcpu;
	self->guest.cr0 = X86_CR0_PE | X86_CR0_NE | X86_CR0_ET;
	self->guest.cr4 = X86_CR4_MCE;
	self->guest.efer = EFER_SCE | EFER_LME | EFER_NXE;
	self->guest.rflags = X86_EFLAGS_FIXED;
	self->guest.segment[TDX_MODEL_TR].access_rights = 0x8b;
}

FIXTURE_TEARDOWN(td_state)
{
}

static const struct {
	u32 access_rights;
	u16 attributes;
} segments[] = {
	{ 0xc09b, 0xc9b },	/* 32-bit code of 4 GB */
	{ 0xa09b, 0xa9b },	/* 64-bit code */
	{ 0xc0f3, 0xcf3 },	/* data of a program */
	{ 0x10082, 0 },		/* unusable */
};

TEST_F(td_state, access_rights_become_attributes_and_back)
{
	struct tdx_model_segment *ds = &self->guest.segment[TDX_MODEL_DS];
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(segments); i++) {
		*ds = (struct tdx_model_segment){ 0x123456789, 0xfffff,
						  segments[i].access_rights, 0x28 };
		td_state_load(self->vcpu, &self->guest);
		EXPECT_EQ(segments[i].attributes, self->vcpu->vmcb.ds.attributes);
		EXPECT_EQ(0x123456789, self->vcpu->vmcb.ds.base);
		EXPECT_EQ(0xfffff, self->vcpu->vmcb.ds.limit);
		EXPECT_EQ(0x28, self->vcpu->vmcb.ds.selector);
		td_state_store(self->vcpu, &self->again);
		EXPECT_EQ(segments[i].attributes ? segments[i].access_rights : 0x10000,
			  self->again.segment[TDX_MODEL_DS].access_rights);
	}
}

/* QEMU's privilege level is that of SS, even of an unusable one. */
TEST_F(td_state, the_privilege_level_is_that_of_ss)
{
	self->guest.segment[TDX_MODEL_SS].access_rights = 0x10060;
	td_state_load(self->vcpu, &self->guest);
	EXPECT_EQ(3, self->vcpu->vmcb.cpl);
	EXPECT_EQ(0x60, self->vcpu->vmcb.ss.attributes);
	td_state_store(self->vcpu, &self->again);
	EXPECT_EQ(0x10060, self->again.segment[TDX_MODEL_SS].access_rights);
}

/* QEMU aborts if it needs the stacks of a busy one. */
TEST_F(td_state, a_busy_tss_is_available_to_qemu)
{
	td_state_load(self->vcpu, &self->guest);
	EXPECT_EQ(0x89, self->vcpu->vmcb.tr.attributes);
	td_state_store(self->vcpu, &self->again);
	EXPECT_EQ(0x8b, self->again.segment[TDX_MODEL_TR].access_rights);
}

/* LME without PAE would end the emulator: see vcpu.c. */
TEST_F(td_state, long_mode_begins_with_paging)
{
	struct vmcb *v = &self->vcpu->vmcb;

	td_state_load(self->vcpu, &self->guest);
	EXPECT_EQ(EFER_SVME | EFER_SCE | EFER_NXE, v->efer);
	td_state_store(self->vcpu, &self->again);
	EXPECT_EQ(self->guest.efer, self->again.efer);
	self->guest.cr4 |= X86_CR4_PAE;
	td_state_load(self->vcpu, &self->guest);
	EXPECT_EQ(EFER_SVME | EFER_SCE | EFER_NXE | EFER_LME, v->efer);
	self->guest.cr0 |= X86_CR0_PG;
	td_state_load(self->vcpu, &self->guest);
	EXPECT_EQ(EFER_SVME | EFER_SCE | EFER_NXE | EFER_LME | EFER_LMA, v->efer);
	td_state_store(self->vcpu, &self->again);
	EXPECT_EQ(self->guest.efer | EFER_LMA, self->again.efer);
	self->guest = self->again;
	self->guest.cr0 &= ~X86_CR0_PG;
	td_state_load(self->vcpu, &self->guest);
	td_state_store(self->vcpu, &self->again);
	EXPECT_EQ(self->guest.efer & ~EFER_LMA, self->again.efer);
}

TEST_F(td_state, registers_are_kept)
{
	struct tdx_model_guest *g = &self->guest;
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_GPRS; i++)
		g->gpr[i] = 0x1000 + i;
	g->rip = 0xfffffff0;
	g->rflags = 0x246;
	g->cr0 |= X86_CR0_WP;
	g->cr2 = 2;
	g->cr3 = 0x3000;
	g->dr6 = 0xffff4ff0;
	g->gdtr = (struct tdx_model_table_register){ 0x10000, 0x7f };
	g->idtr = (struct tdx_model_table_register){ 0x20000, 0xfff };
	g->segment[TDX_MODEL_GS].base = 0xffff888000000000;
	g->segment[TDX_MODEL_GS].access_rights = 0x10000;
	g->msr[TDX_MODEL_MSR_LSTAR] = 0xffffffff81000000;
	g->msr[TDX_MODEL_MSR_KERNEL_GS_BASE] = 5;
	g->msr[TDX_MODEL_MSR_SYSENTER_EIP] = 6;
	g->interruptibility = TDX_MODEL_BLOCKED_BY_STI | TDX_MODEL_BLOCKED_BY_NMI;
	self->again.interruptibility = TDX_MODEL_BLOCKED_BY_NMI;
	td_state_load(self->vcpu, g);
	EXPECT_EQ(0x1000 + R9, self->vcpu->gpr[R9]);
	EXPECT_EQ(SVM_INTERRUPT_SHADOW, self->vcpu->vmcb.int_state);
	td_state_store(self->vcpu, &self->again);
	EXPECT_EQ(0, memcmp(g->gpr, self->again.gpr, sizeof(g->gpr)));
	EXPECT_EQ(g->rip, self->again.rip);
	EXPECT_EQ(g->rflags, self->again.rflags);
	EXPECT_EQ(g->cr0, self->again.cr0);
	EXPECT_EQ(g->cr2, self->again.cr2);
	EXPECT_EQ(g->cr3, self->again.cr3);
	EXPECT_EQ(g->cr4, self->again.cr4);
	EXPECT_EQ(g->dr6, self->again.dr6);
	EXPECT_EQ(0x10000, self->again.gdtr.base);
	EXPECT_EQ(0xfff, self->again.idtr.limit);
	EXPECT_EQ(g->segment[TDX_MODEL_GS].base, self->again.segment[TDX_MODEL_GS].base);
	EXPECT_EQ(g->msr[TDX_MODEL_MSR_LSTAR], self->again.msr[TDX_MODEL_MSR_LSTAR]);
	EXPECT_EQ(5, self->again.msr[TDX_MODEL_MSR_KERNEL_GS_BASE]);
	EXPECT_EQ(6, self->again.msr[TDX_MODEL_MSR_SYSENTER_EIP]);
	EXPECT_EQ(g->interruptibility, self->again.interruptibility);
}

TEST_F(td_state, an_event_is_injected)
{
	struct tdx_model_event event;

	self->guest.event = (struct tdx_model_event){ 0x80000b0e, 0x1d };
	td_state_load(self->vcpu, &self->guest);
	EXPECT_EQ(0x80000b0e, self->vcpu->vmcb.event_inject);
	EXPECT_EQ(0x1d, self->vcpu->vmcb.event_inject_error);
	td_state_event(self->vcpu, &event);
	EXPECT_EQ(0x80000b0e, event.info);
	EXPECT_EQ(0x1d, event.error);
	td_state_event(self->vcpu, &event);
	EXPECT_EQ(0, event.info);
}

/* An interrupt that waits is one of the vCPU that has run before. */
TEST_F(td_state, nothing_waits_for_a_vcpu_but_its_event)
{
	self->vcpu->waiting = 0x80000061;
	td_state_load(self->vcpu, &self->guest);
	EXPECT_EQ(0, self->vcpu->waiting | self->vcpu->vmcb.event_inject);
}

TEST_HARNESS_MAIN
