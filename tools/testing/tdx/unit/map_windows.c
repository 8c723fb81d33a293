// SPDX-License-Identifier: GPL-2.0-only
/*
 * Positions of addresses in a picture.  See map_windows.h.
 */
#include <linux/align.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>
#include <string.h>

#include "map_windows.h"

#define WIDTH		1400.0	/* of a strip, without gaps and labels */
#define GB_PER_STRIP	16
#define MAX_STRIPS	12

/*
 * Minimum width of a range smaller than 1 GB, as the first GBs may have many
 * holes.
 */
#define PER_RANGE	16.0
#define MOST_ENLARGED	600.0

static int compare_windows(const void *a, const void *b)
{
	const struct window *first = a, *second = b;

	return first->base < second->base ? -1 : first->base > second->base;
}

static void add_window(struct picture *picture, u64 base, u64 size)
{
	struct window *window = &picture->windows[picture->nr_windows++];

	window->base = ALIGN_DOWN(base, (u64)SZ_1G);
	window->end = ALIGN(base + size, (u64)SZ_1G);
}

/* Finds all address ranges in use, in whole GB, and merges adjacent ones. */
static void find_used(struct picture *picture, const struct map_text *text)
{
	unsigned int i, last = 0;

	for (i = 0; i < text->nr_ram; i++)
		add_window(picture, text->ram[i].base, text->ram[i].size);
	for (i = 0; i < text->nr_cmrs; i++)
		add_window(picture, text->cmrs[i].base, text->cmrs[i].size);
	for (i = 0; i < text->nr_tdmrs; i++)
		add_window(picture, text->tdmrs[i].base, text->tdmrs[i].size);

	qsort(picture->windows, picture->nr_windows, sizeof(picture->windows[0]),
	      compare_windows);
	for (i = 1; i < picture->nr_windows; i++) {
		struct window *into = &picture->windows[last], *next = &picture->windows[i];

		if (next->base <= into->end)
			into->end = max(into->end, next->end);
		else
			picture->windows[++last] = *next;
	}
	picture->nr_windows = last + 1;
}

/* Ranges smaller than 1 GB enlarge their window. */
static void count_range(struct picture *picture, u64 base, u64 size)
{
	struct window *window = picture->windows;

	for (; size < SZ_1G && window < &picture->windows[picture->nr_windows]; window++)
		window->nr_ranges += base >= window->base && base < window->end;
}

static void count_ranges(struct picture *picture, const struct map_text *text)
{
	const struct tdx_reserved_area *area;
	unsigned int i;

	for (i = 0; i < text->nr_ram; i++)
		count_range(picture, text->ram[i].base, text->ram[i].size);
	for (i = 0; i < text->nr_tdmrs; i++) {
		area = text->tdmrs[i].reserved;
		for (; area < &text->tdmrs[i].reserved[TDX_TDMR_NR_RESERVED]; area++)
			if (area->size)
				count_range(picture, text->tdmrs[i].base + area->offset,
					    area->size);
	}
}

static double scale_of(const struct window *window, double per_byte)
{
	double bytes = window->end - window->base;

	return max(per_byte, min(window->nr_ranges * PER_RANGE, MOST_ENLARGED) / bytes);
}

/* Splits windows at the ends of strips and sets their positions. */
static void place_windows(struct picture *picture)
{
	unsigned int i, strip = 0, nr = picture->nr_windows;
	u64 total = 0, per_strip, used = 0;
	double x = LEFT;

	for (i = 0; i < nr; i++)
		total += picture->windows[i].end - picture->windows[i].base;
	picture->nr_strips = clamp_t(u64, total / SZ_1G / GB_PER_STRIP, 1, MAX_STRIPS);
	per_strip = ALIGN(total / picture->nr_strips, (u64)SZ_1G);
	picture->per_byte = WIDTH / per_strip;
	for (i = 0; i < nr; i++)
		picture->windows[i].per_byte = scale_of(&picture->windows[i],
							picture->per_byte);

	for (i = 0; i < picture->nr_windows; i++) {
		struct window *window = &picture->windows[i];

		if (used == per_strip) {
			strip++;
			used = 0;
			x = LEFT;
		}
		window->after_gap = i && window[-1].end < window->base;
		x += window->after_gap ? GAP : 0;
		window->strip = strip;
		window->x = x;
		if (window->end - window->base > per_strip - used) {
			memmove(window + 1, window,
				(picture->nr_windows - i) * sizeof(*window));
			picture->nr_windows++;
			window->end = window->base + per_strip - used;
			window[1].base = window->end;
		}
		used += window->end - window->base;
		x += (window->end - window->base) * window->per_byte;
		picture->width = max(picture->width, x);
	}
	picture->nr_strips = strip + 1;
}

struct picture picture_make(const struct map_text *text)
{
	struct picture picture = {};

	/* One for each range, and for each split at the end of a strip. */
	picture.windows = calloc(text->nr_ram + text->nr_cmrs + text->nr_tdmrs + MAX_STRIPS + 2,
				 sizeof(*picture.windows));
	if (!picture.windows)
		abort();
	find_used(&picture, text);
	count_ranges(&picture, text);
	place_windows(&picture);
	return picture;
}
