// SPDX-License-Identifier: GPL-2.0-only
/* The VMX-preemption timer of a run. */

/*
 * SVM has none.  While the guest runs, the local APIC's timer is set to the earlier one of the
 * host's time and the preemption timer's.  The host gets it back, with what is left of its time,
 * when the guest has been left; it may get an interrupt of its timer too many.
 *
 * A timer of the host that is masked or periodic is left alone: then the preemption timer is
 * late, until there is another reason to leave the guest.
 */
#include "lib/clock.h"
#include "smp/apic_regs.h"
#include "vm/vm_timer.h"

#define LVT_VECTOR		0xffU
#define LVT_MASKED		BIT(16)
#define LVT_PERIODIC		BIT(17)
#define MAX_COUNT		0xffffffffULL
#define NS_PER_MS		1000000ULL

void vm_timer_load(struct vm *vm)
{
	u64 ticks = vmcs_read(vm->vmcs, VMCS_PREEMPTION_TIMER) << VMX_PREEMPTION_RATE;

	vm->timer.active = vm->pin & PIN_PREEMPTION_TIMER;
	vm->timer.end = native_rdtsc() + ticks;
	vm->timer.armed = false;
}

static u64 time_left(const struct vm *vm)
{
	u64 now = native_rdtsc();

	return now < vm->timer.end ? vm->timer.end - now : 0;
}

void vm_timer_store(struct vm *vm)
{
	if (vm->timer.active && vm->exits & EXIT_SAVE_PREEMPTION_TIMER)
		vmcs_write(vm->vmcs, VMCS_PREEMPTION_TIMER,
			   time_left(vm) >> VMX_PREEMPTION_RATE);
}

bool vm_timer_has_expired(const struct vm *vm)
{
	return vm->timer.active && !time_left(vm);
}

/* The divide configuration has its three bits in two places; QEMU's clock has 1 GHz. */
static unsigned int divide_shift(void)
{
	u32 value = apic_read(APIC_TIMER_DIVIDE);

	return ((value & 3) + (value >> 1 & 4) + 1) & 7;
}

static u64 apic_ticks(u64 tsc_ticks)
{
	__uint128_t ns = (__uint128_t)tsc_ticks * NS_PER_MS;
	u64 count = (u64)ns / clock_tsc_per_ms() >> divide_shift();

	if (ns >> 64 || count > MAX_COUNT)
		return MAX_COUNT;
	return count ? count : 1;
}

/*
 * The host's time may be over, and QEMU has not raised the interrupt yet: it would forget it if
 * the timer was set.  Afterwards the host sets the timer again, or stops it.
 */
static bool hosts_is_earlier(u64 hosts, u64 count)
{
	return hosts ? hosts <= count : apic_read(APIC_TIMER_INITIAL);
}

void vm_timer_arm(struct vm *vm)
{
	u32 lvt = apic_read(APIC_LVT_TIMER);
	u64 count;

	vm->timer.armed = false;
	if (!vm->timer.active || lvt & (LVT_MASKED | LVT_PERIODIC))
		return;
	count = apic_ticks(time_left(vm));
	vm->timer.hosts = apic_read(APIC_TIMER_CURRENT);
	if (hosts_is_earlier(vm->timer.hosts, count))
		return;
	vm->timer.armed = true;
	vm->timer.fired = false;
	vm->timer.vector = lvt & LVT_VECTOR;
	vm->timer.armed_at = native_rdtsc();
	apic_write(APIC_TIMER_INITIAL, count);
}

void vm_timer_disarm(struct vm *vm)
{
	u64 passed, hosts = vm->timer.hosts;

	if (!vm->timer.armed)
		return;
	vm->timer.fired = !apic_read(APIC_TIMER_CURRENT);
	passed = apic_ticks(native_rdtsc() - vm->timer.armed_at);
	if (hosts)
		hosts = passed < hosts ? hosts - passed : 1;
	apic_write(APIC_TIMER_INITIAL, hosts);
}

/*
 * If the host's time is over, too, the interrupt may be both.  That of the preemption timer may be
 * early, as it is measured by another clock: then there is another one.
 */
bool vm_timer_is_interrupt(const struct vm *vm, u8 vector)
{
	return vm->timer.armed && vector == vm->timer.vector && vm->timer.fired &&
	       (apic_read(APIC_TIMER_CURRENT) || !apic_read(APIC_TIMER_INITIAL));
}
