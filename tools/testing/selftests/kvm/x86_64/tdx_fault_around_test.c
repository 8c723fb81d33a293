// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test that KVM maps more private memory than a guest accesses if it does that in order, and only
 * then.  The environment counts the pages, and KVM's statistics have to agree.
 */
#define _GNU_SOURCE /* for sched_setaffinity() */
#include <errno.h>
#include <getopt.h>
#include <linux/compiler.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tdx_guest.h"

#define OTHER_SLOT	7
#define HUGE_SLOT	8
#define LOWEST_SLOT	9
#define HUGE_GPA	(PM_GPA + 8 * PM_HUGE_PAGE)
#define HUGE_SIZE	(2 * PM_HUGE_PAGE)

/* Of KVM that only maps pages that are accessed. */
static bool no_more;

/* For measurements: no other thread on the CPU, and no random order. */
static bool measured;

static uint64_t page(unsigned int nr)
{
	return PM_GPA + nr * PM_PAGE;
}

static void accept_at(struct tg_td *tg, uint64_t gpa, unsigned int nr_new)
{
	ASSERT_EQ(tg_accept(tg, gpa), 0);
	tm_counts.augs += no_more ? 1 : nr_new;
}

static void accept(struct tg_td *tg, unsigned int nr, unsigned int nr_new)
{
	accept_at(tg, page(nr), nr_new);
}

/* The first fault of a vCPU is at the address that is expected next, as nothing was yet. */
static void test_lowest_memory(struct tg_td *tg)
{
	int gmem = pm_create_gmem(tg->td.vm, TM_SIZE, 0);

	TEST_ASSERT(gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(tg->td.vm, LOWEST_SLOT, 0, TM_SIZE, tg->td.mem, gmem, 0), 0);
	TEST_ERRNO(tm_set_private(tg->td.vm, 0, TM_SIZE), 0);
	accept_at(tg, 0, 1);
	accept_at(tg, PM_PAGE, 2);
	accept_at(tg, 3 * PM_PAGE, 4);
	TEST_ERRNO(tm_delete_slot(tg->td.vm, LOWEST_SLOT), 0);
	close(gmem);
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

/* A page without memory, right behind the others. */
static void add_lost_page(struct tg_td *tg)
{
	int gmem = pm_create_gmem(tg->td.vm, PM_PAGE, 0);

	TEST_ASSERT(gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(tg->td.vm, OTHER_SLOT, page(TM_PAGES), PM_PAGE, tg->td.mem,
				    gmem, 0), 0);
	TEST_ERRNO(tm_set_private(tg->td.vm, page(TM_PAGES), PM_PAGE), 0);
	close(gmem);
}

/*
 * A page that cannot be mapped ends it, and user space is not told: if KVM_RUN fails later, because
 * of shared memory, it must not look like a fault of that page.
 */
static void test_lost_page(struct tg_td *tg)
{
	/* TDCALL; MOV (%RBX), %RDX */
	static const uint8_t accept_and_load[] = { 0x66, 0x0f, 0x01, 0xcc, 0x48, 0x8b, 0x13 };
	const struct tg_regs regs = {
		.rax = TG_PAGE_ACCEPT,
		.rcx = page(TM_PAGES - 1),
		.rbx = TG_PAGE_VA + TG_PAGE_SIZE,
	};
	void *shared = (uint8_t *)tg->page + TG_PAGE_SIZE;

	TEST_ERRNO(tm_punch(tg->td.gmem, 0, TM_SIZE), 0);
	add_lost_page(tg);
	accept(tg, 0, 1);
	accept(tg, 1, 2);
	accept(tg, 3, 4);
	accept(tg, 7, 8);
	TEST_ASSERT(!mprotect(shared, TG_PAGE_SIZE, PROT_NONE), "%s", strerror(errno));
	tg_prepare_execute(tg, accept_and_load, sizeof(accept_and_load), &regs);
	TEST_ERRNO(tg_run(tg), EFAULT);
	/* Later kernels report the access. */
	TEST_ASSERT(tg->td.run->exit_reason != KVM_EXIT_MEMORY_FAULT ||
		    tg->td.run->memory_fault.gpa != page(TM_PAGES), "fault of the lost page");
	tm_counts.augs++;

	TEST_ASSERT(!mprotect(shared, TG_PAGE_SIZE, PROT_READ | PROT_WRITE), "%s",
		    strerror(errno));
	tg_finish(tg);
	ASSERT_EQ(tg->page->out.rax, 0);
	TEST_ERRNO(tm_delete_slot(tg->td.vm, OTHER_SLOT), 0);
}

/* A page that is shared ends it; no access is reported to user space. */
static void test_shared(struct tg_td *tg)
{
	TEST_ERRNO(tm_punch(tg->td.gmem, 0, TM_SIZE), 0);
	TEST_ERRNO(tm_set_shared(tg->td.vm, page(2), PM_PAGE), 0);
	accept(tg, 0, 1);
	accept(tg, 1, 1);
}

/* Up to the pages of a huge page, and not beyond one; in another order, only what is accessed. */
static void test_huge_pages(struct tg_td *tg)
{
	static const unsigned int order[] = { 700, 3, 900, 41, 500, 2, 1023, 0, 512 };
	int gmem = pm_create_gmem(tg->td.vm, HUGE_SIZE, 0);
	unsigned int nr, i;

	TEST_ASSERT(gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(tg->td.vm, HUGE_SLOT, HUGE_GPA, HUGE_SIZE, pm_alloc(HUGE_SIZE),
				    gmem, 0), 0);
	TEST_ERRNO(tm_set_private(tg->td.vm, HUGE_GPA, HUGE_SIZE), 0);
	for (nr = 1; nr < 512; nr *= 2)
		accept_at(tg, HUGE_GPA + (nr - 1) * PM_PAGE, nr);
	accept_at(tg, HUGE_GPA + 511 * PM_PAGE, 1);
	accept_at(tg, HUGE_GPA + 512 * PM_PAGE, 512);

	TEST_ERRNO(tm_punch(gmem, 0, HUGE_SIZE), 0);
	for (i = 0; !measured && i < ARRAY_SIZE(order); i++)
		accept_at(tg, HUGE_GPA + order[i] * PM_PAGE, 1);
	TEST_ERRNO(tm_delete_slot(tg->td.vm, HUGE_SLOT), 0);
	close(gmem);
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

/* Removed are all pages but those of the code and of the last test. */
static void test_vm_statistics(struct tg_td *tg)
{
	int vm = tg->td.vm;

	ASSERT_EQ(tdx_statistic(vm, "td_page_add"), tm_counts.adds);
	ASSERT_EQ(tdx_statistic(vm, "td_page_aug"), tm_counts.augs);
	ASSERT_EQ(tdx_statistic(vm, "td_page_remove"), tm_counts.augs - 2);
	ASSERT_EQ(tdx_statistic(vm, "td_page_reclaim"), 0);
	ASSERT_EQ(tdx_statistic(vm, "td_private_pages"), tm_counts.adds + 2);
	ASSERT_EQ(tdx_statistic(vm, "td_busy"), 0);
}

/* Some exits were caused by interrupts. */
static void test_vcpu_statistics(struct tg_td *tg)
{
	uint64_t private = tdx_statistic(tg->td.vcpu, "td_private_fault_exits");
	uint64_t shared = tdx_statistic(tg->td.vcpu, "td_shared_fault_exits");
	uint64_t tdcalls = tdx_statistic(tg->td.vcpu, "td_tdcall_exits");
	uint64_t others = tdx_statistic(tg->td.vcpu, "td_other_exits");
	uint64_t exits = tdx_statistic(tg->td.vcpu, "exits");

	TEST_ASSERT(private && private < tm_counts.augs, "%lu exits for %lu pages", private,
		    tm_counts.augs);
	TEST_ASSERT(shared, "no exit for shared memory");
	/* The end of each operation is one. */
	TEST_ASSERT(tdcalls >= TM_PAGES, "%lu TDCALLs", tdcalls);
	TEST_ASSERT(private + shared + tdcalls + others <= exits, "of %lu exits %lu %lu %lu %lu",
		    exits, private, shared, tdcalls, others);
}

int main(int argc, char *argv[])
{
	const char *ready = NULL;
	pthread_t thread = 0;
	struct tg_td tg;
	int option;

	while ((option = getopt(argc, argv, "mnp:")) != -1) {
		TEST_ASSERT(option != '?',
			    "usage: %s [-m] [-n] [-p file]\n"
			    " -m: for measurements: no other thread on the CPU, no random order\n"
			    " -n: KVM only maps pages that are accessed\n"
			    " -p: pause with the TD that has run, and write to the file", argv[0]);
		if (option == 'm')
			measured = true;
		else if (option == 'n')
			no_more = true;
		else
			ready = optarg;
	}
	tg_require();
	/* If the shared pages became a huge one meanwhile, KVM would map fewer pages ahead. */
	TEST_ASSERT(!prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), "prctl: %s", strerror(errno));
	if (!measured)
		thread = share_the_cpu();
	tg_create(&tg, 0);
	test_lowest_memory(&tg);
	test_in_order(&tg);
	test_backwards(&tg);
	test_huge_pages(&tg);
	test_lost_page(&tg);
	test_shared(&tg);
	if (!no_more) {
		test_vm_statistics(&tg);
		test_vcpu_statistics(&tg);
	}
	WRITE_ONCE(done, true);
	if (!measured)
		pthread_join(thread, NULL);
	if (ready)
		tm_hold(ready);
	tg_close(&tg);
	tm_print_counts();
	return 0;
}
