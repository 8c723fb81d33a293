/* SPDX-License-Identifier: GPL-2.0-only */
/* Nested page tables: mapping of guest-physical addresses. */
#ifndef _TDX_EMU_NPT_H
#define _TDX_EMU_NPT_H

#include "lib/lock.h"
#include "lib/x86.h"

/* QEMU's walk ignores higher address bits. */
#define NPT_WALK_LIMIT	BIT_ULL(48)

enum npt_access {
	NPT_NONE,
	NPT_READ,
	NPT_READ_WRITE,
};

/**
 * struct npt - one nested page table
 *
 * @lock:	protects the entries; CPUs in the guest read them without it
 * @root:	top-level table; NULL before npt_create()
 * @retired:	list of tables that were replaced, but may still be read by CPUs in the
 *		guest
 */
struct npt {
	struct lock lock;
	u64 *root;
	unsigned int retired;
};

/**
 * npt_create() - make a nested page table in which nothing is mapped
 * @npt:	a table that is not in use
 *
 * Like all functions that allocate tables, it ends the run if the pool of tables is
 * empty.
 */
void npt_create(struct npt *npt);

/**
 * npt_destroy() - give all tables back to the pool
 * @npt:	the table; no CPU may be in its guest
 */
void npt_destroy(struct npt *npt);

/**
 * npt_root() - operand of VMRUN
 * @npt:	the table
 *
 * Return: the physical address of the top-level table.
 */
u64 npt_root(const struct npt *npt);

/**
 * npt_map() - map a range, or unmap it
 * @npt:	the table
 * @gpa:	guest-physical start, page-aligned
 * @pa:		physical start, page-aligned
 * @size:	bytes, a multiple of PAGE_SIZE
 * @access:	accesses that the guest may make
 *
 * Addresses from NPT_WALK_LIMIT on are ignored.  CPUs in the guest see the change at
 * their next exit or TLB flush.
 */
void npt_map(struct npt *npt, u64 gpa, u64 pa, u64 size, enum npt_access access);

/**
 * npt_free_retired() - give retired tables back to the pool
 * @npt:	the table; all CPUs have left its guest since the last npt_map()
 */
void npt_free_retired(struct npt *npt);

/**
 * npt_reach() - translate an access of the guest
 * @npt:	the table
 * @gpa:	guest-physical address; bits that QEMU's walk ignores are ignored
 * @write:	true for a write
 * @pa:		the physical address
 *
 * Return: false if the access is not allowed; then @pa is not set.
 */
bool npt_reach(struct npt *npt, u64 gpa, bool write, u64 *pa);

#endif /* _TDX_EMU_NPT_H */
