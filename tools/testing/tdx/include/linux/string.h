/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TDX_STUB_LINUX_STRING_H
#define _TDX_STUB_LINUX_STRING_H

#include <stddef.h>

/* Declared as in libc; a freestanding program has to define them. */
void *memcpy(void *to, const void *from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
