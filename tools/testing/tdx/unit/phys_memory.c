// SPDX-License-Identifier: GPL-2.0-only
/* Physical memory for the software TDX module in userspace.  See phys_memory.h. */
#include <stdlib.h>
#include <string.h>

#include "phys_memory.h"

/* Three levels of tables for the upper 34 bits of an address */
#define TABLE_BITS	12
#define TOP_BITS	(MEMORY_PA_BITS - 12 - 2 * TABLE_BITS)

static void *have(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		abort();
	return memory;
}

/* Store @new_one in an empty slot, else free it.  Returns the contents of the slot. */
static void *publish(void **slot, void *new_one)
{
	void *found = NULL;

	if (__atomic_compare_exchange_n(slot, &found, new_one, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return new_one;
	free(new_one);
	return found;
}

static void **table(void **slot, unsigned int bits, bool create)
{
	void *found = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

	if (!found && create)
		found = publish(slot, have(sizeof(void *) << bits));
	return found;
}

/* Slot of the pointer to a page; NULL if there is no table for it. */
static void **find_slot(struct phys_memory *memory, u64 pa, bool create)
{
	u64 page = pa / MEMORY_PAGE_BYTES % (1ULL << (MEMORY_PA_BITS - 12));
	void **slots = table((void **)&memory->top, TOP_BITS, create);

	if (slots)
		slots = table(&slots[page >> 2 * TABLE_BITS], TABLE_BITS, create);
	if (slots)
		slots = table(&slots[page >> TABLE_BITS & ((1 << TABLE_BITS) - 1)], TABLE_BITS,
			      create);
	return slots ? &slots[page & ((1 << TABLE_BITS) - 1)] : NULL;
}

static struct memory_page *find_page(struct phys_memory *memory, u64 pa)
{
	void **slot = find_slot(memory, pa, false);

	return slot ? __atomic_load_n(slot, __ATOMIC_ACQUIRE) : NULL;
}

static struct memory_page *create_page(struct phys_memory *memory, u64 pa)
{
	struct memory_page *page = find_page(memory, pa), *mine;

	if (page)
		return page;
	mine = aligned_alloc(MEMORY_PAGE_BYTES, sizeof(*mine));
	if (!mine)
		abort();
	memset(mine, 0, sizeof(*mine));
	mine->pa = pa & ~(MEMORY_PAGE_BYTES - 1);
	page = publish(find_slot(memory, pa, true), mine);
	if (page != mine)
		return page;
	mine->next = __atomic_load_n(&memory->pages, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&memory->pages, &mine->next, mine, false,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	return mine;
}

u8 *memory_map(struct phys_memory *memory, u64 pa)
{
	return create_page(memory, pa)->data;
}

static u64 bytes_in_page(u64 pa, u64 bytes)
{
	u64 room = MEMORY_PAGE_BYTES - pa % MEMORY_PAGE_BYTES;

	return bytes < room ? bytes : room;
}

void memory_read(struct phys_memory *memory, u64 pa, void *buf, u64 bytes)
{
	const struct memory_page *page;
	u8 *to = buf;
	u64 part;

	for (; bytes; bytes -= part, pa += part, to += part) {
		part = bytes_in_page(pa, bytes);
		page = find_page(memory, pa);
		if (page)
			memcpy(to, &page->data[pa % MEMORY_PAGE_BYTES], part);
		else
			memset(to, 0, part);
	}
}

bool memory_is_zero(const void *memory, u64 bytes)
{
	const u8 *byte = memory;

	while (bytes && !*byte) {
		byte++;
		bytes--;
	}
	return !bytes;
}

/* Zeros, as in PAMTs, need no memory. */
void memory_write(struct phys_memory *memory, u64 pa, const void *buf, u64 bytes)
{
	const u8 *from = buf;
	u64 part;

	for (; bytes; bytes -= part, pa += part, from += part) {
		part = bytes_in_page(pa, bytes);
		if (find_page(memory, pa) || !memory_is_zero(from, part))
			memcpy(&memory_map(memory, pa)[pa % MEMORY_PAGE_BYTES], from, part);
	}
}

void memory_clear(struct phys_memory *memory)
{
	struct memory_page *page;

	while ((page = memory->pages)) {
		memory->pages = page->next;
		*find_slot(memory, page->pa, false) = NULL;
		free(page);
	}
}

static void free_tables(void **slots, unsigned int bits, unsigned int levels)
{
	unsigned int i;

	for (i = 0; slots && levels && i < 1U << bits; i++)
		free_tables(slots[i], TABLE_BITS, levels - 1);
	free(slots);
}

void memory_free(struct phys_memory *memory)
{
	memory_clear(memory);
	free_tables(memory->top, TOP_BITS, 2);
	memory->top = NULL;
}
