// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading RAM, NUMA nodes and CMRs from a kernel log.  See kernel_log.h.
 */
#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_log.h"

#define MAX_NODE_RANGES	4096

/*
 * Maps that a kernel prints, in this order: Linux uses the last one.  An
 * "extended physical RAM map" has data from the boot loader, which is reserved;
 * its RAM is that of the BIOS's map.
 */
enum map_kind { BIOS, USER, MODIFIED };

static const struct {
	const char *header;
	const char *prefix;
} kinds[] = {
	[BIOS]	   = { "BIOS-provided physical RAM map:", "BIOS-e820:" },
	[USER]	   = { "user-defined physical RAM map:", "user: [mem " },
	[MODIFIED] = { "modified physical RAM map:", "modified: [mem " },
};

/* Kinds of memory, as Linux 3.6 to 7.x name them; a truncated line may end in one. */
static const char * const ram_types[] = { "usable", "System RAM" };
static const char * const other_types[] = {
	"reserved", "device reserved", "soft reserved", "kernel reserved", "ACPI data", "ACPI NVS",
	"unusable", "persistent (type 7)", "persistent (type 12)", "persistent RAM",
};

/*
 * Reasons why a file has no map.  The first word that is found determines the
 * message.
 */
static const struct {
	const char *word;
	const char *reason;
} strangers[] = {
	{ "Xen: [mem ", "this is the map of a Xen domain, not of the machine" },
	{ "efi: mem", "EFI's list of memory is not what Linux uses: the BIOS-e820 lines are" },
};

struct node_range {
	u64 base;
	u64 end;
	int node;
};

/* A map that Linux printed: its RAM, and its position in the log. */
struct log_map {
	enum map_kind kind;
	unsigned int line;
	u64 behind;
	struct map_text ram;
};

struct kernel_log {
	const char *name;
	unsigned int line;
	char *before;			/* the line before this one */
	int announced;			/* last header of a map; -1 if none */
	unsigned int announced_at;
	unsigned int memmap_at;		/* line with memmap= or mem=; 0 if there is none */
	struct log_map first, now;	/* of first and current boot; line 0: none */
	const char *stranger;
	struct node_range nodes[MAX_NODE_RANGES];
	unsigned int nr_nodes;
	struct map_text *map;
	bool take_cmrs;
};

static bool refuse(const struct kernel_log *log, const char *why)
{
	fprintf(stderr, "%s:%u: %s\n", log->name, log->line, why);
	return false;
}

static bool refuse_text(const struct kernel_log *log, const char *why, const char *found)
{
	int length = strcspn(found, "\r\n");

	fprintf(stderr, "%s:%u: %s, found '%.*s'%s\n", log->name, log->line, why, length, found,
		length && found[length - 1] == '=' ? ": is this mail, quoted-printable?" : "");
	return false;
}

/* Adjacent ranges are joined: pages are usable as a whole or not at all. */
static void add_usable(struct log_map *map, u64 base, u64 end)
{
	struct tdx_ram *last = map->ram.nr_ram ? &map->ram.ram[map->ram.nr_ram - 1] : NULL;

	if (last && last->base + last->size == base)
		last->size += end - base;
	else
		map_text_add_ram(&map->ram, (struct tdx_ram) { base, end - base, 0 });
}

static bool is_same_ram(const struct log_map *a, const struct log_map *b)
{
	return a->ram.nr_ram == b->ram.nr_ram &&
	       !memcmp(a->ram.ram, b->ram.ram, a->ram.nr_ram * sizeof(*a->ram.ram));
}

/* End of a boot: the map that Linux used has to be the same in all boots. */
static bool end_boot(struct kernel_log *log)
{
	if (!log->now.line)
		return true;
	if (log->memmap_at && log->now.kind == BIOS) {
		fprintf(stderr, "%s:%u: memmap= or mem= makes a user-defined map, which is not here: the log is not whole\n",
			log->name, log->memmap_at);
		return false;
	}
	log->memmap_at = 0;
	if (!log->first.line) {
		log->first = log->now;
	} else {
		bool same = is_same_ram(&log->first, &log->now);

		map_text_free(&log->now.ram);
		if (!same) {
			fprintf(stderr, "%s: the maps at line %u and at line %u differ: the log has two boots or two machines, keep one of them\n",
				log->name, log->first.line, log->now.line);
			return false;
		}
	}
	log->now = (struct log_map) {};
	return true;
}

static bool begin_map(struct kernel_log *log, enum map_kind kind)
{
	if (kind == BIOS && !end_boot(log))
		return false;
	map_text_free(&log->now.ram);
	log->now = (struct log_map) { .kind = kind, .line = log->line };
	return true;
}

static bool is_one_of(const char *type, const char * const *types, unsigned int nr)
{
	size_t length = strcspn(type, "\r\n");
	unsigned int i;

	while (length && type[length - 1] == ' ')
		length--;
	for (i = 0; i < nr; i++)
		if (strlen(types[i]) == length && !strncmp(type, types[i], length))
			return true;
	return false;
}

/* Adds to the current map or begins another one, as the range requires. */
static bool begin_or_go_on(struct kernel_log *log, enum map_kind kind, u64 first)
{
	bool begins = !log->now.line || log->now.kind != kind || log->announced >= 0;

	if (log->announced >= 0 && log->announced != (int)kind)
		return refuse(log, "the map that was announced has no line: the log is not whole");
	if (!begins && first < log->now.behind) {
		if (kind != BIOS)
			return refuse(log, "a range behind the next one: are two logs mixed?");
		begins = true;
	}
	return !begins || begin_map(log, kind);
}

/* Parses "[mem FIRST-LAST] TYPE". */
static bool read_range(struct kernel_log *log, enum map_kind kind, const char *text)
{
	unsigned int number;
	u64 first, last;
	int length = 0;
	bool usable;

	if (sscanf(text, "[mem 0x%llx-0x%llx]%n", &first, &last, &length) != 2 || !length)
		return refuse_text(log, "the line is not whole: expected '[mem 0x...-0x...] TYPE'",
				   text);
	if (last < first)
		return refuse_text(log, "the range ends before it begins", text);
	text += length + strspn(text + length, " ");
	usable = is_one_of(text, ram_types, ARRAY_SIZE(ram_types));
	if (!usable && !is_one_of(text, other_types, ARRAY_SIZE(other_types)) &&
	    sscanf(text, "type %u", &number) != 1)
		return refuse_text(log, "expected a kind of memory that Linux knows", text);

	if (!begin_or_go_on(log, kind, first))
		return false;
	log->announced = -1;
	log->now.behind = last + 1;
	if (usable)
		add_usable(&log->now, first, last + 1);
	return true;
}

static bool read_map_line(struct kernel_log *log, enum map_kind kind, const char *text)
{
	u64 base, end;

	if (sscanf(text, "%llx - %llx (", &base, &end) == 2)
		return refuse(log, "a log of Linux before 3.6, which knows no TDX machine");
	/* Linux 7.x prints gaps, too. */
	if (!strncmp(text, "[gap 0x", 7))
		return true;
	return read_range(log, kind, text);
}

static bool read_header(struct kernel_log *log, enum map_kind kind)
{
	if (log->announced >= 0)
		return refuse(log, "one map follows the other, and the first has no line");
	log->announced = kind;
	log->announced_at = log->line;
	return kind != BIOS || end_boot(log);
}

static bool read_node(struct kernel_log *log, const char *text)
{
	struct node_range range;
	unsigned int pxm, i;
	u64 last;

	if (sscanf(text, "SRAT: Node %d PXM %u [mem %llx-%llx]", &range.node, &pxm, &range.base,
		   &last) != 4 || last < range.base || range.node < 0 || range.node >= 1024)
		return refuse_text(log, "expected 'SRAT: Node N PXM N [mem 0x...-0x...]'", text);
	range.end = last + 1;
	for (i = 0; i < log->nr_nodes; i++) {
		const struct node_range *known = &log->nodes[i];

		if (range.base >= known->end || known->base >= range.end)
			continue;
		if (range.node == known->node)
			continue;
		return refuse(log, "memory of two nodes: are two logs mixed?");
	}
	if (log->nr_nodes == MAX_NODE_RANGES)
		return refuse(log, "more ranges of nodes than a machine has");
	log->nodes[log->nr_nodes++] = range;
	return true;
}

static bool add_cmr(struct kernel_log *log, u64 start, u64 end)
{
	struct map_text *map = log->map;
	unsigned int i;

	for (i = 0; i < map->nr_cmrs; i++)
		if (map->cmrs[i].base == start && map->cmrs[i].size == end - start)
			return true;
	if (map->nr_cmrs == TDX_NR_CMRS)
		return refuse(log, "more than 32 CMRs");
	map->cmrs[map->nr_cmrs++] = (struct tdx_cmr_info) { start, end - start };
	return true;
}

/* CMRs: "CMR: [START, END) [START, END)"; other kernels have a line for each. */
static bool read_cmrs(struct kernel_log *log, const char *text)
{
	const char *next = strchr(text, '[');
	int length;
	u64 start, end;

	if (!log->take_cmrs)
		return true;
	while (next) {
		length = 0;
		if (sscanf(next, "[%llx, %llx)%n", &start, &end, &length) != 2 || !length ||
		    end <= start)
			return refuse_text(log, "expected 'CMR: [0x..., 0x...)'", text);
		if (!add_cmr(log, start, end))
			return false;
		next = strchr(next + length, '[');
	}
	return true;
}

static void read_command_line(struct kernel_log *log, const char *options)
{
	const char *mem = strstr(options, " mem=");

	if (strstr(options, " memmap=") || (mem && mem[5] >= '0' && mem[5] <= '9'))
		log->memmap_at = log->line;
}

static bool read_line(struct kernel_log *log, const char *line)
{
	const char *found;
	unsigned int i;

	if (*line == '{' && strstr(line, "\"MESSAGE\""))
		return refuse(log, "JSON of journalctl: use journalctl -k -o short-monotonic");
	if (strstr(line, "Linux version ") && !end_boot(log))
		return false;
	if (strstr(line, " Command line: ") || !strncmp(line, "Command line: ", 14))
		read_command_line(log, strstr(line, "Command line: "));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strstr(line, kinds[i].header))
			return read_header(log, i);
		found = strstr(line, kinds[i].prefix);
		if (found)
			return read_map_line(log, i, strstr(found, ": ") ? strstr(found, ": ") + 2 :
					     found);
	}
	found = strstr(line, "SRAT: Node ");
	if (found)
		return read_node(log, found);
	found = strstr(line, "virt/tdx: CMR: [");
	if (found)
		return read_cmrs(log, found + strlen("virt/tdx: "));
	for (i = 0; i < ARRAY_SIZE(strangers) && !log->stranger; i++)
		if (strstr(line, strangers[i].word))
			log->stranger = strangers[i].reason;
	return true;
}

/* Removes colours and NULs. */
static void clean(char *line, size_t length)
{
	char *to = line, *from = line;

	while (from < line + length) {
		if (from[0] == '\033' && from[1] == '[') {
			from += 2;
			while (from < line + length && (*from == ';' || (*from >= '0' && *from <= '9')))
				from++;
			from++;
		} else if (!*from) {
			from++;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static bool is_utf16(const char *line, size_t length)
{
	return length >= 4 && ((!line[1] && !line[3] && line[0]) || (!line[0] && !line[2] && line[1]) ||
			       !memcmp(line, "\xff\xfe", 2) || !memcmp(line, "\xfe\xff", 2));
}

static bool read_lines(struct kernel_log *log, FILE *file)
{
	char *line = NULL;
	bool good = true;
	size_t room = 0;
	ssize_t length;

	while (good && (length = getline(&line, &room, file)) >= 0) {
		log->line++;
		if (log->line == 1 && is_utf16(line, length)) {
			good = refuse(log, "UTF-16: convert it with iconv -f UTF-16 -t UTF-8");
			break;
		}
		clean(line, length);
		/*
		 * Each line is there twice if console and journal are in one
		 * file.
		 */
		if (log->before && !strcmp(line, log->before))
			continue;
		free(log->before);
		log->before = strdup(line);
		good = log->before && read_line(log, line);
	}
	free(line);
	return good;
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

/*
 * Ranges are split at borders of nodes; the new ranges are handled later in the
 * loop.
 */
static void set_nodes(struct map_text *map, const struct kernel_log *log)
{
	const struct node_range *nodes = log->nodes;
	unsigned int i, n;

	for (i = 0; i < map->nr_ram; i++) {
		for (n = 0; n < log->nr_nodes; n++) {
			cut_at(map, i, nodes[n].base);
			cut_at(map, i, nodes[n].end);
		}
		for (n = 0; n < log->nr_nodes; n++)
			if (nodes[n].base <= map->ram[i].base && map->ram[i].base < nodes[n].end)
				map->ram[i].node = nodes[n].node;
	}
}

static void take_ram(struct map_text *map, const struct log_map *from)
{
	unsigned int i;

	for (i = 0; i < from->ram.nr_ram; i++) {
		u64 base = ALIGN(from->ram.ram[i].base, 4096ULL);
		u64 end = ALIGN_DOWN(from->ram.ram[i].base + from->ram.ram[i].size, 4096ULL);

		if (base < end)
			map_text_add_ram(map, (struct tdx_ram) { base, end - base, 0 });
	}
}

static bool finish(struct kernel_log *log)
{
	if (log->announced >= 0) {
		fprintf(stderr, "%s:%u: the map that is announced here has no line: the log is not whole\n",
			log->name, log->announced_at);
		return false;
	}
	if (!end_boot(log))
		return false;
	if (!log->first.ram.nr_ram) {
		fprintf(stderr, "%s: %s\n", log->name, log->stranger ? log->stranger :
			!log->line ? "the file is empty" :
			"no line like 'BIOS-e820: [mem 0x...-0x...] usable'");
		return false;
	}
	take_ram(log->map, &log->first);
	set_nodes(log->map, log);
	return true;
}

bool kernel_log_read(struct map_text *map, FILE *file, const char *name, bool *user_defined)
{
	struct kernel_log *log = calloc(1, sizeof(*log));
	bool good;

	if (!log)
		abort();
	log->name = name;
	log->map = map;
	log->announced = -1;
	log->take_cmrs = !map->nr_cmrs;
	good = read_lines(log, file) && finish(log);
	*user_defined = log->first.kind == USER;
	map_text_free(&log->now.ram);
	map_text_free(&log->first.ram);
	free(log->before);
	free(log);
	return good;
}
