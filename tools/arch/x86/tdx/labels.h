/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texts of a picture, which never overlap.
 *
 * The font has a fixed width, so that the size of a text is known here.
 */
#ifndef TDX_LABELS_H
#define TDX_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define FONT_SIZE	11.0
#define FONT		"DejaVu Sans Mono, Liberation Mono, monospace"

enum anchor { START, MIDDLE, END };

struct box {
	double left, right, top, bottom;
};

/* Texts and lines that were drawn to @to.  All zero else if there are none. */
struct labels {
	FILE *to;
	struct box *boxes;
	size_t nr;
};

/* The width of a text. */
double label_width(const char *text, double size);

/* Draw a text with its base line at @y; false if it would overlap what was drawn before. */
bool label_put(struct labels *labels, double x, double y, enum anchor anchor, double size,
	       const char *text);

/* Keep texts away from a part of the picture. */
void label_avoid(struct labels *labels, struct box box);

void labels_free(struct labels *labels);

#endif
