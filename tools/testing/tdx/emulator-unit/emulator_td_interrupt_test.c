// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: interrupts while a TD's vCPU runs. */
#include <string.h>

#include "harness.h"
#include "emulator/cpu/interrupt.h"
#include "emulator/cpu/walk.h"
#include "emulator/memory/host_map.h"
#include "emulator/smp/apic.h"
#include "emulator/smp/shootdown.h"
#include "emulator/td/td_interrupt.h"

#define NOTIFICATION	0xf2
#define ON		1

/* What arrives, and what the host gets. */
static bool has_interrupt, has_nmi, nmi_is_the_hosts, host_got_nmi;
static bool owns_descriptor, reaches_descriptor;
static u8 arriving;
static struct { u64 pir[4], control, reserved[3]; } descriptor __aligned(64);

bool interrupt_take(struct cpu *cpu, u8 *vector, bool *nmi)
{
	*vector = arriving;
	*nmi = has_nmi;
	return has_interrupt;
}

bool shootdown_take_nmi(struct cpu *cpu)
{
	return nmi_is_the_hosts;
}

void vcpu_inject_nmi(struct vcpu *vcpu)
{
	host_got_nmi = true;
}

static unsigned int nr_ended;

void apic_end_interrupt(void)
{
	nr_ended++;
}

bool host_map_has(u64 pa)
{
	return owns_descriptor;
}

bool phys_reachable(u64 pa, u64 bytes)
{
	return reaches_descriptor;
}

FIXTURE(td_interrupt) {
	struct cpu *cpu;
	struct vmcb *v;
	struct tdx_model_guest guest;
	struct tdx_model_run run;
	struct vapic apic;
	struct tdx_model_exit exit;
};

FIXTURE_SETUP(td_interrupt)
{
	static struct cpu cpu __aligned(4096);
	static u8 page[4096] __aligned(4096);

	memset(&cpu, 0, sizeof(cpu));
	memset(page, 0, sizeof(page));
	memset(&self->guest, 0, sizeof(self->guest));
	memset(&descriptor, 0, sizeof(descriptor));
	cpu.td.cpu = &cpu;
	self->cpu = &cpu;
	self->v = &cpu.td.vmcb;
	self->apic = (struct vapic){ page, &self->guest.rvi, &self->guest.svi };
	self->run = (struct tdx_model_run){
		.posted_interrupts = true, .notification_vector = NOTIFICATION,
		.pi_descriptor = phys_of(&descriptor),
	};
	nr_ended = 0;
	has_interrupt = false;
	has_nmi = false;
	host_got_nmi = false;
	owns_descriptor = true;
	reaches_descriptor = true;
}

FIXTURE_TEARDOWN(td_interrupt)
{
}

#define ARRIVE(code)							\
	(self->v->exit_code = (code),					\
	 td_interrupt_exit(&self->cpu->td, &self->run, &self->apic, &self->exit))

TEST_F(td_interrupt, the_hosts_is_acknowledged_and_not_ended)
{
	has_interrupt = true;
	arriving = 0x61;
	ASSERT_TRUE(ARRIVE(SVM_EXIT_INTR));
	EXPECT_EQ(1, self->exit.reason);
	EXPECT_EQ(0x80000061, self->exit.interrupt.info);
	EXPECT_EQ(0, nr_ended);
}

TEST_F(td_interrupt, one_that_is_gone_is_no_exit)
{
	EXPECT_FALSE(ARRIVE(SVM_EXIT_INTR));
}

TEST_F(td_interrupt, an_nmi_is_the_hosts_or_the_emulators)
{
	nmi_is_the_hosts = true;
	ASSERT_TRUE(ARRIVE(SVM_EXIT_NMI));
	EXPECT_EQ(0, self->exit.reason);
	EXPECT_EQ(0x80000202, self->exit.interrupt.info);
	nmi_is_the_hosts = false;
	EXPECT_FALSE(ARRIVE(SVM_EXIT_NMI));
}

TEST_F(td_interrupt, an_nmi_with_an_interrupt_is_not_lost)
{
	has_interrupt = true;
	has_nmi = true;
	nmi_is_the_hosts = true;
	arriving = 0x61;
	ASSERT_TRUE(ARRIVE(SVM_EXIT_INTR));
	EXPECT_EQ(1, self->exit.reason);
	EXPECT_TRUE(host_got_nmi);
	/* The notification is no exit, so the NMI is one. */
	host_got_nmi = false;
	arriving = NOTIFICATION;
	ASSERT_TRUE(ARRIVE(SVM_EXIT_INTR));
	EXPECT_EQ(0x80000202, self->exit.interrupt.info);
	EXPECT_FALSE(host_got_nmi);
}

TEST_F(td_interrupt, posted_ones_move_to_the_virtual_apic)
{
	has_interrupt = true;
	arriving = NOTIFICATION;
	descriptor.pir[0] = BIT_ULL(0x31);
	descriptor.pir[3] = BIT_ULL(63);
	descriptor.control = ON | 0xf200ff00;
	EXPECT_FALSE(ARRIVE(SVM_EXIT_INTR));
	EXPECT_EQ(1, nr_ended);
	EXPECT_EQ(0, descriptor.pir[0] | descriptor.pir[3]);
	EXPECT_EQ(0xf200ff00, descriptor.control);
	EXPECT_EQ(0xff, self->guest.rvi);
	EXPECT_EQ(0xff, vapic_deliver(&self->apic));
	EXPECT_EQ(0x31, self->guest.rvi);
}

TEST_F(td_interrupt, without_posting_the_notification_is_an_interrupt)
{
	self->run.posted_interrupts = false;
	has_interrupt = true;
	arriving = NOTIFICATION;
	ASSERT_TRUE(ARRIVE(SVM_EXIT_INTR));
	EXPECT_EQ(0x80000000 | NOTIFICATION, self->exit.interrupt.info);
}

/* It is the host's fault that its descriptor is in memory that it does not own. */
TEST_F(td_interrupt, a_descriptor_of_another_owner_is_not_accessed)
{
	has_interrupt = true;
	arriving = NOTIFICATION;
	owns_descriptor = false;
	descriptor.pir[0] = BIT_ULL(0x31);
	EXPECT_FALSE(ARRIVE(SVM_EXIT_INTR));
	EXPECT_EQ(BIT_ULL(0x31), descriptor.pir[0]);
}

/* Or at an address that the emulator has not mapped, as MMIO above 512 GB */
TEST_F(td_interrupt, nor_is_one_that_is_too_high)
{
	has_interrupt = true;
	arriving = NOTIFICATION;
	reaches_descriptor = false;
	descriptor.pir[0] = BIT_ULL(0x31);
	EXPECT_FALSE(ARRIVE(SVM_EXIT_INTR));
	EXPECT_EQ(BIT_ULL(0x31), descriptor.pir[0]);
}

TEST_HARNESS_MAIN
