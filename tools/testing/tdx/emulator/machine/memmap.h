/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical memory as the BIOS describes it, and as it is described to Linux. */
#ifndef _TDX_EMU_MEMMAP_H
#define _TDX_EMU_MEMMAP_H

#include "lib/x86.h"

#define MEMMAP_MAX	256

enum mem_type {
	MEM_NONE	= 0,	/* a hole */
	MEM_RAM		= 1,
	MEM_RESERVED	= 2,
	MEM_ACPI	= 3,	/* tables, may be reclaimed */
	MEM_NVS		= 4,
	MEM_UNUSABLE	= 5,
	MEM_PMEM	= 7,	/* persistent memory */
	MEM_OLD_PMEM	= 12,	/* the same, before it had an ACPI type */
};

struct mem_range {
	u64 base, size;		/* bytes */
	u32 type;		/* as in an ACPI address range descriptor */
} __packed;

struct memmap {
	unsigned int nr;
	struct mem_range ranges[MEMMAP_MAX];	/* sorted */
};

/* Append a range.  Ends the run when the map is full. */
void memmap_add(struct memmap *map, u64 base, u64 size, u32 type);

/* Give the part of the RAM in [@base, @base + @size) another type. */
void memmap_set(struct memmap *map, u64 base, u64 size, enum mem_type type);

static inline void memmap_reserve(struct memmap *map, u64 base, u64 size)
{
	memmap_set(map, base, size, MEM_RESERVED);
}

/* Remove ranges of type MEM_NONE, and join adjacent ranges of the same type. */
void memmap_tidy(struct memmap *map);

const char *memmap_type_name(enum mem_type type);

/* false if there is no type of this name. */
bool memmap_type_by_name(const char *name, enum mem_type *type);

/* True if all of the range is RAM. */
bool memmap_is_ram(const struct memmap *map, u64 base, u64 size);

/*
 * The highest address below @limit, a multiple of @align, at which @size bytes
 * of RAM begin; 0 if there is none above 1 MB.
 */
u64 memmap_find_top(const struct memmap *map, u64 size, u64 align, u64 limit);

/* The end of the highest range of RAM. */
u64 memmap_ram_end(const struct memmap *map);

#endif /* _TDX_EMU_MEMMAP_H */
