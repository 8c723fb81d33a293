// SPDX-License-Identifier: GPL-2.0-only
/* Nested page tables, allocated from a shared pool. */

/*
 * Entries that map nothing may hold a mark, which is any even number, so that no
 * memory is needed to record facts about memory that a guest cannot access.
 */
#include <linux/string.h>

#include "cpu/npt.h"
#include "lib/log.h"

#define ENTRIES		512
#define LEVEL_4K	0
#define LEVEL_1G	2
#define LEVEL_512G	3
#define LEVEL_SHIFT(l)	(12 + 9 * (l))

/*
 * Accessed and dirty are always set, so that the CPUs never write to a table
 * and an entry can be replaced by a plain store.  Nested accesses count as user
 * accesses.
 */
#define PTE_READ	(PTE_P | PTE_U | PTE_A | PTE_D)
#define PTE_READ_WRITE	(PTE_READ | PTE_W)

/*
 * Tables that do not depend on the size of the RAM: for the first 512 GB, other
 * regions of 512 GB that have MMIO, and the ends of ranges that are not RAM.
 */
#define BASE_TABLES	130

static unsigned int root_level = LEVEL_512G;
static u64 (*pool)[ENTRIES];
static unsigned int *next_table;		/* next one in the same list */
static unsigned int nr_tables;
static unsigned int first_free = NPT_NO_TABLES;	/* list of free tables */
static unsigned int nr_used;			/* ever allocated */
static struct lock pool_lock;

void npt_set_levels(unsigned int levels)
{
	root_level = levels - 1;
}

/* Five levels are for 57 bits, but a physical address has 52. */
u64 npt_walk_limit(void)
{
	return root_level == LEVEL_512G ? BIT_ULL(48) : BIT_ULL(52);
}

static u64 tables_for(u64 ram_end)
{
	return BASE_TABLES + (ram_end + SIZE_2M - 1) / SIZE_2M + (ram_end + SIZE_1G - 1) / SIZE_1G;
}

u64 npt_pool_bytes(u64 ram_end, unsigned int more)
{
	u64 bytes = (tables_for(ram_end) + more) * (PAGE_SIZE + sizeof(*next_table));

	return (bytes + PAGE_SIZE - 1) & PAGE_MASK;
}

void npt_pool_init(void *memory, u64 ram_end, unsigned int more)
{
	pool = memory;
	nr_tables = tables_for(ram_end) + more;
	next_table = (unsigned int *)pool[nr_tables];
}

static u64 *table_alloc(struct npt *npt)
{
	unsigned int table;

	lock(&pool_lock);
	table = first_free;
	if (table != NPT_NO_TABLES)
		first_free = next_table[table];
	else if (nr_used < nr_tables)
		table = nr_used++;
	unlock(&pool_lock);
	if (table == NPT_NO_TABLES)
		fail(EXIT_CRASH, "the pool of %u nested page tables is used up: raise BASE_TABLES",
		     nr_tables);
	npt->nr_tables++;
	return pool[table];
}

static unsigned int number_of(const u64 *table)
{
	return (table - pool[0]) / ENTRIES;
}

static void list_add(unsigned int *list, const u64 *table)
{
	next_table[number_of(table)] = *list;
	*list = number_of(table);
}

static void table_free(struct npt *npt, const u64 *table)
{
	npt->nr_tables--;
	lock(&pool_lock);
	list_add(&first_free, table);
	unlock(&pool_lock);
}

static bool is_table(u64 entry, unsigned int level)
{
	return level > LEVEL_4K && entry & PTE_P && !(entry & PTE_PS);
}

static u64 *table_of(u64 entry)
{
	return phys(entry & PTE_ADDR);
}

static void set_entry(u64 *entry, u64 value)
{
	__atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* An entry that maps @pa at @level. */
static u64 leaf(u64 pa, u64 flags, unsigned int level)
{
	return pa | flags | (level == LEVEL_4K ? 0 : PTE_PS);
}

/* The entry at offset @offset below a leaf entry of @level, or a mark. */
static u64 part(u64 entry, unsigned int level, u64 offset)
{
	if (!(entry & PTE_P))
		return entry;
	return leaf((entry & PTE_ADDR) + offset, entry & ~(PTE_ADDR | PTE_PS), level - 1);
}

/* Replace a leaf entry of @level by a table with the same mapping. */
static void split(struct npt *npt, u64 *entry, unsigned int level)
{
	u64 size = BIT_ULL(LEVEL_SHIFT(level - 1));
	u64 *table = table_alloc(npt);
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		table[i] = part(*entry, level, i * size);
	set_entry(entry, phys_of(table) | PTE_READ_WRITE);
}

/* The entry of @level for @gpa; larger pages are split. */
static u64 *entry_at(struct npt *npt, u64 gpa, unsigned int level)
{
	unsigned int l = root_level;
	u64 *entry = &npt->root[(gpa >> LEVEL_SHIFT(l)) % ENTRIES];

	while (l > level) {
		if (!is_table(*entry, l))
			split(npt, entry, l);
		l--;
		entry = &table_of(*entry)[(gpa >> LEVEL_SHIFT(l)) % ENTRIES];
	}
	return entry;
}

static unsigned int largest_level(u64 addresses, u64 size)
{
	unsigned int level;

	for (level = LEVEL_1G; level > LEVEL_4K; level--) {
		if (!(addresses % BIT_ULL(LEVEL_SHIFT(level))) &&
		    size >= BIT_ULL(LEVEL_SHIFT(level)))
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
	case NPT_READ_NO_FETCH:
		return PTE_READ | PTE_NX;
	case NPT_READ_WRITE_NO_FETCH:
		return PTE_READ_WRITE | PTE_NX;
	default:
		return 0;
	}
}

/* Retire the tables below an entry of @level that is not used any more. */
static void retire(struct npt *npt, u64 entry, unsigned int level)
{
	const u64 *table = table_of(entry);
	unsigned int i;

	if (!is_table(entry, level))
		return;
	for (i = 0; i < ENTRIES; i++)
		retire(npt, table[i], level - 1);
	list_add(&npt->retired, table);
}

/* Set the entry of @level for @gpa.  The lock is held. */
static void replace(struct npt *npt, u64 gpa, unsigned int level, u64 value)
{
	u64 *entry = entry_at(npt, gpa, level);
	u64 old = *entry;

	set_entry(entry, value);
	retire(npt, old, level);
}

void npt_map(struct npt *npt, u64 gpa, u64 pa, u64 size, enum npt_access access)
{
	u64 flags = flags_of(access), step;
	unsigned int level;

	lock(&npt->lock);
	for (; size && gpa < npt_walk_limit(); gpa += step, pa += step, size -= step) {
		level = largest_level(gpa | pa, size);
		step = BIT_ULL(LEVEL_SHIFT(level));
		replace(npt, gpa, level, flags ? leaf(pa, flags, level) : 0);
	}
	unlock(&npt->lock);
}

void npt_mark(struct npt *npt, u64 gpa, u64 size, u64 mark)
{
	unsigned int level;
	u64 step;

	lock(&npt->lock);
	for (; size && gpa < npt_walk_limit(); gpa += step, size -= step) {
		level = largest_level(gpa, size);
		step = BIT_ULL(LEVEL_SHIFT(level));
		replace(npt, gpa, level, mark);
	}
	unlock(&npt->lock);
}

/* Mostly there are none, which needs no lock. */
unsigned int npt_take_retired(struct npt *npt)
{
	unsigned int list = __atomic_load_n(&npt->retired, __ATOMIC_RELAXED);

	if (list == NPT_NO_TABLES)
		return list;
	lock(&npt->lock);
	list = npt->retired;
	npt->retired = NPT_NO_TABLES;
	unlock(&npt->lock);
	return list;
}

static void free_tables(struct npt *npt, unsigned int list)
{
	unsigned int table;

	while (list != NPT_NO_TABLES) {
		table = list;
		list = next_table[table];
		table_free(npt, pool[table]);
	}
}

void npt_free_tables(struct npt *npt, unsigned int list)
{
	lock(&npt->lock);
	free_tables(npt, list);
	unlock(&npt->lock);
}

/* The entry that maps @gpa, or does not, and its level.  The lock is held. */
static u64 find(const struct npt *npt, u64 gpa, unsigned int *level)
{
	u64 entry = npt->root[(gpa >> LEVEL_SHIFT(root_level)) % ENTRIES];

	*level = root_level;
	while (is_table(entry, *level)) {
		--*level;
		entry = table_of(entry)[(gpa >> LEVEL_SHIFT(*level)) % ENTRIES];
	}
	return entry;
}

bool npt_reach(struct npt *npt, u64 gpa, bool write, u64 *pa)
{
	unsigned int level;
	u64 entry;

	lock(&npt->lock);
	entry = find(npt, gpa, &level);
	unlock(&npt->lock);
	if (!(entry & PTE_P) || (write && !(entry & PTE_W)))
		return false;
	*pa = (entry & PTE_ADDR) + (gpa & (BIT_ULL(LEVEL_SHIFT(level)) - 1));
	return true;
}

bool npt_is_identity(struct npt *npt, u64 base, u64 size)
{
	u64 entry, bytes, at = base;
	unsigned int level;

	lock(&npt->lock);
	while (at - base < size) {
		entry = find(npt, at, &level);
		bytes = BIT_ULL(LEVEL_SHIFT(level));
		if ((entry & (PTE_P | PTE_W)) != (PTE_P | PTE_W) ||
		    (entry & PTE_ADDR) != (at & ~(bytes - 1)))
			break;
		at += bytes - at % bytes;
	}
	unlock(&npt->lock);
	return at - base >= size;
}

u64 npt_mark_at(struct npt *npt, u64 gpa)
{
	unsigned int level;
	u64 entry;

	lock(&npt->lock);
	entry = find(npt, gpa, &level);
	unlock(&npt->lock);
	return entry & PTE_P ? 0 : entry;
}

u64 npt_next_mark(struct npt *npt, u64 *gpa, u64 *size)
{
	unsigned int level;
	u64 entry = 0;

	lock(&npt->lock);
	while (*gpa < npt_walk_limit()) {
		entry = find(npt, *gpa, &level);
		*size = BIT_ULL(LEVEL_SHIFT(level)) - *gpa % BIT_ULL(LEVEL_SHIFT(level));
		if (entry && !(entry & PTE_P))
			break;
		*gpa += *size;
	}
	unlock(&npt->lock);
	return *gpa < npt_walk_limit() ? entry : 0;
}

u64 npt_root(const struct npt *npt)
{
	return phys_of(npt->root);
}

void npt_create(struct npt *npt)
{
	npt->nr_tables = 0;
	npt->root = table_alloc(npt);
	npt->retired = NPT_NO_TABLES;
	memset(npt->root, 0, PAGE_SIZE);
}

void npt_destroy(struct npt *npt)
{
	unsigned int i;

	for (i = 0; i < ENTRIES; i++)
		retire(npt, npt->root[i], root_level);
	free_tables(npt, npt->retired);
	table_free(npt, npt->root);
	npt->root = NULL;
}
