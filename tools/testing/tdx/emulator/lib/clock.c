// SPDX-License-Identifier: GPL-2.0-only
/* Time, by the TSC. */
#include "lib/clock.h"
#include "lib/log.h"

#define PM_TIMER_HZ	3579545
#define PM_TIMER_MASK	0xffffffU	/* only 24 bits are required */
#define MEASURE_MS	5

static u64 tsc_per_ms, tsc_start;

void clock_init(u16 pm_timer_port)
{
	u32 start, passed;
	u64 tsc;

	if (!pm_timer_port)
		fail(EXIT_NO_BOOT, "no ACPI timer: qemu's machine must be q35 with ACPI on");
	/* In this order, preemption makes the clock slower, but never faster. */
	tsc = native_rdtsc();
	start = io_in32(pm_timer_port);
	do {
		passed = (io_in32(pm_timer_port) - start) & PM_TIMER_MASK;
	} while (passed < PM_TIMER_HZ / 1000 * MEASURE_MS);
	tsc_start = native_rdtsc();
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
