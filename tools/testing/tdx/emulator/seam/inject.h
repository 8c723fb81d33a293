/* SPDX-License-Identifier: GPL-2.0-only */
/* Injection of statuses and of an NMI. */
#ifndef _TDX_EMU_INJECT_H
#define _TDX_EMU_INJECT_H

#include <linux/types.h>

/*
 * Called before each call of @leaf.  Return true if the options inject=,
 * contended= and busy= replace the call by *@status.
 */
bool inject_status(u64 leaf, u64 *status);

/*
 * Called after each call of @leaf.  Return true if nmi= injects an NMI in this
 * call.
 */
bool inject_nmi(u64 leaf);

#endif /* _TDX_EMU_INJECT_H */
