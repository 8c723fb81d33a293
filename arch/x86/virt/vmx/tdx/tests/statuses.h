/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _X86_VIRT_TDX_TESTS_STATUSES_H
#define _X86_VIRT_TDX_TESTS_STATUSES_H

#include "../error.h"

/* Every status that a SEAMCALL can return, for tests that inject failures. */
#define STATUS(name, value)	value,
static const u64 statuses[] = {
	TDX_SEAMCALL_VMFAILINVALID, TDX_SEAMCALL_GP, TDX_SEAMCALL_UD, TDX_SEAMCALL_RETIRED,
	TDX_STATUS_LIST(STATUS)
	0x8000770000000000ULL,	/* not defined */
};

#undef STATUS

#endif /* _X86_VIRT_TDX_TESTS_STATUSES_H */
