/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of areas for people.
 */
#ifndef TDX_AREA_NAMES_H
#define TDX_AREA_NAMES_H

#include "areas.h"

#define AREA_NAME_ROOM	32
#define AREA_LINE_ROOM	160

/* A short name, e.g. "PAMT 3". */
void area_name(char name[AREA_NAME_ROOM], const struct area *area);

/*
 * The name with addresses, size, and what a reserved area is for.  False if the area is a PAMT in
 * the list, too, whose line names both.
 */
bool area_line(char line[AREA_LINE_ROOM], const struct area_list *areas, const struct area *area);

/*
 * The part of a reserved area that is not of PAMTs at its ends.  False if there is none: then the
 * PAMTs' names are its names.
 */
bool area_hole(struct area *hole, const struct area_list *areas, const struct area *reserved);

#endif
