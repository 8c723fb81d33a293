// SPDX-License-Identifier: GPL-2.0-only
/*
 * Texts of a picture.  See labels.h.
 */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "labels.h"

#define CHARACTER	0.61	/* width, in units of the font's size */
#define ASCENT		0.80
#define DESCENT		0.25
#define SPACE		1.5	/* between texts */

double label_width(const char *text, double size)
{
	return strlen(text) * CHARACTER * size;
}

static bool is_free(const struct labels *labels, const struct box *box)
{
	size_t i;

	for (i = 0; i < labels->nr; i++) {
		const struct box *other = &labels->boxes[i];

		if (box->left < other->right + SPACE && other->left < box->right + SPACE &&
		    box->top < other->bottom && other->top < box->bottom)
			return false;
	}
	return true;
}

static void add(struct labels *labels, const struct box *box)
{
	labels->boxes = array_grow(labels->boxes, labels->nr, sizeof(*box));
	labels->boxes[labels->nr++] = *box;
}

static struct box box_of(double x, double y, enum anchor anchor, double size, const char *text)
{
	double width = label_width(text, size);
	double left = anchor == START ? x : anchor == MIDDLE ? x - width / 2 : x - width;

	return (struct box) { left, left + width, y - ASCENT * size, y + DESCENT * size };
}

bool label_put(struct labels *labels, double x, double y, enum anchor anchor, double size,
	       const char *text)
{
	struct box box = box_of(x, y, anchor, size, text);

	if (!is_free(labels, &box))
		return false;
	add(labels, &box);
	fprintf(labels->to,
		"<text x=\"%.1f\" y=\"%.1f\" font-size=\"%.0f\" xml:space=\"preserve\">%s</text>\n",
		box.left, y, size, text);
	return true;
}

void label_avoid(struct labels *labels, struct box box)
{
	add(labels, &box);
}

void labels_free(struct labels *labels)
{
	free(labels->boxes);
	labels->boxes = NULL;
	labels->nr = 0;
}
