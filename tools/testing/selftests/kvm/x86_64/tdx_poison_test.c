// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test private memory of a TD that is poisoned.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private_mem_poison.h"
#include "tdx_memory.h"

#define SLOT		2
#define GPA		(PM_GPA + PM_HUGE_PAGE)
#define SIZE		(PP_PAGES * PM_PAGE)
#define WAIT_MS		10000

static uint64_t page(unsigned int number)
{
	return GPA + number * PM_PAGE;
}

/* The page that cannot be mapped any more, after a while. */
static unsigned int find_page(struct tm_td *td)
{
	unsigned int i, wait;

	for (wait = 0; wait < WAIT_MS; wait++) {
		for (i = 0; i < PP_PAGES; i++) {
			if (tm_pre_fault_once(td->vcpu, page(i), PM_PAGE) == EHWPOISON)
				return i;
		}
		usleep(1000);
	}
	TEST_FAIL("the TD still has all pages");
	return 0;
}

static unsigned int poison_one(struct tm_td *td)
{
	struct pp_pages before = pp_read_pages();

	tm_pre_fault(td->vcpu, GPA, SIZE, PP_PAGES);
	pp_poison_new_page(before);
	return find_page(td);
}

/* Only the poisoned page was taken away. */
static void test_others(struct tm_td *td, unsigned int poisoned)
{
	unsigned int i;

	for (i = 0; i < PP_PAGES; i++) {
		if (i == poisoned)
			TEST_ERRNO(tm_pre_fault_once(td->vcpu, page(i), PM_PAGE), EHWPOISON);
		else
			tm_pre_fault(td->vcpu, page(i), PM_PAGE, 0);
	}
}

/* A hole has good pages. */
static void test_punch(struct tm_td *td, int gmem, unsigned int poisoned)
{
	TEST_ERRNO(tm_punch(gmem, poisoned * PM_PAGE, PM_PAGE), 0);
	tm_pre_fault(td->vcpu, GPA, SIZE, 1);
}

static void ignore(int signal)
{
}

/* Some kernels report it to this process at once, as if it had accessed the page. */
static void poison(void *page)
{
	signal(SIGBUS, ignore);
	TEST_ASSERT(!madvise(page, PM_PAGE, MADV_HWPOISON), "madvise: %s", strerror(errno));
	signal(SIGBUS, SIG_DFL);
}

/* Pages of initial contents before the poisoned one are added. */
static void test_source(int expected)
{
	const unsigned int nr_good = 40;
	uint8_t *source = pm_alloc(SIZE);
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)source, .gpa = GPA, .nr_pages = PP_PAGES,
	};
	struct tm_td td;
	int gmem;

	memset(source, 1, SIZE);
	poison(source + nr_good * PM_PAGE);
	tm_create(&td);
	gmem = pm_create_gmem(td.vm, SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, SLOT, GPA, SIZE, source, gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td.vm, GPA, SIZE), 0);
	TEST_ERRNO(tm_init_region(td.vcpu, 0, &region), expected);
	ASSERT_EQ(region.gpa, GPA + nr_good * PM_PAGE);
	region.source_addr += PM_PAGE;
	region.nr_pages--;
	TEST_ERRNO(tm_init_region(td.vcpu, 0, &region), 0);
	close(gmem);
	tm_close(&td);
	munmap(source, SIZE);
}

static void usage(const char *name)
{
	printf("usage: %s [-f] [-p file]\n"
	       " -f: a source that is poisoned is like one that does not exist: EFAULT\n"
	       " -p: pause with a TD that has lost a page, and write to the file\n", name);
	exit(KSFT_FAIL);
}

int main(int argc, char *argv[])
{
	int nr_keyids, gmem, option, of_source = EHWPOISON;
	const char *ready = NULL;
	unsigned int poisoned;
	struct tm_td td;

	while ((option = getopt(argc, argv, "fp:")) != -1) {
		if (option == 'f')
			of_source = EFAULT;
		else if (option == 'p')
			ready = optarg;
		else
			usage(argv[0]);
	}
	tm_require();
	pp_require();
	nr_keyids = tdx_count_free_keyids();

	tm_create_runnable(&td);
	gmem = pm_create_gmem(td.vm, SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, SLOT, GPA, SIZE, pm_alloc(SIZE), gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td.vm, GPA, SIZE), 0);
	poisoned = poison_one(&td);
	test_others(&td, poisoned);
	if (ready)
		tm_hold(ready);
	test_punch(&td, gmem, poisoned);

	/* The TD is destroyed with a poisoned page in the file. */
	TEST_ERRNO(tm_punch(gmem, 0, SIZE), 0);
	poison_one(&td);
	close(gmem);
	tm_close(&td);

	test_source(of_source);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	tm_print_counts();
	return 0;
}
