// SPDX-License-Identifier: GPL-2.0-only
/* Starting and resetting CPUs. */

/*
 * QEMU's CPU does not clear a pending INIT when SVM intercepts it.  So INIT is
 * not intercepted: an INIT of the guest becomes a physical one, and a SIPI of
 * the guest becomes a physical INIT and SIPI to the emulator's own trampoline,
 * which enters the guest at the requested vector.  This is used for boot, CPU
 * hotplug and kexec.
 */
#include <linux/string.h>

#include "check/cache.h"
#include "check/report.h"
#include "lib/clock.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "machine/options.h"
#include "smp/apic_regs.h"
#include "smp/smp.h"

static u64 trampoline_pa;
static struct lock ipi_lock;
static struct lock init_lock;	/* held while a CPU waits for another one to be parked */

void smp_init(struct memmap *linux_map, const u8 *trampoline, u64 bytes)
{
	const struct mem_range *low = &linux_map->ranges[0];

	if (low->type != MEM_RAM || low->base || low->size < 2 * PAGE_SIZE)
		fail(EXIT_NO_BOOT, "the memory map does not begin with low RAM");
	trampoline_pa = ((low->base + low->size) & PAGE_MASK) - PAGE_SIZE;
	memcpy(phys(trampoline_pa), trampoline, bytes);
	memmap_reserve(linux_map, trampoline_pa, low->base + low->size - trampoline_pa);
	cpus[0].activity = CPU_STARTS;
}

u64 smp_trampoline(void)
{
	return trampoline_pa;
}

static bool is_set(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

static void set(bool *flag, bool value)
{
	__atomic_store_n(flag, value, __ATOMIC_SEQ_CST);
}

static void park_if_asked(struct cpu *cpu)
{
	while (is_set(&cpu->must_park)) {
		set(&cpu->in_guest, true);
		while (is_set(&cpu->must_park))
			cpu_pause();
		set(&cpu->in_guest, false);
	}
}

void smp_enter_guest(struct cpu *cpu)
{
	set(&cpu->in_guest, true);
	set(&cpu->executing, true);
}

void smp_leave_guest(struct cpu *cpu)
{
	set(&cpu->executing, false);
	__atomic_add_fetch(&cpu->nr_exits, 1, __ATOMIC_SEQ_CST);
	set(&cpu->in_guest, false);
	park_if_asked(cpu);
}

void smp_lock_ipis(void)
{
	lock(&ipi_lock);
}

void smp_unlock_ipis(void)
{
	unlock(&ipi_lock);
}

bool smp_takes_ipis(const struct cpu *cpu)
{
	return __atomic_load_n(&cpu->activity, __ATOMIC_SEQ_CST) == CPU_RUNS;
}

static bool change_activity(struct cpu *cpu, enum cpu_activity from, enum cpu_activity to)
{
	return __atomic_compare_exchange_n(&cpu->activity, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

void smp_started(struct cpu *cpu)
{
	if (change_activity(cpu, CPU_STARTS, CPU_RUNS))
		return;
	/* An INIT is pending */
	for (;;)
		cpu_pause();
}

void smp_halt(struct cpu *cpu)
{
	set(&cpu->in_guest, true);
	/* Without GIF only INIT and SIPI end it */
	for (;;)
		native_halt();
}

void smp_send_ipi(const struct cpu *target, u32 command)
{
	u32 high = apic_read(APIC_ICR_HIGH);

	apic_write(APIC_ICR_HIGH, target->apic_id << 24);
	apic_write(APIC_ICR_LOW, command);
	apic_write(APIC_ICR_HIGH, high);	/* restore the guest's value */
}

static void send_physical_init(const struct cpu *target)
{
	smp_send_ipi(target, ICR_MODE_INIT << 8 | ICR_ASSERT | ICR_LEVEL);
}

static void reset(struct cpu *target)
{
	smp_lock_ipis();
	__atomic_store_n(&target->activity, CPU_WAITS_FOR_SIPI, __ATOMIC_SEQ_CST);
	smp_unlock_ipis();
	/* after the unlock: a CPU that resets itself would keep the lock */
	send_physical_init(target);
}

/* Only one CPU at a time: two that wait for each other would deadlock. */
static void lock_init(struct cpu *self)
{
	while (!try_lock(&init_lock)) {
		park_if_asked(self);
		cpu_pause();
	}
}

/* Wait until @target is in the guest and can be reset; keep it there. */
static void hold(const struct cpu *self, struct cpu *target)
{
	u64 end = clock_us() + PATIENCE_US;

	set(&target->must_park, true);
	while (target != self && !is_set(&target->in_guest)) {
		if (clock_us() >= end)
			fail(EXIT_CRASH, "CPU %u waits for an exit of CPU %u, to reset it, for %u s",
			     self->index, target->index, PATIENCE_US / 1000000);
		cpu_pause();
	}
}

void smp_send_init(struct cpu *self, struct cpu *target)
{
	if (__atomic_load_n(&target->activity, __ATOMIC_SEQ_CST) == CPU_WAITS_FOR_SIPI)
		return;
	if (change_activity(target, CPU_STARTS, CPU_WAITS_FOR_SIPI)) {
		/* It holds no locks yet; or it is not present, and never arrives */
		send_physical_init(target);
		return;
	}
	if (target == &cpus[0]) {
		/*
		 * On hardware it starts the BIOS; the emulator would lose the
		 * CPU, too.
		 */
		report_fault("INIT from CPU %u for CPU 0, which starts the BIOS and no trampoline",
			     self->index);
		return;
	}
	lock_init(self);
	hold(self, target);
	if (target->vmx.on) {
		log_line("[cpu %u] INIT for CPU %u is held back: it is in VMX operation",
			 self->index, target->index);
		target->init_latched = true;
		set(&target->must_park, false);
		unlock(&init_lock);
		return;
	}
	if (options.log_level >= LOG_CPUS)
		log_line("[cpu %u] INIT for CPU %u", self->index, target->index);
	cache_before_init(target);
	if (target == self) {
		unlock(&init_lock);
		reset(target);
	} else {
		reset(target);
		unlock(&init_lock);
	}
}

void smp_send_sipi(struct cpu *target, u8 vector)
{
	/* Linux sends two SIPIs: a CPU that runs ignores the second */
	if (!change_activity(target, CPU_WAITS_FOR_SIPI, CPU_STARTS))
		return;
	if (options.log_level >= LOG_CPUS)
		log_line("SIPI for CPU %u, vector 0x%02x", target->index, vector);
	target->sipi_vector = vector;
	target->init_latched = false;
	set(&target->in_guest, false);
	set(&target->executing, false);
	set(&target->must_park, false);
	/* The BIOS left the APs halted, not waiting for a SIPI */
	send_physical_init(target);
	smp_send_ipi(target, ICR_MODE_SIPI << 8 | ICR_ASSERT | trampoline_pa >> 12);
}

void smp_take_latched_init(struct cpu *cpu)
{
	if (!cpu->init_latched)
		return;
	cache_before_init(cpu);
	reset(cpu);
	for (;;)
		cpu_pause();
}
