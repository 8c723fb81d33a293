/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs with private memory, and a guest that only loads and stores, for tests of private memory.
 *
 * They are represented by file descriptors, and not by a struct kvm_vm, because the tests set up
 * slots that the library does not know.
 */
#ifndef SELFTEST_KVM_PRIVATE_MEM_H
#define SELFTEST_KVM_PRIVATE_MEM_H

#include <stdbool.h>
#include <stdint.h>

#include "kvm_util.h"
#include "vm_fd.h"

#define PM_PAGE		4096ull
#define PM_HUGE_PAGE	(512 * PM_PAGE)

/* Where slots of tests can be: the guest's code is below. */
#define PM_GPA		(4 * PM_HUGE_PAGE)

/* A vCPU in flat protected mode. */
struct pm_guest {
	int vcpu;
	struct kvm_run *run;
	size_t run_size;
	void *code;
};

/* Skips the test if KVM does not support VMs with private memory that need no hardware. */
void pm_require(void);

/* Results are 0 or an errno; for descriptors they are -1 after an error. */
int pm_create_gmem(int vm, uint64_t size, uint64_t flags);
int pm_set_attributes(int vm, uint64_t gpa, uint64_t size, uint64_t attributes);
int pm_set_slot(int vm, uint32_t slot, uint64_t gpa, uint64_t size, void *hva);
int pm_set_gmem_slot(int vm, uint32_t slot, uint64_t gpa, uint64_t size, void *hva,
		     int gmem, uint64_t offset);

/* Anonymous memory that is aligned to huge pages. */
void *pm_alloc(size_t size);

/* Free memory of the machine in areas of at least a huge page. */
long pm_free_huge_kb(void);

/* Uses slot 0 for the guest's code. */
void pm_create_guest(struct pm_guest *guest, int vm);
void pm_free_guest(struct pm_guest *guest);

/* Accesses guest memory; the result is that of KVM_RUN. */
int pm_load(struct pm_guest *guest, uint64_t gpa, uint32_t *value);
int pm_store(struct pm_guest *guest, uint64_t gpa, uint32_t value);

/* Completes the access of a KVM_EXIT_MMIO, without running the guest. */
void pm_complete_mmio(struct pm_guest *guest);

/* Asserts that loads work, and what they get. */
void pm_expect(struct pm_guest *guest, uint64_t gpa, uint32_t value);

/* Asserts that a load of shared memory without a slot is one of MMIO. */
void pm_expect_mmio(struct pm_guest *guest, uint64_t gpa);

/* Asserts that a load of private memory fails, with the memory fault. */
void pm_expect_fault(struct pm_guest *guest, uint64_t gpa);

/* The same for memory that is poisoned. */
void pm_expect_poison(struct pm_guest *guest, uint64_t gpa);

#endif /* SELFTEST_KVM_PRIVATE_MEM_H */
