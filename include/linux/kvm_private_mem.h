/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private guest memory: which memory is private, and the memory behind it.
 */
#ifndef __LINUX_KVM_PRIVATE_MEM_H
#define __LINUX_KVM_PRIVATE_MEM_H

#include <linux/kvm_host.h>

/**
 * kvm_prepare_memory_fault_exit - fill in kvm_run for KVM_EXIT_MEMORY_FAULT
 * @vcpu: a vCPU that cannot access guest memory
 * @gpa: the first byte of that memory
 * @size: its size
 * @is_private: the access was private
 *
 * KVM_RUN has to fail with -EFAULT or -EHWPOISON for user space to look at it.
 *
 * Context: vcpu->mutex is held.
 */
static inline void kvm_prepare_memory_fault_exit(struct kvm_vcpu *vcpu, gpa_t gpa, u64 size,
						 bool is_private)
{
	vcpu->run->exit_reason = KVM_EXIT_MEMORY_FAULT;
	vcpu->run->memory_fault.flags = is_private ? KVM_MEMORY_EXIT_FLAG_PRIVATE : 0;
	vcpu->run->memory_fault.gpa = gpa;
	vcpu->run->memory_fault.size = size;
}

#ifdef CONFIG_KVM_PRIVATE_MEM
/**
 * kvm_enable_private_mem - let a VM have private memory
 * @kvm: a VM that is being created, of a type that supports it
 *
 * Context: In kvm_arch_init_vm().
 */
static inline void kvm_enable_private_mem(struct kvm *kvm)
{
	kvm->has_private_mem = true;
}

/**
 * kvm_has_private_mem - whether a VM can have private memory
 * @kvm: a VM
 *
 * Context: Any.
 * Return: true if kvm_enable_private_mem() was called.
 */
static inline bool kvm_has_private_mem(struct kvm *kvm)
{
	return kvm->has_private_mem;
}

/**
 * kvm_nr_address_spaces - how many address spaces with memory slots a VM has
 * @kvm: a VM, or NULL for what a VM can have
 *
 * Context: Any.
 * Return: 1 with private memory, which is the same for all modes of a vCPU.
 */
static inline int kvm_nr_address_spaces(struct kvm *kvm)
{
	return kvm && kvm_has_private_mem(kvm) ? 1 : KVM_ADDRESS_SPACE_NUM;
}

bool kvm_range_has_memory_attributes(struct kvm *kvm, gfn_t start, gfn_t end, u64 attributes);

/**
 * kvm_mem_is_private - whether a page of guest memory is private
 * @kvm: a VM
 * @gfn: a GFN
 *
 * Context: Any; see kvm_range_has_memory_attributes().
 * Return: true if it has KVM_MEMORY_ATTRIBUTE_PRIVATE.
 */
static inline bool kvm_mem_is_private(struct kvm *kvm, gfn_t gfn)
{
	/* There is no other attribute. */
	return kvm_has_private_mem(kvm) && mtree_load(&kvm->memory_attributes, gfn);
}

/**
 * kvm_slot_has_gmem - whether a slot has a guest_memfd
 * @slot: a slot
 *
 * Context: Any.
 * Return: true if private memory can be mapped in the slot.
 */
static inline bool kvm_slot_has_gmem(const struct kvm_memory_slot *slot)
{
	return slot->gmem.file;
}

struct kvm_gmem;

int kvm_gmem_get_pfn(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn, kvm_pfn_t *pfn);
struct kvm_gmem *kvm_gmem_get(struct kvm_memory_slot *slot);
void kvm_gmem_wait(struct kvm_gmem *gmem);
bool kvm_only_gmem_left(struct kvm *kvm);

bool kvm_arch_has_private_mmu(struct kvm *kvm);
void kvm_arch_zap_private(struct kvm *kvm, gfn_t start, gfn_t end);
#else
static inline void kvm_enable_private_mem(struct kvm *kvm)
{
}

static inline bool kvm_has_private_mem(struct kvm *kvm)
{
	return false;
}

static inline int kvm_nr_address_spaces(struct kvm *kvm)
{
	return KVM_ADDRESS_SPACE_NUM;
}

static inline bool kvm_mem_is_private(struct kvm *kvm, gfn_t gfn)
{
	return false;
}

static inline bool kvm_slot_has_gmem(const struct kvm_memory_slot *slot)
{
	return false;
}

static inline void kvm_arch_zap_private(struct kvm *kvm, gfn_t start, gfn_t end)
{
}
#endif

#endif /* __LINUX_KVM_PRIVATE_MEM_H */
