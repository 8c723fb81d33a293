// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chooses TDMRs for a memory map, as the kernel would.
 */
#include <getopt.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>

#include "geometry.h"
#include "kernel_log.h"
#include "map_text.h"
#include "memmap_advice.h"

#define MAX_ADVICE	32

static const char usage[] =
	"usage: tdmr_layout [OPTION]... < MAP\n"
	"\n"
	"Reads a memory map, prints the TDMRs that the kernel would choose for it.\n"
	"\n"
	"  --cpus N                 CPUs that initialize TDMRs at the same time (default 8)\n"
	"  --from-e820 FILE         take RAM and NUMA nodes from a kernel log; CMRs come from\n"
	"                           MAP, or from the log if MAP has none\n"
	"  --fragment SEED:PERCENT  so many of the 2 MB blocks cannot be part of a PAMT\n"
	"  --help                   this text\n"
	"\n"
	"MAP has lines 'ram BASE SIZE [node N]', 'cmr BASE SIZE' and 'limit NAME VALUE';\n"
	"numbers are 0x or decimal with K, M, G or T, '#' begins a comment.  RAM below 1 MB\n"
	"that is in no CMR is left out, as the kernel never uses it.\n"
	"\n"
	"Where there is no layout, but one without some of the RAM, memmap= for that is shown.\n"
	"\n"
	"Exit status: 0 a layout was printed, 1 there is none, 2 bad input.\n";

struct options {
	unsigned int cpus;
	const char *log;
	u64 seed;
	unsigned int percent;
};

static unsigned int whole_number(const char *option, const char *text, unsigned long max)
{
	unsigned long value;
	char *end;

	value = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value > max) {
		fprintf(stderr, "tdmr_layout: %s: expected a number up to %lu, found '%s'\n",
			option, max, text);
		exit(2);
	}
	return value;
}

static void set_fragment(struct options *options, char *text)
{
	char *percent = text;

	while (*percent && *percent != ':')
		percent++;
	if (!*percent) {
		fprintf(stderr, "tdmr_layout: --fragment: expected SEED:PERCENT, found '%s'\n",
			text);
		exit(2);
	}
	*percent++ = '\0';
	options->seed = whole_number("--fragment", text, 0xffffffff);
	options->percent = whole_number("--fragment", percent, 100);
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "cpus", required_argument, NULL, 'c' },
		{ "from-e820", required_argument, NULL, 'e' },
		{ "fragment", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	struct options options = { .cpus = 8 };
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			options.cpus = whole_number("--cpus", optarg, 1 << 20);
			break;
		case 'e':
			options.log = optarg;
			break;
		case 'f':
			set_fragment(&options, optarg);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (optind < argc || !options.cpus) {
		fprintf(stderr, "tdmr_layout: %s\n", optind < argc ? "the map comes on standard input" :
			"--cpus: at least 1");
		exit(2);
	}
	return options;
}

static bool has_ram(const struct map_text *text, const struct tdx_cmr_info *cmr)
{
	unsigned int i;

	for (i = 0; i < text->nr_ram; i++)
		if (text->ram[i].base < cmr->base + cmr->size &&
		    cmr->base < text->ram[i].base + text->ram[i].size)
			return true;
	return false;
}

/* The log may be truncated, or of another kernel: missing RAM is an error. */
static bool all_cmrs_have_ram(const struct map_text *text, const char *name)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < text->nr_cmrs; i++) {
		const struct tdx_cmr_info *cmr = &text->cmrs[i];

		if (has_ram(text, cmr))
			continue;
		fprintf(stderr, "%s: no RAM in the CMR [0x%llx-0x%llx]: is the log whole, not a crash kernel's, and of this machine?\n",
			name, cmr->base, cmr->base + cmr->size - 1);
		good = false;
	}
	return good;
}

static bool read_log(struct map_text *text, const char *name)
{
	bool good, user_defined;
	FILE *file;

	if (text->nr_ram) {
		fprintf(stderr, "tdmr_layout: ram lines and --from-e820 exclude each other\n");
		return false;
	}
	file = fopen(name, "r");
	if (!file) {
		perror(name);
		return false;
	}
	good = kernel_log_read(text, file, name, &user_defined);
	fclose(file);
	/* With memmap=, RAM is missing on purpose. */
	return good && (all_cmrs_have_ram(text, name) || user_defined);
}

/* The kernel reserves the first MB at boot, but the module uses RAM from the lowest CMR on. */
static void leave_out_low_memory(struct map_text *text)
{
	u64 low = min(text->nr_cmrs ? text->cmrs[0].base : 0, (u64)SZ_1M), left_out = 0, size;
	unsigned int i, kept = 0;

	for (i = 0; i < text->nr_ram; i++) {
		struct tdx_ram ram = text->ram[i];

		size = ram.base < low ? min(ram.size, low - ram.base) : 0;
		left_out += size;
		ram.base += size;
		ram.size -= size;
		if (ram.size)
			text->ram[kept++] = ram;
	}
	text->nr_ram = kept;
	if (left_out)
		printf("# left out: 0x%llx bytes of RAM below 1 MB that are in no CMR\n", left_out);
}

static bool read_map(struct map_text *text, const struct options *options)
{
	if (!map_text_read(text, stdin, "standard input"))
		return false;
	if (options->log && !read_log(text, options->log))
		return false;
	if (!text->nr_ram || !text->nr_cmrs) {
		fprintf(stderr, "tdmr_layout: the map has no %s\n", text->nr_ram ? "cmr" : "ram");
		return false;
	}
	return map_text_normalise(text);
}

static void explain(const struct tdmr_failure *failure)
{
	u64 base = failure->base, last = base + failure->size - 1;

	switch (failure->error) {
	case TDMR_OK:
		break;
	case TDMR_RAM_OUTSIDE_CMRS:
		fprintf(stderr, "tdmr_layout: RAM at [0x%llx-0x%llx] is in no CMR\n", base, last);
		break;
	case TDMR_TOO_MANY_TDMRS:
		fprintf(stderr, "tdmr_layout: %u TDMRs are needed and %u can be had; [0x%llx-0x%llx] is the first left over\n",
			failure->count, failure->limit, base, last);
		break;
	case TDMR_TOO_MANY_RESERVED:
		fprintf(stderr, "tdmr_layout: [0x%llx-0x%llx] needs %u reserved areas, a TDMR has %u\n",
			base, last, failure->count, failure->limit);
		break;
	case TDMR_NO_PAMT_MEMORY:
		fprintf(stderr, "tdmr_layout: no %llu contiguous KB for the PAMT of TDMR [0x%llx-0x%llx]\n",
			failure->bytes >> 10, base, last);
		break;
	case TDMR_MALFORMED_CMRS:
		fprintf(stderr, "tdmr_layout: the CMRs are not sorted, or one wraps\n");
		break;
	}
}

static unsigned int nr_reserved(const struct tdx_tdmr_info *info)
{
	unsigned int nr = 0;

	while (nr < TDX_TDMR_NR_RESERVED && info->reserved[nr].size)
		nr++;
	return nr;
}

static void print_totals(const struct geometry *geometry)
{
	const struct tdmr_map *map = &geometry->map;
	unsigned int i, most = 0, nr = geometry->layout.nr_tdmrs;
	u64 covered = 0, largest = 0, ram = 0;
	u64 blocks = blocks_with_ram(map->ram, map->nr_ram);

	for (i = 0; i < map->nr_ram; i++)
		ram += map->ram[i].size;
	for (i = 0; i < nr; i++) {
		covered += geometry->info[i].size / SZ_1G;
		largest = max(largest, tdmr_pamt_bytes(map, &geometry->layout.tdmrs[i]));
		most = max(most, nr_reserved(&geometry->info[i]));
	}
	printf("# RAM                     %llu bytes\n", ram);
	printf("# TDMRs                   %u of %u\n", nr, map->limits.max_tdmrs);
	printf("# GB with RAM             %llu\n", blocks);
	printf("# GB covered              %llu\n", covered);
	printf("# PAMTs                   %llu bytes\n", geometry_pamt_bytes(geometry));
	printf("# largest PAMT            %llu bytes\n", largest);
	printf("# most reserved areas     %u of %u\n", most, map->limits.max_reserved_per_tdmr);
}

static void print_layout(const struct map_text *text, const struct geometry *geometry)
{
	unsigned int i;

	for (i = 0; i < text->nr_ram; i++)
		map_text_print_ram(&text->ram[i]);
	for (i = 0; i < text->nr_cmrs; i++)
		map_text_print_cmr(&text->cmrs[i]);
	printf("limit max_tdmrs %u\n", text->limits.max_tdmrs);
	printf("limit max_reserved_per_tdmr %u\n", text->limits.max_reserved_per_tdmr);
	printf("limit pamt_entry_size %u\n", text->limits.pamt_entry_size);
	for (i = 0; i < geometry->layout.nr_tdmrs; i++)
		map_text_print_tdmr(&geometry->info[i]);
	print_totals(geometry);
}

static struct tdmr_failure lay_out(const struct map_text *text, const struct options *options,
				   bool print)
{
	struct geometry geometry = {
		.map = {
			.ram = text->ram, .nr_ram = text->nr_ram,
			.cmrs = text->cmrs, .nr_cmrs = text->nr_cmrs,
			.limits = text->limits, .nr_cpus = options->cpus,
		},
	};
	struct tdmr_failure failure = tdmr_check_ram(&geometry.map);
	struct model_memory memory;

	if (failure.error != TDMR_OK)
		return failure;
	model_memory_init(&memory, options->seed, options->percent);
	failure = geometry_make(&geometry, &memory.source);
	if (print && failure.error == TDMR_OK)
		print_layout(text, &geometry);
	geometry_free(&geometry);
	return failure;
}

/*
 * Removes RAM until there is a layout, and prints memmap= options; nothing if
 * there is none.
 */
static void advise(struct map_text *text, const struct options *options,
		   struct tdmr_failure failure)
{
	struct tdx_ram kept_out[MAX_ADVICE];
	unsigned int nr = 0;

	while (failure.error != TDMR_OK) {
		if (nr == MAX_ADVICE || !memmap_advice(text, &failure, &kept_out[nr]))
			return;
		memmap_keep_out(text, &kept_out[nr++]);
		if (!text->nr_ram)
			return;
		failure = lay_out(text, options, false);
	}
	memmap_print(kept_out, nr);
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	struct map_text text = {};
	int status = 2;

	if (read_map(&text, &options)) {
		struct tdmr_failure failure;

		leave_out_low_memory(&text);
		failure = lay_out(&text, &options, true);
		explain(&failure);
		status = failure.error == TDMR_OK ? 0 : 1;
		if (status)
			advise(&text, &options, failure);
	}
	map_text_free(&text);
	return status;
}
