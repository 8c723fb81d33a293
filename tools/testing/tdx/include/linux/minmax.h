/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TDX_STUB_LINUX_MINMAX_H
#define _TDX_STUB_LINUX_MINMAX_H

/* As in the kernel, each argument is evaluated once. */
#define min_t(type, a, b)	({ type a_ = (a), b_ = (b); a_ < b_ ? a_ : b_; })
#define max_t(type, a, b)	({ type a_ = (a), b_ = (b); a_ > b_ ? a_ : b_; })
#define min(a, b)		min_t(__typeof__(a), a, b)
#define max(a, b)		max_t(__typeof__(a), a, b)
#define min3(a, b, c)		({ __typeof__(a) ab_ = min(a, b); min(ab_, c); })
#define clamp_t(type, v, low, high)				\
({								\
	type v_ = (v), low_ = (low), high_ = (high);		\
	v_ < low_ ? low_ : v_ > high_ ? high_ : v_;		\
})

#define swap(a, b)		\
do {				\
	__typeof__(a) tmp = (a);\
	(a) = (b);		\
	(b) = tmp;		\
} while (0)

#endif
