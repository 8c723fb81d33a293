/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracking of lines that the host has overwritten in pages that it takes back. */
#ifndef _TDX_EMU_OVERWRITTEN_H
#define _TDX_EMU_OVERWRITTEN_H

#include <linux/types.h>

#define OVERWRITTEN_PAGES	64	/* at a time; more than there are CPUs and busy tasks */

/* The line at @pa is overwritten.  true: it is the last one of its page, which is forgotten. */
bool overwritten_add(u64 pa);

/* The range has another owner now: drop all entries for it. */
void overwritten_forget(u64 pa, u64 bytes);

#endif /* _TDX_EMU_OVERWRITTEN_H */
