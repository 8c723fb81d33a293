// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test KVM_PRE_FAULT_MEMORY.
 */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "private_mem.h"

#define PRIVATE		KVM_MEMORY_ATTRIBUTE_PRIVATE
#define SIZE		(16 * PM_PAGE)
#define SLOT		1
#define PLAIN_SLOT	2
#define PLAIN_GPA	(PM_GPA + PM_HUGE_PAGE)
#define NO_SLOT_GPA	(PM_GPA + 2 * PM_HUGE_PAGE)
#define HIGH_SLOT	3
#define HIGH		BIT_ULL(48)
#define RACES		2000

/* Asserts that all of a range is mapped; a call may do only a part. */
static void pre_fault(int vcpu, uint64_t gpa, uint64_t size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };
	uint64_t before;
	int err;

	while (range.size) {
		before = range.size;
		err = fd_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);
		if (err == EINTR || err == EAGAIN)
			continue;
		TEST_ERRNO(err, 0);
		TEST_ASSERT(range.size < before && range.gpa + range.size == gpa + size,
			    "0x%llx bytes at 0x%llx are left", range.size, range.gpa);
	}
}

static int pre_fault_errno(int vcpu, uint64_t gpa, uint64_t size, uint64_t flags)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size, .flags = flags };
	int err = fd_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);

	if (err)
		TEST_ASSERT(range.gpa == gpa && range.size == size, "the range was changed");
	return err;
}

static void test_errors(int vcpu)
{
	TEST_ERRNO(fd_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, NULL), EFAULT);
	TEST_ERRNO(pre_fault_errno(vcpu, PM_GPA, PM_PAGE, 1), EINVAL);
	TEST_ERRNO(pre_fault_errno(vcpu, PM_GPA + 1, PM_PAGE, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(vcpu, PM_GPA, PM_PAGE + 1, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(vcpu, PM_GPA, 0, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(vcpu, PM_PAGE, -PM_PAGE, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(vcpu, NO_SLOT_GPA, PM_PAGE, 0), ENOENT);
}

static void test_maps(int vm, struct pm_guest *guest)
{
	pre_fault(guest->vcpu, PM_GPA, SIZE);
	pm_expect(guest, PM_GPA, 0);

	TEST_ERRNO(pm_set_attributes(vm, PM_GPA, SIZE, PRIVATE), 0);
	pre_fault(guest->vcpu, PM_GPA, SIZE);
	pm_expect(guest, PM_GPA, 0);
	TEST_ERRNO(pm_store(guest, PM_GPA, 1), 0);
	pre_fault(guest->vcpu, PM_GPA, PM_PAGE);
	pm_expect(guest, PM_GPA, 1);
}

/* What was done before an error counts. */
static void test_progress(struct pm_guest *guest)
{
	struct kvm_pre_fault_memory range = {
		.gpa = PM_GPA + SIZE - PM_PAGE,
		.size = 2 * PM_PAGE,
	};

	TEST_ERRNO(fd_ioctl(guest->vcpu, KVM_PRE_FAULT_MEMORY, &range), 0);
	TEST_ASSERT(range.gpa == PM_GPA + SIZE && range.size == PM_PAGE,
		    "0x%llx bytes at 0x%llx are left", range.size, range.gpa);
	TEST_ERRNO(fd_ioctl(guest->vcpu, KVM_PRE_FAULT_MEMORY, &range), ENOENT);
}

static void test_no_private_memory(int vm, struct pm_guest *guest)
{
	struct kvm_run *run = guest->run;

	TEST_ERRNO(pm_set_attributes(vm, PLAIN_GPA, PM_PAGE, PRIVATE), 0);
	run->exit_reason = 0;
	TEST_ERRNO(pre_fault_errno(guest->vcpu, PLAIN_GPA, PM_PAGE, 0), EFAULT);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_MEMORY_FAULT &&
		    run->memory_fault.gpa == PLAIN_GPA, "no memory fault");
	pre_fault(guest->vcpu, PLAIN_GPA + PM_PAGE, PM_PAGE);
}

/* Tables of four levels are for 48 bits, and slots may be where the host has more. */
static void test_beyond_the_tables(int vm, struct pm_guest *guest)
{
	int err = pm_set_slot(vm, HIGH_SLOT, HIGH + PLAIN_GPA, PM_PAGE, pm_alloc(PM_PAGE));

	if (err) {
		TEST_ERRNO(err, EINVAL);
		return;
	}
	pre_fault(guest->vcpu, PLAIN_GPA + PM_PAGE, PM_PAGE);
	TEST_ERRNO(pre_fault_errno(guest->vcpu, HIGH + PLAIN_GPA, PM_PAGE, 0), EINVAL);
	TEST_ERRNO(pre_fault_errno(guest->vcpu, HIGH + PLAIN_GPA + PM_PAGE, PM_PAGE, 0), EINVAL);
	TEST_ERRNO(pm_set_slot(vm, HIGH_SLOT, 0, 0, NULL), 0);
}

struct race {
	void *mem;
	int vm;
	int gmem;
};

static void *replace_slot(void *data)
{
	struct race *race = data;
	unsigned int i;

	for (i = 0; i < RACES; i++) {
		TEST_ERRNO(pm_set_slot(race->vm, SLOT, 0, 0, NULL), 0);
		TEST_ERRNO(pm_set_gmem_slot(race->vm, SLOT, PM_GPA, SIZE, race->mem, race->gmem, 0),
			   0);
	}
	return NULL;
}

/* The deletion waits for the ioctl, which must not wait for the deletion. */
static void test_race(struct race *race, int vcpu)
{
	pthread_t thread;
	int i, err;

	TEST_ASSERT(!pthread_create(&thread, NULL, replace_slot, race), "pthread_create");
	for (i = 0; i < RACES; i++) {
		err = pre_fault_errno(vcpu, PM_GPA, PM_PAGE, 0);
		TEST_ASSERT(!err || err == EFAULT || err == EAGAIN || err == EINTR, "%s",
			    strerror(err));
	}
	pthread_join(thread, NULL);
}

int main(int argc, char *argv[])
{
	void *mem = pm_alloc(SIZE);
	struct pm_guest guest;
	int vm, gmem;

	pm_require();
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_PRE_FAULT_MEMORY));

	vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	gmem = pm_create_gmem(vm, SIZE, 0);
	pm_create_guest(&guest, vm);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, 0), 0);
	TEST_ERRNO(pm_set_slot(vm, PLAIN_SLOT, PLAIN_GPA, SIZE, pm_alloc(SIZE)), 0);

	test_errors(guest.vcpu);
	test_maps(vm, &guest);
	test_progress(&guest);
	test_no_private_memory(vm, &guest);
	test_beyond_the_tables(vm, &guest);
	test_race(&(struct race) { .mem = mem, .vm = vm, .gmem = gmem }, guest.vcpu);

	pm_free_guest(&guest);
	close(gmem);
	close(vm);
	return 0;
}
