// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test KVM_SET_USER_MEMORY_REGION2: ordinary slots, and slots with a guest_memfd.
 */
#include <errno.h>
#include <unistd.h>

#include "private_mem.h"

#define SIZE		(4 * PM_PAGE)
#define SLOT		1
#define OTHER_SLOT	2
#define OTHER_GPA	(PM_GPA + PM_HUGE_PAGE)

static void *mem;

static int set_region2(int vm, uint32_t slot, uint32_t flags, uint64_t gpa, uint64_t size)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)mem,
		.guest_memfd = -1,
		.guest_memfd_offset = 1,
	};

	return fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &region);
}

static int delete_slot(int vm, uint32_t slot)
{
	return set_region2(vm, slot, 0, 0, 0);
}

/* Without the flag it is KVM_SET_USER_MEMORY_REGION, and the new fields are ignored. */
static void test_ordinary(int vm)
{
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION2, NULL), EFAULT);
	TEST_ERRNO(set_region2(vm, SLOT, 0, PM_GPA, SIZE), 0);
	TEST_ERRNO(set_region2(vm, SLOT, KVM_MEM_LOG_DIRTY_PAGES, PM_GPA, SIZE), 0);
	TEST_ERRNO(set_region2(vm, SLOT, 0, OTHER_GPA, SIZE), 0);
	TEST_ERRNO(set_region2(vm, OTHER_SLOT, 0, OTHER_GPA, SIZE), EEXIST);
	TEST_ERRNO(set_region2(vm, OTHER_SLOT, 1 << 3, PM_GPA, SIZE), EINVAL);
	TEST_ERRNO(set_region2(vm, OTHER_SLOT, 1 << 16, PM_GPA, SIZE), EINVAL);
	TEST_ERRNO(set_region2(vm, SLOT, 0, OTHER_GPA, 2 * SIZE), EINVAL);
	TEST_ERRNO(delete_slot(vm, SLOT), 0);
	TEST_ERRNO(delete_slot(vm, SLOT), EINVAL);
}

static int bind(int vm, int fd, uint64_t offset)
{
	int err = pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, fd, offset);

	if (!err)
		TEST_ERRNO(delete_slot(vm, SLOT), 0);
	return err;
}

static void test_file(int vm)
{
	int other_vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	int gmem = pm_create_gmem(vm, 2 * SIZE, 0);
	int other = pm_create_gmem(other_vm, 2 * SIZE, 0);

	TEST_ERRNO(bind(vm, -1, 0), EBADF);
	TEST_ERRNO(bind(vm, vm, 0), EINVAL);
	TEST_ERRNO(bind(vm, STDERR_FILENO, 0), EINVAL);
	TEST_ERRNO(bind(vm, other, 0), EINVAL);

	TEST_ERRNO(bind(vm, gmem, 0), 0);
	TEST_ERRNO(bind(vm, gmem, SIZE), 0);
	TEST_ERRNO(bind(vm, gmem, 1), EINVAL);
	TEST_ERRNO(bind(vm, gmem, SIZE + PM_PAGE), EINVAL);
	TEST_ERRNO(bind(vm, gmem, 2 * SIZE), EINVAL);
	TEST_ERRNO(bind(vm, gmem, -PM_PAGE), EINVAL);
	TEST_ERRNO(bind(vm, gmem, -SIZE), EINVAL);

	close(gmem);
	TEST_ERRNO(bind(vm, gmem, 0), EBADF);
	close(other);
	close(other_vm);
}

static int bind_flags(int vm, int fd, uint32_t slot, uint32_t flags)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = KVM_MEM_GUEST_MEMFD | flags,
		.guest_phys_addr = PM_GPA,
		.memory_size = SIZE,
		.userspace_addr = (uintptr_t)mem,
		.guest_memfd = fd,
	};

	return fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &region);
}

static void test_flags(int vm)
{
	int gmem = pm_create_gmem(vm, SIZE, 0);
	struct kvm_userspace_memory_region region = {
		.slot = SLOT,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = PM_GPA,
		.memory_size = SIZE,
		.userspace_addr = (uintptr_t)mem,
	};

	/* The older structure has no room for the file. */
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), EINVAL);

	TEST_ERRNO(bind_flags(vm, gmem, SLOT, KVM_MEM_LOG_DIRTY_PAGES), EINVAL);
	TEST_ERRNO(bind_flags(vm, gmem, SLOT, KVM_MEM_READONLY), EINVAL);
	TEST_ERRNO(bind_flags(vm, gmem, 1 << 16 | SLOT, 0), EINVAL);
	close(gmem);
}

/* The slot can only be deleted. */
static void test_change(int vm)
{
	int gmem = pm_create_gmem(vm, 2 * SIZE, 0);

	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, 0), 0);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, 0), EINVAL);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, SIZE), EINVAL);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, OTHER_GPA, SIZE, mem, gmem, 0), EINVAL);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, 2 * SIZE, mem, gmem, 0), EINVAL);
	TEST_ERRNO(set_region2(vm, SLOT, 0, PM_GPA, SIZE), EINVAL);
	TEST_ERRNO(set_region2(vm, SLOT, KVM_MEM_LOG_DIRTY_PAGES, PM_GPA, SIZE), EINVAL);
	TEST_ERRNO(set_region2(vm, SLOT, 0, OTHER_GPA, SIZE), EINVAL);
	TEST_ERRNO(delete_slot(vm, SLOT), 0);

	/* Nor can an ordinary slot become one. */
	TEST_ERRNO(set_region2(vm, SLOT, 0, PM_GPA, SIZE), 0);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, 0), EINVAL);
	TEST_ERRNO(delete_slot(vm, SLOT), 0);
	close(gmem);
}

/* A failed creation leaves nothing bound. */
static void test_overlap(int vm)
{
	int gmem = pm_create_gmem(vm, 2 * SIZE, 0);
	int other = pm_create_gmem(vm, 2 * SIZE, 0);

	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, PM_PAGE), 0);

	TEST_ERRNO(pm_set_gmem_slot(vm, OTHER_SLOT, OTHER_GPA, SIZE, mem, gmem, 0), EEXIST);
	TEST_ERRNO(pm_set_gmem_slot(vm, OTHER_SLOT, OTHER_GPA, SIZE, mem, gmem, SIZE), EEXIST);
	TEST_ERRNO(pm_set_gmem_slot(vm, OTHER_SLOT, OTHER_GPA, SIZE, mem, gmem, PM_PAGE), EEXIST);
	TEST_ERRNO(pm_set_gmem_slot(vm, OTHER_SLOT, OTHER_GPA, PM_PAGE, mem, gmem, 0), 0);
	TEST_ERRNO(delete_slot(vm, OTHER_SLOT), 0);

	/* The range of the guest overlaps, not that of the file. */
	TEST_ERRNO(pm_set_gmem_slot(vm, OTHER_SLOT, PM_GPA, SIZE, mem, other, 0), EEXIST);
	TEST_ERRNO(pm_set_gmem_slot(vm, OTHER_SLOT, OTHER_GPA, SIZE, mem, other, 0), 0);

	TEST_ERRNO(delete_slot(vm, SLOT), 0);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, 0), 0);
	TEST_ERRNO(delete_slot(vm, SLOT), 0);

	/* Files and slots can go in any order. */
	close(other);
	TEST_ERRNO(delete_slot(vm, OTHER_SLOT), 0);
	TEST_ERRNO(pm_set_gmem_slot(vm, SLOT, PM_GPA, SIZE, mem, gmem, 0), 0);
	close(gmem);
}

/* There is no slot with this number in any address space. */
static void test_dirty_log(int vm, int nr_spaces)
{
	struct kvm_dirty_log log = {};
	struct kvm_clear_dirty_log clear = {};
	int space;

	for (space = 0; space < 4; space++) {
		log.slot = space << 16 | SLOT;
		clear.slot = log.slot;
		TEST_ERRNO(fd_ioctl(vm, KVM_GET_DIRTY_LOG, &log),
			   space < nr_spaces ? ENOENT : EINVAL);
		TEST_ERRNO(fd_ioctl(vm, KVM_CLEAR_DIRTY_LOG, &clear),
			   space < nr_spaces ? ENOENT : EINVAL);
	}
}

/* It may have another address space, for the mode of system management. */
static void test_ordinary_vm(void)
{
	int vm = fd_create_vm(KVM_X86_DEFAULT_VM);

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	test_dirty_log(vm, fd_check_cap(vm, KVM_CAP_MULTI_ADDRESS_SPACE) ?: 1);
	close(vm);
}

int main(int argc, char *argv[])
{
	int vm;

	pm_require();
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_USER_MEMORY2));
	TEST_REQUIRE(kvm_has_cap(KVM_CAP_GUEST_MEMFD));

	mem = pm_alloc(2 * SIZE);
	vm = fd_create_vm(KVM_X86_SW_PROTECTED_VM);
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	test_ordinary_vm();
	test_ordinary(vm);
	test_dirty_log(vm, 1);
	test_file(vm);
	test_flags(vm);
	test_change(vm);
	test_overlap(vm);

	/* The last slot is left bound to a file that is closed. */
	close(vm);
	return 0;
}
