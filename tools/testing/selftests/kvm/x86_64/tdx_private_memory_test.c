// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test private memory of a TD: how it is mapped, and what takes it away again.
 *
 * Pages are mapped by KVM_PRE_FAULT_MEMORY.  A page that is mapped again although nothing took it
 * away would be one more than the test prints at its end.
 */
#define _GNU_SOURCE /* for fallocate() */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tdx_cgroup.h"
#include "tdx_memory.h"

#define OTHER_SLOT	2
#define OTHER_GPA	(PM_GPA + PM_HUGE_PAGE)
#define PLAIN_SLOT	3
#define PLAIN_GPA	(PM_GPA + 2 * PM_HUGE_PAGE)
#define NO_SLOT_GPA	(PM_GPA + 3 * PM_HUGE_PAGE)
#define MOVED_GPA	NO_SLOT_GPA
#define FAR_GPA		(TM_SHARED_BIT / 2)
#define MANY_PAGES	1024

/* A TD with all of its memory, of which the first pages had initial contents. */
static void create_filled(struct tm_td *td, unsigned int nr_added)
{
	tm_create(td);
	tm_add(td->vcpu, 0, PM_GPA, tm_source(), nr_added);
	TEST_ERRNO(tm_finalize(td->vm), 0);
	tm_pre_fault(td->vcpu, PM_GPA, TM_SIZE, TM_PAGES - nr_added);
}

static void test_capabilities(void)
{
	int vm = tdx_create_vm();

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_USER_MEMORY2), 1);
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_MEMORY_FAULT_INFO), 1);
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_GUEST_MEMFD), 1);
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_PRE_FAULT_MEMORY), 1);
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_MEMORY_ATTRIBUTES), KVM_MEMORY_ATTRIBUTE_PRIVATE);
	ASSERT_EQ(fd_check_cap(vm, KVM_CAP_READONLY_MEM), 0);
	close(vm);
}

static int bind_errno(struct tm_td *td, uint32_t flags, uint64_t gpa, int gmem, uint64_t offset)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = OTHER_SLOT,
		.flags = KVM_MEM_GUEST_MEMFD | flags,
		.guest_phys_addr = gpa,
		.memory_size = TM_SIZE,
		.userspace_addr = (uintptr_t)td->mem,
		.guest_memfd = gmem,
		.guest_memfd_offset = offset,
	};

	return fd_ioctl(td->vm, KVM_SET_USER_MEMORY_REGION2, &region);
}

/* What is wrong with a slot of private memory. */
static void test_bind(void)
{
	struct tm_td td, other;
	int gmem;

	tm_create_runnable(&td);
	tm_create(&other);
	gmem = pm_create_gmem(td.vm, 2 * TM_SIZE, 0);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, -1, 0), EBADF);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, td.vcpu, 0), EINVAL);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, other.gmem, 0), EINVAL);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, gmem, 1), EINVAL);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, gmem, TM_SIZE + PM_PAGE), EINVAL);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, gmem, -TM_SIZE), EINVAL);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, td.gmem, 0), EEXIST);
	TEST_ERRNO(bind_errno(&td, 0, PM_GPA, gmem, 0), EEXIST);
	TEST_ERRNO(bind_errno(&td, KVM_MEM_READONLY, OTHER_GPA, gmem, 0), EINVAL);
	TEST_ERRNO(bind_errno(&td, KVM_MEM_LOG_DIRTY_PAGES, OTHER_GPA, gmem, 0), EINVAL);

	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, gmem, PM_PAGE), 0);
	TEST_ERRNO(bind_errno(&td, 0, OTHER_GPA, gmem, PM_PAGE), EINVAL);
	TEST_ERRNO(bind_errno(&td, 0, PLAIN_GPA, gmem, PM_PAGE), EINVAL);
	TEST_ERRNO(tm_set_private(td.vm, OTHER_GPA, TM_SIZE), 0);
	tm_pre_fault(td.vcpu, OTHER_GPA, TM_SIZE, TM_PAGES);
	/* The first page of the file belongs to no slot. */
	TEST_ERRNO(tm_punch(gmem, 0, PM_PAGE), 0);
	tm_pre_fault(td.vcpu, OTHER_GPA, TM_SIZE, 0);
	close(gmem);
	tm_close(&other);
	tm_close(&td);
}

static int attributes_errno(int vm, uint64_t attributes, uint64_t flags)
{
	struct kvm_memory_attributes args = {
		.address = PM_GPA,
		.size = PM_PAGE,
		.attributes = attributes,
		.flags = flags,
	};

	return fd_ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, &args);
}

/* A failure leaves the memory as it is. */
static void test_attribute_errors(void)
{
	struct tm_td td;
	int bit;

	tm_create_runnable(&td);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES);
	for (bit = 0; bit < 64; bit++) {
		if (1ull << bit != KVM_MEMORY_ATTRIBUTE_PRIVATE)
			TEST_ERRNO(attributes_errno(td.vm, 1ull << bit, 0), EINVAL);
		TEST_ERRNO(attributes_errno(td.vm, 0, 1ull << bit), EINVAL);
	}
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA + 1, PM_PAGE), EINVAL);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, PM_PAGE + 1), EINVAL);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, 0), EINVAL);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, -PM_GPA), EINVAL);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
	tm_close(&td);
}

static int pre_fault_errno(int vcpu, uint64_t gpa, uint64_t size, uint64_t flags)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size, .flags = flags };

	return fd_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);
}

/* Pages that are mapped before the TD is finalized would not be measured. */
static void test_pre_fault_too_early(void)
{
	struct tm_td td;

	tm_create(&td);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, PM_GPA, PM_PAGE), EOPNOTSUPP);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, NO_SLOT_GPA, PM_PAGE), EOPNOTSUPP);
	tm_add(td.vcpu, 0, PM_GPA, tm_source(), 1);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, PM_GPA, PM_PAGE), EOPNOTSUPP);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES - 1);
	tm_close(&td);
}

static void test_pre_fault_errors(void)
{
	struct tm_td td;

	tm_create_runnable(&td);
	TEST_ERRNO(fd_ioctl(td.vcpu, KVM_PRE_FAULT_MEMORY, NULL), EFAULT);
	TEST_ERRNO(pre_fault_errno(td.vcpu, PM_GPA, PM_PAGE, 1), EINVAL);
	TEST_ERRNO(pre_fault_errno(td.vcpu, PM_GPA + 1, PM_PAGE, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(td.vcpu, PM_GPA, PM_PAGE + 1, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(td.vcpu, PM_GPA, 0, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(td.vcpu, PM_GPA, -PM_GPA, 0), EINVAL);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, PM_GPA | TM_SHARED_BIT, PM_PAGE), EINVAL);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, NO_SLOT_GPA, PM_PAGE), ENOENT);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, NO_SLOT_GPA | TM_SHARED_BIT, PM_PAGE), EINVAL);
	tm_close(&td);
}

/* Private memory needs a slot with a file that is open. */
static void test_memory_faults(void)
{
	void *mem = pm_alloc(TM_SIZE);
	struct tm_td td;

	tm_create_runnable(&td);
	TEST_ERRNO(tm_set_private(td.vm, NO_SLOT_GPA, PM_PAGE), 0);
	tm_expect_fault(&td, NO_SLOT_GPA);

	TEST_ERRNO(pm_set_slot(td.vm, PLAIN_SLOT, PLAIN_GPA, TM_SIZE, mem), 0);
	tm_pre_fault(td.vcpu, PLAIN_GPA, TM_SIZE, 0);
	TEST_ERRNO(tm_set_private(td.vm, PLAIN_GPA + PM_PAGE, PM_PAGE), 0);
	tm_expect_fault(&td, PLAIN_GPA + PM_PAGE);
	tm_pre_fault(td.vcpu, PLAIN_GPA, PM_PAGE, 0);

	tm_pre_fault(td.vcpu, PM_GPA, PM_PAGE, 1);
	TEST_ERRNO(tm_delete_slot(td.vm, TM_SLOT), 0);
	tm_expect_fault(&td, PM_GPA);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, TM_SLOT, PM_GPA, TM_SIZE, td.mem, td.gmem, 0), 0);
	tm_pre_fault(td.vcpu, PM_GPA, PM_PAGE, 1);
	close(td.gmem);
	tm_expect_fault(&td, PM_GPA);
	tm_expect_fault(&td, PM_GPA + PM_PAGE);
	td.gmem = -1;
	tm_close(&td);
}

/* What was mapped before an error counts. */
static void test_progress(void)
{
	struct kvm_pre_fault_memory range = {
		.gpa = PM_GPA + TM_SIZE - 2 * PM_PAGE,
		.size = 4 * PM_PAGE,
	};
	struct tm_td td;

	tm_create_runnable(&td);
	TEST_ERRNO(fd_ioctl(td.vcpu, KVM_PRE_FAULT_MEMORY, &range), 0);
	tm_counts.augs += 2;
	TEST_ASSERT(range.gpa == PM_GPA + TM_SIZE && range.size == 2 * PM_PAGE,
		    "0x%llx bytes at 0x%llx are left", range.size, range.gpa);
	TEST_ERRNO(fd_ioctl(td.vcpu, KVM_PRE_FAULT_MEMORY, &range), ENOENT);
	tm_close(&td);
}

static void test_pre_fault_again(void)
{
	struct tm_td td;

	tm_create(&td);
	tm_add(td.vcpu, KVM_TDX_MEASURE_MEMORY_REGION, PM_GPA, tm_source(), 4);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	tm_pre_fault(td.vcpu, PM_GPA, PM_PAGE, 0);
	tm_pre_fault(td.vcpu, PM_GPA, 8 * PM_PAGE, 4);
	tm_pre_fault(td.vcpu, PM_GPA, 8 * PM_PAGE, 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES - 8);
	tm_close(&td);
}

/* More than a table of the secure EPT, and in other tables of each level. */
static void test_much_memory(void)
{
	const uint64_t size = MANY_PAGES * PM_PAGE, half = size / 2;
	struct tm_td td;
	void *mem;
	int gmem;

	tm_create_runnable(&td);
	mem = pm_alloc(size);
	gmem = pm_create_gmem(td.vm, size, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, OTHER_GPA, half, mem, gmem, 0), 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, PLAIN_SLOT, FAR_GPA - half / 2, half, mem, gmem, half),
		   0);
	TEST_ERRNO(tm_set_private(td.vm, OTHER_GPA, half), 0);
	TEST_ERRNO(tm_set_private(td.vm, FAR_GPA - half / 2, half), 0);
	tm_pre_fault(td.vcpu, OTHER_GPA, half, MANY_PAGES / 2);
	tm_pre_fault(td.vcpu, FAR_GPA - half / 2, half, MANY_PAGES / 2);
	TEST_ERRNO(tm_punch(gmem, half / 2, half), 0);
	tm_pre_fault(td.vcpu, OTHER_GPA, half, MANY_PAGES / 4);
	tm_pre_fault(td.vcpu, FAR_GPA - half / 2, half, MANY_PAGES / 4);
	close(gmem);
	tm_close(&td);
	munmap(mem, size);
}

static void test_punch_hole(void)
{
	struct tm_td td;

	create_filled(&td, 4);

	/* The last page that was added, and the first that was not. */
	TEST_ERRNO(tm_punch(td.gmem, 3 * PM_PAGE, 2 * PM_PAGE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 2);
	TEST_ERRNO(tm_punch(td.gmem, 3 * PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(tm_punch(td.gmem, 3 * PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(tm_punch(td.gmem, 0, TM_SIZE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES);

	/* Neither of them does anything. */
	TEST_ERRNO(tm_punch(td.gmem, 1, PM_PAGE), EINVAL);
	TEST_ERRNO(fallocate(td.gmem, FALLOC_FL_KEEP_SIZE, 0, TM_SIZE) ? errno : 0, 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
	tm_close(&td);
}

/* Memory that becomes shared is not private any more; the rest is not affected. */
static void test_attributes(void)
{
	struct tm_td td;

	create_filled(&td, 4);

	TEST_ERRNO(tm_set_private(td.vm, PM_GPA, TM_SIZE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA + 3 * PM_PAGE, 2 * PM_PAGE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA + 3 * PM_PAGE, 2 * PM_PAGE), 0);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA + 3 * PM_PAGE, PM_PAGE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 1);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA, TM_SIZE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 1);

	/* Also without a slot, and a slot may come later. */
	TEST_ERRNO(tm_delete_slot(td.vm, TM_SLOT), 0);
	TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, PM_PAGE), 0);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, PM_GPA, PM_PAGE), ENOENT);
	tm_expect_fault(&td, PM_GPA + PM_PAGE);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, TM_SLOT, PM_GPA, TM_SIZE, td.mem, td.gmem, 0), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES - 1);
	tm_close(&td);
}

/* Both kinds of memory, in turns. */
static void test_conversions(void)
{
	struct tm_td td;
	unsigned int i;

	tm_create_runnable(&td);
	for (i = 0; i < 8; i++) {
		TEST_ERRNO(tm_set_private(td.vm, PM_GPA, TM_SIZE), 0);
		tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES);
		TEST_ERRNO(tm_set_shared(td.vm, PM_GPA, TM_SIZE), 0);
		if (i & 1)
			TEST_ERRNO(tm_punch(td.gmem, 0, TM_SIZE), 0);
		tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
	}
	tm_close(&td);
}

/* A slot goes without the private memory of others. */
static void test_delete_slot(void)
{
	struct tm_td td;
	int gmem;

	tm_create(&td);
	tm_add(td.vcpu, 0, PM_GPA, tm_source(), 4);
	TEST_ERRNO(tm_finalize(td.vm), 0);
	gmem = pm_create_gmem(td.vm, TM_SIZE, 0);
	TEST_ERRNO(pm_set_slot(td.vm, PLAIN_SLOT, PLAIN_GPA, TM_SIZE, td.mem), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES - 4);
	tm_pre_fault(td.vcpu, PLAIN_GPA, TM_SIZE, 0);

	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, OTHER_GPA, TM_SIZE, td.mem, gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td.vm, OTHER_GPA, TM_SIZE), 0);
	tm_pre_fault(td.vcpu, OTHER_GPA, TM_SIZE, TM_PAGES);
	TEST_ERRNO(tm_delete_slot(td.vm, OTHER_SLOT), 0);
	/* One without private memory can be moved. */
	TEST_ERRNO(pm_set_slot(td.vm, PLAIN_SLOT, MOVED_GPA, TM_SIZE, td.mem), 0);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, PLAIN_GPA, PM_PAGE), ENOENT);
	tm_pre_fault(td.vcpu, MOVED_GPA, TM_SIZE, 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);
	TEST_ERRNO(tm_delete_slot(td.vm, PLAIN_SLOT), 0);
	tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, 0);

	/* At another place, and beside it. */
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, PM_GPA + TM_SIZE, TM_SIZE, td.mem, gmem, 0),
		   0);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA + TM_SIZE, TM_SIZE), 0);
	tm_pre_fault(td.vcpu, PM_GPA, 2 * TM_SIZE, TM_PAGES);
	TEST_ERRNO(tm_delete_slot(td.vm, TM_SLOT), 0);
	tm_pre_fault(td.vcpu, PM_GPA + TM_SIZE, TM_SIZE, 0);
	close(gmem);
	tm_close(&td);
}

/* A vCPU that is not initialized has no part in this. */
static void test_vcpus(void)
{
	int vcpus[2], gmem, vm = tdx_create_td(vcpus, 2);
	void *mem = pm_alloc(TM_SIZE);

	gmem = pm_create_gmem(vm, TM_SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(vm, TM_SLOT, PM_GPA, TM_SIZE, mem, gmem, 0), 0);
	TEST_ERRNO(tm_set_private(vm, PM_GPA, TM_SIZE), 0);
	TEST_ERRNO(tm_finalize(vm), 0);
	tm_pre_fault(vcpus[0], PM_GPA, 4 * PM_PAGE, 4);
	tm_pre_fault(vcpus[1], PM_GPA, TM_SIZE, TM_PAGES - 4);
	close(vcpus[0]);
	TEST_ERRNO(tm_punch(gmem, 0, PM_PAGE), 0);
	tm_pre_fault(vcpus[1], PM_GPA, TM_SIZE, 1);
	close(vcpus[1]);
	TEST_ERRNO(tm_punch(gmem, PM_PAGE, PM_PAGE), 0);
	TEST_ERRNO(tm_delete_slot(vm, TM_SLOT), 0);
	close(gmem);
	close(vm);
}

enum descriptor { VM, VCPU, GMEM, NR_DESCRIPTORS };

static void close_in_order(bool runnable, enum descriptor first, enum descriptor second)
{
	int fds[NR_DESCRIPTORS];
	struct tm_td td;

	tm_create(&td);
	tm_add(td.vcpu, 0, PM_GPA, tm_source(), 4);
	if (runnable) {
		TEST_ERRNO(tm_finalize(td.vm), 0);
		tm_pre_fault(td.vcpu, PM_GPA, TM_SIZE, TM_PAGES - 4);
	}
	munmap(td.run, TM_RUN_SIZE);
	munmap(td.mem, TM_SIZE);

	fds[VM] = td.vm;
	fds[VCPU] = td.vcpu;
	fds[GMEM] = td.gmem;
	close(fds[first]);
	close(fds[second]);
	close(fds[NR_DESCRIPTORS - first - second]);
}

static void test_close_orders(void)
{
	enum descriptor first, second;

	for (first = VM; first < NR_DESCRIPTORS; first++) {
		for (second = VM; second < NR_DESCRIPTORS; second++) {
			if (first == second)
				continue;
			close_in_order(false, first, second);
			close_in_order(true, first, second);
		}
	}
}

static void test_errors(void)
{
	test_capabilities();
	test_bind();
	test_attribute_errors();
	test_pre_fault_too_early();
	test_pre_fault_errors();
	test_memory_faults();
}

static void test_memory(void)
{
	test_progress();
	test_pre_fault_again();
	test_much_memory();
	test_punch_hole();
	test_attributes();
	test_conversions();
	test_delete_slot();
	test_vcpus();
	test_close_orders();
}

/* What uses most leaves of private memory, until one is refused.  Returns the first error. */
static int use_until_error(struct tm_td *td)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)tm_source(),
		.gpa = PM_GPA,
		.nr_pages = 4,
	};
	int err = tm_init_region(td->vcpu, KVM_TDX_MEASURE_MEMORY_REGION, &region);

	if (!err)
		err = tm_finalize(td->vm);
	if (!err)
		err = tm_pre_fault_once(td->vcpu, PM_GPA, TM_SIZE);
	if (!err)
		err = tm_punch(td->gmem, 2 * PM_PAGE, 4 * PM_PAGE);
	return err ?: tm_set_shared(td->vm, PM_GPA, TM_SIZE);
}

/* The environment makes the module refuse a leaf: the TD is dead then, and can be freed. */
static void test_death(void)
{
	int nr_keyids = tdx_count_free_keyids();
	struct tm_td td;

	tm_create(&td);
	TEST_ERRNO(use_until_error(&td), EIO);
	TEST_ERRNO(tm_set_private(td.vm, PM_GPA, TM_SIZE), EIO);
	TEST_ERRNO(tm_pre_fault_once(td.vcpu, PM_GPA, PM_PAGE), EIO);
	TEST_ERRNO(tm_finalize(td.vm), EIO);
	TEST_ERRNO(tm_punch(td.gmem, 0, PM_PAGE), 0);
	tm_close(&td);
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);

	create_filled(&td, 4);
	tm_close(&td);
}

static void add_slot(struct tm_td *td, uint32_t slot, uint64_t gpa, int gmem)
{
	TEST_ERRNO(pm_set_gmem_slot(td->vm, slot, gpa, TM_SIZE, td->mem, gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td->vm, gpa, TM_SIZE), 0);
	tm_pre_fault(td->vcpu, gpa, TM_SIZE, TM_PAGES);
}

/* What takes memory away, once each: the TD keeps all pages at PM_GPA but the first and third. */
static void create_holey(struct tm_td *td)
{
	int gmem;

	create_filled(td, TM_PAGES / 2);
	TEST_ERRNO(tm_punch(td->gmem, 0, PM_PAGE), 0);
	TEST_ERRNO(tm_set_shared(td->vm, PM_GPA + PM_PAGE, 2 * PM_PAGE), 0);
	TEST_ERRNO(tm_set_private(td->vm, PM_GPA + PM_PAGE, PM_PAGE), 0);
	tm_pre_fault(td->vcpu, PM_GPA + PM_PAGE, PM_PAGE, 1);

	gmem = pm_create_gmem(td->vm, TM_SIZE, 0);
	add_slot(td, OTHER_SLOT, OTHER_GPA, gmem);
	TEST_ERRNO(tm_delete_slot(td->vm, OTHER_SLOT), 0);
	add_slot(td, OTHER_SLOT, FAR_GPA, gmem);
	close(gmem);
}

static void hold_td(const char *path)
{
	struct tm_td td;

	create_holey(&td);
	tm_hold(path);
}

/* Objects and page tables of the kernel that the process is charged for. */
static void print_kernel_memory(const char *when)
{
	printf("kernel_kb %s %ld\n", when,
	       (tc_read("memory.stat", "slab") + tc_read("memory.stat", "sec_pagetables")) / 1024);
}

/* For an environment that counts what a number of pages cost that are given back in some way. */
static const char *give_back;
static unsigned int nr_used_pages = MANY_PAGES;

static void use_pages(void)
{
	const uint64_t size = nr_used_pages * PM_PAGE;
	struct tm_td td;
	int gmem;

	printf("free_huge_kb before %ld\n", pm_free_huge_kb());
	tm_create_runnable(&td);
	gmem = pm_create_gmem(td.vm, size, 0);
	TEST_ERRNO(pm_set_gmem_slot(td.vm, OTHER_SLOT, OTHER_GPA, size, pm_alloc(size), gmem, 0),
		   0);
	TEST_ERRNO(tm_set_private(td.vm, OTHER_GPA, size), 0);
	TEST_ERRNO(fallocate(gmem, FALLOC_FL_KEEP_SIZE, 0, size) ? errno : 0, 0);
	print_kernel_memory("allocated");
	tm_pre_fault(td.vcpu, OTHER_GPA, size, nr_used_pages);
	print_kernel_memory("mapped");
	printf("free_huge_kb mapped %ld\n", pm_free_huge_kb());

	if (!strcmp(give_back, "hole"))
		TEST_ERRNO(tm_punch(gmem, 0, size), 0);
	else if (!strcmp(give_back, "file"))
		close(gmem);
	else if (!strcmp(give_back, "vm"))
		tm_close(&td);
	else
		TEST_ASSERT(!strcmp(give_back, "exit"), "pages cannot be given back by %s",
			    give_back);
	printf("free_huge_kb after %ld\n", pm_free_huge_kb());
}

static void use_pages_in_cgroup(void)
{
	int status;

	tc_create("memory");
	status = tc_run(use_pages);
	tc_destroy();
	exit(status ? EXIT_FAILURE : EXIT_SUCCESS);
}

static void help(const char *name)
{
	printf("usage: %s [-n PAGES -u HOW | -p FILE | -x]\n"
	       " -n: number of pages for -u (default: %d)\n"
	       " -p: create a TD, write to the file, and pause\n"
	       " -u: use pages and give them back: hole, file or vm (closed first), or exit\n"
	       " -x: a leaf of private memory will be refused by the module\n",
	       name, MANY_PAGES);
	exit(KSFT_SKIP);
}

static void parse_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "n:p:u:x")) != -1) {
		if (option == 'n') {
			nr_used_pages = atoi(optarg);
		} else if (option == 'p') {
			hold_td(optarg);
		} else if (option == 'u') {
			give_back = optarg;
		} else if (option == 'x') {
			test_death();
			exit(0);
		} else {
			help(argv[0]);
		}
	}
	if (give_back)
		use_pages_in_cgroup();
}

int main(int argc, char *argv[])
{
	int nr_keyids;

	tm_require();
	parse_options(argc, argv);
	nr_keyids = tdx_count_free_keyids();
	for (; tdx_gpa_width <= tdx_largest_width(); tdx_gpa_width += 4) {
		test_errors();
		test_memory();
		printf("width %u\n", tdx_gpa_width);
	}
	tdx_gpa_width = 48;
	ASSERT_EQ(tdx_count_free_keyids(), nr_keyids);
	tm_print_counts();
	return 0;
}
