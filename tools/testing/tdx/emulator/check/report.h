/* SPDX-License-Identifier: GPL-2.0-only */
/* Reports of violations. */
#ifndef _TDX_EMU_REPORT_H
#define _TDX_EMU_REPORT_H

#include "cpu/cpu.h"

/* Report a host access to memory of another owner, which @what describes. */
void report_violation(const struct vcpu *vcpu, u64 pa, bool write, const char *what);

/* Report any other violation, which hardware may tolerate; see log_line(). */
__printf(1, 2)
void report_fault(const char *format, ...);

/* Number of all violations so far. */
u64 report_nr_violations(void);

#endif /* _TDX_EMU_REPORT_H */
