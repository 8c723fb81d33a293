// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs with private memory, and a guest that only loads and stores.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "private_mem.h"

#define CODE_SLOT	0
#define CODE_GPA	0x1000
#define CR0_PE_ET	0x11
#define RFLAGS_FIXED	2

/* mov eax, [esi]; hlt */
static const uint8_t load_code[] = { 0x8b, 0x06, 0xf4 };
/* mov [esi], eax; hlt */
static const uint8_t store_code[] = { 0x89, 0x06, 0xf4 };

#define LOAD_OFFSET	0
#define STORE_OFFSET	0x10

void pm_require(void)
{
	int types = kvm_check_cap(KVM_CAP_VM_TYPES);

	__TEST_REQUIRE(types & (1 << KVM_X86_SW_PROTECTED_VM), "no software-protected VMs");
}

int pm_create_gmem(int vm, uint64_t size, uint64_t flags)
{
	struct kvm_create_guest_memfd args = { .size = size, .flags = flags };

	return ioctl(vm, KVM_CREATE_GUEST_MEMFD, &args);
}

int pm_set_attributes(int vm, uint64_t gpa, uint64_t size, uint64_t attributes)
{
	struct kvm_memory_attributes args = {
		.address = gpa,
		.size = size,
		.attributes = attributes,
	};

	return fd_ioctl(vm, KVM_SET_MEMORY_ATTRIBUTES, &args);
}

int pm_set_slot(int vm, uint32_t slot, uint64_t gpa, uint64_t size, void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	return fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

int pm_set_gmem_slot(int vm, uint32_t slot, uint64_t gpa, uint64_t size, void *hva,
		     int gmem, uint64_t offset)
{
	struct kvm_userspace_memory_region2 region = {
		.slot = slot,
		.flags = KVM_MEM_GUEST_MEMFD,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
		.guest_memfd = gmem,
		.guest_memfd_offset = offset,
	};

	return fd_ioctl(vm, KVM_SET_USER_MEMORY_REGION2, &region);
}

void *pm_alloc(size_t size)
{
	uint8_t *mem = mmap(NULL, size + PM_HUGE_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	TEST_ASSERT(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	return (void *)(((uintptr_t)mem + PM_HUGE_PAGE - 1) & ~(PM_HUGE_PAGE - 1));
}

long pm_free_huge_kb(void)
{
	FILE *file = fopen("/proc/buddyinfo", "r");
	char line[256], *rest;
	long blocks, kb = 0;
	int order;

	TEST_ASSERT(file, "/proc/buddyinfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		rest = strstr(line, "zone");
		strtok(rest, " ");
		strtok(NULL, " ");
		for (order = 0; (rest = strtok(NULL, " ")); order++) {
			blocks = atol(rest);
			if (order >= 9)
				kb += blocks * ((PM_PAGE << order) / 1024);
		}
	}
	fclose(file);
	return kb;
}

static void flat_segment(struct kvm_segment *segment, uint16_t selector, uint8_t type)
{
	*segment = (struct kvm_segment) {
		.selector = selector,
		.limit = 0xffffffff,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

static void enter_protected_mode(int vcpu)
{
	struct kvm_sregs sregs;

	TEST_ERRNO(fd_ioctl(vcpu, KVM_GET_SREGS, &sregs), 0);
	sregs.cr0 = CR0_PE_ET;
	flat_segment(&sregs.cs, 8, 11);
	flat_segment(&sregs.ss, 16, 3);
	sregs.ds = sregs.ss;
	sregs.es = sregs.ss;
	sregs.fs = sregs.ss;
	sregs.gs = sregs.ss;
	TEST_ERRNO(fd_ioctl(vcpu, KVM_SET_SREGS, &sregs), 0);
}

void pm_create_guest(struct pm_guest *guest, int vm)
{
	guest->code = pm_alloc(PM_PAGE);
	memcpy((uint8_t *)guest->code + LOAD_OFFSET, load_code, sizeof(load_code));
	memcpy((uint8_t *)guest->code + STORE_OFFSET, store_code, sizeof(store_code));
	TEST_ERRNO(pm_set_slot(vm, CODE_SLOT, CODE_GPA, PM_PAGE, guest->code), 0);

	guest->vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	TEST_ASSERT(guest->vcpu >= 0, "KVM_CREATE_VCPU: %s", strerror(errno));
	guest->run_size = fd_vcpu_mmap_size();
	guest->run = mmap(NULL, guest->run_size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  guest->vcpu, 0);
	TEST_ASSERT(guest->run != MAP_FAILED, "mmap: %s", strerror(errno));
	enter_protected_mode(guest->vcpu);
}

void pm_free_guest(struct pm_guest *guest)
{
	munmap(guest->run, guest->run_size);
	close(guest->vcpu);
}

static int run_to_exit(struct pm_guest *guest, unsigned int offset, uint64_t gpa, uint32_t value)
{
	struct kvm_regs regs = {
		.rip = CODE_GPA + offset,
		.rflags = RFLAGS_FIXED,
		.rsi = gpa,
		.rax = value,
	};
	int err;

	TEST_ERRNO(fd_ioctl(guest->vcpu, KVM_SET_REGS, &regs), 0);
	do {
		err = fd_ioctl(guest->vcpu, KVM_RUN, NULL);
	} while (err == EINTR || err == EAGAIN);
	return err;
}

static int run(struct pm_guest *guest, unsigned int offset, uint64_t gpa, uint32_t *value)
{
	int err = run_to_exit(guest, offset, gpa, *value);
	struct kvm_regs regs;

	if (err)
		return err;

	TEST_ASSERT(guest->run->exit_reason == KVM_EXIT_HLT, "exit reason %u",
		    guest->run->exit_reason);
	TEST_ERRNO(fd_ioctl(guest->vcpu, KVM_GET_REGS, &regs), 0);
	*value = regs.rax;
	return 0;
}

int pm_load(struct pm_guest *guest, uint64_t gpa, uint32_t *value)
{
	*value = 0;
	return run(guest, LOAD_OFFSET, gpa, value);
}

int pm_store(struct pm_guest *guest, uint64_t gpa, uint32_t value)
{
	return run(guest, STORE_OFFSET, gpa, &value);
}

void pm_expect(struct pm_guest *guest, uint64_t gpa, uint32_t value)
{
	uint32_t loaded;

	TEST_ERRNO(pm_load(guest, gpa, &loaded), 0);
	TEST_ASSERT(loaded == value, "0x%x at 0x%lx, not 0x%x", loaded, gpa, value);
}

void pm_complete_mmio(struct pm_guest *guest)
{
	guest->run->immediate_exit = 1;
	TEST_ERRNO(fd_ioctl(guest->vcpu, KVM_RUN, NULL), EINTR);
	guest->run->immediate_exit = 0;
}

void pm_expect_mmio(struct pm_guest *guest, uint64_t gpa)
{
	struct kvm_run *run = guest->run;

	TEST_ERRNO(run_to_exit(guest, LOAD_OFFSET, gpa, 0), 0);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_MMIO && run->mmio.phys_addr == gpa,
		    "exit reason %u", run->exit_reason);
	pm_complete_mmio(guest);
}

static void expect_memory_fault(struct pm_guest *guest, uint64_t gpa, int err)
{
	struct kvm_run *run = guest->run;
	uint32_t loaded;

	TEST_ERRNO(pm_load(guest, gpa, &loaded), err);
	TEST_ASSERT(run->exit_reason == KVM_EXIT_MEMORY_FAULT, "exit reason %u", run->exit_reason);
	TEST_ASSERT(run->memory_fault.flags == KVM_MEMORY_EXIT_FLAG_PRIVATE &&
		    run->memory_fault.gpa == (gpa & ~(PM_PAGE - 1)) &&
		    run->memory_fault.size == PM_PAGE, "flags 0x%llx, 0x%llx bytes at 0x%llx",
		    run->memory_fault.flags, run->memory_fault.size, run->memory_fault.gpa);
}

void pm_expect_fault(struct pm_guest *guest, uint64_t gpa)
{
	expect_memory_fault(guest, gpa, EFAULT);
}

void pm_expect_poison(struct pm_guest *guest, uint64_t gpa)
{
	expect_memory_fault(guest, gpa, EHWPOISON);
}
