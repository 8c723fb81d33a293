/* SPDX-License-Identifier: GPL-2.0-only */
/* Which memory is the TDX module's. */
#ifndef _TDX_EMU_OWNER_H
#define _TDX_EMU_OWNER_H

#include "cpu/cpu.h"

/*
 * The module takes a range from the host, or gives it back.  What the host may
 * still have in TLBs is gone when owner_settle() returns, which the CPU whose
 * SEAMCALL it was has to call before the guest goes on.
 */
void owner_set(u64 pa, u64 bytes, bool owned);
void owner_settle(const struct cpu *self);

bool owner_is_module(u64 pa);

/*
 * The host overwrites a line with MOVDIR64B.  That is how it takes PAMT memory back
 * from a module that it gives up; a page is the host's when all its lines were
 * overwritten.  false: the line is not the module's.
 */
bool owner_direct_store(u64 pa);

/* The module writes to @pa: a violation, if the host has taken that page back. */
void owner_module_write(const struct cpu *cpu, u64 pa);

/* Pages that the module owns, and that the host took back. */
void owner_count(u64 *owned, u64 *taken_back);

/* For the report: what the module owns at the end. */
void owner_report(void);

#endif /* _TDX_EMU_OWNER_H */
