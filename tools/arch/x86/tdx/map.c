// SPDX-License-Identifier: GPL-2.0-only
/*
 * A picture of this machine's TDX memory.
 *
 * RAM is in /proc/iomem, its nodes in sysfs, and what TDX does with it in debugfs.  All of it is
 * for root.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "picture.h"
#include "source.h"
#include "tdxinfo.h"

#define DEBUG_FILE	"sys/kernel/debug/x86/tdx/info"
#define MAX_NODE	1024
#define LEVELS		3

static void add(struct area_list *areas, enum area_kind kind, unsigned int number, uint64_t base,
		uint64_t size)
{
	areas_add(areas, (struct area) { kind, number, base, size });
}

/* The node of each block of memory. */
struct node_blocks {
	uint64_t block_size;
	unsigned int *nodes;	/* by block */
	size_t nr;
};

static void set_node(struct node_blocks *blocks, size_t block, unsigned int node)
{
	while (blocks->nr <= block) {
		blocks->nodes = array_grow(blocks->nodes, blocks->nr, sizeof(blocks->nodes[0]));
		blocks->nodes[blocks->nr++] = 0;
	}
	blocks->nodes[block] = node;
}

/* Reads the names memory<block> in the directory of a node. */
static void read_node(struct node_blocks *blocks, const char *root, unsigned int node)
{
	char name[SHORT_TEXT], path[PATH_ROOM];
	struct dirent *entry;
	size_t block;
	DIR *directory;

	snprintf(name, sizeof(name), "sys/devices/system/node/node%u", node);
	source_path(path, root, name);
	directory = opendir(path);
	while (directory && (entry = readdir(directory)))
		if (sscanf(entry->d_name, "memory%zu", &block) == 1)
			set_node(blocks, block, node);
	if (directory)
		closedir(directory);
}

static struct node_blocks read_nodes(const char *root)
{
	struct node_blocks blocks = {};
	char size[SHORT_TEXT];
	unsigned int node;

	source_line(root, "sys/devices/system/memory/block_size_bytes", size, sizeof(size));
	blocks.block_size = strtoull(size, NULL, 16);
	for (node = 0; blocks.block_size && node < MAX_NODE; node++)
		read_node(&blocks, root, node);
	return blocks;
}

static unsigned int node_of(const struct node_blocks *blocks, uint64_t address)
{
	uint64_t block = blocks->block_size ? address / blocks->block_size : 0;

	return block < blocks->nr ? blocks->nodes[block] : 0;
}

/* Adds a range of RAM in one piece for each node. */
static void add_ram(struct area_list *areas, const struct node_blocks *blocks, uint64_t base,
		    uint64_t end)
{
	uint64_t at = base;

	while (at < end) {
		unsigned int node = node_of(blocks, at);

		do
			at = blocks->block_size ?
				(at / blocks->block_size + 1) * blocks->block_size : end;
		while (at < end && node_of(blocks, at) == node);
		if (at > end)
			at = end;
		add(areas, AREA_RAM, node, base, at - base);
		base = at;
	}
}

/* Lines like "00100000-5fffffff : System RAM".  Others than root read addresses of 0. */
static bool read_ram(struct area_list *areas, const char *root)
{
	char *text = source_read_all(root, "proc/iomem"), *line, *save;
	struct node_blocks blocks = read_nodes(root);
	unsigned long long first, last;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%llx-%llx : System RAM", &first, &last) == 2 &&
		    strstr(line, ": System RAM") && !isspace(line[0]) && last)
			add_ram(areas, &blocks, first, last + 1);
	free(text);
	free(blocks.nodes);
	return areas->nr;
}

static void read_cmr(struct area_list *areas, const char *line)
{
	unsigned long long base, size;

	if (sscanf(line, "cmr %llx %llx", &base, &size) == 2)
		add(areas, AREA_CMR, areas_count(areas, AREA_CMR), base, size);
}

/* Sets @start if the line is a TDMR. */
static void read_tdmr(struct area_list *areas, const char *line, uint64_t *start)
{
	unsigned long long base, size, pamt[LEVELS], bytes[LEVELS];
	unsigned int number = areas_count(areas, AREA_TDMR), i;

	if (sscanf(line, "tdmr %llx %llx pamt1g %llx %llx pamt2m %llx %llx pamt4k %llx %llx", &base,
		   &size, &pamt[0], &bytes[0], &pamt[1], &bytes[1], &pamt[2], &bytes[2]) != 8)
		return;
	*start = base;
	add(areas, AREA_TDMR, number, base, size);
	for (i = 0; i < LEVELS; i++)
		areas_add_pamt(areas, number, pamt[i], bytes[i]);
}

/* Of the last TDMR, which begins at @base. */
static void read_reserved(struct area_list *areas, const char *line, uint64_t base)
{
	unsigned long long offset, size;

	if (sscanf(line, "rsvd %llx %llx", &offset, &size) == 2)
		add(areas, AREA_RESERVED, areas_count(areas, AREA_TDMR) - 1, base + offset, size);
}

static bool read_layout(struct area_list *areas, const char *root)
{
	char *text = source_read_all(root, DEBUG_FILE), *line, *save;
	uint64_t base = 0;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		read_cmr(areas, line);
		read_tdmr(areas, line, &base);
		read_reserved(areas, line, base);
	}
	free(text);
	return areas_count(areas, AREA_CMR);
}

static bool read_all(struct area_list *areas, const char *root)
{
	if (!read_ram(areas, root)) {
		fprintf(stderr, "tdxinfo: /proc/iomem shows no addresses of RAM: run tdxinfo as root\n");
		return false;
	}
	if (!read_layout(areas, root)) {
		fprintf(stderr,
			"tdxinfo: /" DEBUG_FILE " shows no CMRs: it takes a kernel that has this file, root, and an attempt to use TDX\n");
		return false;
	}
	if (areas_bad(areas)) {
		fprintf(stderr, "tdxinfo: there is an area without size or beyond 52 bits\n");
		return false;
	}
	return true;
}

static bool draw_to(const char *path, const struct area_list *areas)
{
	FILE *file = fopen(path, "w");
	bool good;

	if (!file) {
		perror(path);
		return false;
	}
	picture_draw(file, areas);
	good = !ferror(file);
	if (fclose(file) || !good) {
		perror(path);
		return false;
	}
	return true;
}

/**
 * write_map - draw TDX memory
 * @root: a recorded tree, or "" for this machine
 * @path: of the picture
 *
 * Return: False after a message.
 */
bool write_map(const char *root, const char *path)
{
	struct area_list areas = {};
	bool good = read_all(&areas, root) && draw_to(path, &areas);

	areas_free(&areas);
	return good;
}
