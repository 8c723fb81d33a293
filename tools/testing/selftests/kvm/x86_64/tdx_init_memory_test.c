// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the initial contents of a TD: KVM_TDX_INIT_MEM_REGION and KVM_TDX_FINALIZE_VM.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tdx_memory.h"

#define MEASURED	KVM_TDX_MEASURE_MEMORY_REGION
#define NO_VCPUS	0xc000060900000000ull
#define OTHER_SLOT	2
#define OTHER_GPA	(PM_GPA + PM_HUGE_PAGE)
#define NO_SLOT_GPA	(PM_GPA + 2 * PM_HUGE_PAGE)
#define FAR_GPA		BIT_ULL(39)
#define FIRST_DELAY_US	20

/* The last page that user space can have */
#define LAST_PAGE	((void *)(BIT_ULL(47) - 2 * PM_PAGE))

/* A region that is valid. */
static struct kvm_tdx_init_mem_region valid_region(void)
{
	return (struct kvm_tdx_init_mem_region) {
		.source_addr = (uintptr_t)tm_source(),
		.gpa = PM_GPA,
		.nr_pages = 1,
	};
}

static int init_region_at(int vcpu, const void *source, uint64_t gpa, uint64_t nr_pages)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)source,
		.gpa = gpa,
		.nr_pages = nr_pages,
	};

	return tm_init_region(vcpu, 0, &region);
}

/* A failure adds nothing, because the same page can still be added. */
static void test_parameters(bool nr_pages_may_wrap)
{
	uint8_t *source = tm_source();
	struct tm_td td;
	int bit;

	tm_create(&td);
	for (bit = 1; bit < 32; bit++)
		TEST_ERRNO(tdx_command(td.vcpu, KVM_TDX_INIT_MEM_REGION, 1u << bit, NULL), EINVAL);
	TEST_ERRNO(tdx_command(td.vcpu, KVM_TDX_INIT_MEM_REGION, 0, NULL), EFAULT);
	TEST_ERRNO(tdx_command(td.vcpu, KVM_TDX_INIT_MEM_REGION, MEASURED, NULL), EFAULT);

	TEST_ERRNO(init_region_at(td.vcpu, NULL, PM_GPA, 1), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source + 1, PM_GPA, 1), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source + PM_PAGE / 2, PM_GPA, 1), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, PM_GPA + 1, 1), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, PM_GPA + PM_PAGE / 2, 1), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, PM_GPA, 0), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, PM_GPA | TM_SHARED_BIT, 1), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, TM_SHARED_BIT - PM_PAGE, 2), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, -PM_PAGE, 2), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, PM_GPA, 1ull << 52), EINVAL);
	TEST_ERRNO(init_region_at(td.vcpu, source, PM_GPA, -1ull), EINVAL);
	/* Linux 7.3 takes it as one page, because it checks a product that overflows. */
	if (!nr_pages_may_wrap)
		TEST_ERRNO(init_region_at(td.vcpu, source, PM_GPA, (1ull << 52) + 1), EINVAL);

	tm_add(td.vcpu, 0, PM_GPA, source, 1);
	tm_close(&td);
}

/* Returns what KVM says to a page at @gpa, of which nothing is added. */
static int refused(struct tm_td *td, const void *source, uint64_t gpa)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)source,
		.gpa = gpa,
		.nr_pages = 2,
	};
	int err = tm_init_region(td->vcpu, MEASURED, &region);

	ASSERT_EQ(region.nr_pages, 2);
	return err;
}

static void test_memory_errors(void)
{
	void *source = tm_source(), *none;
	struct tm_td td;

	tm_create(&td);
	none = mmap(NULL, PM_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* There is no slot, or one without private memory. */
	TEST_ERRNO(refused(&td, source, NO_SLOT_GPA), EINVAL);
	TEST_ERRNO(tm_set_private(td.vm, NO_SLOT_GPA, TM_SIZE), 0);
	TEST_ERRNO(refused(&td, source, NO_SLOT_GPA), EINVAL);
	TEST_ERRNO(pm_set_slot(td.vm, OTHER_SLOT, NO_SLOT_GPA, TM_SIZE, td.mem), 0);
	TEST_ERRNO(refused(&td, source, NO_SLOT_GPA), EINVAL);
	TEST_ERRNO(refused(&td, none, NO_SLOT_GPA), EINVAL);
	TEST_ERRNO(tm_delete_slot(td.vm, OTHER_SLOT), 0);

	/* The memory is shared; the source is needed first. */
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, PM_PAGE), 0);
	TEST_ERRNO(refused(&td, source, PM_GPA), EINVAL);
	TEST_ERRNO(refused(&td, none, PM_GPA), EFAULT);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA, PM_PAGE), 0);

	/* There is no source. */
	TEST_ERRNO(refused(&td, none, PM_GPA), EFAULT);
	munmap(none, PM_PAGE);
	TEST_ERRNO(refused(&td, none, PM_GPA), EFAULT);
	TEST_ERRNO(refused(&td, (void *)(1ull << 63), PM_GPA), EFAULT);
	tm_add(td.vcpu, MEASURED, PM_GPA, source, 2);

	/* The file is closed. */
	close(td.gmem);
	TEST_ERRNO(refused(&td, source, PM_GPA + 4 * PM_PAGE), EFAULT);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, TM_SIZE), 0);
	TEST_ERRNO(refused(&td, none, PM_GPA), EFAULT);
	td.gmem = -1;
	tm_close(&td);
}

/* The source ends where addresses of user space end. */
static void test_last_page(void)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	struct tm_td td;
	void *source;

	source = mmap(LAST_PAGE, PM_PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (source == MAP_FAILED) {
		/* The stack is there. */
		TEST_ERRNO(errno, EEXIST);
		return;
	}
	tm_create(&td);
	region.source_addr = (uintptr_t)source;
	region.nr_pages = 2;
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), EFAULT);
	ASSERT_EQ(region.nr_pages, 1);
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), EFAULT);
	ASSERT_EQ(region.nr_pages, 1);
	tm_close(&td);
	munmap(source, PM_PAGE);
}

/* What was added before a failure is not added again. */
static void test_progress(void)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	struct tm_td td;

	tm_create(&td);
	region.nr_pages = TM_PAGES;
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA + 3 * PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), EINVAL);
	ASSERT_EQ(region.nr_pages, TM_PAGES - 3);
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), EINVAL);
	ASSERT_EQ(region.nr_pages, TM_PAGES - 3);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA + 3 * PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), 0);
	ASSERT_EQ(region.nr_pages, 0);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_close(&td);
}

/* A region may be in several slots, which may be at any place. */
static void test_slots(void)
{
	struct tm_td td;
	int gmem;

	tm_create(&td);
	gmem = pm_create_gmem(td.vm, TM_SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, PM_GPA + TM_SIZE, 4 * PM_PAGE, td.mem, gmem,
				    8 * PM_PAGE), 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT + 1, FAR_GPA - PM_PAGE, 2 * PM_PAGE, td.mem,
				    gmem, 0), 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT + 2, 0, PM_PAGE, td.mem, gmem, 2 * PM_PAGE),
		   0);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA + TM_SIZE, 4 * PM_PAGE), 0);
	TEST_ERRNO(tm_set_private(td.vm, FAR_GPA - PM_PAGE, 2 * PM_PAGE), 0);
	TEST_ERRNO(tm_set_private(td.vm, 0, PM_PAGE), 0);

	tm_add(td.vcpu, MEASURED, PM_GPA + TM_SIZE - 4 * PM_PAGE, tm_source(), 8);
	tm_add(td.vcpu, 0, FAR_GPA - PM_PAGE, tm_source(), 2);
	tm_add(td.vcpu, MEASURED, 0, tm_source(), 1);
	tm_add(td.vcpu, 0, PM_GPA + 2 * PM_PAGE, tm_source(), 1);
	tm_add(td.vcpu, MEASURED, PM_GPA, tm_source(), 2);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	close(gmem);
	tm_close(&td);
}

static atomic_uint nr_signals;

static void count_signal(int number)
{
	nr_signals++;
}

/* Each attempt is interrupted later, so that all memory is added in the end. */
static void test_signals(void)
{
	const uint64_t nr_pages = PM_HUGE_PAGE / PM_PAGE, size = nr_pages * PM_PAGE;
	struct kvm_tdx_init_mem_region region = { .gpa = OTHER_GPA, .nr_pages = nr_pages };
	unsigned int interrupted = 0, us = FIRST_DELAY_US;
	void *source = pm_alloc(size);
	struct tm_td td;
	int gmem, err;

	tm_create(&td);
	gmem = pm_create_gmem(td.vm, size, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, OTHER_GPA, size, source, gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td.vm, OTHER_GPA, size), 0);
	region.source_addr = (uintptr_t)source;
	TEST_ASSERT(!sigaction(SIGALRM, &(struct sigaction){ .sa_handler = count_signal }, NULL),
		    "sigaction: %s", strerror(errno));

	do {
		tdx_set_timer(us);
		err = tm_init_region(td.vcpu, 0, &region);
		tdx_set_timer(0);
		interrupted += err == EINTR;
		us *= 2;
	} while (err == EINTR || err == EAGAIN);
	TEST_ERRNO(err, 0);
	ASSERT_EQ(region.nr_pages, 0);
	TEST_ASSERT(interrupted && nr_signals, "was not interrupted");
	TEST_ERRNO(tm_finalize(td.vm), 0);
	close(gmem);
	tm_close(&td);
	munmap(source, size);
}

/* KVM finds that a page is mapped already; the TD can still be completed. */
static void test_page_twice(void)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	struct tm_td td;

	tm_create(&td);
	tm_add(td.vcpu, MEASURED, PM_GPA + 2 * PM_PAGE, tm_source(), 1);
	region.nr_pages = TM_PAGES;
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), EIO);
	ASSERT_EQ(region.nr_pages, TM_PAGES - 2);
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), EIO);
	ASSERT_EQ(region.nr_pages, TM_PAGES - 2);
	region.gpa += PM_PAGE;
	region.source_addr += PM_PAGE;
	region.nr_pages--;
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), 0);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_close(&td);
}

/* A page that was removed can be added again. */
static void test_punch_hole(void)
{
	struct tm_td td;

	tm_create(&td);
	tm_add(td.vcpu, MEASURED, PM_GPA, tm_source(), TM_PAGES);
	TEST_ERRNO(tm_punch(td.gmem, PM_PAGE, 2 * PM_PAGE), 0);
	tm_add(td.vcpu, MEASURED, PM_GPA + PM_PAGE, tm_source(), 2);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA + 8 * PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA + 8 * PM_PAGE, PM_PAGE), 0);
	tm_add(td.vcpu, 0, PM_GPA + 8 * PM_PAGE, tm_source(), 1);
	TEST_ERRNO(tm_delete_slot(td.vm, TM_SLOT), 0);
	TEST_ERRNO(refused(&td, tm_source(), PM_GPA), EINVAL);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, TM_SLOT, PM_GPA, TM_SIZE, td.mem, td.gmem, 0), 0);
	tm_add(td.vcpu, MEASURED, PM_GPA, tm_source(), TM_PAGES);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_close(&td);
}

/* Regions are added with any vCPU that is initialized. */
static void test_vcpus(void)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	struct tm_td td;
	int other;

	tm_create(&td);
	other = tdx_create_vcpu(td.vm, 1);
	TEST_ASSERT(other >= 0, "KVM_CREATE_VCPU: %s", strerror(errno));
	TEST_ERRNO(tdx_command(other, KVM_TDX_INIT_MEM_REGION, 0, NULL), EINVAL);
	TEST_ERRNO(tm_init_region(other, 0, &region), EINVAL);
	TEST_ERRNO(tdx_init_vcpu(other), 0);
	tm_add(other, MEASURED, PM_GPA, tm_source(), 2);
	tm_add(td.vcpu, MEASURED, PM_GPA + 2 * PM_PAGE, tm_source(), 2);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	close(other);
	tm_close(&td);
}

static void test_commands_of_other_descriptor(void)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	struct tm_td td;

	tm_create(&td);
	TEST_ERRNO(tdx_command(td.vm, KVM_TDX_INIT_MEM_REGION, 0, &region), EINVAL);
	TEST_ERRNO(tdx_command(td.vcpu, KVM_TDX_FINALIZE_VM, 0, NULL), EINVAL);
	tm_close(&td);
}

static int wait_for(pid_t pid)
{
	int status;

	TEST_ASSERT(waitpid(pid, &status, 0) == pid && WIFEXITED(status), "the process failed");
	return WEXITSTATUS(status);
}

/* The memory belongs to the process that created the VM. */
static void test_other_process(void)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	struct tm_td td;
	pid_t pid;

	tm_create(&td);
	pid = fork();
	if (!pid)
		_exit(tdx_command(td.vcpu, KVM_TDX_INIT_MEM_REGION, 0, &region));
	ASSERT_EQ(wait_for(pid), EIO);
	pid = fork();
	if (!pid)
		_exit(tm_finalize(td.vm));
	ASSERT_EQ(wait_for(pid), EIO);
	tm_add(td.vcpu, 0, PM_GPA, tm_source(), 1);
	tm_close(&td);
}

/* Nothing but closing it is possible. */
static void expect_dead(int vm, int vcpu)
{
	struct kvm_tdx_init_mem_region region = valid_region();

	TEST_ERRNO(tm_init_region(vcpu, 0, &region), EIO);
	TEST_ERRNO(tm_finalize(vm), EIO);
	TEST_ERRNO(tdx_set_default_cpuid(vcpu), EIO);
	TEST_ERRNO(fd_ioctl(vcpu, KVM_RUN, NULL), EIO);
	TEST_ERRNO(tm_pre_fault_once(vcpu, PM_GPA, PM_PAGE), EIO);
	TEST_ERRNO(tm_delete_slot(vm, TM_SLOT), EIO);
}

/* The module counts vCPUs that are initialized.  Linux 7.3 warns of this. */
static void test_finalize_without_vcpus(void)
{
	struct kvm_tdx_cmd cmd = { .id = KVM_TDX_FINALIZE_VM };
	int vm = tdx_create_td(NULL, 0), vcpu = tdx_create_vcpu(vm, 0);

	TEST_ASSERT(vcpu >= 0, "KVM_CREATE_VCPU: %s", strerror(errno));
	TEST_ERRNO(tdx_raw_command(vm, &cmd), EIO);
	TEST_ASSERT(cmd.hw_error == NO_VCPUS, "hw_error 0x%llx", cmd.hw_error);
	expect_dead(vm, vcpu);
	tdx_close_td(vm, &vcpu, 1);
}

/* The environment has the module refuse one of the pages: the measurement is undefined then. */
static void test_refused_page(void)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	struct tm_td td;

	tm_create(&td);
	region.nr_pages = TM_PAGES;
	TEST_ERRNO(tm_init_region(td.vcpu, MEASURED, &region), EIO);
	TEST_ASSERT(region.nr_pages, "no page was refused");
	expect_dead(td.vm, td.vcpu);
	tm_close(&td);
}

/* The TD can run then, and its measurement is complete. */
static void test_finalized(struct tm_td *td)
{
	struct kvm_tdx_init_mem_region region = valid_region();
	int other = tdx_create_vcpu(td->vm, 1);

	TEST_ASSERT(other >= 0, "KVM_CREATE_VCPU: %s", strerror(errno));
	TEST_ERRNO(fd_ioctl(td->vcpu, KVM_RUN, NULL), EINVAL);
	TEST_ERRNO(tm_finalize(td->vm), 0);

	TEST_ERRNO(tm_finalize(td->vm), EINVAL);
	TEST_ERRNO(tm_finalize(td->vm), EINVAL);
	TEST_ERRNO(tm_init_region(td->vcpu, 0, &region), EINVAL);
	TEST_ERRNO(tdx_command(td->vcpu, KVM_TDX_INIT_MEM_REGION, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_init_vcpu(other), EINVAL);
	TEST_ERRNO(tdx_command(td->vcpu, KVM_TDX_GET_CPUID, 0, NULL), EINVAL);
	TEST_ERRNO(tdx_create_vcpu(td->vm, 2) < 0 ? errno : 0, EIO);
	close(other);
}

static void test_finalize_too_early(void)
{
	int vm = tdx_create_vm();

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	TEST_ERRNO(tm_finalize(vm), EINVAL);
	close(vm);
}

static void test_finalize(void)
{
	struct kvm_tdx_cmd cmd = { .id = KVM_TDX_FINALIZE_VM, .hw_error = 1 };
	struct tm_td td;

	tm_create(&td);
	TEST_ERRNO(tdx_raw_command(td.vm, &cmd), EINVAL);
	tm_add(td.vcpu, MEASURED, PM_GPA, tm_source(), 1);
	test_finalized(&td);
	tm_close(&td);

	/* A TD may have no contents; flags and data are not used. */
	tm_create(&td);
	TEST_ERRNO(tdx_command(td.vm, KVM_TDX_FINALIZE_VM, -1, (void *)-1ul), 0);
	tm_close(&td);
}

/* The environment has the module be busy: nothing is lost, and it can be repeated. */
static void test_finalize_when_busy(void)
{
	struct kvm_tdx_cmd cmd = { .id = KVM_TDX_FINALIZE_VM };
	struct tm_td td;

	tm_create(&td);
	tm_add(td.vcpu, MEASURED, PM_GPA, tm_source(), 1);
	TEST_ERRNO(tdx_raw_command(td.vm, &cmd), EBUSY);
	TEST_ASSERT(TDX_STATUS_CODE(cmd.hw_error) == TDX_OPERAND_BUSY, "hw_error 0x%llx",
		    cmd.hw_error);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, PM_GPA, PM_PAGE), EOPNOTSUPP);
	tm_add(td.vcpu, MEASURED, PM_GPA + PM_PAGE, tm_source(), 1);
	test_finalized(&td);
	tm_close(&td);
}

/*
 * TDs whose measurement the environment can compare with what was added, in this order.  All have
 * the same number of vCPUs and the same parameters, which are not measured.
 */
static void test_measurements(void)
{
	const uint64_t half = TM_SIZE / 2;
	uint8_t *source = tm_source();
	struct tm_td td;

	tm_create_runnable(&td);
	tm_close(&td);

	tm_create(&td);
	tm_add(td.vcpu, MEASURED, PM_GPA, source, TM_PAGES);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_close(&td);

	tm_create(&td);
	tm_add(td.vcpu, 0, PM_GPA, source, TM_PAGES);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_close(&td);

	tm_create(&td);
	tm_add(td.vcpu, 0, PM_GPA + half, source, TM_PAGES / 2);
	tm_add(td.vcpu, MEASURED, PM_GPA, source + half, TM_PAGES / 2);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_close(&td);

	tm_create(&td);
	tm_add(td.vcpu, MEASURED, PM_GPA, source, 1);
	TEST_ERRNO(tm_punch(td.gmem, 0, PM_PAGE), 0);
	tm_add(td.vcpu, MEASURED, PM_GPA, source + PM_PAGE, 1);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_close(&td);
}

static void test_all(bool nr_pages_may_wrap)
{
	test_parameters(nr_pages_may_wrap);
	test_memory_errors();
	test_last_page();
	test_progress();
	test_slots();
	test_signals();
	test_page_twice();
	test_punch_hole();
	test_vcpus();
	test_commands_of_other_descriptor();
	test_other_process();
	test_finalize_too_early();
	test_finalize();
	tm_print_counts();
}

static void usage(const char *name)
{
	printf("usage: %s [-w | -m | -v | -r | -b]\n"
	       " -w: the number of pages may wrap\n"
	       " -m: only build the TDs whose measurement can be compared\n"
	       " -v: test only that a TD without vCPUs cannot be finalized, and is dead then\n"
	       " -r: test only that a TD is dead if the module refuses a page, as it has to\n"
	       " -b: test only that a TD can be finalized when the module was busy, as it has to be\n",
	       name);
	exit(KSFT_FAIL);
}

int main(int argc, char *argv[])
{
	int option = getopt(argc, argv, "wmvrb");

	tm_require();
	switch (option) {
	case -1:
	case 'w':
		test_all(option == 'w');
		break;
	case 'm':
		test_measurements();
		break;
	case 'v':
		test_finalize_without_vcpus();
		break;
	case 'r':
		test_refused_page();
		break;
	case 'b':
		test_finalize_when_busy();
		break;
	default:
		usage(argv[0]);
	}
	return 0;
}
