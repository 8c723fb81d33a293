/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making memory that was written with a private KeyID ordinary memory again.
 */
#ifndef _X86_VIRT_TDX_CLEAR_H
#define _X86_VIRT_TDX_CLEAR_H

#include <linux/types.h>

bool tdx_clear_needed(void);
void tdx_clear(u64 base, u64 size);

#endif /* _X86_VIRT_TDX_CLEAR_H */
