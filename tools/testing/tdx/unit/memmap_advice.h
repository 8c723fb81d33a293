/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Proposals for memmap=, with which a map that has no layout gets one.
 */
#ifndef TDX_UNIT_MEMMAP_ADVICE_H
#define TDX_UNIT_MEMMAP_ADVICE_H

#include "map_text.h"

/**
 * memmap_advice - RAM without which a failure would not be, or another one
 * @map:     that has no layout
 * @failure: why
 * @ram:     the range, when true is returned
 *
 * Return: False if there is none that Linux could do without.
 */
bool memmap_advice(const struct map_text *map, const struct tdmr_failure *failure,
		   struct tdx_ram *ram);

/* Takes the range out of the map. */
void memmap_keep_out(struct map_text *map, const struct tdx_ram *ram);

/* As kernel options, and with the quoting for /etc/default/grub. */
void memmap_print(const struct tdx_ram *ranges, unsigned int nr);

#endif
