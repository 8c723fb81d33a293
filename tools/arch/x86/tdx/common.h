/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Macros of the kernel, and memory.
 */
#ifndef TDX_COMMON_H
#define TDX_COMMON_H

#include <stddef.h>

#define BIT_ULL(nr)		(1ULL << (nr))
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Memory for an array, cleared; ends the program if there is none. */
void *array_new(size_t nr, size_t size);

/*
 * Make room for one more element of an array that has @nr: it is doubled whenever @nr is a power
 * of two.  Ends the program if there is no memory.
 */
void *array_grow(void *array, size_t nr, size_t size);

#endif
