// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of gcov in the kernel.
 */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"

#define GCOV	"/sys/kernel/debug/gcov"

/* "gcda PATH HEX" for a file of counters. */
static int report_counters(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	const char *end = strrchr(path, '.');
	FILE *file;
	int byte;

	if (type != FTW_F || !end || strcmp(end, ".gcda"))
		return 0;
	file = fopen(path, "r");
	if (!file)
		return 0;
	printf("gcda %s ", path + strlen(GCOV));
	while ((byte = fgetc(file)) != EOF)
		printf("%02x", byte);
	printf("\n");
	fclose(file);
	return 0;
}

void report_coverage(void)
{
	report("coverage_walked", "%d", nftw(GCOV, report_counters, 16, FTW_PHYS));
}
