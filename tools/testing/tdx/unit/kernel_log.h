/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a memory map from a kernel log: RAM from the last map that Linux
 * printed, which memmap= or MTRRs may have changed; NUMA nodes from SRAT lines
 * of ACPI; CMRs from lines like 'virt/tdx: CMR: [START, END) [START, END)'.
 */
#ifndef TDX_UNIT_KERNEL_LOG_H
#define TDX_UNIT_KERNEL_LOG_H

#include "map_text.h"

/**
 * kernel_log_read - read the memory map of a kernel log
 * @map:	  map to which RAM is added; CMRs are added only if it has none
 * @file:	  the log
 * @name:	  name of the log, for messages
 * @user_defined: set to true if memmap= or mem= changed the map
 *
 * Return: False, after a message that names the line, if there is no map, if a line of a map is
 *     truncated, or if the log has more than one possible map.
 */
bool kernel_log_read(struct map_text *map, FILE *file, const char *name, bool *user_defined);

#endif
