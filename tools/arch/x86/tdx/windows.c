// SPDX-License-Identifier: GPL-2.0-only
/*
 * Positions of addresses in a picture.  See windows.h.
 */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "windows.h"

#define SZ_1G		BIT_ULL(30)
#define WIDTH		1400.0	/* of a strip, without gaps and labels */
#define GB_PER_STRIP	16
#define MAX_STRIPS	12
#define SMALL_REST	16	/* part of a strip */

/*
 * Minimum width of a range smaller than 1 GB, as the first GBs may have many
 * holes.
 */
#define PER_RANGE	40.0
#define MOST_ENLARGED	800.0

static int compare_windows(const void *a, const void *b)
{
	const struct window *first = a, *second = b;

	return first->base < second->base ? -1 : first->base > second->base;
}

static uint64_t round_up(uint64_t address)
{
	return (address + SZ_1G - 1) / SZ_1G * SZ_1G;
}

static void add_window(struct windows *windows, const struct area *area)
{
	struct window *window = &windows->windows[windows->nr++];

	window->base = area->base / SZ_1G * SZ_1G;
	window->end = round_up(area_end(area));
}

/* Finds all address ranges in use, in whole GB, and merges adjacent ones. */
static void find_used(struct windows *windows, const struct area_list *areas)
{
	unsigned int last = 0;
	size_t i;

	for (i = 0; i < areas->nr; i++)
		add_window(windows, &areas->areas[i]);
	qsort(windows->windows, windows->nr, sizeof(windows->windows[0]), compare_windows);
	for (i = 1; i < windows->nr; i++) {
		struct window *into = &windows->windows[last], *next = &windows->windows[i];

		if (next->base > into->end)
			windows->windows[++last] = *next;
		else if (next->end > into->end)
			into->end = next->end;
	}
	windows->nr = last + 1;
}

/* Ranges smaller than 1 GB enlarge their window, except CMRs, which are like RAM. */
static void count_range(struct windows *windows, const struct area *area)
{
	struct window *window = windows->windows;

	if (area->size >= SZ_1G || area->kind == AREA_CMR || area->kind == AREA_PAMT)
		return;
	for (; window < &windows->windows[windows->nr]; window++)
		window->nr_ranges += area->base >= window->base && area->base < window->end;
}

static double scale_of(const struct window *window, double per_byte)
{
	double wanted = window->nr_ranges * PER_RANGE;
	double bytes = window->end - window->base;

	if (wanted > MOST_ENLARGED)
		wanted = MOST_ENLARGED;
	return wanted / bytes > per_byte ? wanted / bytes : per_byte;
}

static void choose_scale(struct windows *windows, uint64_t total)
{
	uint64_t strips = total / SZ_1G / GB_PER_STRIP;
	unsigned int i;

	windows->nr_strips = strips < 1 ? 1 : strips > MAX_STRIPS ? MAX_STRIPS : strips;
	windows->per_byte = WIDTH / round_up(total / windows->nr_strips);
	for (i = 0; i < windows->nr; i++)
		windows->windows[i].per_byte = scale_of(&windows->windows[i], windows->per_byte);
}

/* Splits a window, so that its first part has @bytes. */
static void split(struct windows *windows, struct window *window, uint64_t bytes)
{
	memmove(window + 1, window,
		(&windows->windows[windows->nr] - window) * sizeof(*window));
	windows->nr++;
	window->end = window->base + bytes;
	window[1].base = window->end;
}

/*
 * How much of a window belongs to a strip that has @room left.  Small rests are not split off: 0 if
 * the window begins the next strip, and more than @room if it still belongs to this one.
 */
static uint64_t take(const struct window *window, uint64_t room, uint64_t per_strip)
{
	uint64_t bytes = window->end - window->base, small = per_strip / SMALL_REST;

	if (bytes <= room + small)
		return bytes;
	return room > small ? room : 0;
}

static void next_strip(unsigned int *strip, uint64_t *used, double *x)
{
	*strip += 1;
	*used = 0;
	*x = LEFT;
}

/* Splits windows at the ends of strips and sets their positions. */
static void place_windows(struct windows *windows, uint64_t per_strip)
{
	unsigned int i, strip = 0;
	uint64_t used = 0, bytes;
	double x = LEFT;

	for (i = 0; i < windows->nr; i++) {
		struct window *window = &windows->windows[i];

		bytes = used < per_strip ? take(window, per_strip - used, per_strip) : 0;
		if (!bytes) {
			next_strip(&strip, &used, &x);
			bytes = take(window, per_strip, per_strip);
		}
		if (bytes < window->end - window->base)
			split(windows, window, bytes);
		window->after_gap = i && window[-1].end < window->base;
		x += window->after_gap ? GAP : 0;
		window->strip = strip;
		window->x = x;
		used += bytes;
		x = window_x(window, window->end);
		if (x > windows->right)
			windows->right = x;
	}
	windows->nr_strips = strip + 1;
}

struct windows windows_make(const struct area_list *areas)
{
	struct windows windows = {};
	uint64_t total = 0;
	size_t i;

	/* One for each area, and for each split at the end of a strip. */
	windows.windows = array_new(areas->nr + 2 * MAX_STRIPS + 2, sizeof(*windows.windows));
	find_used(&windows, areas);
	for (i = 0; i < areas->nr; i++)
		count_range(&windows, &areas->areas[i]);
	for (i = 0; i < windows.nr; i++)
		total += windows.windows[i].end - windows.windows[i].base;
	choose_scale(&windows, total);
	place_windows(&windows, round_up(total / windows.nr_strips));
	return windows;
}

double window_x(const struct window *window, uint64_t address)
{
	return window->x + (address - window->base) * window->per_byte;
}
