/* SPDX-License-Identifier: GPL-2.0-only */
/* Zero-terminated strings. */
#ifndef _TDX_EMU_TEXT_H
#define _TDX_EMU_TEXT_H

#include <linux/types.h>

static inline u64 text_length(const char *s)
{
	u64 n = 0;

	while (s[n])
		n++;
	return n;
}

static inline bool text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

#endif /* _TDX_EMU_TEXT_H */
