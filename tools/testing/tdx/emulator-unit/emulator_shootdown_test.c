// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: a shootdown ends when all CPUs have left the guest, not before. */
#include <setjmp.h>
#include <string.h>

#include "harness.h"
#include "emulator/cpu/interrupt.h"
#include "emulator/lib/clock.h"
#include "emulator/lib/log.h"
#include "emulator/smp/shootdown.h"
#include "emulator/smp/smp.h"

struct cpu cpus[MAX_CPUS];
unsigned int nr_cpus = 2;

static u64 time_us, leaves_at_us;
static unsigned int nr_nmis;
static jmp_buf given_up;

/*
 * An NMI is pending on CPU 1.  If it has to, CPU 1 takes it while CPU 0 is sending another one,
 * which is the worst moment; then it has waited for the lock of IPIs.
 */
static bool is_pending, is_locked, exits_meanwhile, has_waited;
static jmp_buf waits;

/* Each call of clock_us() advances the time by a millisecond. */
u64 clock_us(void)
{
	time_us += 1000;
	if (time_us >= leaves_at_us)
		cpus[1].nr_exits++;
	return time_us;
}

void smp_lock_ipis(void)
{
	if (is_locked)
		longjmp(waits, 1);
	is_locked = true;
}

void smp_unlock_ipis(void)
{
	is_locked = false;
}

/* Only with the lock, one that is sent at the same time is not lost. */
void interrupt_drop_nmi(void)
{
	if (is_locked)
		is_pending = false;
}

bool smp_takes_ipis(const struct cpu *cpu)
{
	return true;
}

void smp_send_ipi(const struct cpu *target, u32 command)
{
	nr_nmis++;
	if (exits_meanwhile) {
		if (setjmp(waits))
			has_waited = true;
		else
			shootdown_take_nmi(&cpus[1]);
	}
	is_pending = true;
}

void vcpu_inject_nmi(struct vcpu *vcpu)
{
}

void fail(enum exit_code code, const char *format, ...)
{
	longjmp(given_up, 1);
}

FIXTURE(shootdown) {
};

FIXTURE_SETUP(shootdown)
{
	memset(cpus, 0, sizeof(cpus));
	cpus[1].executing = true;
	time_us = 0;
	nr_nmis = 0;
	is_pending = false;
	is_locked = false;
	exits_meanwhile = false;
	has_waited = false;
}

FIXTURE_TEARDOWN(shootdown)
{
}

/* A busy host may not run a CPU's thread for a long time. */
TEST_F(shootdown, a_slow_cpu_is_waited_for)
{
	leaves_at_us = 5000000;
	ASSERT_EQ(0, setjmp(given_up));
	shootdown(&cpus[0]);
	EXPECT_EQ(1, nr_nmis);
	EXPECT_GE(time_us, leaves_at_us);
}

TEST_F(shootdown, a_cpu_that_never_leaves_ends_the_run)
{
	leaves_at_us = ~0ULL;
	if (setjmp(given_up))
		return;
	shootdown(&cpus[0]);
	EXPECT_TRUE(false) TH_LOG("it returned after %llu us", time_us);
}

TEST_F(shootdown, a_cpu_outside_the_guest_needs_no_nmi)
{
	cpus[1].executing = false;
	ASSERT_EQ(0, setjmp(given_up));
	shootdown(&cpus[0]);
	EXPECT_EQ(0, nr_nmis);
}

TEST_F(shootdown, a_cpu_need_not_be_waited_for)
{
	leaves_at_us = ~0ULL;
	ASSERT_EQ(0, setjmp(given_up));
	shootdown_start(&cpus[0]);
	EXPECT_EQ(1, nr_nmis);
	EXPECT_EQ(0, time_us);
	/* The first NMI is still on its way */
	shootdown_start(&cpus[0]);
	EXPECT_EQ(1, nr_nmis);
	shootdown_start(&cpus[1]);
	EXPECT_EQ(1, nr_nmis);
}

static void guest_sends_nmi(void)
{
	smp_lock_ipis();
	shootdown_guest_nmi(&cpus[1]);
	smp_send_ipi(&cpus[1], 0);
	smp_unlock_ipis();
}

TEST_F(shootdown, an_nmi_is_the_guests_or_the_emulators)
{
	shootdown_start(&cpus[0]);
	EXPECT_FALSE(shootdown_take_nmi(&cpus[1]));
	guest_sends_nmi();
	EXPECT_TRUE(shootdown_take_nmi(&cpus[1]));
	/* From outside */
	EXPECT_TRUE(shootdown_take_nmi(&cpus[1]));
	/* Both, merged to one */
	guest_sends_nmi();
	shootdown_start(&cpus[0]);
	EXPECT_TRUE(shootdown_take_nmi(&cpus[1]));
	EXPECT_FALSE(is_pending);
	shootdown_start(&cpus[0]);
	EXPECT_FALSE(shootdown_take_nmi(&cpus[1]));
}

/* Otherwise, the second one would arrive when its sender is not known any more. */
TEST_F(shootdown, a_cpu_takes_no_nmi_while_another_one_is_sent)
{
	guest_sends_nmi();
	exits_meanwhile = true;
	shootdown_start(&cpus[0]);
	EXPECT_TRUE(has_waited);
	EXPECT_TRUE(shootdown_take_nmi(&cpus[1]));
	EXPECT_FALSE(is_pending);

	exits_meanwhile = false;
	has_waited = false;
	shootdown_start(&cpus[0]);
	exits_meanwhile = true;
	guest_sends_nmi();
	EXPECT_TRUE(has_waited);
	EXPECT_TRUE(shootdown_take_nmi(&cpus[1]));
	EXPECT_FALSE(is_pending);
	EXPECT_FALSE(cpus[1].own_nmi);
}

TEST_HARNESS_MAIN
