// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory of TDs: as recorded by KVM, and as the emulated platform knows it.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>

#include "guest.h"

#define RECORDS		"/sys/kernel/debug/kvm/*/tdx_private_memory"
#define DUMP_PORT	0xeb
#define MAX_LINE	128

static void report_records(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[MAX_LINE];

	while (file && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		report("td_memory", "%s", line);
	}
	if (file)
		fclose(file);
}

/* Reports what KVM has recorded of all TDs, and makes the platform log what they have. */
void report_td_memory(const char *arg)
{
	glob_t files;
	size_t i;

	if (!glob(RECORDS, 0, NULL, &files)) {
		for (i = 0; i < files.gl_pathc; i++)
			report_records(files.gl_pathv[i]);
		globfree(&files);
	}
	report("dump", "%d", error_of(ioperm(DUMP_PORT, 1, 1)));
	outb(0, DUMP_PORT);
}
