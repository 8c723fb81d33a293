/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Positions of addresses in a picture: the address space in strips from left to
 * right, without unused parts.
 */
#ifndef TDX_UNIT_MAP_WINDOWS_H
#define TDX_UNIT_MAP_WINDOWS_H

#include "map_text.h"

#define LEFT		90.0	/* start of strips */
#define GAP		46.0	/* width of an unused range */

/**
 * struct window - a part of the address space that is drawn without a gap
 * @base:      first physical address
 * @end:       physical address after the last one
 * @strip:     number of its strip
 * @x:         start position
 * @per_byte:  scale
 * @nr_ranges: number of small ranges in it
 * @after_gap: true if an unused range precedes it
 */
struct window {
	u64 base;
	u64 end;
	unsigned int strip;
	double x;
	double per_byte;
	unsigned int nr_ranges;
	bool after_gap;
};

/**
 * struct picture - the whole address space
 * @windows:    sorted by address
 * @nr_windows: entries of @windows
 * @nr_strips:  number of strips
 * @per_byte:   scale of windows that are not enlarged
 * @width:      end of the widest strip, with the labels on its left
 */
struct picture {
	struct window *windows;
	unsigned int nr_windows;
	unsigned int nr_strips;
	double per_byte;
	double width;
};

/* @text has at least one range.  The caller frees @windows. */
struct picture picture_make(const struct map_text *text);

#endif
