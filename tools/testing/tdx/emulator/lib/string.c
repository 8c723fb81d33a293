// SPDX-License-Identifier: GPL-2.0-only
/* Functions that gcc calls implicitly, and those that the model calls. */
#include <linux/string.h>
#include <linux/types.h>

/* QEMU executes a repeated instruction once for each element. */
void *memcpy(void *to, const void *from, size_t n)
{
	size_t words = n / 8, bytes = n % 8;
	void *start = to;

	asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return start;
}

void *memset(void *to, int c, size_t n)
{
	size_t words = n / 8, bytes = n % 8;
	u64 pattern = (u8)c * 0x0101010101010101ULL;
	void *start = to;

	asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
	asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(pattern) : "memory");
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
