// SPDX-License-Identifier: GPL-2.0-only
/*
 * tdx_timeline draws a trace of the events tdx:*: the initialization of TDX, and the life of each
 * TD.
 */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "panel.h"
#include "trace_text.h"

#define PAGE		4096
#define MAX_CPUS	8192
#define LONG_STEP	0.05	/* part of the initialization that a step takes */

static const char usage[] =
	"usage: tdx_timeline < TRACE > PICTURE.svg\n"
	"\n"
	"Draws the events tdx:* of a trace, as tracefs, trace-cmd report or perf script write it:\n"
	"the initialization of TDX, and the life of each TD that was created meanwhile.\n"
	"\n"
	"Exit status: 0, or 2 if there is nothing to draw.\n";

/* A TD, from TDH.MNG.CREATE to the reclaim of its TDR. */
struct td {
	unsigned int keyid;
	uint64_t *pages;	/* its TDR, which is the first, and TDVPRs */
	size_t nr_pages;
	bool ended;
	struct panel panel;
};

struct timeline {
	struct panel bringup;
	struct td *tds;
	size_t nr_tds;
};

static void extend(struct panel *panel, const struct trace_event *event)
{
	if (!panel->nr_names || event->start < panel->start)
		panel->start = event->start;
	if (event->end > panel->end)
		panel->end = event->end;
}

static void add(struct panel *panel, const char *lane, const struct trace_event *event)
{
	extend(panel, event);
	panel_add(panel, lane, event);
}

static bool is(const struct trace_event *event, const char *leaf)
{
	return event->kind == TRACE_SEAMCALL && !strcmp(event->name, leaf);
}

static bool has_page(const struct td *td, uint64_t address)
{
	size_t i;

	for (i = 0; i < td->nr_pages; i++)
		if (td->pages[i] == (address & -(uint64_t)PAGE))
			return true;
	return false;
}

static void give_page(struct td *td, uint64_t address)
{
	td->pages = array_grow(td->pages, td->nr_pages, sizeof(td->pages[0]));
	td->pages[td->nr_pages++] = address;
}

static struct td *new_td(struct timeline *timeline, const struct trace_event *create)
{
	struct td *td;

	timeline->tds = array_grow(timeline->tds, timeline->nr_tds, sizeof(*td));
	td = &timeline->tds[timeline->nr_tds++];
	*td = (struct td) { .keyid = create->operands[1] };
	give_page(td, create->operands[0]);
	return td;
}

/* A SEAMCALL names its TD, or a vCPU of it, in one of its operands. */
static bool is_of(const struct td *td, const struct trace_event *event)
{
	size_t i;

	if (td->ended)
		return false;
	if (event->kind != TRACE_SEAMCALL)
		return event->keyid == td->keyid;
	for (i = 0; i < ARRAY_SIZE(event->operands); i++)
		if (has_page(td, event->operands[i]))
			return true;
	return false;
}

static struct td *td_of(const struct timeline *timeline, const struct trace_event *event)
{
	size_t i = timeline->nr_tds;

	while (i--)
		if (is_of(&timeline->tds[i], event))
			return &timeline->tds[i];
	return NULL;
}

static void add_to_td(struct td *td, const struct trace_event *event)
{
	char lane[LANE_NAME_ROOM];

	if (event->kind == TRACE_EXIT)
		snprintf(lane, sizeof(lane), "exits vCPU %u", event->vcpu);
	else
		snprintf(lane, sizeof(lane), "%s", event->kind == TRACE_SEPT ? "secure EPT" :
			 "SEAMCALLs");
	add(&td->panel, lane, event);
	if (is(event, "TDH.VP.CREATE") && !event->failed)
		give_page(td, event->operands[0]);
	if (is(event, "TDH.PHYMEM.PAGE.RECLAIM") && !event->failed &&
	    event->operands[0] == td->pages[0])
		td->ended = true;
}

static bool is_bringup(const struct trace_event *event)
{
	return event->kind == TRACE_STEP ||
	       (event->kind == TRACE_SEAMCALL && !strncmp(event->name, "TDH.SYS.", 8));
}

static void cpu_lane(char lane[LANE_NAME_ROOM], unsigned int cpu)
{
	snprintf(lane, LANE_NAME_ROOM, "CPU %u", cpu);
}

static void add_to_bringup(struct panel *panel, const struct trace_event *event)
{
	char lane[LANE_NAME_ROOM] = "steps";

	if (event->kind == TRACE_SEAMCALL)
		cpu_lane(lane, event->cpu);
	add(panel, lane, event);
}

/* Makes the lanes of CPUs in the order of their numbers. */
static void order_lanes(struct panel *panel, const struct trace *trace)
{
	bool used[MAX_CPUS] = {};
	char lane[LANE_NAME_ROOM];
	unsigned int cpu;
	size_t i;

	for (i = 0; i < trace->nr; i++)
		if (trace->events[i].kind == TRACE_SEAMCALL && is_bringup(&trace->events[i]))
			used[trace->events[i].cpu % MAX_CPUS] = true;
	panel_lane(panel, "steps");
	for (cpu = 0; cpu < MAX_CPUS; cpu++) {
		cpu_lane(lane, cpu);
		if (used[cpu])
			panel_lane(panel, lane);
	}
}

static void add_event(struct timeline *timeline, const struct trace_event *event)
{
	struct td *td = NULL;

	if (is(event, "TDH.MNG.CREATE") && !event->failed)
		td = new_td(timeline, event);
	else if (event->kind != TRACE_STEP)
		td = td_of(timeline, event);
	if (td)
		add_to_td(td, event);
	else if (is_bringup(event))
		add_to_bringup(&timeline->bringup, event);
}

static const struct panel_lane *lane_of(const struct panel *panel, const char *name)
{
	size_t i;

	for (i = 0; i < panel->nr_lanes; i++)
		if (!strncmp(panel->lanes[i].name, name, strlen(name)))
			return &panel->lanes[i];
	return NULL;
}

/* Names the first SEAMCALL of each leaf that changes the state of a TD. */
static void point_at_stages(struct panel *panel)
{
	static const struct { const char *leaf, *name; } stages[] = {
		{ "TDH.MNG.CREATE", "created" }, { "TDH.MNG.INIT", "initialized" },
		{ "TDH.VP.INIT", "first vCPU" }, { "TDH.MR.FINALIZE", "finalized" },
		{ "TDH.MNG.VPFLUSHDONE", "stopped" }, { "TDH.MNG.KEY.FREEID", "KeyID freed" },
	};
	const struct panel_lane *lane = lane_of(panel, "SEAMCALLs");
	size_t i, n;

	for (i = 0; lane && i < ARRAY_SIZE(stages); i++) {
		for (n = 0; n < lane->nr && !is(lane->events[n], stages[i].leaf); n++)
			;
		if (n < lane->nr)
			panel_point(panel, lane->events[n]->end, stages[i].name);
	}
	lane = lane_of(panel, "exits");
	if (lane)
		panel_point(panel, lane->events[0]->end, "first exit");
}

/* Others are in the legend only. */
static void point_at_long_steps(struct panel *panel, const struct panel_lane *steps)
{
	double least = (panel->end - panel->start) * LONG_STEP;
	const struct trace_event *step;
	size_t i;

	for (i = 0; i < steps->nr; i++) {
		step = steps->events[i];
		if (step->end - step->start >= least)
			panel_point(panel, (step->start + step->end) / 2, step->name);
	}
}

static void title_bringup(struct panel *panel)
{
	const struct panel_lane *steps = lane_of(panel, "steps");
	size_t i, calls = 0;

	for (i = 0; i < panel->nr_lanes; i++)
		if (&panel->lanes[i] != steps)
			calls += panel->lanes[i].nr;
	snprintf(panel->title, sizeof(panel->title),
		 "Initialization of TDX: %.1f ms, %zu SEAMCALLs", (panel->end - panel->start) * 1e3,
		 calls);
	if (steps)
		point_at_long_steps(panel, steps);
}

static void title_td(struct td *td)
{
	const struct panel_lane *lane = lane_of(&td->panel, "SEAMCALLs");
	size_t i, exits = 0;

	for (i = 0; i < td->panel.nr_lanes; i++)
		if (!strncmp(td->panel.lanes[i].name, "exits", 5))
			exits += td->panel.lanes[i].nr;
	snprintf(td->panel.title, sizeof(td->panel.title),
		 "TD with KeyID %u%s: %.1f ms, %zu SEAMCALLs, %zu exits", td->keyid,
		 td->ended ? "" : ", which still exists", (td->panel.end - td->panel.start) * 1e3,
		 lane ? lane->nr : 0, exits);
	point_at_stages(&td->panel);
}

static double draw_panels(struct timeline *timeline, const struct trace *trace,
			  struct labels *labels)
{
	double y = 10;
	size_t i;

	if (trace->nr_lost) {
		label_put(labels, PANEL_LEFT, y + 10, START, FONT_SIZE,
			  "Events were lost: the trace needs a larger buffer.");
		y += 20;
	}
	if (timeline->bringup.nr_names) {
		title_bringup(&timeline->bringup);
		y = panel_draw(&timeline->bringup, labels, y);
	}
	for (i = 0; i < timeline->nr_tds; i++) {
		title_td(&timeline->tds[i]);
		y = panel_draw(&timeline->tds[i].panel, labels, y + 20);
	}
	return y;
}

static void draw(struct timeline *timeline, const struct trace *trace)
{
	double width = PANEL_LEFT + PANEL_WIDTH + 170, height;
	struct labels labels = {};
	char *contents;
	size_t size;

	labels.to = open_memstream(&contents, &size);
	if (!labels.to)
		abort();
	height = draw_panels(timeline, trace, &labels);
	fclose(labels.to);
	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" font-family=\"%s\">\n",
	       width, height, width, height, FONT);
	printf("<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n%s</svg>\n", contents);
	free(contents);
	labels_free(&labels);
}

static void free_all(struct timeline *timeline, struct trace *trace)
{
	size_t i;

	for (i = 0; i < timeline->nr_tds; i++) {
		panel_free(&timeline->tds[i].panel);
		free(timeline->tds[i].pages);
	}
	free(timeline->tds);
	panel_free(&timeline->bringup);
	trace_free(trace);
}

int main(int argc, char **argv)
{
	struct timeline timeline = {};
	struct trace trace;
	bool something;
	size_t i;

	if (argc > 1) {
		fputs(usage, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	trace_read(&trace, stdin);
	order_lanes(&timeline.bringup, &trace);
	for (i = 0; i < trace.nr; i++)
		add_event(&timeline, &trace.events[i]);
	something = timeline.bringup.nr_names || timeline.nr_tds;
	if (something)
		draw(&timeline, &trace);
	else
		fprintf(stderr, "tdx_timeline: no event tdx:* is about an initialization or a TD\n");
	free_all(&timeline, &trace);
	return something ? 0 : 2;
}
