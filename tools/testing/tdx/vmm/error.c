// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors that end the VMM.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmm.h"

void die(const char *format, ...)
{
	int error = errno;
	va_list args;

	fflush(stdout);
	fprintf(stderr, "tdx-vmm: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, error ? ": %s\n" : "\n", strerror(error));
	exit(STATUS_ERROR);
}

/* Whole pages of zeros, which get memory when they are written to. */
void *allocate(size_t size)
{
	void *memory = mmap(NULL, PAGE_ALIGN(size), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		die("cannot allocate %zu bytes", size);
	return memory;
}
