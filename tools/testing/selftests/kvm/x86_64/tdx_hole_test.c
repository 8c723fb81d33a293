// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test holes in private memory of a TD that take long, and what goes on meanwhile.
 */
#define _GNU_SOURCE /* for gettid() and sched_setaffinity() */
#include <errno.h>
#include <getopt.h>
#include <linux/compiler.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tdx_guest.h"

#define HOLE_SLOT	5
#define HOLE_GPA	(PM_GPA + 4 * PM_HUGE_PAGE)
#define HOLE_PAGES	1024
#define HOLE_SIZE	(HOLE_PAGES * PM_PAGE)
#define OTHER_SLOT	6
#define OTHER_GPA	(HOLE_GPA + 2 * HOLE_SIZE)
/* More than memory, as the file is sparse */
#define HUGE_SIZE	BIT_ULL(50)
#define NR_VCPUS	2
/* In some rounds a thread is too late. */
#define ROUNDS		10

/* SEAMCALLs that find a lock taken as long as a vCPU is in the guest */
static unsigned int nr_busy;
static unsigned int nr_holes = 100;

/* A hole that a thread punches, and a thread that maps memory in it meanwhile. */
static struct {
	struct tm_td *td;
	int gmem;
	pthread_t punching, mapping;
	atomic_bool punched;
	atomic_int mapping_tid;
	int mapping_err;
} hole;

static void create_hole(struct tm_td *td)
{
	hole.td = td;
	hole.gmem = pm_create_gmem(td->vm, HOLE_SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(td->vm, HOLE_SLOT, HOLE_GPA, HOLE_SIZE, pm_alloc(HOLE_SIZE),
				    hole.gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td->vm, HOLE_GPA, HOLE_SIZE), 0);
}

/* It continues only while no other task is runnable on its CPU. */
static void *punch(void *unused)
{
	const struct sched_param param = { };

	TEST_ASSERT(!sched_setscheduler(0, SCHED_IDLE, &param), "%s", strerror(errno));
	TEST_ERRNO(tm_punch(hole.gmem, 0, HOLE_SIZE), 0);
	hole.punched = true;
	return NULL;
}

static void *map_meanwhile(void *unused)
{
	int err;

	hole.mapping_tid = gettid();
	do {
		err = tm_pre_fault_once(hole.td->vcpu, HOLE_GPA + HOLE_SIZE - PM_PAGE, PM_PAGE);
	} while (!err && !hole.punched);
	hole.mapping_err = err;
	return NULL;
}

static bool is_asleep(int tid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %*s %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state == 'S' || state == 'D';
}

static void begin_hole(void)
{
	/* What is mapped already is skipped. */
	tm_pre_fault(hole.td->vcpu, HOLE_GPA, HOLE_SIZE, 0);
	hole.punched = false;
	hole.mapping_tid = 0;
	TEST_ASSERT(!pthread_create(&hole.mapping, NULL, map_meanwhile, NULL), "no thread");
	TEST_ASSERT(!pthread_create(&hole.punching, NULL, punch, NULL), "no thread");
	while (!hole.punched && !(hole.mapping_tid && is_asleep(hole.mapping_tid)))
		usleep(100);
}

/* Returns whether a slot was deleted, and the thread that waited was interrupted, in time. */
static bool change_during_hole(struct tm_td *td)
{
	bool in_time;

	TEST_ERRNO(pm_set_slot(td->vm, OTHER_SLOT, OTHER_GPA, TM_SIZE, td->mem), 0);
	begin_hole();
	TEST_ERRNO(tm_delete_slot(td->vm, OTHER_SLOT), 0);
	in_time = !hole.punched;
	pthread_kill(hole.mapping, SIGUSR1);
	pthread_join(hole.mapping, NULL);
	in_time = in_time && !hole.punched;
	if (in_time)
		TEST_ERRNO(hole.mapping_err, EINTR);
	pthread_join(hole.punching, NULL);
	return in_time;
}

/* A fault that waits for the end of the hole does not delay who changes a slot, nor a signal. */
static void test_changes(void)
{
	cpu_set_t before, cpu;
	struct tm_td td;
	unsigned int i;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(before), &before), "%s", strerror(errno));
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpu), &cpu), "%s", strerror(errno));
	tm_create_runnable(&td);
	create_hole(&td);
	for (i = 0; i < ROUNDS && !change_during_hole(&td); i++)
		;
	TEST_ASSERT(i < ROUNDS, "nothing can be done before the end of a hole");
	close(hole.gmem);
	tm_close(&td);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(before), &before), "%s", strerror(errno));
}

static void test_sparse_file(void)
{
	struct tm_td td;
	int gmem;

	tm_create_runnable(&td);
	gmem = pm_create_gmem(td.vm, HUGE_SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, OTHER_GPA, TM_SIZE, td.mem, gmem,
				    HUGE_SIZE - TM_SIZE), 0);
	TEST_ERRNO(tm_set_private(td.vm, OTHER_GPA, TM_SIZE), 0);
	tm_pre_fault(td.vcpu, OTHER_GPA, TM_SIZE, TM_PAGES);
	TEST_ERRNO(tm_punch(gmem, 0, HUGE_SIZE), 0);
	tm_pre_fault(td.vcpu, OTHER_GPA, TM_SIZE, TM_PAGES);
	close(gmem);
	tm_close(&td);
}

/* Where only private memory is taken away, what is shared stays mapped. */
static void test_shared_memory(void)
{
	struct tm_td td;
	uint64_t mapped;

	tm_create_runnable(&td);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA + PM_PAGE, PM_PAGE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES - 1);
	mapped = tdx_statistic(td.vm, "pages_4k");
	ASSERT_EQ(mapped, 1);
	TEST_ERRNO(tm_punch(td.gmem, 0, TM_SIZE), 0);
	ASSERT_EQ(tdx_statistic(td.vm, "pages_4k"), mapped);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, 4 * PM_PAGE), 0);
	ASSERT_EQ(tdx_statistic(td.vm, "pages_4k"), mapped);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA, TM_SIZE), 0);
	ASSERT_EQ(tdx_statistic(td.vm, "pages_4k"), 0);
	tm_close(&td);
}

static void *run(void *tg)
{
	tg_finish(tg);
	return NULL;
}

/* How often a vCPU was not entered although it should have been. */
static uint64_t count_refusals(int vcpu)
{
	return tdx_statistic(vcpu, "exits") - tdx_statistic(vcpu, "td_private_fault_exits") -
	       tdx_statistic(vcpu, "td_shared_fault_exits") -
	       tdx_statistic(vcpu, "td_tdcall_exits") - tdx_statistic(vcpu, "td_other_exits") -
	       tdx_statistic(vcpu, "td_no_entry");
}

/*
 * A vCPU that is in the guest has to stay outside if it takes a lock of the module.  That is once
 * for the hole, and not for each page, and it waits meanwhile.
 */
static void test_running_guest(void)
{
	uint64_t busy, refusals;
	pthread_t thread;
	struct tg_td tg;

	tg_create(&tg, 0);
	create_hole(&tg.td);
	tm_pre_fault(tg.td.vcpu, HOLE_GPA, HOLE_SIZE, HOLE_PAGES);
	busy = tdx_statistic(tg.td.vm, "td_busy");
	refusals = count_refusals(tg.td.vcpu);

	tg_prepare_spin(&tg);
	TEST_ASSERT(!pthread_create(&thread, NULL, run, &tg), "no thread");
	tg_wait_for_spin(&tg);
	TEST_ERRNO(tm_punch(hole.gmem, 0, HOLE_SIZE), 0);
	tg_stop(&tg);
	pthread_join(thread, NULL);

	refusals = count_refusals(tg.td.vcpu) - refusals;
	TEST_ASSERT(refusals <= nr_busy, "%lu entries were refused", refusals);
	ASSERT_EQ(tdx_statistic(tg.td.vm, "td_busy") - busy, nr_busy);
	close(hole.gmem);
	tg_close(&tg);
}

static bool done;

/* A page that is removed meanwhile is mapped again. */
static void *accept_again(void *tg)
{
	while (!READ_ONCE(done))
		tg_accept(tg, PM_GPA);
	return NULL;
}

/* Guests that take locks of the module all the time cannot keep a page, and no thread waits. */
static void test_accepting_guest(void)
{
	struct tg_td vcpus[NR_VCPUS];
	pthread_t threads[NR_VCPUS];
	unsigned int i;

	tg_create_vcpus(vcpus, NR_VCPUS, 0);
	WRITE_ONCE(done, false);
	for (i = 0; i < NR_VCPUS; i++)
		TEST_ASSERT(!pthread_create(&threads[i], NULL, accept_again, &vcpus[i]),
			    "no thread");
	for (i = 0; i < nr_holes; i++)
		TEST_ERRNO(tm_punch(vcpus[0].td.gmem, 0, PM_PAGE), 0);
	WRITE_ONCE(done, true);
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(threads[i], NULL);
	tg_close_vcpus(vcpus, NR_VCPUS);
}

int main(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "b:h:")) != -1) {
		TEST_ASSERT(option == 'b' || option == 'h',
			    "usage: %s [-b times] [-h holes]\n"
			    " -b: a lock is taken that often as long as a vCPU is in the guest\n"
			    " -h: holes for a guest that accepts memory (default: %u)", argv[0],
			    nr_holes);
		*(option == 'b' ? &nr_busy : &nr_holes) = atoi(optarg);
	}
	tg_require();
	tg_let_interrupt(SIGUSR1);
	test_changes();
	test_sparse_file();
	test_shared_memory();
	test_running_guest();
	test_accepting_guest();
	return 0;
}
