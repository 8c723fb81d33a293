/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TDX_STUB_LINUX_MATH_H
#define _TDX_STUB_LINUX_MATH_H

#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))

#endif
