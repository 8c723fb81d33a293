// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the memory cgroup of a TD: it is charged for private memory, and for the records of which
 * memory is private, and for nothing any more after the TD was destroyed.  If the records reach its
 * limit, nothing is changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
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

/* Otherwise the process would be killed when it reaches the limit. */
static void survive_limit(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	TEST_ASSERT(fd >= 0 && write(fd, "-1000", 5) == 5, "oom_score_adj: %s", strerror(errno));
	close(fd);
}

/* Adds ranges until there is no memory for one more, nor to open a file.  Returns its number. */
static int exhaust_attributes(struct tm_td *td)
{
	int i, err = 0, max = tc_open("memory.max");

	dprintf(max, "%ld", charge());
	for (i = 0; i < NR_RANGES && !err; i++)
		err = tm_set_private(td->vm, FAR_GPA + 2 * i * PM_PAGE, PM_PAGE);
	TEST_ASSERT(write(max, "max", 3) == 3, "memory.max: %s", strerror(errno));
	close(max);
	TEST_ERRNO(err, ENOMEM);
	TEST_ASSERT(i > 1, "no memory for a single range");
	return i - 1;
}

/* The slot has no private memory: what is private cannot be mapped. */
static void expect_private(struct tm_td *td, uint64_t gpa, bool private)
{
	TEST_ERRNO(tm_pre_fault_once(td->vcpu, gpa, PM_PAGE), private ? EFAULT : 0);
}

static void reach_limit(void)
{
	struct tm_td td;
	uint64_t last;

	survive_limit();
	tm_create_runnable(&td);
	last = FAR_GPA + 2 * (exhaust_attributes(&td) - 1) * PM_PAGE;
	TEST_ERRNO(pm_set_slot(td.vm, SLOT, last, SIZE, pm_alloc(SIZE)), 0);
	expect_private(&td, last, true);
	expect_private(&td, last + PM_PAGE, false);
	expect_private(&td, last + 2 * PM_PAGE, false);

	TEST_ERRNO(tm_set_private(td.vm, last + 2 * PM_PAGE, PM_PAGE), 0);
	expect_private(&td, last + 2 * PM_PAGE, true);
	TEST_ERRNO(tm_set_shared(td.vm, FAR_GPA, 2 * NR_RANGES * PM_PAGE), 0);
	expect_private(&td, last, false);
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
	ASSERT_EQ(tc_run(reach_limit), 0);
	/* Caches are filled by the first one. */
	before = charge_after(1, NOISE);
	after = charge_after(ROUNDS, before + NOISE);
	pr_info("%ld bytes are charged after a TD, %ld after %d more\n", before, after, ROUNDS);
	TEST_ASSERT(after - before <= (long)NOISE, "%ld bytes more are charged after %d TDs",
		    after - before, ROUNDS);
	tc_destroy();
	return 0;
}
