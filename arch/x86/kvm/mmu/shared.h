/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMs of which the TDP MMU maps only the shared half of the guest physical address space.
 *
 * Addresses with the shared bit, the uppermost one, are translated by the TDP MMU's tables.
 * Others are private, and are translated by tables that KVM cannot access.
 *
 * Only the CPU's walk of the tables sees the bit.  GFNs in memory slots, page faults, dirty
 * logs and traces do not have it: it is cleared when the guest exits, and the iterator of the
 * TDP MMU begins at the first entry of the root that has it in its index.
 *
 * Accesses to MMIO raise a virtualization exception (#VE) in the guest, and no VM exit: the
 * guest asks for the emulation of its own accord.  So the entry of a GFN without memory is 0,
 * and all other entries suppress #VE.
 *
 * All of this is 0 for ordinary VMs.
 */
#ifndef __KVM_X86_MMU_SHARED_H
#define __KVM_X86_MMU_SHARED_H

#include <linux/kvm_host.h>
#include <linux/minmax.h>

/**
 * kvm_gfn_shared_bits - the shared bit of a VM
 * @kvm: a VM
 *
 * Return: the bit, as part of a GFN; 0 if the TDP MMU maps all memory.
 */
static inline gfn_t kvm_gfn_shared_bits(const struct kvm *kvm)
{
	return IS_ENABLED(CONFIG_INTEL_TDX_HOST) ? kvm->arch.shared_gfn_bit : 0;
}

/**
 * kvm_gpa_is_shared - does a guest physical address have the shared bit?
 * @kvm: a VM
 * @gpa: an address as the guest uses it
 *
 * Return: false if the address is private, or the VM has no shared bit.
 */
static inline bool kvm_gpa_is_shared(const struct kvm *kvm, gpa_t gpa)
{
	return gpa & gfn_to_gpa(kvm_gfn_shared_bits(kvm));
}

/**
 * kvm_gpa_without_shared - the address that memory slots know
 * @kvm: a VM
 * @gpa: an address as the guest uses it
 *
 * Return: @gpa without the shared bit.
 */
static inline gpa_t kvm_gpa_without_shared(const struct kvm *kvm, gpa_t gpa)
{
	return gpa & ~gfn_to_gpa(kvm_gfn_shared_bits(kvm));
}

/**
 * kvm_suppress_ve_mask - what all entries of a VM have, except those of MMIO
 * @kvm: a VM
 *
 * Return: the bit by which the CPU exits instead of raising #VE, or 0.
 */
static inline u64 kvm_suppress_ve_mask(const struct kvm *kvm)
{
	return IS_ENABLED(CONFIG_INTEL_TDX_HOST) ? kvm->arch.suppress_ve_mask : 0;
}

/**
 * kvm_tdp_max_gfn - the largest GFN that the TDP MMU maps
 * @kvm: a VM
 *
 * If there is a shared bit it is the only limit: MMIO above the physical addresses of the
 * host needs entries as well, because there is no exit that KVM could emulate.
 *
 * Return: a GFN without the shared bit.
 */
static inline gfn_t kvm_tdp_max_gfn(const struct kvm *kvm)
{
	gfn_t shared = kvm_gfn_shared_bits(kvm);

	return shared ? shared - 1 : kvm_mmu_max_gfn();
}

/**
 * kvm_slot_max_gfn - the largest GFN of memory slots
 * @kvm: a VM
 *
 * Return: a GFN without the shared bit.
 */
static inline gfn_t kvm_slot_max_gfn(const struct kvm *kvm)
{
	return min(kvm_mmu_max_gfn(), kvm_tdp_max_gfn(kvm));
}

#ifdef CONFIG_INTEL_TDX_HOST
int kvm_mmu_init_shared(struct kvm *kvm, unsigned int gpa_bits, u8 root_level);
int kvm_mmu_shared_level(struct kvm *kvm, gfn_t gfn);
#endif

#endif /* __KVM_X86_MMU_SHARED_H */
