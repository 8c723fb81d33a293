// SPDX-License-Identifier: GPL-2.0-only
/* Time, by the TSC. */
#include "lib/clock.h"
#include "lib/log.h"

#define PM_TIMER_HZ	3579545
#define PM_TIMER_MASK	0xffffffU	/* only 24 bits are required */
#define MEASURE_MS	5
#define NR_READS	8

static u64 tsc_per_ms, tsc_start;

/* The timer and the TSC at the same time: of several reads the one that was preempted least. */
static u32 read_both(u16 port, u64 *tsc)
{
	u64 before, took, least = ~0ULL;
	unsigned int i;
	u32 timer = 0, now;

	*tsc = 0;
	for (i = 0; i < NR_READS; i++) {
		before = native_rdtsc();
		now = io_in32(port);
		took = native_rdtsc() - before;
		if (took >= least)
			continue;
		least = took;
		timer = now;
		*tsc = before + took / 2;
	}
	return timer;
}

void clock_init(u16 pm_timer_port)
{
	u32 start, passed;
	u64 tsc;

	if (!pm_timer_port)
		fail(EXIT_NO_BOOT, "no ACPI timer: qemu's machine must be q35 with ACPI on");
	start = read_both(pm_timer_port, &tsc);
	do {
		passed = (read_both(pm_timer_port, &tsc_start) - start) & PM_TIMER_MASK;
	} while (passed < PM_TIMER_HZ / 1000 * MEASURE_MS);
	tsc_per_ms = (tsc_start - tsc) * (PM_TIMER_HZ / 1000) / passed;
	if (!tsc_per_ms)
		fail(EXIT_NO_BOOT, "the TSC does not count");
}

u64 clock_tsc_per_ms(void)
{
	return tsc_per_ms;
}

u64 clock_us(void)
{
	u64 passed = native_rdtsc() - tsc_start;

	return passed / tsc_per_ms * 1000 + passed % tsc_per_ms * 1000 / tsc_per_ms;
}

void clock_wait_us(u64 us)
{
	u64 end = clock_us() + us;

	while (clock_us() < end)
		cpu_pause();
}
