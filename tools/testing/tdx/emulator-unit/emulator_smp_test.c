// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: INIT and SIPI, also for a CPU that is not present or sends one itself. */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "emulator/check/cache.h"
#include "emulator/check/report.h"
#include "emulator/lib/clock.h"
#include "emulator/lib/log.h"
#include "emulator/machine/options.h"
#include "emulator/smp/apic_regs.h"
#include "emulator/smp/smp.h"

struct cpu cpus[MAX_CPUS];
unsigned int nr_cpus = 3;
struct options options;

u64 clock_us(void)
{
	return 0;
}

void fail(enum exit_code code, const char *format, ...)
{
	_exit(1);
}

void log_line(const char *format, ...)
{
}

void report_fault(const char *format, ...)
{
}

void cache_before_init(const struct cpu *cpu)
{
}

void memmap_set(struct memmap *map, u64 base, u64 size, enum mem_type type)
{
}

FIXTURE(smp) {
};

FIXTURE_SETUP(smp)
{
	unsigned int i;

	ASSERT_NE(MAP_FAILED, mmap(phys(APIC_PAGE), PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
	memset(cpus, 0, sizeof(cpus));
	for (i = 0; i < nr_cpus; i++) {
		cpus[i].index = i;
		cpus[i].apic_id = i;
		cpus[i].activity = CPU_RUNS;
	}
}

FIXTURE_TEARDOWN(smp)
{
}

static enum cpu_activity activity_of(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->activity, __ATOMIC_SEQ_CST);
}

TEST_F(smp, a_cpu_that_is_not_there_may_be_started_again)
{
	unsigned int i;

	cpus[1].activity = CPU_WAITS_FOR_SIPI;
	for (i = 0; i < 2; i++) {
		smp_send_sipi(&cpus[1], 8);
		EXPECT_EQ(CPU_STARTS, activity_of(&cpus[1]));
		smp_send_init(&cpus[0], &cpus[1]);
		EXPECT_EQ(CPU_WAITS_FOR_SIPI, activity_of(&cpus[1]));
	}
}

TEST_F(smp, a_cpu_in_the_guest_is_reset)
{
	cpus[1].in_guest = true;
	smp_send_init(&cpus[0], &cpus[1]);
	EXPECT_EQ(CPU_WAITS_FOR_SIPI, activity_of(&cpus[1]));
	smp_send_sipi(&cpus[1], 8);
	smp_started(&cpus[1]);
	EXPECT_TRUE(smp_takes_ipis(&cpus[1]));
}

static pthread_barrier_t both;
static unsigned int nr_sent;

static void *send_init(void *self)
{
	struct cpu *other = self == &cpus[1] ? &cpus[2] : &cpus[1];

	pthread_barrier_wait(&both);
	smp_send_init(self, other);
	smp_enter_guest(self);
	__atomic_add_fetch(&nr_sent, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/*
 * One of the two CPUs is reset.  The test does not simulate that: it clears
 * must_park, so that the thread of this CPU ends, too.
 */
TEST_F(smp, two_cpus_reset_each_other)
{
	struct cpu *reset;
	pthread_t threads[2];
	unsigned int i;

	pthread_barrier_init(&both, NULL, 2);
	for (i = 0; i < 200; i++) {
		memset(&cpus[1], 0, 2 * sizeof(cpus[0]));
		cpus[1].activity = CPU_RUNS;
		cpus[2].activity = CPU_RUNS;
		nr_sent = 0;
		pthread_create(&threads[0], NULL, send_init, &cpus[1]);
		pthread_create(&threads[1], NULL, send_init, &cpus[2]);
		while (!__atomic_load_n(&nr_sent, __ATOMIC_SEQ_CST))
			usleep(10);
		reset = activity_of(&cpus[1]) == CPU_WAITS_FOR_SIPI ? &cpus[1] : &cpus[2];
		EXPECT_EQ(CPU_WAITS_FOR_SIPI, activity_of(reset));
		__atomic_store_n(&reset->must_park, false, __ATOMIC_SEQ_CST);
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
	}
}

TEST_HARNESS_MAIN
