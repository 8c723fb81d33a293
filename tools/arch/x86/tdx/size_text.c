// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sizes for people.  See size_text.h.
 */
#include <stdio.h>

#include "size_text.h"

void size_text(char text[SIZE_ROOM], uint64_t bytes)
{
	static const char units[] = "KMGT";
	double value = bytes / 1024.0;
	unsigned int unit = 0;

	while (value >= 1024 && units[unit + 1]) {
		value /= 1024;
		unit++;
	}
	snprintf(text, SIZE_ROOM, value < 100 && value != (uint64_t)value ? "%.1f %cB" : "%.0f %cB",
		 value, units[unit]);
}
