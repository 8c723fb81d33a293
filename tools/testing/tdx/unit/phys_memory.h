/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory for the software TDX module in userspace.  Pages are allocated when
 * they are written, and read as 0 before.
 */
#ifndef TDX_UNIT_PHYS_MEMORY_H
#define TDX_UNIT_PHYS_MEMORY_H

#include <linux/types.h>

#define MEMORY_PA_BITS		46
#define MEMORY_PAGE_BYTES	4096ULL

struct memory_page {
	u8 data[MEMORY_PAGE_BYTES] __aligned(4096);
	struct memory_page *next;	/* in the list of all pages */
	u64 pa;
};

/* All but memory_clear() and memory_free() may be called by several threads at once. */
struct phys_memory {
	void **top;	/* two levels of tables below, then pages */
	struct memory_page *pages;
};

void memory_read(struct phys_memory *memory, u64 pa, void *buf, u64 bytes);
void memory_write(struct phys_memory *memory, u64 pa, const void *buf, u64 bytes);

/* The page that contains @pa; it is allocated if necessary. */
u8 *memory_map(struct phys_memory *memory, u64 pa);

/* Are these bytes 0, of any memory? */
bool memory_is_zero(const void *memory, u64 bytes);

/* Free all pages. */
void memory_clear(struct phys_memory *memory);

/* Free all pages and tables. */
void memory_free(struct phys_memory *memory);

#endif
