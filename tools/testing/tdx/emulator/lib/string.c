// SPDX-License-Identifier: GPL-2.0-only
/* Functions that gcc calls implicitly, and those that the model calls. */
#include <linux/string.h>
#include <linux/types.h>

void *memcpy(void *to, const void *from, size_t n)
{
	void *start = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	return start;
}

void *memset(void *to, int c, size_t n)
{
	void *start = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
	return start;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *last_to = (char *)to + n - 1;
	const char *last_from = (const char *)from + n - 1;

	if (to <= from || (const char *)to >= (const char *)from + n)
		return memcpy(to, from, n);
	asm volatile("std; rep movsb; cld"
		     : "+D"(last_to), "+S"(last_from), "+c"(n) : : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}
