// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test KVM_SET_MEMORY_ATTRIBUTES: what it refuses, and that ranges have what was set.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "private_mem.h"

#define PRIVATE		KVM_MEMORY_ATTRIBUTE_PRIVATE
#define PAGES		64
#define STEPS		400
#define SLOT		1

static void test_caps(int vm)
{
	int plain = fd_create_vm(KVM_X86_DEFAULT_VM);

	TEST_ASSERT(kvm_check_cap(KVM_CAP_MEMORY_ATTRIBUTES) == PRIVATE, "/dev/kvm has 0x%x",
		    kvm_check_cap(KVM_CAP_MEMORY_ATTRIBUTES));
	TEST_ASSERT(fd_check_cap(vm, KVM_CAP_MEMORY_ATTRIBUTES) == PRIVATE, "the VM has 0x%x",
		    fd_check_cap(vm, KVM_CAP_MEMORY_ATTRIBUTES));

	TEST_ASSERT(!fd_check_cap(plain, KVM_CAP_MEMORY_ATTRIBUTES), "an ordinary VM has 0x%x",
		    fd_check_cap(plain, KVM_CAP_MEMORY_ATTRIBUTES));
	TEST_ASSERT(pm_set_attributes(plain, PM_GPA, PM_PAGE, PRIVATE),
		    "an ordinary VM has private memory");
	close(plain);
}

static void test_errors(int vm)
{
	struct kvm_memory_attributes args = { .address = PM_GPA, .size = PM_PAGE, .flags = 1 };
	unsigned int bit;

	TEST_ERRNO(fd_ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, NULL), EFAULT);
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, &args), EINVAL);
	for (bit = 0; bit < 64; bit++) {
		if (1ull << bit != PRIVATE)
			TEST_ERRNO(pm_set_attributes(vm, PM_GPA, PM_PAGE, 1ull << bit), EINVAL);
	}

	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, 0, PRIVATE), EINVAL);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA + 1, PM_PAGE, PRIVATE), EINVAL);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, PM_PAGE + 1, PRIVATE), EINVAL);
	TEST_ERRNO(pm_set_attributes(vm, -PM_PAGE, 2 * PM_PAGE, PRIVATE), EINVAL);
	TEST_ERRNO(pm_set_attributes(vm, PM_PAGE, -PM_PAGE, PRIVATE), EINVAL);
}

/* A page is private if a load faults: the slot has no private memory. */
static void compare(struct pm_guest *guest, const bool *private)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		if (private[i])
			pm_expect_fault(guest, PM_GPA + i * PM_PAGE);
		else
			pm_expect(guest, PM_GPA + i * PM_PAGE, 0);
	}
}

/* Random ranges, next to each other, in each other, and repeated. */
static void test_ranges(int vm, struct pm_guest *guest)
{
	bool private[PAGES] = {};
	unsigned int step;

	TEST_ERRNO(pm_set_slot(vm, SLOT, PM_GPA, PAGES * PM_PAGE, pm_alloc(PAGES * PM_PAGE)), 0);
	srand(1);
	for (step = 0; step < STEPS; step++) {
		unsigned int first = rand() % PAGES;
		unsigned int nr = 1 + rand() % (step % 2 ? 4 : PAGES);
		bool set = rand() % 2;
		unsigned int i;

		nr = min(nr, PAGES - first);
		TEST_ERRNO(pm_set_attributes(vm, PM_GPA + first * PM_PAGE, nr * PM_PAGE,
					     set ? PRIVATE : 0), 0);
		for (i = first; i < first + nr; i++)
			private[i] = set;
		if (step % 10 == 0)
			compare(guest, private);
	}
	compare(guest, private);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, PAGES * PM_PAGE, 0), 0);
}

/* A slot can come and go, or not exist. */
static void test_slots(int vm, struct pm_guest *guest)
{
	void *mem = pm_alloc(PM_PAGE);

	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, PM_PAGE, PRIVATE), 0);
	TEST_ERRNO(pm_set_slot(vm, SLOT, PM_GPA, 0, NULL), 0);
	pm_expect_fault(guest, PM_GPA);
	TEST_ERRNO(pm_set_slot(vm, SLOT, PM_GPA, PM_PAGE, mem), 0);
	pm_expect_fault(guest, PM_GPA);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, PM_PAGE, 0), 0);
	pm_expect(guest, PM_GPA, 0);
	TEST_ERRNO(pm_set_slot(vm, SLOT, PM_GPA, 0, NULL), 0);

	/* MMIO is shared. */
	pm_expect_mmio(guest, PM_GPA);
	pm_expect_mmio(guest, PM_GPA);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, PM_PAGE, PRIVATE), 0);
	pm_expect_fault(guest, PM_GPA);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, PM_PAGE, 0), 0);
	pm_expect_mmio(guest, PM_GPA);
}

/* Ranges are not counted page by page, whether there is memory or not. */
static void test_large(int vm, struct pm_guest *guest)
{
	uint64_t size = (1ull << 31) - PM_GPA;
	unsigned int i;

	TEST_ERRNO(pm_set_attributes(vm, 1ull << 32, 1ull << 44, PRIVATE), 0);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, size, PRIVATE), 0);
	pm_expect_fault(guest, PM_GPA);
	pm_expect_fault(guest, PM_GPA + size - PM_PAGE);
	for (i = 0; i < 1000; i++)
		TEST_ERRNO(pm_set_attributes(vm, PM_GPA + 2 * i * PM_PAGE, PM_PAGE, 0), 0);
	for (i = 0; i < 1000; i++)
		TEST_ERRNO(pm_set_attributes(vm, PM_GPA + 2 * i * PM_PAGE, PM_PAGE, PRIVATE), 0);
	pm_expect_fault(guest, PM_GPA);
	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, size, 0), 0);
	TEST_ERRNO(pm_set_attributes(vm, 1ull << 32, 1ull << 44, 0), 0);
}

int main(int argc, char *argv[])
{
	struct pm_guest guest;
	int vm;

	pm_require();
	vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));

	test_caps(vm);
	test_errors(vm);
	pm_create_guest(&guest, vm);
	test_ranges(vm, &guest);
	test_slots(vm, &guest);
	test_large(vm, &guest);

	pm_free_guest(&guest);
	close(vm);
	return 0;
}
