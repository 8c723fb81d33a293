/* SPDX-License-Identifier: GPL-2.0-only */
/* Time: the TSC, and its frequency. */
#ifndef _TDX_EMU_CLOCK_H
#define _TDX_EMU_CLOCK_H

#include "lib/x86.h"

/* Time limit for another CPU, whose thread may be delayed by the host. */
#define PATIENCE_US	10000000

/* The clock of the timers of QEMU's local APICs, which count ns. */
#define CLOCK_CRYSTAL_HZ	1000000000U

/* While that clock counts @crystal cycles, the TSC counts @tsc. */
struct clock_ratio {
	u32 tsc, crystal;
};

#define CLOCK_READS	8

/* A timer and the TSC at the same time: of several reads the one that was disturbed least. */
static inline u32 clock_read_both(u32 (*read)(unsigned int where), unsigned int where, u64 *tsc)
{
	u64 before, took, least = ~0ULL;
	u32 timer = 0, now;
	unsigned int i;

	*tsc = 0;
	for (i = 0; i < CLOCK_READS; i++) {
		before = native_rdtsc();
		now = read(where);
		took = native_rdtsc() - before;
		if (took >= least)
			continue;
		least = took;
		timer = now;
		*tsc = before + took / 2;
	}
	return timer;
}

/* Measure the TSC against the ACPI timer at @pm_timer_port; takes some milliseconds. */
void clock_init(u16 pm_timer_port);

u64 clock_tsc_per_ms(void);

/* The frequency of the TSC as CPUID has it. */
const struct clock_ratio *clock_ratio(void);

u64 clock_tsc_hz(void);

/* Microseconds since clock_init(). */
u64 clock_us(void);

/* Busy-wait for @us. */
void clock_wait_us(u64 us);

#endif /* _TDX_EMU_CLOCK_H */
