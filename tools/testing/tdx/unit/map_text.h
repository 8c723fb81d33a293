/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory maps and layouts of TDX memory as text: one item per line, '#' begins a
 * comment, numbers are hexadecimal with 0x or decimal, with K, M, G or T.  Numbers
 * of more than 64 bits are errors in ram and limit, else they are read as 2^64 - 1.
 *
 *   ram BASE SIZE [node N]
 *   cmr BASE SIZE
 *   tdmr BASE SIZE pamt1g BASE SIZE pamt2m BASE SIZE pamt4k BASE SIZE
 *   rsvd OFFSET SIZE			of the tdmr above
 *   limit max_tdmrs|max_reserved_per_tdmr|pamt_entry_size VALUE
 */
#ifndef TDX_UNIT_MAP_TEXT_H
#define TDX_UNIT_MAP_TEXT_H

#include <stdio.h>

#include "tdmr/tdmr.h"
#include "text_line.h"

/* More than a module accepts, so that it can refuse them. */
#define MAP_TEXT_MAX_TDMRS	256

/**
 * struct map_text - items that were read, in the order of the text
 * @ram:         allocated
 * @nr_ram:      entries of @ram
 * @cmrs:        CMRs
 * @nr_cmrs:     used entries of @cmrs
 * @tdmrs:       allocated, with their reserved areas
 * @nr_tdmrs:    used entries of @tdmrs
 * @nr_reserved: reserved areas of the last TDMR
 * @limits:      of the module; 64, 16, 16 by default
 */
struct map_text {
	struct tdx_ram *ram;
	unsigned int nr_ram;
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	unsigned int nr_cmrs;
	struct tdx_tdmr_info *tdmrs;
	unsigned int nr_tdmrs;
	unsigned int nr_reserved;
	struct tdmr_limits limits;
};

/* Initialize an empty map. */
void map_text_init(struct map_text *map);

/* Read a line, if it begins with one of the words above.  False after a message. */
bool map_text_line(struct map_text *map, struct text_line *line, bool *known);

/* False after a message on stderr that names @name, the line, what is wrong and what was found. */
bool map_text_read(struct map_text *map, FILE *file, const char *name);
void map_text_free(struct map_text *map);

void map_text_add_ram(struct map_text *map, struct tdx_ram ram);

/*
 * Sort RAM and CMRs.  Return false after a message if a range is empty, wraps,
 * is not page-aligned, or overlaps another one.
 */
bool map_text_normalise(struct map_text *map);

void map_text_print_cmr(const struct tdx_cmr_info *cmr);
void map_text_print_ram(const struct tdx_ram *ram);
void map_text_print_tdmr(const struct tdx_tdmr_info *tdmr);

#endif
