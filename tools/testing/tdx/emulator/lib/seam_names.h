/* SPDX-License-Identifier: GPL-2.0-only */
/* Leaves and statuses of the TDX module by name. */
#ifndef _TDX_EMU_SEAM_NAMES_H
#define _TDX_EMU_SEAM_NAMES_H

#include <linux/types.h>

/* Names of a leaf ("TDH.SYS.INIT") and of a status ("SYS_BUSY"); "unknown" if there is none. */
const char *leaf_name(u64 rax);
const char *status_name(u64 status);

/* The reverse; false if there is no such name. */
bool leaf_by_name(const char *name, u64 *leaf);
bool status_by_name(const char *name, u64 *status);

#endif /* _TDX_EMU_SEAM_NAMES_H */
