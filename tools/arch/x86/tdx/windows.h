/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Positions of addresses in a picture: the address space in strips from left to
 * right, without unused parts.
 */
#ifndef TDX_WINDOWS_H
#define TDX_WINDOWS_H

#include "areas.h"

#define LEFT		90.0	/* start of strips */
#define GAP		64.0	/* width of an unused range */

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
	uint64_t base;
	uint64_t end;
	unsigned int strip;
	double x;
	double per_byte;
	unsigned int nr_ranges;
	bool after_gap;
};

/**
 * struct windows - the whole address space
 * @windows:   sorted by address
 * @nr:        entries of @windows
 * @nr_strips: number of strips
 * @per_byte:  scale of windows that are not enlarged
 * @right:     end of the widest strip
 */
struct windows {
	struct window *windows;
	unsigned int nr;
	unsigned int nr_strips;
	double per_byte;
	double right;
};

/* @areas has at least one area.  The caller frees .windows. */
struct windows windows_make(const struct area_list *areas);

/* The position of an address in a window that contains it, or ends there. */
double window_x(const struct window *window, uint64_t address);

#endif
