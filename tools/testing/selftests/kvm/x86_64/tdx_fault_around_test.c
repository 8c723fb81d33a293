// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test that KVM maps more private memory than a guest accesses if it does that in order, and only
 * then.  The environment counts the pages.
 */
#define _GNU_SOURCE /* for sched_setaffinity() */
#include <errno.h>
#include <getopt.h>
#include <linux/compiler.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tdx_guest.h"

/* Of KVM that only maps pages that are accessed. */
static bool no_more;

static uint64_t page(unsigned int nr)
{
	return PM_GPA + nr * PM_PAGE;
}

static void accept(struct tg_td *tg, unsigned int nr, unsigned int nr_new)
{
	ASSERT_EQ(tg_accept(tg, page(nr)), 0);
	tm_counts.augs += no_more ? 1 : nr_new;
}

/* Faults double the number of pages: those that were mapped before do not fault. */
static void test_in_order(struct tg_td *tg)
{
	accept(tg, 0, 1);
	accept(tg, 1, 2);
	accept(tg, 2, 0);
	accept(tg, 3, 4);
	accept(tg, 4, 0);
	accept(tg, 5, 0);
	accept(tg, 6, 0);
	accept(tg, 7, 8);
	/* Not beyond the slot */
	TEST_ERRNO(tm_punch(tg->td.gmem, 0, TM_SIZE), 0);
	accept(tg, TM_PAGES - 1, 1);
}

static void test_backwards(struct tg_td *tg)
{
	unsigned int nr;

	TEST_ERRNO(tm_punch(tg->td.gmem, 0, TM_SIZE), 0);
	for (nr = TM_PAGES; nr--;)
		accept(tg, nr, 1);
}

/* A page that is shared ends it; user space is not told of an access that there was not. */
static void test_shared(struct tg_td *tg)
{
	TEST_ERRNO(tm_punch(tg->td.gmem, 0, TM_SIZE), 0);
	TEST_ERRNO(tm_set_shared(tg->td.vm, page(2), PM_PAGE), 0);
	accept(tg, 0, 1);
	accept(tg, 1, 1);
}

static bool done;

/* Preempts the vCPU's thread again and again. */
static void *wake_up(void *unused)
{
	while (!READ_ONCE(done))
		usleep(100);
	return NULL;
}

/* How many pages are mapped does not depend on what else the CPU has to do. */
static pthread_t share_the_cpu(void)
{
	const struct sched_param param = { .sched_priority = 1 };
	pthread_t thread;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpus), &cpus), "%s", strerror(errno));
	TEST_ASSERT(!pthread_create(&thread, NULL, wake_up, NULL), "no thread");
	TEST_ASSERT(!pthread_setschedparam(thread, SCHED_FIFO, &param), "no real-time thread");
	return thread;
}

int main(int argc, char *argv[])
{
	pthread_t thread;
	struct tg_td tg;
	int option;

	while ((option = getopt(argc, argv, "n")) != -1) {
		TEST_ASSERT(option == 'n',
			    "usage: %s [-n]\n -n: KVM only maps pages that are accessed", argv[0]);
		no_more = true;
	}
	tg_require();
	thread = share_the_cpu();
	tg_create(&tg, 0);
	test_in_order(&tg);
	test_backwards(&tg);
	test_shared(&tg);
	tg_close(&tg);
	WRITE_ONCE(done, true);
	pthread_join(thread, NULL);
	tm_print_counts();
	return 0;
}
