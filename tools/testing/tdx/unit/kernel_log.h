/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM as a kernel log tells of it: BIOS-e820 lines, and NUMA nodes from ACPI's
 * SRAT lines.
 */
#ifndef TDX_UNIT_KERNEL_LOG_H
#define TDX_UNIT_KERNEL_LOG_H

#include "map_text.h"

/* Adds what is usable; false after a message if there is nothing. */
bool kernel_log_read(struct map_text *map, FILE *file, const char *name);

#endif
