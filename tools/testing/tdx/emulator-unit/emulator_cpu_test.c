// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: the state of a logical processor's guest after INIT and VMRUN. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "emulator/cpu/cpu.h"
#include "emulator/cpu/entry.h"

/* EXITINTINFO: the event whose delivery was interrupted by the exit. */
static u32 unfinished;
/* A virtual interrupt was delivered before the exit. */
static bool took_interrupt;
/* What VMRUN began with */
static u32 injected;
static u64 control;

u64 vmrun(u64 vmcb_pa, u64 gpr[NR_GPRS], bool shadow)
{
	struct vmcb *v = &cpus[0].host.vmcb;

	injected = v->event_inject;
	control = v->int_control;
	v->exit_int_info = unfinished;
	if (took_interrupt)
		v->int_control &= ~SVM_V_IRQ;
	return VMRUN_TICKS;
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
	{ 0x80000202, 0x00000202, 0x00000202 },	/* delivered */
	{ 0x80000202, 0x80000202, 0x80000202 },	/* injected: NMI, */
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
		EXPECT_EQ(events[i].injected, injected) TH_LOG("event %u", i);
		EXPECT_EQ(0, control & SVM_V_IRQ) TH_LOG("event %u", i);
	}
}

#define INTERRUPT	0x80000061U
#define EXCEPTION	0x80000b0dU
/* As QEMU reports it */
#define IN_DELIVERY	0x80000361U

#define LOW			0x80000011U
#define LOW_IN_DELIVERY		0x80000311U

static const struct {
	u32 interrupt, unfinished;
	bool taken;
	u32 again, waiting;
} interrupts[] = {
	{ INTERRUPT, 0, true, 0, 0 },			/* delivered */
	{ INTERRUPT, IN_DELIVERY, false, INTERRUPT, 0 },	/* not entirely */
	{ INTERRUPT, 0, false, INTERRUPT, 0 },		/* not allowed yet */
	/* nor when another event was delivered */
	{ INTERRUPT, EXCEPTION, false, EXCEPTION, INTERRUPT },
	{ INTERRUPT, EXCEPTION, true, EXCEPTION, 0 },	/* by its handler */
	/* with the vector of an exception, and one that its handler raised */
	{ LOW, LOW_IN_DELIVERY, false, LOW, 0 },
	{ LOW, LOW_IN_DELIVERY, true, LOW_IN_DELIVERY, 0 },
	{ LOW, EXCEPTION, false, EXCEPTION, LOW },
};

TEST_F(cpu, an_interrupt_is_delivered_once)
{
	struct vcpu *vcpu = &self->cpu->host;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(interrupts); i++) {
		vcpu->vmcb.event_inject = interrupts[i].interrupt;
		vcpu->waiting = 0;
		unfinished = interrupts[i].unfinished;
		took_interrupt = interrupts[i].taken;
		vcpu_run(vcpu);
		EXPECT_EQ(0, injected) TH_LOG("interrupt %u", i);
		EXPECT_EQ(SVM_V_IRQ | (interrupts[i].interrupt & 0xffULL) << 32,
			  control & (SVM_V_IRQ | SVM_V_VECTOR)) TH_LOG("interrupt %u", i);
		EXPECT_EQ(interrupts[i].again, vcpu->vmcb.event_inject) TH_LOG("interrupt %u", i);
		EXPECT_EQ(interrupts[i].waiting, vcpu->waiting) TH_LOG("interrupt %u", i);
		EXPECT_EQ(0, vcpu->vmcb.int_control & SVM_V_IRQ) TH_LOG("interrupt %u", i);
	}
}

static const struct {
	u32 asked, injected;
	u64 cr0;
} odd_exceptions[] = {
	{ 0x80000302, 0x80000202, X86_CR0_PE },
	{ 0x8000031e, 0x8000031e, X86_CR0_PE },
	{ 0x8000031f, 0x8000001f, X86_CR0_PE },
	{ 0x80000380, 0x80000080, X86_CR0_PE },
	/* without an error code, where there are some */
	{ 0x8000030d, 0x8000000d, X86_CR0_PE },
	{ 0x80000b0d, 0x80000b0d, X86_CR0_PE },
	{ 0x8000030d, 0x8000030d, 0 },
};

TEST_F(cpu, an_exception_that_vmrun_refuses_is_delivered_as_another_event)
{
	struct vcpu *vcpu = &self->cpu->host;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(odd_exceptions); i++) {
		vcpu->vmcb.cr0 = odd_exceptions[i].cr0;
		vcpu->vmcb.event_inject = odd_exceptions[i].asked;
		EXPECT_EQ(odd_exceptions[i].asked != odd_exceptions[i].injected &&
			  i, vcpu_injects_as_interrupt(vcpu)) TH_LOG("exception %u", i);
		unfinished = odd_exceptions[i].injected;
		vcpu_run(vcpu);
		EXPECT_EQ(odd_exceptions[i].injected, injected) TH_LOG("exception %u", i);
		EXPECT_EQ(odd_exceptions[i].asked, vcpu->vmcb.event_inject)
			TH_LOG("exception %u", i);
		EXPECT_EQ(0, vcpu->waiting);
		unfinished = 0;
		vcpu_run(vcpu);
		EXPECT_EQ(0, vcpu->vmcb.event_inject);
	}
}

TEST_F(cpu, an_interrupt_goes_on_waiting_while_an_exception_is_delivered)
{
	struct vcpu *vcpu = &self->cpu->host;

	vcpu->vmcb.event_inject = INTERRUPT;
	vcpu_inject(vcpu, VECTOR_UD);
	unfinished = 0;
	took_interrupt = false;
	vcpu_run(vcpu);
	EXPECT_EQ(SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | VECTOR_UD, injected);
	EXPECT_EQ(SVM_V_IRQ, control & SVM_V_IRQ);
	EXPECT_EQ(INTERRUPT, vcpu->vmcb.event_inject);
	vcpu->waiting = INTERRUPT;
	cpu_reset(self->cpu, 0);
	EXPECT_EQ(0, vcpu->vmcb.event_inject | vcpu->waiting);
}

static const struct {
	u32 in_delivery, again;
	unsigned int vector;
} faults[] = {
	{ 0x80000b0e, 0x80000b08, VECTOR_PF },
	{ 0x80000b0e, 0x80000b08, VECTOR_GP },
	{ 0x80000b0d, 0x80000b08, VECTOR_GP },
	{ 0x80000300, 0x80000b08, 12 },
	{ 0x80000b0d, 0x80000b0e, VECTOR_PF },	/* one after the other */
	{ 0x80000306, 0x80000b0d, VECTOR_GP },
	{ 0x80000061, 0x80000b0e, VECTOR_PF },
	{ 0x80000b0e, 0x80000b12, VECTOR_MC },
	{ 0x80000b08, 0x80000b12, VECTOR_MC },
	{ 0, 0x80000b0e, VECTOR_PF },
};

static void deliver(struct vcpu *vcpu, u32 event)
{
	vcpu->vmcb.event_inject = event;
	vcpu->waiting = 0;
	unfinished = event;
	took_interrupt = false;
	vcpu_run(vcpu);
}

TEST_F(cpu, a_fault_in_the_delivery_of_another_is_a_double_fault)
{
	struct vcpu *vcpu = &self->cpu->host;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		deliver(vcpu, faults[i].in_delivery);
		vcpu_inject_error(vcpu, faults[i].vector, 5);
		EXPECT_EQ(faults[i].again, vcpu->vmcb.event_inject) TH_LOG("fault %u", i);
		EXPECT_EQ((faults[i].again & 0xff) == VECTOR_DF ? 0 : 5,
			  vcpu->vmcb.event_inject_error) TH_LOG("fault %u", i);
	}
	/* The second one is not raised by the delivery of the first one. */
	deliver(vcpu, 0);
	vcpu_inject_error(vcpu, VECTOR_PF, 0);
	vcpu_inject(vcpu, VECTOR_GP);
	EXPECT_EQ(0x8000030d, vcpu->vmcb.event_inject);
}

TEST_F(cpu, a_fault_in_the_delivery_of_a_double_fault_shuts_down)
{
	struct vcpu *vcpu = &self->cpu->host;
	u64 nr_runs;

	deliver(vcpu, 0x80000b08);
	vcpu_inject_error(vcpu, VECTOR_PF, 5);
	nr_runs = vcpu->nr_runs;
	vcpu_run(vcpu);
	EXPECT_EQ(SVM_EXIT_SHUTDOWN, vcpu->vmcb.exit_code);
	EXPECT_EQ(0, vcpu->vmcb.event_inject);
	EXPECT_EQ(nr_runs, vcpu->nr_runs);
	vcpu_run(vcpu);
	EXPECT_EQ(nr_runs + 1, vcpu->nr_runs);
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

/* APM vol. 2, table of exit codes */
TEST(instructions_of_amd_are_told_from_others)
{
	u32 code;

	EXPECT_TRUE(svm_is_amd_instruction(0x7a));
	for (code = 0x80; code <= 0x86; code++) {
		EXPECT_TRUE(svm_is_amd_instruction(code))
			TH_LOG("code 0x%x", code);
	}
	EXPECT_FALSE(svm_is_amd_instruction(0x79));
	EXPECT_FALSE(svm_is_amd_instruction(0x7b));
	EXPECT_FALSE(svm_is_amd_instruction(0x7f));
	EXPECT_FALSE(svm_is_amd_instruction(0x87));
}

TEST_HARNESS_MAIN
