/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host executes between two entries of a TD. */
#ifndef _TDX_EMU_ENTRIES_H
#define _TDX_EMU_ENTRIES_H

#include "seam/observe.h"

/**
 * entries_begin() - TDH.VP.ENTER begins: log what its CPU did since the last one ended
 * @call:	the SEAMCALL, without results; on the calling CPU
 */
void entries_begin(const struct seamcall *call);

/**
 * entries_end() - TDH.VP.ENTER has ended
 * @call:	the complete SEAMCALL; on the calling CPU
 */
void entries_end(const struct seamcall *call);

#endif /* _TDX_EMU_ENTRIES_H */
