// SPDX-License-Identifier: GPL-2.0-only
/*
 * Test the memory slots of TDs: they have to be below the shared bit, which is the uppermost
 * bit of guest physical addresses, in any order of slots and KVM_TDX_INIT_VM.
 *
 * Usage: tdx_slots_test [-l]
 * -l	for later kernels, which may accept a slot that reaches the bit before KVM_TDX_INIT_VM
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_util.h"
#include "kvm_util.h"
#include "tdx.h"

#define SLOT_PAGES	2
#define SLOT_SIZE	(SLOT_PAGES * 4096ul)

static void *memory;

/* A @size of 0 deletes the slot. */
static int set_slot(int vm, uint64_t gpa, uint64_t size)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)memory,
	};

	return fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int create_vm(void)
{
	int vm = tdx_create_vm();

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	return vm;
}

static void test_limit(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	uint64_t shared = 1ull << (tdx_gpa_width - 1);
	int vm = create_vm();

	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	TEST_ERRNO(set_slot(vm, shared, SLOT_SIZE), EINVAL);
	TEST_ERRNO(set_slot(vm, shared - 4096, SLOT_SIZE), EINVAL);
	TEST_ERRNO(set_slot(vm, shared | 1ull << 30, SLOT_SIZE), EINVAL);

	TEST_ERRNO(set_slot(vm, shared - SLOT_SIZE, SLOT_SIZE), 0);
	TEST_ERRNO(set_slot(vm, shared - 4096, SLOT_SIZE), EINVAL);
	TEST_ERRNO(set_slot(vm, 0, SLOT_SIZE), 0);
	TEST_ERRNO(set_slot(vm, 0, 0), 0);

	free(params);
	close(vm);
}

static void test_read_only_slot(void)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1,
		.flags = KVM_MEM_READONLY,
		.memory_size = SLOT_SIZE,
		.userspace_addr = (uintptr_t)memory,
	};
	int vm = create_vm();

	TEST_ERRNO(fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), EINVAL);
	region.flags = 0;
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
	close(vm);
}

/* Like the mode of system management, which TDs do not have. */
static void test_other_address_space(void)
{
	struct kvm_userspace_memory_region region = {
		.slot = 1 << 16 | 1,
		.memory_size = SLOT_SIZE,
		.userspace_addr = (uintptr_t)memory,
	};
	int vm = create_vm();

	TEST_ASSERT(fd_check_cap(vm, KVM_CAP_MULTI_ADDRESS_SPACE) <= 1, "several address spaces");
	TEST_ERRNO(fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), EINVAL);
	close(vm);
}

/* There is no slot.  The mode of system management has none in any TD. */
static void test_dirty_log_of_no_slot(void)
{
	struct kvm_dirty_log log = { .slot = 1 };
	struct kvm_clear_dirty_log clear = { .slot = 1 };
	int vm = create_vm();
	uint32_t space;

	TEST_ERRNO(fd_ioctl(vm, KVM_GET_DIRTY_LOG, &log), ENOENT);
	TEST_ERRNO(fd_ioctl(vm, KVM_CLEAR_DIRTY_LOG, &clear), ENOENT);
	for (space = 1; space < 4; space++) {
		log.slot = space << 16 | 1;
		clear.slot = log.slot;
		TEST_ERRNO(fd_ioctl(vm, KVM_GET_DIRTY_LOG, &log), EINVAL);
		TEST_ERRNO(fd_ioctl(vm, KVM_CLEAR_DIRTY_LOG, &clear), EINVAL);
	}
	close(vm);
}

/* All that failed is undone, so that it succeeds without the slot. */
static void test_slot_before_init_vm(void)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();
	uint64_t shared = 1ull << (tdx_gpa_width - 1);
	int vm = create_vm();

	TEST_ERRNO(set_slot(vm, shared, SLOT_SIZE), 0);
	TEST_ERRNO(tdx_init_vm(vm, params), EINVAL);
	TEST_ERRNO(set_slot(vm, shared - 4096, SLOT_SIZE), 0);
	TEST_ERRNO(tdx_init_vm(vm, params), EINVAL);
	TEST_ERRNO(set_slot(vm, shared - SLOT_SIZE, SLOT_SIZE), 0);
	TEST_ERRNO(tdx_init_vm(vm, params), 0);
	TEST_ERRNO(set_slot(vm, 0, 0), 0);

	free(params);
	close(vm);
}

int main(int argc, char *argv[])
{
	bool later = argc > 1 && !strcmp(argv[1], "-l");

	tdx_require();
	memory = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(memory != MAP_FAILED, "mmap failed");

	test_read_only_slot();
	test_other_address_space();
	test_dirty_log_of_no_slot();
	for (; tdx_gpa_width <= tdx_largest_width(); tdx_gpa_width += 4) {
		test_limit();
		if (!later)
			test_slot_before_init_vm();
		printf("width %u\n", tdx_gpa_width);
	}
	return 0;
}
