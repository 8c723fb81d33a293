/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suggestions for memmap=, by which a map without a layout gets one.
 */
#ifndef TDX_UNIT_MEMMAP_ADVICE_H
#define TDX_UNIT_MEMMAP_ADVICE_H

#include "map_text.h"

/**
 * memmap_advice - find RAM that causes a failure
 * @map:     map without a layout
 * @failure: reason of the failure
 * @ram:     set to the range, if true is returned
 *
 * Return: False if there is no such RAM, or Linux needs it.
 */
bool memmap_advice(const struct map_text *map, const struct tdmr_failure *failure,
		   struct tdx_ram *ram);

/* Remove a range from the map. */
void memmap_keep_out(struct map_text *map, const struct tdx_ram *ram);

/*
 * Print the ranges as kernel options, also with the quoting for
 * /etc/default/grub.
 */
void memmap_print(const struct tdx_ram *ranges, unsigned int nr);

#endif
