// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of the guest, and its conversion between private and shared.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/kvm.h>

#include "vmm.h"

static int set_attributes(struct td *td, uint64_t gpa, uint64_t size, bool private)
{
	struct kvm_memory_attributes attributes = {
		.address = gpa,
		.size = size,
		.attributes = private ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0,
	};

	return ioctl(td->vm, KVM_SET_MEMORY_ATTRIBUTES, &attributes) ? errno : 0;
}

void memory_plan(struct td *td, uint64_t gpa, uint64_t size)
{
	td->slots[td->nr_slots++] = (struct slot) { .gpa = gpa, .size = size };
}

/* It is not the guest's RAM. */
void memory_plan_shared(struct td *td, uint64_t gpa, uint64_t size)
{
	td->slots[td->nr_slots++] = (struct slot) {
		.gpa = gpa,
		.size = size,
		.always_shared = true,
	};
}

void memory_plan_region(struct td *td, uint64_t gpa, const void *contents, uint64_t size)
{
	td->regions[td->nr_regions++] = (struct region) {
		.gpa = gpa,
		.size = PAGE_ALIGN(size),
		.contents = contents,
	};
}

static int create_gmem(struct td *td, uint64_t size)
{
	struct kvm_create_guest_memfd create = { .size = size };
	int gmem = ioctl(td->vm, KVM_CREATE_GUEST_MEMFD, &create);

	if (gmem < 0)
		die("KVM_CREATE_GUEST_MEMFD of 0x%llx bytes", (unsigned long long)size);
	return gmem;
}

static void create_slot(struct td *td, unsigned int nr)
{
	struct slot *slot = &td->slots[nr];
	struct kvm_userspace_memory_region2 region;

	slot->shared = allocate(slot->size);
	region = (struct kvm_userspace_memory_region2) {
		.slot = nr,
		.guest_phys_addr = slot->gpa,
		.memory_size = slot->size,
		.userspace_addr = (uintptr_t)slot->shared,
	};
	if (!slot->always_shared) {
		slot->gmem = create_gmem(td, slot->size);
		region.flags = KVM_MEM_GUEST_MEMFD;
		region.guest_memfd = slot->gmem;
	}
	if (ioctl(td->vm, KVM_SET_USER_MEMORY_REGION2, &region))
		die("KVM_SET_USER_MEMORY_REGION2");
	if (!slot->always_shared && set_attributes(td, slot->gpa, slot->size, true))
		die("KVM_SET_MEMORY_ATTRIBUTES");
}

void memory_create(struct td *td)
{
	unsigned int i;

	for (i = 0; i < td->nr_slots; i++)
		create_slot(td, i);
}

/* The copy that is not used any more. */
static int discard(struct slot *slot, uint64_t offset, uint64_t size, bool private)
{
	if (private)
		return madvise(slot->shared + offset, size, MADV_DONTNEED);
	return fallocate(slot->gmem, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
}

int memory_convert(struct td *td, uint64_t gpa, uint64_t size, bool private)
{
	struct slot *slot = slot_find(td, gpa, size);
	int error;

	/* Where there is no memory, there is nothing to share. */
	if (!slot || slot->always_shared)
		return private ? EINVAL : 0;
	error = set_attributes(td, gpa, size, private);
	if (error)
		return error;
	return discard(slot, gpa - slot->gpa, size, private) ? errno : 0;
}

void memory_close(struct td *td)
{
	unsigned int i;

	for (i = 0; i < td->nr_slots; i++)
		if (!td->slots[i].always_shared)
			close(td->slots[i].gmem);
}
