// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM as a kernel log tells of it.  See kernel_log.h.
 */
#include <linux/align.h>
#include <linux/minmax.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_log.h"

#define MAX_NODE_RANGES	1024

struct node_range {
	u64 base;
	u64 end;
	int node;
};

static struct node_range nodes[MAX_NODE_RANGES];
static unsigned int nr_nodes;

static void read_node(const char *line)
{
	const char *found = strstr(line, "SRAT: Node ");
	struct node_range range;
	unsigned int pxm;
	u64 last;

	if (!found || nr_nodes == MAX_NODE_RANGES ||
	    sscanf(found, "SRAT: Node %d PXM %u [mem %llx-%llx]", &range.node, &pxm, &range.base,
		   &last) != 4)
		return;
	range.end = last + 1;
	nodes[nr_nodes++] = range;
}

/* Pages are usable as a whole or not at all. */
static void read_ram(struct map_text *map, const char *line)
{
	const char *found = strstr(line, "BIOS-e820: [mem ");
	u64 first, last, base, end;
	char type[16];

	if (!found || sscanf(found, "BIOS-e820: [mem %llx-%llx] %15s", &first, &last, type) != 3 ||
	    strcmp(type, "usable"))
		return;
	base = ALIGN(first, 4096ULL);
	end = ALIGN_DOWN(last + 1, 4096ULL);
	if (base < end)
		map_text_add_ram(map, (struct tdx_ram) { base, end - base, 0 });
}

static bool cut_at(struct map_text *map, unsigned int i, u64 at)
{
	struct tdx_ram *ram = &map->ram[i], rest = { at, ram->base + ram->size - at, 0 };

	if (at <= ram->base || at >= ram->base + ram->size)
		return false;
	ram->size = at - ram->base;
	map_text_add_ram(map, rest);
	return true;
}

/* Ranges are cut where nodes begin and end, new ones are looked at in their turn. */
static void set_nodes(struct map_text *map)
{
	unsigned int i, n;

	for (i = 0; i < map->nr_ram; i++) {
		for (n = 0; n < nr_nodes; n++) {
			cut_at(map, i, nodes[n].base);
			cut_at(map, i, nodes[n].end);
		}
		for (n = 0; n < nr_nodes; n++)
			if (nodes[n].base <= map->ram[i].base && map->ram[i].base < nodes[n].end)
				map->ram[i].node = nodes[n].node;
	}
}

bool kernel_log_read(struct map_text *map, FILE *file, const char *name)
{
	char *line = NULL;
	size_t room = 0;

	nr_nodes = 0;
	while (getline(&line, &room, file) >= 0) {
		read_ram(map, line);
		read_node(line);
	}
	free(line);
	if (!map->nr_ram) {
		fprintf(stderr, "%s: no line like 'BIOS-e820: [mem 0x...-0x...] usable'\n", name);
		return false;
	}
	set_nodes(map);
	return true;
}
