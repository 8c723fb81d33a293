/* SPDX-License-Identifier: GPL-2.0-only */
/* What the judge noticed. */
#ifndef _TDX_EMU_REPORT_H
#define _TDX_EMU_REPORT_H

#include "cpu/cpu.h"

/* The host touched memory that is not its own; @what is that memory. */
void report_violation(const struct vcpu *vcpu, u64 pa, bool write, const char *what);

/* Anything else that hardware may forgive, or not; as log_line(). */
__printf(1, 2)
void report_fault(const char *format, ...);

/* How many of both there were so far. */
u64 report_nr_violations(void);

#endif /* _TDX_EMU_REPORT_H */
