// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory.  See common.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common.h"

static void *have(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "no memory\n");
	abort();
}

void *array_new(size_t nr, size_t size)
{
	return have(calloc(nr ? nr : 1, size));
}

void *array_grow(void *array, size_t nr, size_t size)
{
	if (nr & (nr - 1))
		return array;
	return have(realloc(array, (nr ? 2 * nr : 1) * size));
}
