// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory of TDs: as recorded by KVM, and as the emulated platform knows it.
 */
#include <glob.h>
#include <sys/io.h>

#include "guest.h"

#define RECORDS		"/sys/kernel/debug/kvm/*/tdx_private_memory"
#define DUMP_PORT	0xeb

/* Reports what KVM has recorded of all TDs, and makes the platform log what they have. */
void report_td_memory(const char *arg)
{
	glob_t files;
	size_t i;

	if (!glob(RECORDS, 0, NULL, &files)) {
		for (i = 0; i < files.gl_pathc; i++)
			report_file("td_memory", files.gl_pathv[i]);
		globfree(&files);
	}
	report("dump", "%d", error_of(ioperm(DUMP_PORT, 1, 1)));
	outb(0, DUMP_PORT);
}
