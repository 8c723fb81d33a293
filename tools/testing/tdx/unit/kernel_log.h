/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM as a kernel log tells of it: the last map that Linux printed, its own or
 * one that memmap= or MTRRs changed, NUMA nodes from ACPI's SRAT lines, and CMRs
 * from lines like 'virt/tdx: CMR: [START, END)'.
 */
#ifndef TDX_UNIT_KERNEL_LOG_H
#define TDX_UNIT_KERNEL_LOG_H

#include "map_text.h"

/**
 * kernel_log_read - add to a map what a kernel log tells of
 * @map:	  gets what is usable; CMRs only if it has none
 * @file:	  the log
 * @name:	  of the log, for messages
 * @user_defined: set to whether memmap= or mem= made the map
 *
 * Return: False after a message that names the line, when there is no map, when a line of one was
 *	   cut, or when the log has more than one possible map.
 */
bool kernel_log_read(struct map_text *map, FILE *file, const char *name, bool *user_defined);

#endif
