// SPDX-License-Identifier: GPL-2.0-only
/* Making all CPUs leave the guest and drop their translations. */

/*
 * A CPU drops its translations when it leaves the guest.  An NMI makes it leave at once,
 * since NMIs are intercepted: SVM has no other way to interrupt a CPU in the guest without
 * affecting the guest's interrupts.
 *
 * Only one NMI can be pending on a CPU.  If one of the emulator's NMIs and one of the
 * guest's are merged, guest_nmi tells that the guest has to get it.  The lock of IPIs is held
 * from recording an NMI to sending it, and while a CPU takes what is pending and recorded: so
 * no NMI arrives that is not recorded, and none is recorded that does not arrive.
 */
#include "cpu/interrupt.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "smp/apic_regs.h"
#include "smp/shootdown.h"
#include "smp/smp.h"

static bool is_in_guest(const struct cpu *cpu)
{
	return smp_takes_ipis(cpu) && __atomic_load_n(&cpu->executing, __ATOMIC_SEQ_CST);
}

/* The NMI will arrive, because the guest cannot block it. */
static void wait_for_exit(const struct cpu *target, u64 nr_exits)
{
	u64 end = clock_us() + PATIENCE_US;

	while (is_in_guest(target) &&
	       __atomic_load_n(&target->nr_exits, __ATOMIC_SEQ_CST) == nr_exits) {
		if (clock_us() >= end)
			fail(EXIT_CRASH, "CPU %u has not left the guest for %u s after an NMI",
			     target->index, PATIENCE_US / 1000000);
		cpu_pause();
	}
}

/* Not if another NMI of the emulator is on its way. */
static void send_nmi(struct cpu *target)
{
	if (target->own_nmi)
		return;
	target->own_nmi = true;
	smp_send_ipi(target, ICR_MODE_NMI << 8 | ICR_ASSERT);
}

void shootdown_start(const struct cpu *self)
{
	unsigned int i;

	smp_lock_ipis();
	for (i = 0; i < nr_cpus; i++) {
		if (&cpus[i] != self && is_in_guest(&cpus[i]))
			send_nmi(&cpus[i]);
	}
	smp_unlock_ipis();
}

void shootdown(const struct cpu *self)
{
	u64 exits[MAX_CPUS];
	bool waits[MAX_CPUS];
	unsigned int i;

	smp_lock_ipis();
	for (i = 0; i < nr_cpus; i++) {
		exits[i] = __atomic_load_n(&cpus[i].nr_exits, __ATOMIC_SEQ_CST);
		waits[i] = &cpus[i] != self && is_in_guest(&cpus[i]);
		if (waits[i])
			send_nmi(&cpus[i]);
	}
	for (i = 0; i < nr_cpus; i++) {
		if (waits[i])
			wait_for_exit(&cpus[i], exits[i]);
	}
	smp_unlock_ipis();
}

void shootdown_self(struct cpu *self)
{
	smp_lock_ipis();
	send_nmi(self);
	smp_unlock_ipis();
}

void shootdown_guest_nmi(struct cpu *target)
{
	target->guest_nmi = true;
}

/*
 * Also takes an NMI that was sent after the one which the caller knows of: otherwise, it would
 * arrive when its sender is not known any more.
 */
bool shootdown_take_nmi(struct cpu *cpu)
{
	bool host;

	smp_lock_ipis();
	host = cpu->guest_nmi || !cpu->own_nmi;
	cpu->own_nmi = false;
	cpu->guest_nmi = false;
	interrupt_drop_nmi();
	smp_unlock_ipis();
	return host;
}
