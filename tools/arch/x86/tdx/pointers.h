/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names below a strip, with lines to what they name.
 */
#ifndef TDX_POINTERS_H
#define TDX_POINTERS_H

#include "labels.h"

#define POINTER_TEXT	48

/* What is named: its position, its lower end, and its name. */
struct pointer {
	double x;
	double bottom;
	char text[POINTER_TEXT];
};

/* Those of a strip.  All zero if there are none. */
struct pointers {
	struct pointer *list;
	size_t nr;
};

void pointers_add(struct pointers *pointers, double x, double bottom, const char *text);

/*
 * Draw the names in one row with its base line at @y, between @left and @right, in the order of
 * what they name, so that lines do not cross.  If there are too many, some are left out.
 */
void pointers_draw(struct pointers *pointers, struct labels *labels, double y, double left,
		   double right);
void pointers_free(struct pointers *pointers);

#endif
