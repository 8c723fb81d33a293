/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TDX_STUB_LINUX_LIMITS_H
#define _TDX_STUB_LINUX_LIMITS_H

#define S64_MAX		((s64)(~0ULL >> 1))

#endif
