// SPDX-License-Identifier: GPL-2.0-only
/*
 * A picture of TDX memory: the address space in strips of four lanes, and a list of all areas.
 */
#include <stdlib.h>
#include <string.h>

#include "area_names.h"
#include "common.h"
#include "labels.h"
#include "picture.h"
#include "pointers.h"
#include "size_text.h"
#include "windows.h"

#define TITLE_SIZE	15.0
#define LEGEND_LINE	18.0
#define LANE		22.0
#define NEXT_LANE	(LANE + 4)
#define STRIP		(4 * NEXT_LANE + 66)	/* with addresses above, names below */
#define LIST_LINE	15.0
#define LIST_COLUMN	510.0
#define LIST_COLUMNS	3
#define TICKS		110.0			/* least distance of addresses */

#define NARROWEST	3.0			/* of what can be seen */

/* Places for a name, as parts of the room that is left of it if it is at the right end. */
static const double tries[] = { 0.5, 0.25, 0.75, 0, 1 };

#define NR_COLORS	8
#define MAX_NODES	1024

enum lane { LANE_RAM, LANE_CMR, LANE_TDMR, LANE_RESERVED, NR_LANES };

static const char * const lane_names[NR_LANES] = { "RAM", "CMRs", "TDMRs", "reserved" };

static const enum lane lane_of[] = {
	[AREA_RAM] = LANE_RAM, [AREA_CMR] = LANE_CMR, [AREA_TDMR] = LANE_TDMR,
	[AREA_RESERVED] = LANE_RESERVED, [AREA_PAMT] = LANE_RESERVED,
};

static const char * const node_colors[NR_COLORS] = {
	"#8fd0a8", "#9cc3e6", "#f0c27f", "#c9b1e0", "#93d6d6", "#e8b4bc", "#bfd982", "#c4cad0",
};

#define PAMT_COLOR	"#4a4a4a"
#define HOLE_COLOR	"#e4606d"
#define CMR_COLOR	"#d8d8d8"
#define TDMR_COLOR	"#dcecfa"
#define ENLARGED_COLOR	"#fff6d6"

struct picture {
	const struct area_list *areas;
	struct windows windows;
	struct labels labels;
	struct pointers *pointers;	/* of each strip */
	FILE *to;
	double top;	/* of the first strip */
	double right;
};

static double lane_y(const struct picture *picture, unsigned int strip, enum lane lane)
{
	return picture->top + strip * STRIP + lane * NEXT_LANE;
}

static double list_y(const struct picture *picture)
{
	return picture->top + picture->windows.nr_strips * STRIP;
}

/* The part of an area in a window.  False if there is none. */
static bool part_in(const struct window *window, const struct area *area, uint64_t *start,
		    uint64_t *end)
{
	*start = area->base > window->base ? area->base : window->base;
	*end = area_end(area) < window->end ? area_end(area) : window->end;
	return *start < *end;
}

static const char *fill_of(const struct area *area)
{
	switch (area->kind) {
	case AREA_RAM:
		return node_colors[area->number % NR_COLORS];
	case AREA_CMR:
		return CMR_COLOR;
	case AREA_TDMR:
		return TDMR_COLOR;
	case AREA_RESERVED:
		return HOLE_COLOR;
	default:
		return PAMT_COLOR;
	}
}

static double width_of(const struct window *window, uint64_t start, uint64_t end)
{
	double width = window_x(window, end) - window_x(window, start);

	return width > NARROWEST ? width : NARROWEST;
}

static void draw_part(struct picture *picture, const struct window *window,
		      const struct area *area, enum lane lane, const char *title)
{
	double x, y = lane_y(picture, window->strip, lane), width;
	uint64_t start, end;

	if (!part_in(window, area, &start, &end))
		return;
	x = window_x(window, start);
	width = width_of(window, start, end);
	if (x + width > window_x(window, window->end))
		x = window_x(window, window->end) - width;
	fprintf(picture->to,
		"<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"%s\"%s><title>%s</title></rect>\n",
		x, y, width, LANE, fill_of(area), area->kind == AREA_TDMR ? " stroke=\"#345\"" : "",
		title);
	if (area->kind == AREA_PAMT)
		label_avoid(&picture->labels, (struct box) { x, x + width, y, y + LANE });
}

/* A PAMT is drawn twice: it takes RAM, and is reserved. */
static void draw_area(struct picture *picture, const struct area *area)
{
	char title[AREA_LINE_ROOM] = "reserved";
	unsigned int i;

	area_line(title, picture->areas, area);
	for (i = 0; i < picture->windows.nr; i++) {
		draw_part(picture, &picture->windows.windows[i], area, lane_of[area->kind], title);
		if (area->kind == AREA_PAMT)
			draw_part(picture, &picture->windows.windows[i], area, LANE_RAM, title);
	}
}

/* Draws a name in a part, in the middle or else where nothing is in the way. */
static bool name_at(struct picture *picture, double left, double right, double y,
		    const char *name)
{
	double width = label_width(name, FONT_SIZE), free = right - left - width - 6;
	unsigned int i;

	for (i = 0; free >= 0 && i < ARRAY_SIZE(tries); i++)
		if (label_put(&picture->labels, left + 3 + free * tries[i], y, START, FONT_SIZE,
			      name))
			return true;
	return false;
}

/* Names a part of an area inside of it, with its size if there is room, or a TDMR by its number. */
static bool name_inside(struct picture *picture, const struct window *window,
			const struct area *area, uint64_t start, uint64_t end)
{
	char name[AREA_NAME_ROOM], with_size[AREA_NAME_ROOM + SIZE_ROOM + 2], size[SIZE_ROOM];
	double left = window_x(window, start), right = window_x(window, end);
	double y = lane_y(picture, window->strip, lane_of[area->kind]) + 15;

	area_name(name, area);
	size_text(size, area->size);
	snprintf(with_size, sizeof(with_size), "%s: %s", name, size);
	if (name_at(picture, left, right, y, with_size) ||
	    name_at(picture, left, right, y, name))
		return true;
	return area->kind == AREA_TDMR &&
	       name_at(picture, left, right, y, name + strlen("TDMR "));
}

static void name_below(struct picture *picture, const struct window *window,
		       const struct area *area, uint64_t start, uint64_t end)
{
	char name[AREA_NAME_ROOM];

	area_name(name, area);
	pointers_add(&picture->pointers[window->strip],
		     window_x(window, start) + width_of(window, start, end) / 2,
		     lane_y(picture, window->strip, lane_of[area->kind]) + LANE, name);
}

/* The window with the largest part of an area. */
static const struct window *main_window(const struct picture *picture, const struct area *area)
{
	const struct window *best = NULL, *window = picture->windows.windows;
	uint64_t start, end, most = 0;

	for (; window < &picture->windows.windows[picture->windows.nr]; window++) {
		if (!part_in(window, area, &start, &end) || end - start <= most)
			continue;
		most = end - start;
		best = window;
	}
	return best;
}

/* Names a part in its lane, or else below the strip.  The color is that of the node of RAM. */
static void name_part(struct picture *picture, const struct window *window,
		      const struct area *area)
{
	uint64_t start, end;

	if (!part_in(window, area, &start, &end) ||
	    (area->kind != AREA_PAMT && name_inside(picture, window, area, start, end)))
		return;
	if (area->kind >= AREA_TDMR && window == main_window(picture, area))
		name_below(picture, window, area, start, end);
}

static void name_area(struct picture *picture, const struct area *area)
{
	struct area hole;
	unsigned int i;

	if (area->kind == AREA_RESERVED) {
		if (!area_hole(&hole, picture->areas, area))
			return;
		area = &hole;
	}
	for (i = 0; i < picture->windows.nr; i++)
		name_part(picture, &picture->windows.windows[i], area);
}

static void name_areas(struct picture *picture)
{
	unsigned int i;
	size_t n;

	for (n = 0; n < picture->areas->nr; n++)
		name_area(picture, &picture->areas->areas[n]);
	for (i = 0; i < picture->windows.nr_strips; i++)
		pointers_draw(&picture->pointers[i], &picture->labels,
			      lane_y(picture, i, NR_LANES) + 20, LEFT, picture->right);
}

static void draw_areas(struct picture *picture, enum area_kind kind)
{
	size_t i;

	for (i = 0; i < picture->areas->nr; i++)
		if (picture->areas->areas[i].kind == kind)
			draw_area(picture, &picture->areas->areas[i]);
}

static void draw_line(struct picture *picture, double x, double from, double to)
{
	fprintf(picture->to, "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#999\"/>\n", x, from, to);
}

/* Writes an address in the unit of a step, of which it is a multiple. */
static void address_text(char text[SIZE_ROOM], uint64_t address, uint64_t step)
{
	static const char units[] = "MGT";
	unsigned int unit = 0;

	for (step >>= 20; step >= 1024 && units[unit + 1]; step >>= 10)
		unit++;
	snprintf(text, SIZE_ROOM, address ? "%llu %cB" : "0",
		 (unsigned long long)address >> (20 + 10 * unit), units[unit]);
}

/* Draws addresses above a window, at its start and at round numbers. */
static void draw_scale(struct picture *picture, const struct window *window)
{
	double y = lane_y(picture, window->strip, LANE_RAM);
	uint64_t step = 1 << 20, address;
	char text[SIZE_ROOM];

	while (step * window->per_byte < TICKS)
		step *= 2;
	for (address = window->base; address < window->end; address += step - address % step) {
		address_text(text, address, address % step ? 1 << 30 : step);
		draw_line(picture, window_x(window, address), y - 5, y);
		if (window_x(window, address) + label_width(text, FONT_SIZE) < picture->right)
			label_put(&picture->labels, window_x(window, address), y - 8, START,
				  FONT_SIZE, text);
	}
}

static void draw_gap(struct picture *picture, const struct window *window)
{
	double x = window->x - GAP / 2, y = lane_y(picture, window->strip, LANE_TDMR);
	char text[SIZE_ROOM];

	size_text(text, window->base - window[-1].end);
	label_put(&picture->labels, x, y - 4, MIDDLE, FONT_SIZE - 1, text);
	label_put(&picture->labels, x, y + 10, MIDDLE, FONT_SIZE - 1, "without");
	label_put(&picture->labels, x, y + 22, MIDDLE, FONT_SIZE - 1, "memory");
}

static void draw_background(struct picture *picture, const struct window *window)
{
	double y = lane_y(picture, window->strip, LANE_RAM);

	if (window->per_byte > picture->windows.per_byte)
		fprintf(picture->to,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
			window->x, y - 3, window_x(window, window->end) - window->x,
			NR_LANES * NEXT_LANE + 2, ENLARGED_COLOR);
}

static void draw_strips(struct picture *picture)
{
	unsigned int i, lane;

	for (i = 0; i < picture->windows.nr; i++)
		draw_background(picture, &picture->windows.windows[i]);
	for (i = AREA_RAM; i <= AREA_PAMT; i++)
		draw_areas(picture, i);
	for (i = 0; i < picture->windows.nr_strips; i++)
		for (lane = 0; lane < NR_LANES; lane++)
			label_put(&picture->labels, LEFT - 10, lane_y(picture, i, lane) + 15, END,
				  FONT_SIZE, lane_names[lane]);
	for (i = 0; i < picture->windows.nr; i++) {
		draw_scale(picture, &picture->windows.windows[i]);
		if (picture->windows.windows[i].after_gap)
			draw_gap(picture, &picture->windows.windows[i]);
	}
	name_areas(picture);
}

static void draw_title(struct picture *picture)
{
	char ram[SIZE_ROOM], pamts[SIZE_ROOM], text[256];

	size_text(ram, areas_bytes(picture->areas, AREA_RAM));
	size_text(pamts, areas_bytes(picture->areas, AREA_PAMT));
	snprintf(text, sizeof(text), "TDX memory: %s of RAM in %u ranges, %u TDMRs, %s of PAMTs", ram,
		 areas_count(picture->areas, AREA_RAM), areas_count(picture->areas, AREA_TDMR),
		 pamts);
	label_put(&picture->labels, LEFT, 24, START, TITLE_SIZE, text);
}

static void draw_key(struct picture *picture, const char *fill, const char *text)
{
	fprintf(picture->to,
		"<rect x=\"%.0f\" y=\"%.0f\" width=\"14\" height=\"14\" fill=\"%s\" stroke=\"#999\"/>\n",
		LEFT, picture->top - 11, fill);
	label_put(&picture->labels, LEFT + 22, picture->top, START, FONT_SIZE, text);
	picture->top += LEGEND_LINE;
}

/* Nodes with the same color share a line. */
static void draw_nodes(struct picture *picture)
{
	char names[NR_COLORS][80] = {};
	bool seen[MAX_NODES] = {};
	unsigned int node, at;
	size_t i;

	for (i = 0; i < picture->areas->nr; i++)
		if (picture->areas->areas[i].kind == AREA_RAM)
			seen[picture->areas->areas[i].number % MAX_NODES] = true;
	for (node = 0; node < MAX_NODES; node++) {
		at = strlen(names[node % NR_COLORS]);
		if (seen[node])
			snprintf(names[node % NR_COLORS] + at, sizeof(names[0]) - at,
				 at ? ", %u" : "RAM of NUMA node %u", node);
	}
	for (i = 0; i < NR_COLORS; i++)
		if (names[i][0])
			draw_key(picture, node_colors[i], names[i]);
}

static bool has_enlarged(const struct windows *windows)
{
	unsigned int i;

	for (i = 0; i < windows->nr; i++)
		if (windows->windows[i].per_byte > windows->per_byte)
			return true;
	return false;
}

/* Leaves .top below the legend. */
static void draw_legend(struct picture *picture)
{
	picture->top = 48;
	draw_nodes(picture);
	draw_key(picture, CMR_COLOR,
		 "CMR: convertible memory, which TDs may get according to the BIOS");
	draw_key(picture, TDMR_COLOR,
		 "TDMR: a range whose pages the TDX module manages; whole GBs");
	draw_key(picture, PAMT_COLOR,
		 "PAMT of a TDMR: where the module keeps its records of the pages, 1/256 of the TDMR");
	draw_key(picture, HOLE_COLOR,
		 "hole: a part of a TDMR that is not convertible or no RAM, and so is reserved");
	if (has_enlarged(&picture->windows))
		draw_key(picture, ENLARGED_COLOR,
			 "drawn larger than the rest, because it has many parts");
	picture->top += 24;
}

/* The lines of the list; returns their number. */
static size_t list_lines(const struct area_list *areas, char (*lines)[AREA_LINE_ROOM])
{
	size_t i, nr = 0;

	for (i = 0; i < areas->nr; i++)
		nr += area_line(lines[nr], areas, &areas->areas[i]);
	return nr;
}

/* Draws the list of all areas in columns below the strips.  Returns its end. */
static double draw_list(struct picture *picture)
{
	char (*lines)[AREA_LINE_ROOM] = array_new(picture->areas->nr, sizeof(*lines));
	size_t nr = list_lines(picture->areas, lines), rows = nr / LIST_COLUMNS + 1, i;

	label_put(&picture->labels, LEFT, list_y(picture), START, TITLE_SIZE, "All areas");
	for (i = 0; i < nr; i++)
		label_put(&picture->labels, LEFT + i / rows * LIST_COLUMN,
			  list_y(picture) + (i % rows + 2) * LIST_LINE, START, FONT_SIZE, lines[i]);
	free(lines);
	return list_y(picture) + (rows + 2) * LIST_LINE;
}

static double draw_all(struct picture *picture)
{
	draw_title(picture);
	draw_legend(picture);
	draw_strips(picture);
	return draw_list(picture);
}

static void print_frame(FILE *to, double width, double height, const char *contents)
{
	fprintf(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" font-family=\"%s\">\n",
		width, height, width, height, FONT);
	fprintf(to, "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
	fprintf(to, "%s</svg>\n", contents);
}

/* The height of the picture is known when all is drawn. */
void picture_draw(FILE *to, const struct area_list *areas)
{
	struct picture picture = { .areas = areas, .windows = windows_make(areas) };
	double bottom, list_right = LEFT + LIST_COLUMNS * LIST_COLUMN;
	unsigned int i, nr = picture.windows.nr_strips;
	char *contents;
	size_t size;

	picture.right = picture.windows.right > list_right ? picture.windows.right : list_right;
	picture.pointers = array_new(nr, sizeof(*picture.pointers));
	picture.to = open_memstream(&contents, &size);
	if (!picture.to)
		abort();
	picture.labels.to = picture.to;
	bottom = draw_all(&picture);
	fclose(picture.to);
	print_frame(to, picture.right + 20, bottom + 10, contents);
	free(contents);
	for (i = 0; i < nr; i++)
		pointers_free(&picture.pointers[i]);
	free(picture.pointers);
	labels_free(&picture.labels);
	free(picture.windows.windows);
}
