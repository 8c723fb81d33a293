/* SPDX-License-Identifier: GPL-2.0-only */
/* Injection of statuses and of an NMI. */
#ifndef _TDX_EMU_INJECT_H
#define _TDX_EMU_INJECT_H

#include <linux/types.h>

/*
 * A call of @leaf is about to be made; true: it answers *@status instead of
 * reaching the module, as the option inject= wants.
 */
bool inject_status(u64 leaf, u64 *status);

/* A call of @leaf has ended: did an NMI arrive meanwhile, as the option nmi= wants? */
bool inject_nmi(u64 leaf);

#endif /* _TDX_EMU_INJECT_H */
