// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test private memory of a TD that is mapped and taken away at the same time.
 *
 * All threads have to come to an end, and the TD has to be usable then.  A process may be killed at
 * any time.  What is mapped and taken away is random, and the same for each seed.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "tdx_random.h"

#define MAX_VCPUS	8
#define OTHER_SLOT	2
#define OTHER_GPA	(PM_GPA + PM_HUGE_PAGE)

static struct tm_td td;
static int vcpus[MAX_VCPUS];
static atomic_bool stop;
static atomic_uint nr_built;
static unsigned int nr_rounds = 200, nr_kills = 20, nr_vcpus = 3;
static unsigned int nr_seconds, seed = 1;
static bool finalize_alone, compare_memory;

static void check_mapping(int err)
{
	TEST_ASSERT(!err || err == EFAULT || err == EAGAIN || err == EINTR || err == ENOENT,
		    "%s", strerror(err));
}

/* EFAULT while there is no slot, and memory that is shared may have none. */
static void *map(void *data)
{
	int *vcpu = data;
	struct tr_random random = tr_seed(seed + (vcpu - vcpus));

	while (!stop) {
		uint64_t gpa = PM_GPA + tr_below(&random, TM_PAGES) * PM_PAGE;

		check_mapping(tm_pre_fault_once(*vcpu, gpa, PM_PAGE) ?:
			      tm_pre_fault_once(*vcpu, OTHER_GPA, TM_SIZE));
	}
	return NULL;
}

/* One page or more. */
static uint64_t some_size(struct tr_random *random, uint64_t first)
{
	return (1 + tr_below(random, TM_PAGES - first)) * PM_PAGE;
}

static void punch(struct tr_random *random)
{
	const uint64_t first = tr_below(random, TM_PAGES);

	TEST_ERRNO(tm_punch(td.gmem, first * PM_PAGE, some_size(random, first)), 0);
	TEST_ERRNO(tm_punch(td.gmem, 0, TM_SIZE), 0);
}

static void convert(struct tr_random *random)
{
	const uint64_t first = tr_below(random, TM_PAGES), size = some_size(random, first);

	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA + first * PM_PAGE, size), 0);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA + first * PM_PAGE, size), 0);
}

static void replace_slot(struct tr_random *random)
{
	TEST_ERRNO(tm_delete_slot(td.vm, TM_SLOT), 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, TM_SLOT, PM_GPA, TM_SIZE, td.mem, td.gmem, 0), 0);
}

static void replace_file(struct tr_random *random)
{
	int gmem = pm_create_gmem(td.vm, TM_SIZE, 0);

	TEST_ASSERT(gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, OTHER_GPA, TM_SIZE, td.mem, gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td.vm, OTHER_GPA, TM_SIZE), 0);
	close(gmem);
	TEST_ERRNO(tm_delete_slot(td.vm, OTHER_SLOT), 0);
}

typedef void (*change_fn)(struct tr_random *random);

static void *repeat(void *data)
{
	struct tr_random random = tr_seed(seed);
	const time_t end = time(NULL) + nr_seconds;
	change_fn change = data;
	unsigned int i;

	for (i = 0; nr_seconds ? time(NULL) < end : i < nr_rounds; i++)
		change(&random);
	return NULL;
}

static pthread_t start(void *(*run)(void *data), void *data)
{
	pthread_t thread;

	TEST_ASSERT(!pthread_create(&thread, NULL, run, data), "pthread_create");
	return thread;
}

static void create(void)
{
	unsigned int i;

	tm_create(&td);
	vcpus[0] = td.vcpu;
	for (i = 1; i < nr_vcpus; i++) {
		vcpus[i] = tdx_create_vcpu(td.vm, i);
		TEST_ASSERT(vcpus[i] >= 0, "KVM_CREATE_VCPU: %s", strerror(errno));
		TEST_ERRNO(tdx_set_default_cpuid(vcpus[i]), 0);
	}
}

static void destroy(void)
{
	unsigned int i;

	for (i = 1; i < nr_vcpus; i++)
		close(vcpus[i]);
	tm_close(&td);
}

static void init_vcpus(void)
{
	unsigned int i;

	for (i = 1; i < nr_vcpus; i++)
		TEST_ERRNO(tdx_command(vcpus[i], KVM_TDX_INIT_VCPU, 0, NULL), 0);
}

/* vCPUs map pages while @nr others take them away. */
static void race(const change_fn *changes, unsigned int nr)
{
	pthread_t maps[MAX_VCPUS], takes[nr];
	unsigned int i;

	create();
	init_vcpus();
	TEST_ERRNO(tm_finalize(td.vm), 0);
	stop = false;
	for (i = 0; i < nr_vcpus; i++)
		maps[i] = start(map, &vcpus[i]);
	for (i = 0; i < nr; i++)
		takes[i] = start(repeat, changes[i]);
	for (i = 0; i < nr; i++)
		pthread_join(takes[i], NULL);
	stop = true;
	for (i = 0; i < nr_vcpus; i++)
		pthread_join(maps[i], NULL);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
	destroy();
}

static void test_changes(void)
{
	const change_fn changes[] = { punch, convert, replace_slot, replace_file };

	race(changes, 1);
	race(changes + 1, 1);
	race(changes + 2, 1);
	race(changes + 3, 1);
	race(changes, ARRAY_SIZE(changes));
}

static int build_once(void)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)tm_source(),
		.gpa = PM_GPA,
		.nr_pages = TM_PAGES,
	};
	int err = tm_init_region(td.vcpu, 0, &region);

	if (!err)
		TEST_ERRNO(tm_punch(td.gmem, 0, TM_SIZE), 0);
	return err;
}

/* Adds pages and takes them away, as long as the TD is not finalized. */
static void *build(void *data)
{
	int err;

	do {
		err = build_once();
		nr_built++;
	} while (!err && !stop);
	TEST_ERRNO(err, stop ? 0 : EINVAL);
	return NULL;
}

/*
 * All pages come and go while vCPUs are initialized and the TD is finalized.  In Linux 7.3, the
 * module may refuse to remove a page that was blocked before it was finalized, without tracking;
 * the page is freed nevertheless.
 */
static void test_building(void)
{
	unsigned int i;
	pthread_t thread;

	for (i = 0; i < nr_rounds; i++) {
		create();
		stop = false;
		nr_built = 0;
		thread = start(build, NULL);
		while (!nr_built)
			sched_yield();
		init_vcpus();
		if (finalize_alone) {
			stop = true;
			pthread_join(thread, NULL);
		}
		TEST_ERRNO(tm_finalize(td.vm), 0);
		if (!finalize_alone)
			pthread_join(thread, NULL);
		destroy();
	}
}

static void *close_file(void *data)
{
	close(td.gmem);
	return NULL;
}

/* The file, a vCPU and the VM are closed at the same time. */
static void test_closing(void)
{
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < nr_rounds; i++) {
		tm_create_runnable(&td);
		tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES);
		munmap(td.run, TM_RUN_SIZE);
		thread = start(close_file, NULL);
		close(td.vcpu);
		close(td.vm);
		pthread_join(thread, NULL);
		munmap(td.mem, TM_SIZE);
	}
}

static void live_until_killed(void)
{
	struct tr_random random = tr_seed(seed);

	tdx_may_be_killed();
	for (;;) {
		tm_create(&td);
		TEST_ERRNO(build_once(), 0);
		TEST_ERRNO(tm_finalize(td.vm), 0);
		tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
		punch(&random);
		convert(&random);
		replace_slot(&random);
		replace_file(&random);
		tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
		tm_close(&td);
	}
}

static void kill_processes(void)
{
	tdx_kill_processes(live_until_killed, nr_kills);
}

/* Missing would be a page for each process. */
static void test_kills(void)
{
	if (compare_memory)
		tdx_expect_pages_back(kill_processes, nr_kills / 2);
	else
		kill_processes();
}

static void help(const char *name)
{
	printf("usage: %s [-f] [-k kills] [-m] [-r rounds] [-s seed] [-t seconds] [-v vcpus]\n"
	       " -f: nothing else is done while a TD is finalized\n"
	       " -k: processes that are killed (default: %u)\n"
	       " -m: free memory must not decrease while processes are killed\n"
	       " -r: rounds of each change (default: %u)\n"
	       " -s: seed of the random changes (default: %u)\n"
	       " -t: each kind of change for so many seconds, not for rounds\n"
	       " -v: vCPUs that map pages at the same time (default: %u, at most %u)\n",
	       name, nr_kills, nr_rounds, seed, nr_vcpus, MAX_VCPUS);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "fk:mr:s:t:v:")) != -1) {
		if (option == 'f')
			finalize_alone = true;
		else if (option == 'k')
			nr_kills = atoi(optarg);
		else if (option == 'm')
			compare_memory = true;
		else if (option == 'r')
			nr_rounds = atoi(optarg);
		else if (option == 's')
			seed = atoi(optarg);
		else if (option == 't')
			nr_seconds = atoi(optarg);
		else if (option == 'v' && atoi(optarg) > 0 && atoi(optarg) <= MAX_VCPUS)
			nr_vcpus = atoi(optarg);
		else
			help(argv[0]);
	}
}

int main(int argc, char *argv[])
{
	int nr_keyids;

	parse_options(argc, argv);
	tm_require();
	__TEST_REQUIRE(kvm_check_cap(KVM_CAP_MAX_VCPUS) >= nr_vcpus, "fewer than %u vCPUs",
		       nr_vcpus);
	nr_keyids = tdx_count_free_keyids();
	test_changes();
	test_building();
	test_closing();
	test_kills();
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	return 0;
}
