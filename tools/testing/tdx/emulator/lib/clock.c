// SPDX-License-Identifier: GPL-2.0-only
/* Time, by the TSC. */
#include "lib/clock.h"
#include "lib/log.h"

#define PM_TIMER_HZ	3579545
#define PM_TIMER_MASK	0xffffffU	/* only 24 bits are required */
#define MEASURE_MS	20

#define CRYSTAL_PER_MS	(CLOCK_CRYSTAL_HZ / 1000)

/* Linux multiplies the numerator by CRYSTAL_PER_MS, in 32 bits. */
#define MAX_NUMERATOR	(0xffffffffU / CRYSTAL_PER_MS)

static u64 tsc_per_ms, tsc_start;
static struct clock_ratio ratio;

static u32 read_port(unsigned int port)
{
	return io_in32(port);
}

/* The fraction nearest to @measured, ticks of the TSC in a ms. */
static void find_ratio(u64 measured)
{
	u64 numerator, exact, error, least = 0;
	u32 i;

	for (i = 1; ; i++) {
		exact = measured * i;
		numerator = (exact + CRYSTAL_PER_MS / 2) / CRYSTAL_PER_MS;
		if (numerator > MAX_NUMERATOR)
			return;
		error = numerator * CRYSTAL_PER_MS > exact ? numerator * CRYSTAL_PER_MS - exact :
							     exact - numerator * CRYSTAL_PER_MS;
		if (!numerator || (ratio.tsc && error * ratio.crystal >= least * i))
			continue;
		least = error;
		ratio = (struct clock_ratio){ numerator, i };
	}
}

void clock_init(u16 pm_timer_port)
{
	u32 start, passed;
	u64 tsc;

	if (!pm_timer_port)
		fail(EXIT_NO_BOOT, "no ACPI timer: qemu's machine must be q35 with ACPI on");
	start = clock_read_both(read_port, pm_timer_port, &tsc);
	do {
		passed = (clock_read_both(read_port, pm_timer_port, &tsc_start) - start) &
			 PM_TIMER_MASK;
	} while (passed < PM_TIMER_HZ / 1000 * MEASURE_MS);
	find_ratio((tsc_start - tsc) * PM_TIMER_HZ / passed / 1000);
	if (ratio.tsc)
		tsc_per_ms = clock_tsc_hz() / 1000;
	if (!tsc_per_ms)
		fail(EXIT_NO_BOOT, "the TSC does not count");
}

u64 clock_tsc_per_ms(void)
{
	return tsc_per_ms;
}

const struct clock_ratio *clock_ratio(void)
{
	return &ratio;
}

u64 clock_tsc_hz(void)
{
	return (u64)CLOCK_CRYSTAL_HZ * ratio.tsc / ratio.crystal;
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
