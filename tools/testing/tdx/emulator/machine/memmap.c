// SPDX-License-Identifier: GPL-2.0-only
/* Maps of physical memory. */
#include "lib/log.h"
#include "lib/text.h"
#include "machine/memmap.h"

#define LOW_MEMORY	0x100000ULL

static u64 end_of(const struct mem_range *r)
{
	return r->base + r->size;
}

static void insert(struct memmap *map, unsigned int at, u64 base, u64 size, u32 type)
{
	unsigned int i;

	if (map->nr == MEMMAP_MAX)
		fail(EXIT_NO_BOOT, "the memory map has more than %u ranges: raise MEMMAP_MAX",
		     MEMMAP_MAX);
	for (i = map->nr++; i > at; i--)
		map->ranges[i] = map->ranges[i - 1];
	map->ranges[at] = (struct mem_range){ base, size, type };
}

void memmap_add(struct memmap *map, u64 base, u64 size, u32 type)
{
	unsigned int at = 0;

	while (at < map->nr && map->ranges[at].base < base)
		at++;
	if (size)
		insert(map, at, base, size, type);
}

/* Split ranges[@i] at @at, if @at is inside. */
static void cut(struct memmap *map, unsigned int i, u64 at)
{
	struct mem_range *r = &map->ranges[i];
	u64 end = end_of(r);

	if (at <= r->base || at >= end)
		return;
	r->size = at - r->base;
	insert(map, i + 1, at, end - at, r->type);
}

void memmap_set(struct memmap *map, u64 base, u64 size, enum mem_type type)
{
	struct mem_range *r;
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		if (map->ranges[i].type != MEM_RAM)
			continue;
		cut(map, i, base);
		cut(map, i, base + size);
		r = &map->ranges[i];
		if (r->base >= base && end_of(r) <= base + size)
			r->type = type;
	}
}

void memmap_tidy(struct memmap *map)
{
	struct mem_range *last = NULL, *r;
	unsigned int i, nr = 0;

	for (i = 0; i < map->nr; i++) {
		r = &map->ranges[i];
		if (r->type == MEM_NONE)
			continue;
		if (last && last->type == r->type && end_of(last) == r->base) {
			last->size += r->size;
			continue;
		}
		last = &map->ranges[nr++];
		*last = *r;
	}
	map->nr = nr;
}

static const struct {
	const char *name;
	enum mem_type type;
} types[] = {
	{ "hole", MEM_NONE },
	{ "ram", MEM_RAM },
	{ "reserved", MEM_RESERVED },
	{ "acpi", MEM_ACPI },
	{ "nvs", MEM_NVS },
	{ "unusable", MEM_UNUSABLE },
	{ "pmem", MEM_PMEM },
	{ "old-pmem", MEM_OLD_PMEM },
};

const char *memmap_type_name(enum mem_type type)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		if (types[i].type == type)
			return types[i].name;
	}
	return "unknown";
}

bool memmap_type_by_name(const char *name, enum mem_type *type)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		if (text_equal(types[i].name, name)) {
			*type = types[i].type;
			return true;
		}
	}
	return false;
}

bool memmap_is_ram(const struct memmap *map, u64 base, u64 size)
{
	const struct mem_range *r;
	unsigned int i;
	u64 part;

	if (base + size < base)
		return false;
	for (i = 0; i < map->nr && size; i++) {
		r = &map->ranges[i];
		if (r->type != MEM_RAM || base < r->base || base >= end_of(r))
			continue;
		part = end_of(r) - base;
		if (part > size)
			part = size;
		base += part;
		size -= part;
	}
	return !size;
}

u64 memmap_find_top(const struct memmap *map, u64 size, u64 align, u64 limit)
{
	const struct mem_range *r;
	unsigned int i;
	u64 end, base;

	for (i = map->nr; i-- > 0;) {
		r = &map->ranges[i];
		if (r->type != MEM_RAM || r->base >= limit || r->base < LOW_MEMORY)
			continue;
		end = end_of(r) < limit ? end_of(r) : limit;
		if (end - r->base < size)
			continue;
		base = (end - size) / align * align;
		if (base >= r->base)
			return base;
	}
	return 0;
}

u64 memmap_ram_end(const struct memmap *map)
{
	unsigned int i;
	u64 end = 0;

	for (i = 0; i < map->nr; i++) {
		if (map->ranges[i].type == MEM_RAM && end_of(&map->ranges[i]) > end)
			end = end_of(&map->ranges[i]);
	}
	return end;
}
