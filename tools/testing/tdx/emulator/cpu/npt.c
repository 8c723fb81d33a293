// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include "cpu/npt.h"
#include "lib/lock.h"
#include "lib/log.h"

#define ENTRIES		512
#define LEVEL_4K	0
#define LEVEL_1G	2
#define LEVEL_512G	3
#define LEVEL_SHIFT(l)	(12 + 9 * (l))

/*
 * Accessed and dirty are set from the start, so that the CPUs never write to a
 * table and an entry can be replaced by a plain store.  Nested accesses count
 * as user accesses.
 */
#define PTE_READ	(PTE_P | PTE_U | PTE_A | PTE_D)
#define PTE_READ_WRITE	(PTE_READ | PTE_W)

/*
 * Splitting at the ends of a range takes at most four pages; 64 TDMRs have 64
 * PAMT ranges, which mostly share them.
 */
#define POOL_PAGES	128

static u64 root[ENTRIES] __page_aligned;
static u64 pool[POOL_PAGES][ENTRIES] __page_aligned;
static unsigned int pool_used;
static u8 abort_page[PAGE_SIZE] __page_aligned;
static struct lock npt_lock;
static u64 npt_limit;

static u64 *table_alloc(void)
{
	if (pool_used == POOL_PAGES)
		fail(EXIT_CRASH,
		     "the pool of %u nested page tables is used up: raise POOL_PAGES",
		     POOL_PAGES);
	return pool[pool_used++];
}

static u64 *table_of(u64 entry)
{
	return phys(entry & PTE_ADDR);
}

static void set_entry(u64 *entry, u64 value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* Fill a table with 512 entries of @level, of the same access, from @pa on. */
static void fill_table(u64 *table, u64 pa, unsigned int level, u64 flags)
{
	u64 size = BIT_ULL(LEVEL_SHIFT(level));
	unsigned int i;

	if (level == LEVEL_4K)
		flags &= ~PTE_PS;
	else
		flags |= PTE_PS;
	for (i = 0; i < ENTRIES; i++)
		table[i] = flags & PTE_P ? (pa + i * size) | flags : 0;
}

static void map_512g(u64 pa)
{
	u64 *table = table_alloc();

	fill_table(table, pa & ~(SIZE_512G - 1), LEVEL_1G, PTE_READ_WRITE);
	set_entry(&root[(pa >> LEVEL_SHIFT(LEVEL_512G)) % ENTRIES],
		  phys_of(table) | PTE_READ_WRITE);
}

static void split(u64 *entry, u64 pa, unsigned int level)
{
	u64 *table = table_alloc();

	fill_table(table, pa & ~(BIT_ULL(LEVEL_SHIFT(level)) - 1), level - 1,
		   *entry & ~PTE_ADDR);
	set_entry(entry, phys_of(table) | PTE_READ_WRITE);
}

/* The entry of @level that maps @pa; what is larger is split on the way. */
static u64 *entry_at(u64 pa, unsigned int level)
{
	unsigned int l = LEVEL_512G;
	u64 *entry = &root[(pa >> LEVEL_SHIFT(l)) % ENTRIES];

	if (!(*entry & PTE_P))
		map_512g(pa);
	while (l > level) {
		if (l != LEVEL_512G && (!(*entry & PTE_P) || *entry & PTE_PS))
			split(entry, pa, l);
		l--;
		entry = &table_of(*entry)[(pa >> LEVEL_SHIFT(l)) % ENTRIES];
	}
	return entry;
}

static unsigned int largest_level(u64 base, u64 size)
{
	unsigned int level;

	for (level = LEVEL_1G; level > LEVEL_4K; level--) {
		if (!(base % BIT_ULL(LEVEL_SHIFT(level))) && size >= BIT_ULL(LEVEL_SHIFT(level)))
			break;
	}
	return level;
}

static u64 flags_of(enum npt_access access)
{
	switch (access) {
	case NPT_READ:
		return PTE_READ;
	case NPT_READ_WRITE:
		return PTE_READ_WRITE;
	default:
		return 0;
	}
}

void npt_set_access(u64 base, u64 size, enum npt_access access)
{
	u64 flags = flags_of(access);
	unsigned int level;
	u64 step;

	if (base >= NPT_WALK_LIMIT)
		return;

	lock(&npt_lock);
	for (; size; base += step, size -= step) {
		level = largest_level(base, size);
		step = BIT_ULL(LEVEL_SHIFT(level));
		set_entry(entry_at(base, level),
			  flags ? base | flags | (level == LEVEL_4K ? 0 : PTE_PS) : 0);
	}
	unlock(&npt_lock);
}

void npt_map_abort_page(u64 pa)
{
	lock(&npt_lock);
	memset(abort_page, 0xff, sizeof(abort_page));
	set_entry(entry_at(pa & PAGE_MASK, LEVEL_4K), phys_of(abort_page) | PTE_READ_WRITE);
	unlock(&npt_lock);
}

void npt_give_back_page(u64 pa)
{
	lock(&npt_lock);
	set_entry(entry_at(pa, LEVEL_4K), pa | PTE_READ_WRITE);
	unlock(&npt_lock);
}

/* The entry that maps @pa, and its level.  Without the lock: tables are never freed. */
static u64 look_up(u64 pa, unsigned int *level)
{
	unsigned int l = LEVEL_512G;
	u64 entry = __atomic_load_n(&root[(pa >> LEVEL_SHIFT(l)) % ENTRIES], __ATOMIC_ACQUIRE);

	while (l > LEVEL_4K && entry & PTE_P && !(entry & PTE_PS)) {
		l--;
		entry = __atomic_load_n(&table_of(entry)[(pa >> LEVEL_SHIFT(l)) % ENTRIES],
					__ATOMIC_ACQUIRE);
	}
	*level = l;
	return entry;
}

bool npt_is_hosts(u64 pa)
{
	unsigned int level;
	u64 entry = look_up(pa, &level);

	return entry & PTE_P && (entry & PTE_ADDR) != phys_of(abort_page);
}

bool npt_reach(u64 pa, bool write, u64 *to)
{
	unsigned int level;
	u64 entry, offset;

	entry = look_up(pa, &level);
	if (!(entry & PTE_P) || (write && !(entry & PTE_W)))
		return false;
	offset = pa & (BIT_ULL(LEVEL_SHIFT(level)) - 1);
	*to = (entry & PTE_ADDR) + offset;
	return true;
}

void npt_map_on_demand(u64 pa)
{
	lock(&npt_lock);
	if (pa < npt_limit && !(root[(pa >> LEVEL_SHIFT(LEVEL_512G)) % ENTRIES] & PTE_P))
		map_512g(pa);
	unlock(&npt_lock);
}

u64 npt_root(void)
{
	return phys_of(root);
}

void npt_init(u64 limit)
{
	npt_limit = limit < NPT_WALK_LIMIT ? limit : NPT_WALK_LIMIT;
	map_512g(0);
	if (limit < SIZE_512G)
		npt_set_access(limit, SIZE_512G - limit, NPT_NONE);
}
