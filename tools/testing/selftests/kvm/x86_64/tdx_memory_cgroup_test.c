// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the memory cgroup of a TD: it is charged for private memory, and for the records of which
 * memory is private, and for nothing any more after the TD was destroyed.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "tdx_memory.h"
#include "tdx_cgroup.h"

#define SLOT		2
#define GPA		(PM_GPA + PM_HUGE_PAGE)
#define SIZE		PM_HUGE_PAGE
#define ROUNDS		4
#define FAR_GPA		(64ull << 30)
#define NR_RANGES	65536
#define WAIT_MS		30000

/* Less than the memory of one round */
#define NOISE		(SIZE / 32)

static long charge(void)
{
	return tc_read("memory.current", NULL);
}

static void use_memory(void)
{
	/* What CPUs keep in stock was charged before; page tables and records are charged, too. */
	const long others = 64 * PM_PAGE * (sysconf(_SC_NPROCESSORS_ONLN) + 1);
	long before, added;
	struct tm_td td;
	int gmem;

	tm_create_runnable(&td);
	gmem = pm_create_gmem(td.vm, SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, SLOT, GPA, SIZE, pm_alloc(SIZE), gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td.vm, GPA, SIZE), 0);
	before = charge();
	tm_pre_fault(td.vcpu, GPA, SIZE, SIZE / PM_PAGE);
	added = charge() - before;
	TEST_ASSERT(labs(added - (long)SIZE) <= others, "%ld bytes are charged for %llu", added, SIZE);

	TEST_ERRNO(tm_punch(gmem, 0, SIZE), 0);
	tm_pre_fault(td.vcpu, GPA, SIZE / 2, SIZE / 2 / PM_PAGE);
	close(gmem);
	tm_close(&td);
}

/* As many ranges as possible: no two pages of them are next to each other. */
static void use_attributes(void)
{
	long before, added;
	struct tm_td td;
	int i;

	tm_create_runnable(&td);
	before = charge();
	for (i = 0; i < NR_RANGES; i++)
		TEST_ERRNO(tm_set_private(td.vm, FAR_GPA + 2 * i * PM_PAGE, PM_PAGE), 0);
	added = charge() - before;
	TEST_ASSERT(added >= 8 * NR_RANGES, "%ld bytes are charged for %d ranges", added, NR_RANGES);
	/* One instead of half of them; the others are freed with the VM. */
	TEST_ERRNO(tm_set_private(td.vm, FAR_GPA, NR_RANGES * PM_PAGE), 0);
	tm_close(&td);
}

/*
 * The charge when it is at most @target, or after the longest time.  Charges in stock of CPUs are
 * returned when there is a limit; some memory is freed later, at any time.
 */
static long wait_for_charge(long target)
{
	long now = charge();
	int wait;

	for (wait = 0; wait < WAIT_MS / 100 && now > target; wait++) {
		tc_write("memory.high", "0");
		usleep(100 * 1000);
		now = charge();
	}
	tc_write("memory.high", "max");
	return now;
}

static long charge_after(int rounds, long target)
{
	int i;

	for (i = 0; i < rounds; i++)
		ASSERT_EQ(tc_run(use_memory), 0);
	return wait_for_charge(target);
}

/*
 * Each CPU keeps references to the pages that it added last.  A process that ends drops those of
 * its CPU; on a CPU that it left before, they would stay charged for any time.
 */
static void stay_on_this_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
}

int main(int argc, char *argv[])
{
	long before, after;

	tm_require();
	stay_on_this_cpu();
	tc_create("memory");
	ASSERT_EQ(tc_run(use_attributes), 0);
	/* Caches are filled by the first one. */
	before = charge_after(1, NOISE);
	after = charge_after(ROUNDS, before + NOISE);
	pr_info("%ld bytes are charged after a TD, %ld after %d more\n", before, after, ROUNDS);
	TEST_ASSERT(after - before <= (long)NOISE, "%ld bytes more are charged after %d TDs",
		    after - before, ROUNDS);
	tc_destroy();
	return 0;
}
