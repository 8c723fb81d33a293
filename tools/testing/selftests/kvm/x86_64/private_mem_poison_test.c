// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test private memory that is poisoned.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include "private_mem_poison.h"
#include "private_mem.h"

#define PRIVATE		KVM_MEMORY_ATTRIBUTE_PRIVATE
#define PAGES		PP_PAGES
#define SIZE		(PAGES * PM_PAGE)
#define SLOT		1
#define WAIT_MS		10000

static uint64_t page(unsigned int number)
{
	return PM_GPA + number * PM_PAGE;
}

static void store_all(struct pm_guest *guest)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		TEST_ERRNO(pm_store(guest, page(i), i + 1), 0);
}

/* The page that cannot be read any more, after a while. */
static unsigned int find_page(struct pm_guest *guest)
{
	unsigned int i, wait;
	uint32_t value;

	for (wait = 0; wait < WAIT_MS; wait++) {
		for (i = 0; i < PAGES; i++) {
			if (pm_load(guest, page(i), &value))
				return i;
		}
		usleep(1000);
	}
	TEST_FAIL("the guest can still read all pages");
	return 0;
}

static unsigned int poison_one(struct pm_guest *guest)
{
	struct pp_pages before = pp_read_pages();

	store_all(guest);
	pp_poison_new_page(before);
	return find_page(guest);
}

static void test_access(struct pm_guest *guest, unsigned int poisoned)
{
	struct kvm_pre_fault_memory range = { .gpa = page(poisoned), .size = PM_PAGE };
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		if (i == poisoned)
			pm_expect_poison(guest, page(i));
		else
			pm_expect(guest, page(i), i + 1);
	}
	TEST_ERRNO(fd_ioctl(guest->vcpu, KVM_PRE_FAULT_MEMORY, &range), EHWPOISON);
}

/* A hole has good pages. */
static void test_punch(struct pm_guest *guest, int gmem, unsigned int poisoned)
{
	TEST_ASSERT(!fallocate(gmem, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
			       poisoned * PM_PAGE, PM_PAGE), "fallocate: %s", strerror(errno));
	pm_expect(guest, page(poisoned), 0);
	TEST_ERRNO(pm_store(guest, page(poisoned), poisoned + 1), 0);
	pm_expect(guest, page(poisoned), poisoned + 1);
}

int main(int argc, char *argv[])
{
	struct pm_guest guest;
	unsigned int poisoned;
	int vm, gmem;

	pm_require();
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_GUEST_MEMFD));
	pp_require();

	vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	gmem = pm_create_gmem(vm, SIZE, 0);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, pm_alloc(SIZE), gmem, 0), 0);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, SIZE, PRIVATE), 0);
	pm_create_guest(&guest, vm);

	poisoned = poison_one(&guest);
	test_access(&guest, poisoned);
	test_punch(&guest, gmem, poisoned);

	/* The file is closed with a poisoned page. */
	TEST_ASSERT(!fallocate(gmem, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, SIZE),
		    "fallocate: %s", strerror(errno));
	poison_one(&guest);
	close(gmem);
	pm_expect_fault(&guest, page(0));

	pm_free_guest(&guest);
	close(vm);
	return 0;
}
