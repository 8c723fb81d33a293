// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frequency of the APIC bus, which the timer of the local APIC counts.
 */
#include <linux/kvm_host.h>
#include <linux/limits.h>

#include "irq.h"
#include "lapic.h"

/* The timer counts up to 32 bits, and its clock is divided by up to 128. */
#define MAX_CYCLE_NS	(U64_MAX / (128ULL * U32_MAX))

/**
 * kvm_set_apic_bus_cycle_ns - KVM_CAP_X86_APIC_BUS_CYCLES_NS
 * @kvm: a VM without vCPUs, with local APICs in the kernel
 * @ns: the duration of a cycle
 *
 * Context: Process context, takes kvm->lock.
 * Return: 0, -EINVAL: @ns is not supported, or there are vCPUs; -ENXIO: the local APICs are not
 *	   in the kernel.
 */
int kvm_set_apic_bus_cycle_ns(struct kvm *kvm, u64 ns)
{
	int ret = 0;

	if (!ns || ns > MAX_CYCLE_NS)
		return -EINVAL;

	mutex_lock(&kvm->lock);
	if (!irqchip_in_kernel(kvm))
		ret = -ENXIO;
	else if (kvm->created_vcpus)
		ret = -EINVAL;
	else
		kvm->arch.apic_bus_cycle_ns = ns;
	mutex_unlock(&kvm->lock);
	return ret;
}
