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
#include "processor.h"
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

	return tdx_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static int create_vm(void)
{
	int vm = tdx_create_vm();

	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM failed: %s", strerror(errno));
	return vm;
}

static struct kvm_tdx_init_vm *params_of(unsigned int width)
{
	struct kvm_tdx_init_vm *params = tdx_default_params();

	params->cpuid.entries[0].eax = width << 16;
	return params;
}

static void test_limit(unsigned int width)
{
	struct kvm_tdx_init_vm *params = params_of(width);
	uint64_t shared = 1ull << (width - 1);
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

	TEST_ERRNO(tdx_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), EINVAL);
	region.flags = 0;
	TEST_ERRNO(tdx_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), 0);
	close(vm);
}

/* All that failed is undone, so that it succeeds without the slot. */
static void test_slot_before_init_vm(unsigned int width)
{
	struct kvm_tdx_init_vm *params = params_of(width);
	uint64_t shared = 1ull << (width - 1);
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

static unsigned int widest(void)
{
	return get_cpuid_entry(kvm_get_supported_cpuid(), TDX_ADDRESS_WIDTHS_LEAF, 0)->eax >> 16 & 0xff;
}

int main(int argc, char *argv[])
{
	bool later = argc > 1 && !strcmp(argv[1], "-l");
	unsigned int width;

	tdx_require();
	memory = mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TEST_ASSERT(memory != MAP_FAILED, "mmap failed");

	test_read_only_slot();
	for (width = 48; width <= widest(); width += 4) {
		test_limit(width);
		if (!later)
			test_slot_before_init_vm(width);
	}
	return 0;
}
