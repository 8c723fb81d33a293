// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: recording why a leaf failed.
 */
#include "internal.h"

static char *put_hex(char *to, const char *end, u64 value)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0 && to < end; shift -= 4)
		*to++ = digits[value >> shift & 15];
	return to;
}

/**
 * tdx_model_refuse - end a leaf, and record the reason
 * @m:      the module
 * @status: status of the leaf
 * @text:   why; each % is replaced by the next value, in hexadecimal
 * @a:      the first value
 * @b:      the second one
 * @c:      the third one
 *
 * Context: On the logical processor that runs the leaf.
 * Return: @status.
 */
u64 tdx_model_refuse(struct tdx_model *m, u64 status, const char *text, u64 a, u64 b, u64 c)
{
	char *to = lp_state(m)->why, *end = to + sizeof(lp_state(m)->why) - 1;
	u64 values[] = { a, b, c };
	unsigned int i = 0;

	for (; *text && to < end; text++) {
		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if (to < end - 2) {
			*to++ = '0';
			*to++ = 'x';
		}
		to = put_hex(to, end, i < 3 ? values[i++] : 0);
	}
	*to = '\0';
	return status;
}

/**
 * tdx_model_why - why the last SEAMCALL of this logical processor failed
 * @m: the module
 *
 * Context: On the logical processor that made the SEAMCALL.
 * Return: A short sentence with the relevant values; empty after success.
 */
const char *tdx_model_why(struct tdx_model *m)
{
	return lp_state(m)->why;
}
