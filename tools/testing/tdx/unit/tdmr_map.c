// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draws a layout with four lanes.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>
#include <string.h>

#include "map_windows.h"

#define TOP		70.0
#define LANE		22.0
#define STRIP		165.0
#define MAX_ADDRESS	BIT_ULL(52)
#define NR_COLOURS	8

static const char usage[] =
	"usage: tdmr_map < LAYOUT > PICTURE.svg\n"
	"\n"
	"Draws RAM, CMRs, TDMRs, reserved areas and PAMTs.  Rectangles tell their addresses\n"
	"under the mouse.\n"
	"\n"
	"Exit status: 0, or 2 for bad input.\n";

enum lane { LANE_RAM, LANE_CMR, LANE_TDMR, LANE_RESERVED, NR_LANES };

static const char * const lane_names[NR_LANES] = { "RAM", "CMRs", "TDMRs", "reserved" };

static const char * const node_colours[NR_COLOURS] = {
	"#4c9f70", "#3f7cac", "#d08c2f", "#8d6cab", "#5aa7a7", "#b5838d", "#7f9c3a", "#6c757d",
};

static double strip_y(unsigned int strip)
{
	return TOP + strip * STRIP;
}

static void size_text(char *text, size_t room, u64 bytes)
{
	static const char units[] = "KMGT";
	unsigned int unit = 0;
	double value = bytes / 1024.0;

	while (value >= 1024 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	snprintf(text, room, value < 10 && value != (int)value ? "%.1f %cB" : "%.0f %cB", value,
		 units[unit]);
}

static void draw(const struct picture *picture, enum lane lane, const char *style, u64 base,
		 u64 size, const char *what)
{
	char size_of[32];
	unsigned int i;

	size_text(size_of, sizeof(size_of), size);
	for (i = 0; i < picture->nr_windows; i++) {
		const struct window *window = &picture->windows[i];
		u64 start = max(base, window->base), end = min(base + size, window->end);

		if (start >= end)
			continue;
		printf("<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" %s><title>%s [0x%llx-0x%llx] %s</title></rect>\n",
		       window->x + (start - window->base) * window->per_byte,
		       strip_y(window->strip) + lane * (LANE + 4),
		       max((end - start) * window->per_byte, 1.2), LANE, style, what, base,
		       base + size - 1, size_of);
	}
}

static void label(double x, double y, const char *attributes, const char *text)
{
	printf("<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, attributes, text);
}

/* Draws the number of a TDMR in the middle of each of its parts. */
static void draw_number(const struct picture *picture, const struct tdx_tdmr_info *tdmr,
			const char *number)
{
	unsigned int i;

	for (i = 0; i < picture->nr_windows; i++) {
		const struct window *window = &picture->windows[i];
		u64 start = max(tdmr->base, window->base);
		u64 end = min(tdmr->base + tdmr->size, window->end);

		if (start < end && (end - start) * window->per_byte > 24)
			label(window->x + ((start + end) / 2 - window->base) * window->per_byte,
			      strip_y(window->strip) + LANE_TDMR * (LANE + 4) + 15,
			      "text-anchor=\"middle\"", number);
	}
}

static void draw_frame(const struct picture *picture)
{
	unsigned int i, lane;
	char text[64];

	for (i = 0; i < picture->nr_strips; i++)
		for (lane = 0; lane < NR_LANES; lane++)
			label(LEFT - 10, strip_y(i) + lane * (LANE + 4) + 15,
			      "text-anchor=\"end\"", lane_names[lane]);

	for (i = 0; i < picture->nr_windows; i++) {
		const struct window *window = &picture->windows[i];
		double y = strip_y(window->strip);

		snprintf(text, sizeof(text), "%llu GB%s", window->base / SZ_1G,
			 window->per_byte > picture->per_byte ? " (enlarged)" : "");
		label(window->x, y - 6, "class=\"address\"", text);
		printf("<path d=\"M%.1f %.1fv%.1f\" stroke=\"#999\"/>\n", window->x, y - 4,
		       NR_LANES * (LANE + 4) + 4);
		if (!window->after_gap)
			continue;
		size_text(text, sizeof(text), window->base - window[-1].end);
		label(window->x - GAP / 2, y + 45, "text-anchor=\"middle\" class=\"address\"", text);
		label(window->x - GAP / 2, y + 58, "text-anchor=\"middle\" class=\"address\"",
		      "unused");
	}
}

static void draw_tdmr(const struct picture *picture, const struct tdx_tdmr_info *tdmr,
		      unsigned int number)
{
	const struct tdx_reserved_area *area = tdmr->reserved;
	char what[32];
	unsigned int i;

	snprintf(what, sizeof(what), "TDMR %u", number);
	draw(picture, LANE_TDMR, number % 2 ? "fill=\"#8fb8de\" stroke=\"#345\"" :
	     "fill=\"#c3daf0\" stroke=\"#345\"", tdmr->base, tdmr->size, what);
	draw_number(picture, tdmr, what + strlen("TDMR "));
	for (; area < &tdmr->reserved[TDX_TDMR_NR_RESERVED] && area->size; area++)
		draw(picture, LANE_RESERVED, "fill=\"#d1495b\"", tdmr->base + area->offset,
		     area->size, "reserved");
	snprintf(what, sizeof(what), "PAMT of TDMR %u", number);
	for (i = 0; i < TDX_NR_PAMT_LEVELS; i++)
		draw(picture, LANE_RAM, "fill=\"#222\"", tdmr->pamt[i].base, tdmr->pamt[i].size,
		     what);
}

static double draw_key(double x, const char *fill, const char *name)
{
	printf("<rect x=\"%.0f\" y=\"32\" width=\"14\" height=\"14\" fill=\"%s\" stroke=\"#999\"/>\n",
	       x, fill);
	label(x + 20, 44, "", name);
	return x + 50 + 6.5 * strlen(name);
}

static void draw_title(const struct map_text *text)
{
	u64 ram = 0, pamts = 0;
	char of_ram[32], of_pamts[32];
	unsigned int i, level;

	for (i = 0; i < text->nr_ram; i++)
		ram += text->ram[i].size;
	for (i = 0; i < text->nr_tdmrs; i++)
		for (level = 0; level < TDX_NR_PAMT_LEVELS; level++)
			pamts += text->tdmrs[i].pamt[level].size;
	size_text(of_ram, sizeof(of_ram), ram);
	size_text(of_pamts, sizeof(of_pamts), pamts);
	printf("<text x=\"%.0f\" y=\"22\" class=\"title\">TDX memory: %s of RAM in %u ranges, %u TDMRs, %s of PAMTs</text>\n",
	       LEFT, of_ram, text->nr_ram, text->nr_tdmrs, of_pamts);
}

/* Nodes with the same colour share an entry. */
static void draw_legend(const struct map_text *text)
{
	static const struct { const char *fill, *name; } entries[] = {
		{ "#222", "PAMT" }, { "#bbb", "convertible (CMR)" }, { "#fff", "hole" },
		{ "#8fb8de", "TDMR" }, { "#d1495b", "reserved in its TDMR" },
	};
	char names[NR_COLOURS][64] = {};
	unsigned int i, node, at;
	double x = LEFT;
	bool seen[1024] = {};

	for (i = 0; i < text->nr_ram; i++)
		seen[text->ram[i].node] = true;
	for (node = 0; node < ARRAY_SIZE(seen); node++) {
		at = strlen(names[node % NR_COLOURS]);
		if (seen[node])
			snprintf(names[node % NR_COLOURS] + at, sizeof(names[0]) - at,
				 at ? ", %u" : "RAM of node %u", node);
	}
	for (i = 0; i < NR_COLOURS; i++)
		if (names[i][0])
			x = draw_key(x, node_colours[i], names[i]);
	for (i = 0; i < ARRAY_SIZE(entries); i++)
		x = draw_key(x, entries[i].fill, entries[i].name);
}

static void draw_all(const struct picture *picture, const struct map_text *text)
{
	char style[64], what[32];
	unsigned int i;

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" font-family=\"sans-serif\" font-size=\"12\">\n",
	       picture->width + 40, strip_y(picture->nr_strips));
	printf("<style>.address{font-size:10px;fill:#555}.title{font-size:15px;font-weight:bold}</style>\n");
	printf("<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
	draw_title(text);
	draw_legend(text);
	for (i = 0; i < text->nr_ram; i++) {
		snprintf(style, sizeof(style), "fill=\"%s\"",
			 node_colours[text->ram[i].node % NR_COLOURS]);
		snprintf(what, sizeof(what), "RAM of node %d", text->ram[i].node);
		draw(picture, LANE_RAM, style, text->ram[i].base, text->ram[i].size, what);
	}
	for (i = 0; i < text->nr_cmrs; i++)
		draw(picture, LANE_CMR, "fill=\"#bbb\"", text->cmrs[i].base, text->cmrs[i].size,
		     "CMR");
	for (i = 0; i < text->nr_tdmrs; i++)
		draw_tdmr(picture, &text->tdmrs[i], i);
	draw_frame(picture);
	printf("</svg>\n");
}

static bool in_address_space(const char *what, u64 base, u64 size)
{
	if (size && base < MAX_ADDRESS && size <= MAX_ADDRESS - base)
		return true;
	fprintf(stderr, "tdmr_map: %s 0x%llx 0x%llx %s\n", what, base, size,
		size ? "goes beyond 52 bits of physical address" : "is empty");
	return false;
}

/*
 * Layouts that the module would refuse are drawn, but addresses have to be
 * valid.
 */
static bool drawable(const struct map_text *text)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < text->nr_ram; i++)
		good &= in_address_space("ram", text->ram[i].base, text->ram[i].size);
	for (i = 0; i < text->nr_cmrs; i++)
		good &= in_address_space("cmr", text->cmrs[i].base, text->cmrs[i].size);
	for (i = 0; i < text->nr_tdmrs; i++)
		good &= in_address_space("tdmr", text->tdmrs[i].base, text->tdmrs[i].size);
	if (text->nr_ram || text->nr_cmrs || text->nr_tdmrs)
		return good;
	fprintf(stderr, "tdmr_map: nothing to draw\n");
	return false;
}

static void draw_text(const struct map_text *text)
{
	struct picture picture = picture_make(text);

	draw_all(&picture, text);
	free(picture.windows);
}

int main(int argc, char **argv)
{
	struct map_text text;
	bool good;

	if (argc > 1) {
		fputs(usage, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	if (!map_text_read(&text, stdin, "standard input"))
		return 2;
	good = drawable(&text);
	if (good)
		draw_text(&text);
	map_text_free(&text);
	return good ? 0 : 2;
}
