// SPDX-License-Identifier: GPL-2.0-only
/*
 * The record which TD owns a page.
 *
 * It takes two bytes for each page: a TD has an id, and there is an array of ids for each
 * 2 MB of physical memory of which a TD has a page.  It is read by #MC, without a lock and
 * while the TD may be freed.  So what an id stands for is not struct tdx_td, and it and the
 * arrays are freed after an RCU grace period.
 */
#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include <asm/tdx_td.h>

#include "clear.h"
#include "owner.h"

#define LEAKED		BIT(15)
#define ID_MASK		(LEAKED - 1)
#define PAGES		512

/* The owners of neighbouring pages: an id and LEAKED, or 0. */
struct block {
	u16 ids[PAGES];
};

/* By page frame / PAGES.  Its lock protects all of the record. */
static DEFINE_XARRAY_FLAGS(blocks, XA_FLAGS_ACCOUNT);

/* What an id stands for.  It is used as long as there is a page. */
struct owner {
	u64 tdr;
	pid_t creator;
	unsigned long nr_pages;
	struct rcu_head rcu;
};

static DEFINE_XARRAY_FLAGS(owners, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);

static atomic_long_t nr_owned = ATOMIC_LONG_INIT(0);
static atomic_long_t nr_leaked = ATOMIC_LONG_INIT(0);

static u16 *id_of(struct block *block, unsigned long pfn)
{
	return &block->ids[pfn % PAGES];
}

/* The first page of a TD becomes its TDR page. */
static int add_owner(struct tdx_td *td, struct page *tdr)
{
	struct owner *owner = kmalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);
	u32 id;

	if (!owner)
		return -ENOMEM;
	*owner = (struct owner) { .tdr = page_to_phys(tdr), .creator = td->creator };
	if (xa_alloc(&owners, &id, owner, XA_LIMIT(1, ID_MASK), GFP_KERNEL)) {
		kfree(owner);
		return -ENOMEM;
	}
	td->owner = id;
	return 0;
}

/* With the lock.  After its last page, @td may be created again, and gets another id. */
static void put_owner(struct tdx_td *td, u16 id)
{
	struct owner *owner = xa_load(&owners, id);

	if (owner->nr_pages)
		return;
	xa_erase(&owners, id);
	kfree_rcu(owner, rcu);
	if (td->owner == id)
		td->owner = 0;
}

static int add_block(unsigned long pfn)
{
	struct block *block = kzalloc(sizeof(*block), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!block)
		return -ENOMEM;
	ret = xa_insert(&blocks, pfn / PAGES, block, GFP_KERNEL);
	if (ret)
		kfree(block);
	/* Another thread may have been faster. */
	return ret == -EBUSY ? 0 : ret;
}

/* -ENOENT: there is no block.  With the lock. */
static int set_id(unsigned long pfn, u16 id)
{
	struct block *block = xa_load(&blocks, pfn / PAGES);
	struct owner *owner = xa_load(&owners, id);

	if (!block)
		return -ENOENT;
	if (*id_of(block, pfn))
		return -EBUSY;
	WRITE_ONCE(*id_of(block, pfn), id);
	owner->nr_pages++;
	atomic_long_inc(&nr_owned);
	return 0;
}

/**
 * tdx_owner_record - record which TD owns a page
 * @td:	  the TD; if it has no page, @page becomes its TDR page
 * @page: the page
 *
 * Context: Process context, may sleep.  Calls for the first page of a TD are serialized.
 * Return: 0; -ENOMEM, or -EBUSY if the page is recorded already.
 */
int tdx_owner_record(struct tdx_td *td, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	int ret = td->owner ? 0 : add_owner(td, page);

	while (!ret) {
		xa_lock(&blocks);
		ret = set_id(pfn, td->owner);
		xa_unlock(&blocks);
		if (ret != -ENOENT)
			break;
		ret = add_block(pfn);
	}
	if (ret && td->owner) {
		xa_lock(&blocks);
		put_owner(td, td->owner);
		xa_unlock(&blocks);
	}
	return ret;
}

/* With the lock.  Returns the block if no page is left in it. */
static struct block *clear_id(struct tdx_td *td, unsigned long pfn)
{
	struct block *block = xa_load(&blocks, pfn / PAGES);
	u16 id = *id_of(block, pfn) & ID_MASK;
	struct owner *owner = xa_load(&owners, id);

	WRITE_ONCE(*id_of(block, pfn), 0);
	atomic_long_dec(&nr_owned);
	owner->nr_pages--;
	put_owner(td, id);
	if (memchr_inv(block->ids, 0, sizeof(block->ids)))
		return NULL;
	return __xa_erase(&blocks, pfn / PAGES);
}

/**
 * tdx_owner_forget - remove a page from the record
 * @td:	  the TD of tdx_owner_record()
 * @page: a page that is recorded
 *
 * Context: Process context, may sleep.
 */
void tdx_owner_forget(struct tdx_td *td, struct page *page)
{
	struct block *empty;

	xa_lock(&blocks);
	empty = clear_id(td, page_to_pfn(page));
	xa_unlock(&blocks);
	if (empty)
		kfree_rcu_mightsleep(empty);
}

/**
 * tdx_owner_leak - record that a page could not be reclaimed
 * @td:	  the TD that owned it
 * @page: a page that is recorded
 *
 * Context: Process context.
 */
void tdx_owner_leak(struct tdx_td *td, struct page *page)
{
	unsigned long pfn = page_to_pfn(page);
	u16 *id;

	xa_lock(&blocks);
	id = id_of(xa_load(&blocks, pfn / PAGES), pfn);
	WRITE_ONCE(*id, *id | LEAKED);
	xa_unlock(&blocks);
	atomic_long_inc(&nr_leaked);
	atomic_inc(&td->nr_leaked);
}

/* In an RCU read-side critical section */
static u16 find_id(unsigned long pfn)
{
	struct block *block = xa_load(&blocks, pfn / PAGES);

	return block ? READ_ONCE(*id_of(block, pfn)) : 0;
}

/**
 * tdx_page_find_owner - find the TD that owns a page
 * @pa:	   any physical address, without KeyID
 * @owner: filled in if the return value is true
 *
 * Context: Any, #MC included.
 * Return: Whether a TD owns it, or owned it and it was leaked.
 */
bool tdx_page_find_owner(u64 pa, struct tdx_page_owner *owner)
{
	const struct owner *found;
	u16 id;

	rcu_read_lock();
	id = find_id(PHYS_PFN(pa));
	found = id ? xa_load(&owners, id & ID_MASK) : NULL;
	if (found)
		*owner = (struct tdx_page_owner) {
			.tdr	 = found->tdr,
			.creator = found->creator,
			.leaked	 = id & LEAKED,
		};
	rcu_read_unlock();
	return found;
}

/**
 * tdx_pages_are_owned - may a TD own a page?
 *
 * Context: Any.
 * Return: Whether a page is recorded, or is just being recorded.
 */
bool tdx_pages_are_owned(void)
{
	unsigned long index = 0;

	/* Not xa_empty(): an insertion that had no memory for a node leaves those above it. */
	return xa_find(&blocks, &index, ULONG_MAX, XA_PRESENT);
}

/**
 * tdx_pages_count - count the pages of TDs
 *
 * Context: Any.  Not exact while TDs are created or destroyed.
 * Return: The numbers.
 */
struct tdx_page_counts tdx_pages_count(void)
{
	return (struct tdx_page_counts) {
		.owned	= atomic_long_read(&nr_owned),
		.leaked = atomic_long_read(&nr_leaked),
	};
}

/* A page that is freed at the same time may have another user. */
static void make_safe(unsigned long pfn)
{
	struct block *block;

	xa_lock(&blocks);
	block = xa_load(&blocks, pfn / PAGES);
	if (block && *id_of(block, pfn))
		tdx_clear(PFN_PHYS(pfn), PAGE_SIZE);
	xa_unlock(&blocks);
}

/**
 * tdx_pages_make_safe - make all pages of TDs ordinary memory, for another kernel
 *
 * They remain recorded.  Each is looked up with the lock with which it is removed from the
 * record before it can have another user.
 *
 * Context: Process context, may sleep.  After tdx_cache_retire(): no SEAMCALLs are made
 *	    any more, and no cache holds a line that the module wrote.
 */
void tdx_pages_make_safe(void)
{
	unsigned long index, i;
	void *block;

	if (!tdx_clear_needed())
		return;
	xa_for_each(&blocks, index, block) {
		for (i = 0; i < PAGES; i++)
			make_safe(index * PAGES + i);
		cond_resched();
	}
}
