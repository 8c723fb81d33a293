/* SPDX-License-Identifier: GPL-2.0-only */
/* Extended page tables, as the host wrote them: translation of a guest-physical address. */
#ifndef _TDX_EMU_EPT_H
#define _TDX_EMU_EPT_H

#include "lib/x86.h"

/* The EPT pointer of a VMCS; the page table's address is in its PTE_ADDR. */
#define EPTP_MEMORY_TYPE	7ULL
#define EPTP_LEVELS(eptp)	(((eptp) >> 3 & 7) + 1)
#define EPTP_ACCESSED_DIRTY	BIT_ULL(6)

#define EPT_MAX_LEVELS		5

#define EPT_MEMORY_UNCACHEABLE	0
#define EPT_MEMORY_WRITE_BACK	6

/* Of an entry, of an access, and, with a shift, of the qualification of a violation. */
#define EPT_READ		BIT_ULL(0)
#define EPT_WRITE		BIT_ULL(1)
#define EPT_EXECUTE		BIT_ULL(2)
#define EPT_RIGHTS		(EPT_READ | EPT_WRITE | EPT_EXECUTE)

#define EPT_LARGE		BIT_ULL(7)
#define EPT_ACCESSED		BIT_ULL(8)
#define EPT_DIRTY		BIT_ULL(9)

/* The exit qualification of an EPT violation: the access is in the lowest bits. */
#define EPT_VIOLATION_RIGHTS_SHIFT	3
#define EPT_VIOLATION_GLA_VALID		BIT_ULL(7)
#define EPT_VIOLATION_FINAL		BIT_ULL(8)	/* not the guest's page tables */

/**
 * struct ept - a hierarchy of EPT paging structures
 * @pointer:	EPT pointer that passed the checks of a VM entry
 * @reserved:	bits of physical addresses that no entry may have
 * @table:	gives the table at a physical address, writable; NULL if it cannot be reached
 * @context:	for @table
 */
struct ept {
	u64 pointer;
	u64 reserved;
	u64 *(*table)(void *context, u64 pa);
	void *context;
};

/**
 * struct ept_access - what the guest does
 * @gpa:	guest-physical address
 * @access:	EPT_READ, EPT_WRITE and EPT_EXECUTE
 * @linear:	there is a guest-linear address; false for a load of PDPTEs
 * @walk:	it is an access to an entry of the guest's page tables
 */
struct ept_access {
	u64 gpa;
	u64 access;
	bool linear;
	bool walk;
};

enum ept_outcome {
	EPT_MAPPED,
	EPT_VIOLATES,
	EPT_MISCONFIGURED,
	EPT_NOT_REACHED,	/* @table() failed */
};

/**
 * struct ept_result - what ept_walk() found
 * @pa:		EPT_MAPPED: the physical address of @gpa
 * @size:	EPT_MAPPED: bytes of the page
 * @rights:	EPT_MAPPED: accesses that all entries allow
 * @clean:	EPT_MAPPED: the dirty flag has to be set with the first write
 * @qualification:	EPT_VIOLATES: exit qualification
 */
struct ept_result {
	u64 pa;
	u64 size;
	u64 rights;
	bool clean;
	u64 qualification;
};

/**
 * ept_walk() - translate one access, and set accessed and dirty flags
 * @ept:	the page tables, which other CPUs may change
 * @access:	what the guest does
 * @result:	is written according to the return value
 *
 * A flag is set only if the access is allowed.
 *
 * Return: the outcome.
 */
enum ept_outcome ept_walk(const struct ept *ept, const struct ept_access *access,
			  struct ept_result *result);

#endif /* _TDX_EMU_EPT_H */
