/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports of violations. */
#ifndef _TDX_EMU_REPORT_H
#define _TDX_EMU_REPORT_H

#include "cpu/cpu.h"

/* The host accessed memory that is not its own; @what describes that memory. */
void report_violation(const struct vcpu *vcpu, u64 pa, bool write, const char *what);

/* Any other violation, which hardware may or may not tolerate; as log_line(). */
__printf(1, 2)
void report_fault(const char *format, ...);

/* Number of both so far. */
u64 report_nr_violations(void);

#endif /* _TDX_EMU_REPORT_H */
