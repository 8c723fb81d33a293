/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A picture of TDX memory (SVG).
 */
#ifndef TDX_PICTURE_H
#define TDX_PICTURE_H

#include <stdio.h>

#include "areas.h"

/* Draw areas, none of which is bad: RAM, CMRs, TDMRs, what is reserved in them, and PAMTs. */
void picture_draw(FILE *to, const struct area_list *areas);

#endif
