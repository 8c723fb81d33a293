/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places of addresses in a picture: the address space in strips from left to right, without
 * unused parts.
 */
#ifndef TDX_UNIT_MAP_WINDOWS_H
#define TDX_UNIT_MAP_WINDOWS_H

#include "map_text.h"

#define LEFT		90.0	/* where strips begin */
#define GAP		46.0	/* stands for an unused stretch */

/**
 * struct window - a piece of the address space that is drawn without a break
 * @base:      physical address
 * @end:       physical address behind it
 * @strip:     in which it is
 * @x:         where it begins
 * @per_byte:  its scale
 * @nr_ranges: how many small ranges are in it
 * @after_gap: there is an unused stretch in front of it
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
 * struct picture - all of the address space
 * @windows:    by address
 * @nr_windows: entries of @windows
 * @nr_strips:  strips
 * @per_byte:   scale of all windows but those that are enlarged
 * @width:      of the widest strip, with what is left of it
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
