// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: the state of a logical processor's guest after INIT and VMRUN. */
#include <stdlib.h>
#include <string.h>

#include "kselftest_harness.h"
#include "emulator/cpu/cpu.h"
#include "emulator/cpu/entry.h"

/* EXITINTINFO: the event whose delivery was interrupted by the exit. */
static u32 unfinished;

void vmrun(u64 vmcb_pa, u64 gpr[NR_GPRS], bool shadow)
{
	cpus[0].host.vmcb.exit_int_info = unfinished;
}

/* There is one vCPU only. */
void xstate_save(struct xstate *state)
{
	abort();
}

void xstate_load(const struct xstate *state)
{
	abort();
}

FIXTURE(cpu) {
	struct cpu *cpu;
};

FIXTURE_SETUP(cpu)
{
	self->cpu = &cpus[0];
	memset(self->cpu, 0, sizeof(*self->cpu));
	self->cpu->host.cpu = self->cpu;
	self->cpu->loaded = &self->cpu->host;
	cpu_reset(self->cpu, 0);
}

FIXTURE_TEARDOWN(cpu)
{
}

/* QEMU's CPU drops a pending NMI; waiting for its exit would never end. */
TEST_F(cpu, init_forgets_nmis_that_wait)
{
	self->cpu->own_nmi = true;
	self->cpu->guest_nmi = true;
	cpu_reset(self->cpu, 0);
	EXPECT_FALSE(self->cpu->own_nmi);
	EXPECT_FALSE(self->cpu->guest_nmi);
}

static const struct {
	u32 injected, unfinished, again;
} events[] = {
	{ 0, 0, 0 },
	{ 0x80000061, 0x00000061, 0x00000061 },	/* delivered */
	{ 0x80000061, 0x80000061, 0x80000061 },	/* injected: interrupt, */
	{ 0x80000202, 0x80000202, 0x80000202 },	/* NMI, */
	{ 0x80000480, 0x80000480, 0x80000480 },	/* INT n */
	{ 0, 0x80000b0d, 0x80000b0d },		/* the CPU's own: exception, */
	{ 0, 0x80000361, 0x80000061 },		/* interrupt, */
	{ 0, 0x80000320, 0x80000020 },		/* the first one, */
	{ 0, 0x80000302, 0x80000202 },		/* NMI, */
	{ 0, 0x80000480, 0 },			/* INT n: RIP is still at it */
	{ 0x80000202, 0x80000361, 0x80000061 },
};

TEST_F(cpu, an_unfinished_event_is_delivered_again)
{
	struct vmcb *v = &self->cpu->host.vmcb;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(events); i++) {
		v->event_inject = events[i].injected;
		unfinished = events[i].unfinished;
		vcpu_run(&self->cpu->host);
		EXPECT_EQ(events[i].again, v->event_inject) TH_LOG("event %u", i);
	}
}

/*
 * EFER.LME must not be set earlier: QEMU would exit to an emulator without
 * paging.
 */
TEST_F(cpu, long_mode_is_enabled_with_pae)
{
	struct vmcb *v = &self->cpu->host.vmcb;

	vcpu_set_efer(&self->cpu->host, EFER_LME | EFER_SCE);
	EXPECT_EQ(EFER_LME | EFER_SCE, vcpu_efer(&self->cpu->host));
	EXPECT_EQ(EFER_SVME | EFER_SCE, v->efer);
	vcpu_set_cr4(&self->cpu->host, X86_CR4_PAE);
	EXPECT_EQ(EFER_SVME | EFER_SCE | EFER_LME, v->efer);
	vcpu_set_cr4(&self->cpu->host, 0);
	EXPECT_EQ(EFER_SVME | EFER_SCE, v->efer);
	cpu_reset(self->cpu, 0);
	EXPECT_EQ(0, vcpu_efer(&self->cpu->host));
}

TEST_HARNESS_MAIN
