/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private memory of trust domains, for tests of its user interface.
 */
#ifndef SELFTEST_KVM_TDX_MEMORY_H
#define SELFTEST_KVM_TDX_MEMORY_H

#include <linux/bits.h>

#include "private_mem.h"
#include "tdx.h"

/* Size of the memory of struct tdx_td, and its slot */
#define TM_PAGES	16
#define TM_SIZE		(TM_PAGES * PM_PAGE)
#define TM_SLOT		1

/* The bit of shared memory in guest addresses */
#define TM_SHARED_BIT	BIT_ULL(tdx_gpa_width - 1)

/* struct kvm_run, and data of I/O ports */
#define TM_RUN_SIZE	(2 * PM_PAGE)

#define TM_CHUNKS	(PM_PAGE / 256)	/* a page is measured in chunks */

/*
 * SEAMCALLs that have to succeed in a test, whatever the kernel does beside them.  A test that
 * prints them can be compared with what the module saw.
 */
struct tm_counts {
	unsigned long adds;	/* TDH.MEM.PAGE.ADD */
	unsigned long extends;	/* TDH.MR.EXTEND */
	unsigned long augs;	/* TDH.MEM.PAGE.AUG */
};

extern struct tm_counts tm_counts;

/* A TD with a vCPU, and with a slot at PM_GPA whose memory is private. */
struct tm_td {
	int vm;
	int vcpu;
	int gmem;
	void *mem;	/* shared memory of the slot */
	struct kvm_run *run;
};

/* Skips the test if KVM supports no private memory of TDs. */
void tm_require(void);

/* To a TD with vCPU. */
void tm_add_memory(struct tm_td *td);
/* The vCPU is initialized, but the TD is not finalized. */
void tm_create(struct tm_td *td);
/* Finalized, without contents. */
void tm_create_runnable(struct tm_td *td);
void tm_close(struct tm_td *td);
struct kvm_run *tm_map_run(int vcpu);

/* Pages that can be the source of initial contents: byte i of page n is 7n + i. */
void *tm_source(void);
#define TM_SOURCE_PAGES	TM_PAGES

/* KVM_TDX_INIT_MEM_REGION; @region is changed.  Counts what was added. */
int tm_init_region(int vcpu, uint32_t flags, struct kvm_tdx_init_mem_region *region);
/* The same, of one range that has to be added as a whole. */
void tm_add(int vcpu, uint32_t flags, uint64_t gpa, const void *source, uint64_t nr_pages);
int tm_finalize(int vm);

/* Results are 0 or an errno. */
int tm_delete_slot(int vm, uint32_t slot);
int tm_set_private(int vm, uint64_t gpa, uint64_t size);
int tm_set_shared(int vm, uint64_t gpa, uint64_t size);
int tm_punch(int gmem, uint64_t offset, uint64_t size);

/* KVM_PRE_FAULT_MEMORY, once. */
int tm_pre_fault_once(int vcpu, uint64_t gpa, uint64_t size);
/* Asserts that all of a range is mapped, of which @nr_new pages were not mapped and private. */
void tm_pre_fault(int vcpu, uint64_t gpa, uint64_t size, unsigned long nr_new);
/* Asserts that a page cannot be mapped, and the memory fault of that. */
void tm_expect_fault(struct tm_td *td, uint64_t gpa);

/*
 * For an environment that looks at the TDs from outside, when the file has the word "ready".  Does
 * not return.
 */
void tm_hold(const char *path);

void tm_print_counts(void);

#endif /* SELFTEST_KVM_TDX_MEMORY_H */
