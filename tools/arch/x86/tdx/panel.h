/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A panel of a timeline: lanes of events with one scale, and a legend that counts them.
 */
#ifndef TDX_PANEL_H
#define TDX_PANEL_H

#include "labels.h"
#include "pointers.h"
#include "trace_text.h"

#define PANEL_LEFT	130.0
#define PANEL_WIDTH	1400.0

#define LANE_NAME_ROOM	32

/* A name of events, which have one color. */
struct panel_name {
	const char *name;
	size_t nr;
	size_t nr_failed;
	size_t nr_changes;	/* of the secure EPT */
	double seconds;
	double longest;
};

struct panel_lane {
	char name[LANE_NAME_ROOM];
	const struct trace_event **events;
	size_t nr;
};

/* All zero, but the title and the times, if it is empty. */
struct panel {
	char title[160];
	double start;
	double end;
	struct panel_lane *lanes;
	size_t nr_lanes;
	struct panel_name *names;
	size_t nr_names;
	struct pointers pointers;	/* events with a name below the lanes */
};

/* The lane of a name, which is made if there is none. */
struct panel_lane *panel_lane(struct panel *panel, const char *name);

/* Add an event to a lane. */
void panel_add(struct panel *panel, const char *lane, const struct trace_event *event);

/* Write the name of what was at a time below the lanes. */
void panel_point(struct panel *panel, double time, const char *name);

/* Draw a panel from @y on.  Returns its end. */
double panel_draw(struct panel *panel, struct labels *labels, double y);

void panel_free(struct panel *panel);

#endif
