// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory of trust domains, for tests of its user interface.
 */
#define _GNU_SOURCE /* for fallocate() */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tdx_memory.h"

struct tm_counts tm_counts;

void tm_require(void)
{
	int vm;

	tdx_require();
	vm = tdx_create_vm();
	TEST_ASSERT(vm >= 0, "KVM_CREATE_VM: %s", strerror(errno));
	__TEST_REQUIRE(fd_check_cap(vm, KVM_CAP_MEMORY_ATTRIBUTES) > 0,
		       "TDs have no private memory");
	close(vm);
}

struct kvm_run *tm_map_run(int vcpu)
{
	struct kvm_run *run = mmap(NULL, TM_RUN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

	TEST_ASSERT(run != MAP_FAILED, "mmap: %s", strerror(errno));
	return run;
}

void tm_add_memory(struct tm_td *td)
{
	td->run = tm_map_run(td->vcpu);
	td->mem = pm_alloc(TM_SIZE);
	td->gmem = pm_create_gmem(td->vm, TM_SIZE, 0);
	TEST_ASSERT(td->gmem >= 0, "KVM_CREATE_GUEST_MEMFD: %s", strerror(errno));
	TEST_ERRNO(pm_set_gmem_slot(td->vm, TM_SLOT, PM_GPA, TM_SIZE, td->mem, td->gmem, 0), 0);
	TEST_ERRNO(tm_set_private(td->vm, PM_GPA, TM_SIZE), 0);
}

void tm_create(struct tm_td *td)
{
	td->vm = tdx_create_td(&td->vcpu, 1);
	tm_add_memory(td);
}

void tm_create_runnable(struct tm_td *td)
{
	tm_create(td);
	TEST_ERRNO(tm_finalize(td->vm), 0);
}

void tm_close(struct tm_td *td)
{
	munmap(td->run, TM_RUN_SIZE);
	close(td->vcpu);
	close(td->gmem);
	close(td->vm);
	munmap(td->mem, TM_SIZE);
}

void *tm_source(void)
{
	static uint8_t *source;
	unsigned int i;

	if (source)
		return source;
	source = pm_alloc(TM_SOURCE_PAGES * PM_PAGE);
	for (i = 0; i < TM_SOURCE_PAGES * PM_PAGE; i++)
		source[i] = 7 * (i / PM_PAGE) + i % PM_PAGE;
	return source;
}

/* The structure is only changed by what was done: pages are counted in all three fields. */
int tm_init_region(int vcpu, uint32_t flags, struct kvm_tdx_init_mem_region *region)
{
	const struct kvm_tdx_init_mem_region before = *region;
	int err = tdx_command(vcpu, KVM_TDX_INIT_MEM_REGION, flags, region);
	uint64_t added = before.nr_pages - region->nr_pages;

	TEST_ASSERT(region->gpa - before.gpa == added * PM_PAGE &&
		    region->source_addr - before.source_addr == added * PM_PAGE,
		    "%lu pages of %llu: from 0x%llx, 0x%llx to 0x%llx, 0x%llx", added,
		    before.nr_pages, before.gpa, before.source_addr, region->gpa,
		    region->source_addr);
	tm_counts.adds += added;
	if (flags & KVM_TDX_MEASURE_MEMORY_REGION)
		tm_counts.extends += added * TM_CHUNKS;
	return err;
}

void tm_add(int vcpu, uint32_t flags, uint64_t gpa, const void *source, uint64_t nr_pages)
{
	struct kvm_tdx_init_mem_region region = {
		.source_addr = (uintptr_t)source,
		.gpa = gpa,
		.nr_pages = nr_pages,
	};

	TEST_ERRNO(tm_init_region(vcpu, flags, &region), 0);
	ASSERT_EQ(region.nr_pages, 0);
}

int tm_finalize(int vm)
{
	return tdx_command(vm, KVM_TDX_FINALIZE_VM, 0, NULL);
}

int tm_delete_slot(int vm, uint32_t slot)
{
	return pm_set_slot(vm, slot, 0, 0, NULL);
}

int tm_set_private(int vm, uint64_t gpa, uint64_t size)
{
	return pm_set_attributes(vm, gpa, size, KVM_MEMORY_ATTRIBUTE_PRIVATE);
}

int tm_set_shared(int vm, uint64_t gpa, uint64_t size)
{
	return pm_set_attributes(vm, gpa, size, 0);
}

int tm_punch(int gmem, uint64_t offset, uint64_t size)
{
	return fallocate(gmem, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, size) ?
		errno : 0;
}

int tm_pre_fault_once(int vcpu, uint64_t gpa, uint64_t size)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };
	int err = fd_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);

	if (err)
		TEST_ASSERT(range.gpa == gpa && range.size == size, "the range was changed");
	return err;
}

void tm_pre_fault(int vcpu, uint64_t gpa, uint64_t size, unsigned long nr_new)
{
	struct kvm_pre_fault_memory range = { .gpa = gpa, .size = size };
	int err;

	while (range.size) {
		err = fd_ioctl(vcpu, KVM_PRE_FAULT_MEMORY, &range);
		if (err == EINTR || err == EAGAIN)
			continue;
		TEST_ERRNO(err, 0);
		TEST_ASSERT(range.gpa + range.size == gpa + size && range.gpa > gpa,
			    "0x%llx bytes at 0x%llx are left", range.size, range.gpa);
	}
	tm_counts.augs += nr_new;
}

void tm_expect_fault(struct tm_td *td, uint64_t gpa)
{
	struct kvm_run *run = td->run;

	run->exit_reason = 0;
	TEST_ERRNO(tm_pre_fault_once(td->vcpu, gpa, PM_PAGE), EFAULT);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_MEMORY_FAULT, "exit reason %u", run->exit_reason);
	TEST_ASSERT(run->memory_fault.flags == KVM_MEMORY_EXIT_FLAG_PRIVATE &&
		    run->memory_fault.gpa == gpa && run->memory_fault.size == PM_PAGE,
		    "flags 0x%llx, 0x%llx bytes at 0x%llx", run->memory_fault.flags,
		    run->memory_fault.size, run->memory_fault.gpa);
}

void tm_hold(const char *path)
{
	FILE *file = fopen(path, "w");

	TEST_ASSERT(file && fputs("ready\n", file) > 0 && !fclose(file), "%s: %s", path,
		    strerror(errno));
	for (;;)
		pause();
}

void tm_print_counts(void)
{
	printf("count TDH.MEM.PAGE.ADD %lu\n", tm_counts.adds);
	printf("count TDH.MR.EXTEND %lu\n", tm_counts.extends);
	printf("count TDH.MEM.PAGE.AUG %lu\n", tm_counts.augs);
}
