// SPDX-License-Identifier: GPL-2.0-only
/*
 * A panel of a timeline.  See panel.h.
 */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "panel.h"

#define TITLE_SIZE	15.0
#define LANE		20.0
#define NEXT_LANE	(LANE + 4)
#define LEGEND_LINE	17.0
#define LEGEND_COLUMN	500.0
#define LEGEND_COLUMNS	3
#define TICKS		100.0	/* least distance */
#define COLUMNS		((size_t)PANEL_WIDTH)

static const char * const colors[] = {
	"#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#eeca3b", "#9d755d",
	"#ff9da6", "#79706e", "#8cd17d", "#1b5e6b", "#d4a6c8", "#a0cbe8", "#ffbe7d", "#bab0ac",
	"#17365d", "#a0522d", "#1e5c1e", "#8b1a1a", "#00b3b3", "#6a3d9a", "#b8860b", "#c71585",
	"#556b2f", "#4b0082", "#00a36c", "#d2691e", "#5f9ea0", "#2f4f4f", "#bdb76b", "#dc6fd6",
};

static size_t name_index(struct panel *panel, const char *name)
{
	size_t i;

	for (i = 0; i < panel->nr_names; i++)
		if (!strcmp(panel->names[i].name, name))
			return i;
	panel->names = array_grow(panel->names, panel->nr_names, sizeof(panel->names[0]));
	panel->names[panel->nr_names++] = (struct panel_name) { .name = name };
	return i;
}

static void count(struct panel *panel, const struct trace_event *event)
{
	size_t index = name_index(panel, event->name);
	struct panel_name *name = &panel->names[index];
	double seconds = event->end - event->start;

	/* A change of the secure EPT is traced in addition to its SEAMCALL. */
	if (event->kind == TRACE_SEPT) {
		name->nr_changes++;
		return;
	}
	name->nr++;
	name->nr_failed += event->failed;
	name->seconds += seconds;
	if (seconds > name->longest)
		name->longest = seconds;
}

struct panel_lane *panel_lane(struct panel *panel, const char *name)
{
	struct panel_lane *lane;
	size_t i;

	for (i = 0; i < panel->nr_lanes; i++)
		if (!strcmp(panel->lanes[i].name, name))
			return &panel->lanes[i];
	panel->lanes = array_grow(panel->lanes, panel->nr_lanes, sizeof(*lane));
	lane = &panel->lanes[panel->nr_lanes++];
	*lane = (struct panel_lane) {};
	snprintf(lane->name, sizeof(lane->name), "%s", name);
	return lane;
}

void panel_add(struct panel *panel, const char *lane_name, const struct trace_event *event)
{
	struct panel_lane *lane = panel_lane(panel, lane_name);

	lane->events = array_grow(lane->events, lane->nr, sizeof(lane->events[0]));
	lane->events[lane->nr++] = event;
	count(panel, event);
}

static double x_of(const struct panel *panel, double time)
{
	double length = panel->end - panel->start;
	double part = length > 0 ? (time - panel->start) / length : 0;

	return PANEL_LEFT + PANEL_WIDTH * (part < 0 ? 0 : part > 1 ? 1 : part);
}

void panel_point(struct panel *panel, double time, const char *name)
{
	pointers_add(&panel->pointers, x_of(panel, time), 0, name);
}

static void time_text(char *text, size_t room, double seconds)
{
	if (seconds >= 1)
		snprintf(text, room, "%.4g s", seconds);
	else if (seconds >= 0.001)
		snprintf(text, room, "%.4g ms", seconds * 1e3);
	else
		snprintf(text, room, "%.4g us", seconds * 1e6);
}

/* The least of 1, 2 and 5 times a power of 10 with enough distance. */
static double tick_step(const struct panel *panel)
{
	double length = panel->end - panel->start, step = 0.000000001;
	unsigned int i;

	for (i = 0; length > 0 && step * PANEL_WIDTH / length < TICKS; i++)
		step *= i % 3 == 1 ? 2.5 : 2;
	return step;
}

static void draw_scale(const struct panel *panel, struct labels *labels, double y)
{
	double step = tick_step(panel), x;
	char text[32];
	unsigned int i;

	for (i = 0; panel->start + i * step <= panel->end; i++) {
		x = x_of(panel, panel->start + i * step);
		time_text(text, sizeof(text), i * step);
		fprintf(labels->to, "<path d=\"M%.1f %.1fv%.1f\" stroke=\"#ddd\"/>\n", x, y - 4,
			panel->nr_lanes * NEXT_LANE + 4);
		label_put(labels, x, y - 7, START, FONT_SIZE, i ? text : "0");
	}
}

/* Of events in the same column the longest is visible. */
static void fill_columns(struct panel *panel, const struct panel_lane *lane, size_t *columns)
{
	double *longest = array_new(COLUMNS, sizeof(*longest));
	size_t i, column, last, index;

	for (i = 0; i < lane->nr; i++) {
		const struct trace_event *event = lane->events[i];

		index = name_index(panel, event->name) + 1;
		column = x_of(panel, event->start) - PANEL_LEFT;
		last = x_of(panel, event->end) - PANEL_LEFT;
		for (; column <= last && column < COLUMNS; column++) {
			if (columns[column] && longest[column] > event->end - event->start)
				continue;
			columns[column] = index;
			longest[column] = event->end - event->start;
		}
	}
	free(longest);
}

static void draw_lane(struct panel *panel, const struct panel_lane *lane, struct labels *labels,
		      double y)
{
	size_t *columns = array_new(COLUMNS + 1, sizeof(*columns)), from, to;

	fill_columns(panel, lane, columns);
	for (from = 0; from < COLUMNS; from = to) {
		for (to = from + 1; to < COLUMNS && columns[to] == columns[from]; to++)
			;
		if (columns[from])
			fprintf(labels->to,
				"<rect x=\"%.0f\" y=\"%.1f\" width=\"%zu\" height=\"%.0f\" fill=\"%s\"><title>%s</title></rect>\n",
				PANEL_LEFT + from, y, to - from, LANE,
				colors[(columns[from] - 1) % ARRAY_SIZE(colors)],
				panel->names[columns[from] - 1].name);
	}
	label_put(labels, PANEL_LEFT - 8, y + 14, END, FONT_SIZE, lane->name);
	free(columns);
}

static void name_text(char *text, size_t room, const struct panel_name *name)
{
	char total[32], longest[32], failed[32] = "";

	if (name->nr_failed)
		snprintf(failed, sizeof(failed), ", %zu failed", name->nr_failed);
	time_text(total, sizeof(total), name->seconds);
	time_text(longest, sizeof(longest), name->longest);
	if (name->seconds > 0 && name->nr == 1)
		snprintf(text, room, "%s: %s%s", name->name, total, failed);
	else if (name->seconds > 0)
		snprintf(text, room, "%s: %zu in %s, longest %s%s", name->name, name->nr, total,
			 longest, failed);
	else
		snprintf(text, room, "%s: %zu%s", name->name,
			 name->nr ? name->nr : name->nr_changes, failed);
}

static double draw_legend(const struct panel *panel, struct labels *labels, double y)
{
	size_t rows = (panel->nr_names + LEGEND_COLUMNS - 1) / LEGEND_COLUMNS, i;
	char text[160];

	for (i = 0; i < panel->nr_names; i++) {
		double x = PANEL_LEFT + i / rows * LEGEND_COLUMN;
		double at = y + i % rows * LEGEND_LINE;

		fprintf(labels->to,
			"<rect x=\"%.0f\" y=\"%.1f\" width=\"12\" height=\"12\" fill=\"%s\"/>\n",
			x, at - 10, colors[i % ARRAY_SIZE(colors)]);
		name_text(text, sizeof(text), &panel->names[i]);
		label_put(labels, x + 18, at, START, FONT_SIZE, text);
	}
	return y + rows * LEGEND_LINE;
}

double panel_draw(struct panel *panel, struct labels *labels, double y)
{
	size_t i;

	label_put(labels, PANEL_LEFT, y + TITLE_SIZE, START, TITLE_SIZE, panel->title);
	y += 52;
	draw_scale(panel, labels, y);
	for (i = 0; i < panel->nr_lanes; i++, y += NEXT_LANE)
		draw_lane(panel, &panel->lanes[i], labels, y);
	for (i = 0; i < panel->pointers.nr; i++)
		panel->pointers.list[i].bottom = y - 4;
	if (panel->pointers.nr)
		y += 28;
	pointers_draw(&panel->pointers, labels, y, PANEL_LEFT, PANEL_LEFT + PANEL_WIDTH);
	return draw_legend(panel, labels, y + 24) + 20;
}

void panel_free(struct panel *panel)
{
	size_t i;

	for (i = 0; i < panel->nr_lanes; i++)
		free(panel->lanes[i].events);
	free(panel->lanes);
	free(panel->names);
	pointers_free(&panel->pointers);
}
