/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracking of lines that the host has overwritten in pages that it takes back. */
#ifndef _TDX_EMU_OVERWRITTEN_H
#define _TDX_EMU_OVERWRITTEN_H

#include <linux/types.h>

#define OVERWRITTEN_PAGES	64	/* at a time; more than CPUs and busy tasks */

/*
 * Record that the host overwrites the line at @pa.  Return true if this
 * completes the page; then its entry is dropped.
 */
bool overwritten_add(u64 pa);

/* Drop all entries for a range that has another owner now. */
void overwritten_forget(u64 pa, u64 bytes);

#endif /* _TDX_EMU_OVERWRITTEN_H */
