/* SPDX-License-Identifier: GPL-2.0-only */
/* Nested page tables: mapping of guest-physical addresses. */
#ifndef _TDX_EMU_NPT_H
#define _TDX_EMU_NPT_H

#include "lib/lock.h"
#include "lib/x86.h"

/* QEMU's walk ignores the address bits above. */
#define NPT_WALK_LIMIT	BIT_ULL(48)

enum npt_access {
	NPT_NONE,
	NPT_READ,
	NPT_READ_WRITE,
};

/**
 * struct npt - one nested page table
 *
 * @lock:	held for each access to its entries, except those of CPUs in the guest
 * @root:	its highest table; NULL before npt_create()
 * @retired:	tables that are not part of it any more, but maybe still read by CPUs in the
 *		guest: the first of a list
 */
struct npt {
	struct lock lock;
	u64 *root;
	unsigned int retired;
};

/**
 * npt_create() - make a nested page table in which nothing is mapped
 * @npt:	is not in use
 *
 * Like all that needs a table, it ends the run when the pool of tables is empty.
 */
void npt_create(struct npt *npt);

/**
 * npt_destroy() - give all tables back to the pool
 * @npt:	no CPU is in its guest
 */
void npt_destroy(struct npt *npt);

/**
 * npt_root() - operand of VMRUN
 * @npt:	was created
 *
 * Return: the physical address of the highest table.
 */
u64 npt_root(const struct npt *npt);

/**
 * npt_map() - map a range, or unmap it
 * @npt:	was created
 * @gpa:	where it begins for the guest; a page's address
 * @pa:		where it begins in memory; a page's address
 * @size:	in bytes, whole pages
 * @access:	what the guest may do there
 *
 * What is at NPT_WALK_LIMIT or above is ignored.  CPUs in the guest see the change at their
 * next exit or TLB flush.
 */
void npt_map(struct npt *npt, u64 gpa, u64 pa, u64 size, enum npt_access access);

/**
 * npt_free_retired() - give tables that large pages have replaced back to the pool
 * @npt:	since the last npt_map() all CPUs have been outside of its guest
 */
void npt_free_retired(struct npt *npt);

/**
 * npt_reach() - translate an access of the guest
 * @npt:	was created
 * @gpa:	guest-physical address; bits that QEMU's walk ignores are ignored
 * @write:	it is a write
 * @pa:		the physical address
 *
 * Return: false if it is not allowed; then @pa is not written.
 */
bool npt_reach(struct npt *npt, u64 gpa, bool write, u64 *pa);

#endif /* _TDX_EMU_NPT_H */
