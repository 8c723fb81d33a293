/* SPDX-License-Identifier: GPL-2.0-only */
/* Time: the TSC, and its frequency. */
#ifndef _TDX_EMU_CLOCK_H
#define _TDX_EMU_CLOCK_H

#include "lib/x86.h"

/* Time limit for another CPU, whose thread may be delayed by the host. */
#define PATIENCE_US	10000000

/* Measure the TSC against the ACPI timer at @pm_timer_port; takes some milliseconds. */
void clock_init(u16 pm_timer_port);

u64 clock_tsc_per_ms(void);

/* Microseconds since clock_init(). */
u64 clock_us(void);

/* Busy-wait for @us. */
void clock_wait_us(u64 us);

#endif /* _TDX_EMU_CLOCK_H */
