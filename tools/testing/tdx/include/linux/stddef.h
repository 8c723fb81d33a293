/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _TDX_STUB_LINUX_STDDEF_H
#define _TDX_STUB_LINUX_STDDEF_H

#include <stddef.h>

#endif
