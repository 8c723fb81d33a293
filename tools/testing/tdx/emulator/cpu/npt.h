/* SPDX-License-Identifier: GPL-2.0-only */
/* Nested page tables: mapping of guest-physical addresses. */
#ifndef _TDX_EMU_NPT_H
#define _TDX_EMU_NPT_H

#include "lib/lock.h"
#include "lib/x86.h"

/* Instructions can be fetched, too, unless NO_FETCH is in the name. */
enum npt_access {
	NPT_NONE,
	NPT_READ,
	NPT_READ_WRITE,
	NPT_READ_NO_FETCH,
	NPT_READ_WRITE_NO_FETCH,
};

/**
 * struct npt - one nested page table
 *
 * @lock:	protects the entries; CPUs in the guest read them without it
 * @root:	top-level table; NULL before npt_create()
 * @retired:	list of tables that were replaced, but may still be read by CPUs in the
 *		guest
 * @nr_tables:	tables that are in use or retired
 */
struct npt {
	struct lock lock;
	u64 *root;
	unsigned int retired;
	unsigned int nr_tables;
};

/**
 * npt_set_levels() - set the number of levels of all nested page tables
 * @levels:	5 if the emulator itself runs with CR4.LA57, which QEMU's walk depends on, else 4
 *
 * Called before the first npt_create(); 4 if it is not called.
 */
void npt_set_levels(unsigned int levels);

/**
 * npt_walk_limit() - end of the addresses that nested page tables can map
 *
 * Return: the limit.  With 4 levels, QEMU's walk ignores higher bits of an address; with 5,
 * there are none.
 */
u64 npt_walk_limit(void);

/**
 * npt_pool_bytes() - size of the pool from which all tables are allocated
 * @ram_end:	end of the RAM
 * @more:	number of tables for other guests
 *
 * Return: bytes that suffice for one guest to which all RAM is mapped, even in pages of
 * 4 KB, and for @more tables.
 */
u64 npt_pool_bytes(u64 ram_end, unsigned int more);

/**
 * npt_pool_init() - set the memory of the pool
 * @memory:	npt_pool_bytes() bytes, page-aligned, which the guest cannot access
 * @ram_end:	as for npt_pool_bytes()
 * @more:	as for npt_pool_bytes()
 *
 * Called before the first npt_create().
 */
void npt_pool_init(void *memory, u64 ram_end, unsigned int more);

/* Tables that npt_map() of a page may need, with 5 levels. */
#define NPT_TABLES_OF_A_PAGE	4

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
 * Addresses from npt_walk_limit() on are ignored.  CPUs in the guest see the change at
 * their next exit or TLB flush.
 */
void npt_map(struct npt *npt, u64 gpa, u64 pa, u64 size, enum npt_access access);

/**
 * npt_mark() - unmap a range, and mark it
 * @npt:	the table
 * @gpa:	guest-physical start, page-aligned
 * @size:	bytes, a multiple of PAGE_SIZE
 * @mark:	an even number
 *
 * The mark is lost when the range is mapped again, or unmapped by npt_map().  CPUs in
 * the guest see the change like one by npt_map().
 */
void npt_mark(struct npt *npt, u64 gpa, u64 size, u64 mark);

/**
 * npt_mark_at() - get the mark of a page
 * @npt:	the table
 * @gpa:	guest-physical address
 *
 * Return: the mark; 0 if the page is mapped or has none.
 */
u64 npt_mark_at(struct npt *npt, u64 gpa);

/**
 * npt_next_mark() - find the next range that has a mark
 * @npt:	the table
 * @gpa:	where to begin, page-aligned; it becomes the start of the range
 * @size:	bytes of the range, not beyond one entry
 *
 * Return: its mark; 0 if there is none.
 */
u64 npt_next_mark(struct npt *npt, u64 *gpa, u64 *size);

/* A list without tables */
#define NPT_NO_TABLES	(~0U)

/**
 * npt_take_retired() - take the tables that have been replaced until now
 * @npt:	the table
 *
 * Return: list of them for npt_free_tables(), or NPT_NO_TABLES.
 */
unsigned int npt_take_retired(struct npt *npt);

/**
 * npt_free_tables() - give tables back to the pool
 * @npt:	the table; all CPUs have left its guest since npt_take_retired()
 * @list:	what that returned
 */
void npt_free_tables(struct npt *npt, unsigned int list);

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

/**
 * npt_is_identity() - test whether a range is mapped to the same addresses
 * @npt:	the table
 * @base:	start
 * @size:	bytes
 *
 * Return: true if the guest can read and write all of it there.
 */
bool npt_is_identity(struct npt *npt, u64 base, u64 size);

#endif /* _TDX_EMU_NPT_H */
