// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names below a strip.  See pointers.h.
 */
#include <stdlib.h>

#include "common.h"
#include "pointers.h"

#define SPACE	6.0	/* between names */

void pointers_add(struct pointers *pointers, double x, double bottom, const char *text)
{
	struct pointer *pointer;

	pointers->list = array_grow(pointers->list, pointers->nr, sizeof(*pointer));
	pointer = &pointers->list[pointers->nr++];
	pointer->x = x;
	pointer->bottom = bottom;
	snprintf(pointer->text, sizeof(pointer->text), "%s", text);
}

static int compare(const void *a, const void *b)
{
	const struct pointer *first = a, *second = b;

	return first->x < second->x ? -1 : first->x > second->x;
}

static double width(const struct pointer *pointer)
{
	return label_width(pointer->text, FONT_SIZE);
}

/* Leaves out as many as necessary, evenly, so that there is room for the others. */
static void keep_fitting(struct pointers *pointers, double room)
{
	double used = 0;
	size_t i, kept = 0, every;

	for (i = 0; i < pointers->nr; i++)
		used += width(&pointers->list[i]) + SPACE;
	every = 1 + used / room;
	for (i = 0; i < pointers->nr; i += every)
		pointers->list[kept++] = pointers->list[i];
	pointers->nr = kept;
}

/* Sets the left ends of names: below what they name, or as near as the others allow. */
static void place(const struct pointers *pointers, double *starts, double left, double right)
{
	double least = left, most = right, wanted;
	size_t i;

	for (i = 0; i < pointers->nr; i++) {
		wanted = pointers->list[i].x - width(&pointers->list[i]) / 2;
		starts[i] = wanted > least ? wanted : least;
		least = starts[i] + width(&pointers->list[i]) + SPACE;
	}
	while (i--) {
		if (starts[i] + width(&pointers->list[i]) > most)
			starts[i] = most - width(&pointers->list[i]);
		most = starts[i] - SPACE;
	}
}

void pointers_draw(struct pointers *pointers, struct labels *labels, double y, double left,
		   double right)
{
	double *starts;
	size_t i;

	if (!pointers->nr)
		return;
	qsort(pointers->list, pointers->nr, sizeof(pointers->list[0]), compare);
	keep_fitting(pointers, right - left);
	starts = array_new(pointers->nr, sizeof(*starts));
	place(pointers, starts, left, right);
	for (i = 0; i < pointers->nr; i++) {
		const struct pointer *pointer = &pointers->list[i];

		fprintf(labels->to, "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"#777\"/>\n", pointer->x,
			pointer->bottom, starts[i] + width(pointer) / 2, y - FONT_SIZE);
		label_put(labels, starts[i], y, START, FONT_SIZE, pointer->text);
	}
	free(starts);
}

void pointers_free(struct pointers *pointers)
{
	free(pointers->list);
	*pointers = (struct pointers) {};
}
