/* SPDX-License-Identifier: GPL-2.0-only */
/* Physical memory as the BIOS describes it, and as it is described to Linux. */
#ifndef _TDX_EMU_MEMMAP_H
#define _TDX_EMU_MEMMAP_H

#include "x86.h"

#define MEMMAP_MAX	64

enum mem_type {
	MEM_RAM		= 1,
	MEM_RESERVED	= 2,
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

/* Make the part of the RAM in [@base, @base + @size) reserved. */
void memmap_reserve(struct memmap *map, u64 base, u64 size);

/* All of the range is RAM. */
bool memmap_is_ram(const struct memmap *map, u64 base, u64 size);

/*
 * The highest address below @limit, a multiple of @align, where @size bytes of
 * RAM begin; 0 if there are none above 1 MB.
 */
u64 memmap_find_top(const struct memmap *map, u64 size, u64 align, u64 limit);

/* The end of the highest range of RAM. */
u64 memmap_ram_end(const struct memmap *map);

#endif /* _TDX_EMU_MEMMAP_H */
