/* SPDX-License-Identifier: GPL-2.0-only */
/* Which lines of pages that the host takes back it has overwritten already. */
#ifndef _TDX_EMU_OVERWRITTEN_H
#define _TDX_EMU_OVERWRITTEN_H

#include <linux/types.h>

#define OVERWRITTEN_PAGES	64	/* at a time; more than there are CPUs and busy tasks */

/* The line at @pa is overwritten.  true: it is the last one of its page, which is forgotten. */
bool overwritten_add(u64 pa);

/* What is in the range belongs to somebody else now. */
void overwritten_forget(u64 pa, u64 bytes);

#endif /* _TDX_EMU_OVERWRITTEN_H */
