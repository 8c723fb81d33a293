// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory maps and layouts of TDX memory as text.  See map_text.h.
 */
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "map_text.h"

/* Passed to the module unchanged. */
static bool range(struct text_line *line, u64 *base, u64 *size)
{
	return text_line_any_number(line, base) && text_line_any_number(line, size);
}

static void *have(void *memory)
{
	if (!memory) {
		fprintf(stderr, "no memory\n");
		exit(2);
	}
	return memory;
}

void map_text_add_ram(struct map_text *map, struct tdx_ram ram)
{
	/* The array is doubled when it is full. */
	if (!(map->nr_ram & (map->nr_ram - 1)))
		map->ram = have(realloc(map->ram, (map->nr_ram ? 2 * map->nr_ram : 1) *
						  sizeof(ram)));
	map->ram[map->nr_ram++] = ram;
}

static bool read_ram(struct map_text *map, struct text_line *line)
{
	struct tdx_ram ram = {};
	u64 node = 0;

	if (!text_line_number(line, &ram.base) || !text_line_number(line, &ram.size))
		return false;
	if (text_line_peek(line) &&
	    (!text_line_word(line, "node") || !text_line_number(line, &node)))
		return false;
	if (node >= 1024) {
		line->next--;
		return text_line_bad(line, "a node below 1024");
	}
	ram.node = node;
	map_text_add_ram(map, ram);
	return true;
}

static bool read_cmr(struct map_text *map, struct text_line *line)
{
	struct tdx_cmr_info *cmr = &map->cmrs[map->nr_cmrs];

	if (map->nr_cmrs == TDX_NR_CMRS)
		return text_line_bad(line, "no more than 32 CMRs");
	map->nr_cmrs++;
	return range(line, &cmr->base, &cmr->size);
}

static bool read_tdmr(struct map_text *map, struct text_line *line)
{
	static const char * const levels[] = { "pamt1g", "pamt2m", "pamt4k" };
	struct tdx_tdmr_info *tdmr = &map->tdmrs[map->nr_tdmrs];
	unsigned int i;

	if (map->nr_tdmrs == MAP_TEXT_MAX_TDMRS)
		return text_line_bad(line, "no more than 256 TDMRs");
	map->nr_tdmrs++;
	map->nr_reserved = 0;
	if (!range(line, &tdmr->base, &tdmr->size))
		return false;
	for (i = 0; i < TDX_NR_PAMT_LEVELS; i++)
		if (!text_line_word(line, levels[i]) ||
		    !range(line, &tdmr->pamt[i].base, &tdmr->pamt[i].size))
			return false;
	return true;
}

static bool read_reserved(struct map_text *map, struct text_line *line)
{
	struct tdx_reserved_area *area;

	if (!map->nr_tdmrs)
		return text_line_bad(line, "a tdmr before the first reserved area");
	if (map->nr_reserved == TDX_TDMR_NR_RESERVED)
		return text_line_bad(line, "no more than 16 reserved areas in a TDMR");
	area = &map->tdmrs[map->nr_tdmrs - 1].reserved[map->nr_reserved++];
	return range(line, &area->offset, &area->size);
}

static bool read_limit(struct map_text *map, struct text_line *line)
{
	struct { const char *name; u16 *value; u16 max; } limits[] = {
		{ "max_tdmrs", &map->limits.max_tdmrs, 64 },
		{ "max_reserved_per_tdmr", &map->limits.max_reserved_per_tdmr, 16 },
		{ "pamt_entry_size", &map->limits.pamt_entry_size, 256 },
	};
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		if (line->next == line->nr_words ||
		    strcasecmp(line->words[line->next], limits[i].name))
			continue;
		line->next++;
		if (!text_line_number(line, &value))
			return false;
		if (!value || value > limits[i].max) {
			line->next--;
			return text_line_bad(line, "a limit that is not 0 and not above the architecture's");
		}
		*limits[i].value = value;
		return true;
	}
	return text_line_bad(line, "max_tdmrs, max_reserved_per_tdmr or pamt_entry_size");
}

static const struct {
	const char *key;
	bool (*read)(struct map_text *map, struct text_line *line);
} keys[] = {
	{ "ram", read_ram }, { "cmr", read_cmr }, { "tdmr", read_tdmr },
	{ "rsvd", read_reserved }, { "limit", read_limit },
};

bool map_text_line(struct map_text *map, struct text_line *line, bool *known)
{
	unsigned int i;

	*known = false;
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(line->words[0], keys[i].key))
			continue;
		*known = true;
		line->next = 1;
		if (!keys[i].read(map, line))
			return false;
		return line->next == line->nr_words || text_line_bad(line, "end of line");
	}
	return true;
}

static bool read_line(struct map_text *map, struct text_line *line)
{
	bool known;

	if (!line->nr_words)
		return true;
	if (!map_text_line(map, line, &known))
		return false;
	return known || text_line_bad(line, "ram, cmr, tdmr, rsvd or limit");
}

void map_text_init(struct map_text *map)
{
	*map = (struct map_text) {
		.limits = { 64, TDX_TDMR_NR_RESERVED, 16 },
		.tdmrs = have(aligned_alloc(TDX_TDMR_INFO_ALIGNMENT,
					    MAP_TEXT_MAX_TDMRS * sizeof(*map->tdmrs))),
	};
	memset(map->tdmrs, 0, MAP_TEXT_MAX_TDMRS * sizeof(*map->tdmrs));
}

bool map_text_read(struct map_text *map, FILE *file, const char *name)
{
	struct text_line line = { .name = name };
	char *text = NULL;
	size_t room = 0;
	bool good = true;

	map_text_init(map);
	while (good && getline(&text, &room, file) >= 0)
		good = text_line_split(&line, text) && read_line(map, &line);
	free(text);
	if (!good)
		map_text_free(map);
	return good;
}

void map_text_free(struct map_text *map)
{
	free(map->ram);
	free(map->tdmrs);
	*map = (struct map_text) {};
}

static int compare(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static int compare_ram(const void *a, const void *b)
{
	return compare(((const struct tdx_ram *)a)->base, ((const struct tdx_ram *)b)->base);
}

static int compare_cmrs(const void *a, const void *b)
{
	return compare(((const struct tdx_cmr_info *)a)->base,
		       ((const struct tdx_cmr_info *)b)->base);
}

/* @behind: end of the previous range. */
static bool check_range(const char *what, u64 base, u64 size, u64 behind)
{
	const char *wrong = NULL;

	if (!size)
		wrong = "is empty";
	else if (base + size < base)
		wrong = "goes beyond the end of the address space";
	else if ((base | size) & 4095)
		wrong = "is not made of whole 4 KB pages";
	else if (base < behind)
		wrong = "overlaps the one before it";
	if (wrong)
		fprintf(stderr, "%s 0x%llx 0x%llx %s\n", what, base, size, wrong);
	return !wrong;
}

bool map_text_normalise(struct map_text *map)
{
	bool good = true;
	unsigned int i;
	u64 behind;

	if (map->nr_ram)
		qsort(map->ram, map->nr_ram, sizeof(map->ram[0]), compare_ram);
	qsort(map->cmrs, map->nr_cmrs, sizeof(map->cmrs[0]), compare_cmrs);
	for (i = 0, behind = 0; i < map->nr_ram; i++) {
		good &= check_range("ram", map->ram[i].base, map->ram[i].size, behind);
		behind = map->ram[i].base + map->ram[i].size;
	}
	for (i = 0, behind = 0; i < map->nr_cmrs; i++) {
		good &= check_range("cmr", map->cmrs[i].base, map->cmrs[i].size, behind);
		behind = map->cmrs[i].base + map->cmrs[i].size;
	}
	return good;
}

void map_text_print_cmr(const struct tdx_cmr_info *cmr)
{
	printf("cmr 0x%llx 0x%llx\n", cmr->base, cmr->size);
}

void map_text_print_ram(const struct tdx_ram *ram)
{
	printf("ram 0x%llx 0x%llx node %d\n", ram->base, ram->size, ram->node);
}

void map_text_print_tdmr(const struct tdx_tdmr_info *tdmr)
{
	const struct tdx_reserved_area *area = tdmr->reserved;
	const struct tdx_pamt_area *pamt = tdmr->pamt;

	printf("tdmr 0x%llx 0x%llx pamt1g 0x%llx 0x%llx pamt2m 0x%llx 0x%llx pamt4k 0x%llx 0x%llx\n",
	       tdmr->base, tdmr->size, pamt[0].base, pamt[0].size, pamt[1].base, pamt[1].size,
	       pamt[2].base, pamt[2].size);
	for (; area < &tdmr->reserved[TDX_TDMR_NR_RESERVED] && area->size; area++)
		printf("rsvd 0x%llx 0x%llx\n", area->offset, area->size);
}
