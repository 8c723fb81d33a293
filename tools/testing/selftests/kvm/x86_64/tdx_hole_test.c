// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test holes in private memory of a TD that take long, slots with much of it that are deleted, what
 * goes on meanwhile, and processes that are killed then.
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tdx_guest.h"

#define HOLE_SLOT	5
#define HOLE_GPA	(PM_GPA + 4 * PM_HUGE_PAGE)
#define HOLE_PAGES	1024
#define HOLE_SIZE	(HOLE_PAGES * PM_PAGE)
#define OTHER_SLOT	6
#define OTHER_GPA	(HOLE_GPA + 2 * HOLE_SIZE)
#define TAKEN_AT_ONCE	(64ull << 20)
/* A file that is taken away in parts, with memory at the beginning of each */
#define LARGE_SLOT	7
#define LARGE_GPA	(HOLE_GPA + 4 * HOLE_SIZE)
#define LARGE_PARTS	4
#define LARGE_SIZE	(LARGE_PARTS * TAKEN_AT_ONCE)
/* More than memory, as the file is sparse */
#define HUGE_SIZE	BIT_ULL(50)
#define NR_VCPUS	2
#define SEPT_VE_DISABLE	BIT_ULL(28)
#define REPLACEMENTS	100
/* In some rounds a thread is too late. */
#define ROUNDS		10

/* SEAMCALLs that find a lock taken as long as a vCPU is in the guest */
static unsigned int nr_busy;
static unsigned int nr_holes = 100;

/* A hole that a thread punches, and a thread that maps memory in it meanwhile. */
static struct {
	struct tm_td *td;
	int gmem;
	void *mem;
	pthread_t punching, mapping;
	atomic_bool punched;
	atomic_int mapping_tid;
	int mapping_err;
} hole;

static void add_hole_slot(void)
{
	TEST_ERRNO(pm_set_gmem_slot(hole.td->vm, HOLE_SLOT, HOLE_GPA, HOLE_SIZE, hole.mem,
				    hole.gmem, 0), 0);
}

static void create_hole(struct tm_td *td)
{
	hole.td = td;
	hole.gmem = pm_create_gmem(td->vm, HOLE_SIZE, 0);
	hole.mem = pm_alloc(HOLE_SIZE);
	add_hole_slot();
	TEST_ERRNO(tm_set_private(td->vm, HOLE_GPA, HOLE_SIZE), 0);
}

/* It continues only while no other task is runnable on its CPU. */
static void be_idle(void)
{
	const struct sched_param param = { };

	TEST_ASSERT(!sched_setscheduler(0, SCHED_IDLE, &param), "%s", strerror(errno));
}

static void *punch(void *unused)
{
	be_idle();
	TEST_ERRNO(tm_punch(hole.gmem, 0, HOLE_SIZE), 0);
	hole.punched = true;
	return NULL;
}

static void *delete_slot(void *unused)
{
	be_idle();
	TEST_ERRNO(tm_delete_slot(hole.td->vm, HOLE_SLOT), 0);
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

/* The page is accessed by the guest, and is not mapped. */
static void *run_meanwhile(void *tg)
{
	hole.mapping_tid = gettid();
	hole.mapping_err = tg_run(tg);
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

/* Returns when @map waits, or the hole is complete. */
static void begin_hole(void *(*map)(void *), void *data)
{
	hole.punched = false;
	hole.mapping_tid = 0;
	TEST_ASSERT(!pthread_create(&hole.mapping, NULL, map, data), "no thread");
	TEST_ASSERT(!pthread_create(&hole.punching, NULL, punch, NULL), "no thread");
	while (!hole.punched && !(hole.mapping_tid && is_asleep(hole.mapping_tid)))
		usleep(100);
}

/* The one page may have been mapped meanwhile. */
static bool is_complete(struct tm_td *td)
{
	return tdx_statistic(td->vm, "td_private_pages") <= 1;
}

/*
 * Returns whether a slot without private memory was deleted, and the thread that waited was
 * interrupted, in time.
 */
static bool change_during_hole(struct tm_td *td)
{
	bool in_time;

	TEST_ERRNO(pm_set_slot(td->vm, OTHER_SLOT, OTHER_GPA, TM_SIZE, td->mem), 0);
	/* What is mapped already is skipped. */
	tm_pre_fault(td->vcpu, HOLE_GPA, HOLE_SIZE, 0);
	begin_hole(map_meanwhile, NULL);
	TEST_ERRNO(tm_delete_slot(td->vm, OTHER_SLOT), 0);
	in_time = !is_complete(td);
	pthread_kill(hole.mapping, SIGUSR1);
	pthread_join(hole.mapping, NULL);
	in_time = in_time && !is_complete(td);
	if (in_time)
		TEST_ERRNO(hole.mapping_err, EINTR);
	pthread_join(hole.punching, NULL);
	return in_time;
}

/* All threads stay on this CPU, on which the one that takes memory away comes last. */
static void use_one_cpu(cpu_set_t *before)
{
	cpu_set_t cpu;

	TEST_ASSERT(!sched_getaffinity(0, sizeof(*before), before), "%s", strerror(errno));
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	TEST_ASSERT(!sched_setaffinity(0, sizeof(cpu), &cpu), "%s", strerror(errno));
}

static void use_cpus(const cpu_set_t *cpus)
{
	TEST_ASSERT(!sched_setaffinity(0, sizeof(*cpus), cpus), "%s", strerror(errno));
}

static void repeat(bool (*in_time)(struct tm_td *td), const char *otherwise)
{
	cpu_set_t cpus;
	unsigned int i;
	struct tm_td td;

	use_one_cpu(&cpus);
	tm_create_runnable(&td);
	create_hole(&td);
	for (i = 0; i < ROUNDS && !in_time(&td); i++)
		;
	TEST_ASSERT(i < ROUNDS, "%s", otherwise);
	close(hole.gmem);
	tm_close(&td);
	use_cpus(&cpus);
}

/* A fault that waits for the end of the hole does not delay who changes a slot, nor a signal. */
static void test_changes(void)
{
	repeat(change_during_hole, "nothing can be done before the end of a hole");
}

/* User space learns that it has to wait, and the deletion goes on meanwhile. */
static bool map_during_deletion(struct tm_td *td)
{
	pthread_t thread;
	bool in_time;
	int err;

	tm_pre_fault(td->vcpu, HOLE_GPA, HOLE_SIZE, 0);
	hole.punched = false;
	TEST_ASSERT(!pthread_create(&thread, NULL, delete_slot, NULL), "no thread");
	do {
		usleep(100);
		err = tm_pre_fault_once(td->vcpu, HOLE_GPA, PM_PAGE);
	} while (!err && !hole.punched);
	in_time = err == EAGAIN;
	while (err == EAGAIN)
		err = tm_pre_fault_once(td->vcpu, HOLE_GPA, PM_PAGE);
	pthread_join(thread, NULL);
	tm_expect_fault(td, HOLE_GPA);
	add_hole_slot();
	return in_time;
}

static void test_deletion(void)
{
	repeat(map_during_deletion, "KVM_PRE_FAULT_MEMORY never fails with EAGAIN");
}

static void map_large_slot(struct tm_td *td)
{
	unsigned int i;

	TEST_ERRNO(tm_set_private(td->vm, LARGE_GPA, LARGE_SIZE), 0);
	for (i = 0; i < LARGE_PARTS; i++)
		tm_pre_fault(td->vcpu, LARGE_GPA + i * TAKEN_AT_ONCE, HOLE_SIZE, HOLE_PAGES);
}

static void *close_file(void *gmem)
{
	be_idle();
	close(*(int *)gmem);
	return NULL;
}

/*
 * Returns whether a slot of a file was deleted when the TD still had memory of the file.  That
 * waits for a part to remove private memory, and for another one to release the file.
 */
static bool delete_while_closing(struct tm_td *td)
{
	int gmem = pm_create_gmem(td->vm, LARGE_SIZE + TM_SIZE, 0), err;
	void *mem = pm_alloc(LARGE_SIZE);
	pthread_t thread;
	bool in_time;

	TEST_ERRNO(pm_set_gmem_slot(td->vm, LARGE_SLOT, LARGE_GPA, LARGE_SIZE, mem, gmem, 0), 0);
	TEST_ERRNO(pm_set_gmem_slot(td->vm, OTHER_SLOT, OTHER_GPA, TM_SIZE, td->mem, gmem,
				    LARGE_SIZE), 0);
	TEST_ERRNO(tm_set_private(td->vm, OTHER_GPA, TM_SIZE), 0);
	map_large_slot(td);

	TEST_ASSERT(!pthread_create(&thread, NULL, close_file, &gmem), "no thread");
	do {
		usleep(100);
		err = tm_pre_fault_once(td->vcpu, OTHER_GPA, PM_PAGE);
	} while (!err);
	TEST_ERRNO(err, EFAULT);
	TEST_ERRNO(tm_delete_slot(td->vm, OTHER_SLOT), 0);
	in_time = tdx_statistic(td->vm, "td_private_pages") > 0;
	pthread_join(thread, NULL);
	ASSERT_EQ(tdx_statistic(td->vm, "td_private_pages"), 0);
	TEST_ERRNO(tm_delete_slot(td->vm, LARGE_SLOT), 0);
	TEST_ERRNO(tm_set_shared(td->vm, OTHER_GPA, TM_SIZE), 0);
	munmap(mem, LARGE_SIZE);
	return in_time;
}

/* Closing a file is like a hole: others do not wait for all of it. */
static void test_closing(void)
{
	repeat(delete_while_closing, "no slot can be deleted before its file is closed");
}

/* A process that is killed while it takes memory from its TD.  Its descriptors remain. */
static struct {
	struct tm_td td;
	int gmem, stats;
	bool ready;
} *victim;

static int share_memory(void)
{
	return tm_set_shared(victim->td.vm, LARGE_GPA, LARGE_SIZE);
}

static int delete_memory(void)
{
	return tm_delete_slot(victim->td.vm, LARGE_SLOT);
}

static void be_victim(int (*take_away)(void))
{
	struct tm_td *td = &victim->td;

	tm_create_runnable(td);
	victim->stats = tdx_open_statistics(td->vm);
	victim->gmem = pm_create_gmem(td->vm, LARGE_SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(td->vm, LARGE_SLOT, LARGE_GPA, LARGE_SIZE,
				    pm_alloc(LARGE_SIZE), victim->gmem, 0), 0);
	map_large_slot(td);
	be_idle();
	WRITE_ONCE(victim->ready, true);
	TEST_ERRNO(take_away(), 0);
	_exit(0);
}

/* The victim is on the same CPU, and continues while its killer sleeps. */
static void kill_victim(int (*take_away)(void))
{
	uint64_t removed;
	pid_t pid;
	int status;

	memset(victim, 0, sizeof(*victim));
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
	TEST_ASSERT(pid >= 0, "clone: %s", strerror(errno));
	if (!pid)
		be_victim(take_away);
	while (!READ_ONCE(victim->ready) && !waitpid(pid, &status, WNOHANG))
		usleep(100);
	TEST_ASSERT(READ_ONCE(victim->ready), "it has no memory that it could take away");
	while (!tdx_read_statistic(victim->stats, "td_page_remove"))
		usleep(100);
	kill(pid, SIGKILL);
	TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "it has ended");

	removed = tdx_read_statistic(victim->stats, "td_page_remove");
	TEST_ASSERT(removed <= 2 * HOLE_PAGES, "%lu pages were removed", removed);
	close(victim->stats);
	close(victim->gmem);
	close(victim->td.gmem);
	close(victim->td.vcpu);
	close(victim->td.vm);
}

/* It does not take as long as it would take to remove all of the memory. */
static void test_killing(void)
{
	cpu_set_t cpus;

	victim = mmap(NULL, sizeof(*victim), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	TEST_ASSERT(victim != MAP_FAILED, "mmap: %s", strerror(errno));
	use_one_cpu(&cpus);
	kill_victim(share_memory);
	kill_victim(delete_memory);
	use_cpus(&cpus);
	munmap(victim, sizeof(*victim));
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

/*
 * A vCPU kills the TD while another one waits for the end of a hole.  Returns whether that one has
 * learnt it when it waited.
 */
static bool die_during_hole(void)
{
	struct tg_td vcpus[NR_VCPUS];
	struct tg_regs accept = { .rax = TG_PAGE_ACCEPT, .rcx = HOLE_GPA + HOLE_SIZE - PM_PAGE };

	tg_create_vcpus(vcpus, NR_VCPUS, SEPT_VE_DISABLE);
	create_hole(&vcpus[0].td);
	tm_pre_fault(vcpus[0].td.vcpu, HOLE_GPA, HOLE_SIZE - PM_PAGE, HOLE_PAGES - 1);
	tg_prepare_tdcall(&vcpus[1], &accept);
	begin_hole(run_meanwhile, &vcpus[1]);

	/* It has not accepted this page. */
	tg_prepare_load(&vcpus[0], TG_PRIVATE);
	TEST_ERRNO(tg_run(&vcpus[0]), EIO);
	pthread_join(hole.mapping, NULL);
	pthread_join(hole.punching, NULL);
	TEST_ERRNO(tg_run(&vcpus[1]), EIO);
	close(hole.gmem);
	tg_close_vcpus(vcpus, NR_VCPUS);
	/* Otherwise it had accepted the page before. */
	return hole.mapping_err == EIO;
}

static void test_death(void)
{
	cpu_set_t cpus;
	unsigned int i;

	use_one_cpu(&cpus);
	for (i = 0; i < ROUNDS && !die_during_hole(); i++)
		;
	TEST_ASSERT(i < ROUNDS, "no vCPU waits for the end of a hole");
	use_cpus(&cpus);
}

static bool done;

/* If there is no slot, it is tried again.  At the end there is one. */
static void *accept_slot(void *data)
{
	struct tg_td *tg = data;
	struct tg_regs accept = { .rax = TG_PAGE_ACCEPT };
	unsigned int page;
	int err;

	for (page = 0; !READ_ONCE(done); page = (page + 1) % HOLE_PAGES) {
		accept.rcx = HOLE_GPA + page * PM_PAGE;
		tg_prepare_tdcall(tg, &accept);
		while ((err = tg_run(tg)) == EFAULT) {
			ASSERT_EQ(tg->td.run->exit_reason, KVM_EXIT_MEMORY_FAULT);
			ASSERT_EQ(tg->td.run->memory_fault.gpa, accept.rcx);
		}
		TEST_ERRNO(err, 0);
	}
	return NULL;
}

/* One for each vCPU, until @done */
static void start_threads(pthread_t *threads, void *(*run)(void *), struct tg_td *vcpus)
{
	unsigned int i;

	WRITE_ONCE(done, false);
	for (i = 0; i < NR_VCPUS; i++)
		TEST_ASSERT(!pthread_create(&threads[i], NULL, run, &vcpus[i]), "no thread");
}

static void stop_threads(pthread_t *threads)
{
	unsigned int i;

	WRITE_ONCE(done, true);
	for (i = 0; i < NR_VCPUS; i++)
		pthread_join(threads[i], NULL);
}

/* A change of a slot waits for faults, which must not wait for it. */
static void test_replaced_slot(void)
{
	struct tg_td vcpus[NR_VCPUS];
	pthread_t threads[NR_VCPUS];
	unsigned int i;

	tg_create_vcpus(vcpus, NR_VCPUS, 0);
	create_hole(&vcpus[0].td);
	start_threads(threads, accept_slot, vcpus);
	for (i = 0; i < REPLACEMENTS; i++) {
		TEST_ERRNO(tm_delete_slot(vcpus[0].td.vm, HOLE_SLOT), 0);
		add_hole_slot();
	}
	stop_threads(threads);
	close(hole.gmem);
	tg_close_vcpus(vcpus, NR_VCPUS);
}

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
	start_threads(threads, accept_again, vcpus);
	for (i = 0; i < nr_holes; i++)
		TEST_ERRNO(tm_punch(vcpus[0].td.gmem, 0, PM_PAGE), 0);
	stop_threads(threads);
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
	test_deletion();
	test_closing();
	test_killing();
	test_death();
	test_replaced_slot();
	test_sparse_file();
	test_shared_memory();
	test_running_guest();
	test_accepting_guest();
	return 0;
}
