// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory attributes: which guest physical memory is private.
 *
 * They are kept as ranges of GFNs, as guests convert few and large ranges.  Memory that is not
 * in the tree is shared.  A change is visible to page faults in this order: faults that
 * started before it are made to retry, it is stored, and mappings that it makes invalid are
 * zapped.  Storing is the only step that can fail, and nothing is zapped before.
 */
#include <linux/kvm_private_mem.h>
#include <linux/maple_tree.h>
#include <linux/uaccess.h>
#include <linux/xarray.h>

#include "kvm_mm.h"
#include "private_mem.h"

/**
 * kvm_init_memory_attributes - make all memory of a new VM shared
 * @kvm: a VM that is being created
 *
 * Context: Any.  kvm_destroy_memory_attributes() is not needed if creating the VM fails.
 */
void kvm_init_memory_attributes(struct kvm *kvm)
{
	/*
	 * vCPUs look up attributes without a lock.  The tree has the nodes of VMAs, as others
	 * keep metadata in the last slot, which mt_free_walk() takes for a node.
	 */
	mt_init_flags(&kvm->memory_attributes, MT_FLAGS_ALLOC_RANGE | MT_FLAGS_USE_RCU);
}

/**
 * kvm_destroy_memory_attributes - free what describes private memory
 * @kvm: a VM that is being destroyed, without vCPUs
 *
 * Context: Process context.
 */
void kvm_destroy_memory_attributes(struct kvm *kvm)
{
	mtree_destroy(&kvm->memory_attributes);
}

/**
 * kvm_supported_memory_attributes - the attributes that user space may set
 * @kvm: a VM, or NULL for those of any type of VM
 *
 * Context: Any.
 * Return: a mask of KVM_MEMORY_ATTRIBUTE_*.
 */
u64 kvm_supported_memory_attributes(struct kvm *kvm)
{
	return !kvm || kvm_has_private_mem(kvm) ? KVM_MEMORY_ATTRIBUTE_PRIVATE : 0;
}

static void *attributes_to_entry(u64 attributes)
{
	return attributes ? xa_mk_value(attributes) : NULL;
}

/**
 * kvm_range_has_memory_attributes - whether all of a range has the same attributes
 * @kvm: a VM
 * @start: first GFN
 * @end: GFN after the last one
 * @attributes: KVM_MEMORY_ATTRIBUTE_PRIVATE or 0
 *
 * Context: Any.  The answer is only final if changes are excluded: by kvm->slots_lock, or by
 *	    kvm->mmu_lock after it was checked that none is in progress.
 * Return: true if each page of the range has exactly these attributes.
 */
bool kvm_range_has_memory_attributes(struct kvm *kvm, gfn_t start, gfn_t end, u64 attributes)
{
	MA_STATE(mas, &kvm->memory_attributes, start, start);
	void *entry = attributes_to_entry(attributes);
	bool same;

	rcu_read_lock();
	for (;;) {
		same = mas_walk(&mas) == entry;
		if (!same || mas.last >= end - 1)
			break;
		mas_set(&mas, mas.last + 1);
	}
	rcu_read_unlock();
	return same;
}

/* The range of equal attributes around @gfn, which is added to [*first, *last] if they fit. */
static void extend(struct kvm *kvm, gfn_t gfn, void *entry, gfn_t *first, gfn_t *last)
{
	MA_STATE(mas, &kvm->memory_attributes, gfn, gfn);

	rcu_read_lock();
	if (mas_walk(&mas) == entry) {
		*first = min_t(gfn_t, *first, mas.index);
		*last = max_t(gfn_t, *last, mas.last);
	}
	rcu_read_unlock();
}

/* Adjacent ranges are merged, so that the tree stays small whatever the guest converts. */
static int store_attributes(struct kvm *kvm, gfn_t start, gfn_t end, u64 attributes)
{
	MA_STATE(mas, &kvm->memory_attributes, start, start);
	void *entry = attributes_to_entry(attributes);
	gfn_t first = start, last = end - 1;
	int r;

	if (entry) {
		if (start)
			extend(kvm, start - 1, entry, &first, &last);
		extend(kvm, end, entry, &first, &last);
	}

	/* What is not allocated in advance is not charged. */
	mas_set_range(&mas, first, last);
	r = mas_preallocate(&mas, entry, GFP_KERNEL_ACCOUNT);
	if (r)
		return r;
	mtree_lock(&kvm->memory_attributes);
	mas_store_prealloc(&mas, entry);
	mtree_unlock(&kvm->memory_attributes);
	return 0;
}

/* HVAs stand for GFNs here, as they do in faults: those of private memory have them, too. */
static unsigned long hva_of(const struct kvm_memory_slot *slot, gfn_t gfn)
{
	return slot->userspace_addr + ((gfn - slot->base_gfn) << PAGE_SHIFT);
}

/**
 * kvm_begin_zap - remove KVM's own mappings of a part of a slot from the guest
 * @kvm: the VM
 * @slot: a slot, which is in use
 * @start: first GFN, in the slot
 * @end: GFN after the last one
 * @private: private memory is taken away; otherwise, shared memory
 *
 * Faults on that part that started before, or start before kvm_end_zap(), are retried.  KVM has no
 * mappings of private memory where that has an MMU of its own, and keeps those of shared memory.
 *
 * Context: Process context, may sleep; takes kvm->mmu_lock.
 */
void kvm_begin_zap(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t start, gfn_t end,
		   bool private)
{
	struct kvm_gfn_range range = {
		.slot = slot,
		.start = start,
		.end = end,
		.may_block = true,
	};

	KVM_MMU_LOCK(kvm);
	kvm_mmu_invalidate_begin(kvm, hva_of(slot, start), hva_of(slot, end));
	if (!(private && kvm_arch_has_private_mmu(kvm)) && kvm_unmap_gfn_range(kvm, &range))
		kvm_flush_remote_tlbs(kvm);
	KVM_MMU_UNLOCK(kvm);
}

/**
 * kvm_end_zap - let faults map memory again
 * @kvm: the VM of kvm_begin_zap()
 *
 * Context: Process context; takes kvm->mmu_lock.
 */
void kvm_end_zap(struct kvm *kvm)
{
	KVM_MMU_LOCK(kvm);
	kvm_mmu_invalidate_end(kvm, 0, 0);
	KVM_MMU_UNLOCK(kvm);
}

/* A private MMU keeps its mappings if private memory is not taken away. */
static void zap_slot(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t start, gfn_t end,
		     bool private)
{
	kvm_begin_zap(kvm, slot, start, end, private);
	if (private)
		kvm_arch_zap_private(kvm, start, end);
	kvm_end_zap(kvm);
}

static void zap_slots(struct kvm *kvm, struct kvm_memslots *slots, gfn_t start, gfn_t end,
		      bool private)
{
	struct kvm_memslot_iter iter;

	kvm_for_each_memslot_in_gfn_range(&iter, slots, start, end) {
		struct kvm_memory_slot *slot = iter.slot;

		zap_slot(kvm, slot, max(start, slot->base_gfn),
			 min(end, slot->base_gfn + slot->npages), private);
	}
}

/* The smallest range of HVAs that has all memory of slots in a range of GFNs. */
static void find_hvas(struct kvm *kvm, gfn_t start, gfn_t end, unsigned long *first,
		      unsigned long *last)
{
	struct kvm_memslot_iter iter;
	int i;

	*first = -1ul;
	*last = 0;
	for (i = 0; i < KVM_ADDRESS_SPACE_NUM; i++) {
		kvm_for_each_memslot_in_gfn_range(&iter, __kvm_memslots(kvm, i), start, end) {
			const struct kvm_memory_slot *slot = iter.slot;

			*first = min(*first, hva_of(slot, max(start, slot->base_gfn)));
			*last = max(*last, hva_of(slot, min(end, slot->base_gfn + slot->npages)));
		}
	}
}

static int change_attributes(struct kvm *kvm, gfn_t start, gfn_t end, u64 attributes)
{
	unsigned long first, last;
	int i, r;

	lockdep_assert_held(&kvm->slots_lock);

	/* Mappings of private memory can be costly to make again. */
	if (kvm_range_has_memory_attributes(kvm, start, end, attributes))
		return 0;

	/*
	 * From here no fault maps this memory: it could see the new attributes while the old
	 * mapping still exists.  Faults on other memory do not wait for a change that takes long.
	 */
	find_hvas(kvm, start, end, &first, &last);
	KVM_MMU_LOCK(kvm);
	kvm_mmu_invalidate_begin(kvm, first, last);
	KVM_MMU_UNLOCK(kvm);

	r = store_attributes(kvm, start, end, attributes);
	for (i = 0; !r && i < KVM_ADDRESS_SPACE_NUM; i++)
		zap_slots(kvm, __kvm_memslots(kvm, i), start, end,
			  !(attributes & KVM_MEMORY_ATTRIBUTE_PRIVATE));

	KVM_MMU_LOCK(kvm);
	kvm_mmu_invalidate_end(kvm, 0, 0);
	KVM_MMU_UNLOCK(kvm);
	return r;
}

/**
 * kvm_vm_ioctl_set_memory_attributes - KVM_SET_MEMORY_ATTRIBUTES
 * @kvm: a VM
 * @argp: struct kvm_memory_attributes of user space
 *
 * No memory slot is needed, and attributes stay when slots are deleted.
 *
 * Context: Process context; takes kvm->slots_lock.
 * Return: 0; -EFAULT; -EINVAL: flags are not 0, @kvm does not have the attributes, or the range
 *	   is empty, not aligned to pages or wraps; -ENOMEM: nothing was changed.
 */
int kvm_vm_ioctl_set_memory_attributes(struct kvm *kvm, void __user *argp)
{
	struct kvm_memory_attributes attrs;
	int r;

	if (copy_from_user(&attrs, argp, sizeof(attrs)))
		return -EFAULT;
	if (attrs.flags || attrs.attributes & ~kvm_supported_memory_attributes(kvm))
		return -EINVAL;
	if (!attrs.size || attrs.address + attrs.size < attrs.address)
		return -EINVAL;
	if (!PAGE_ALIGNED(attrs.address) || !PAGE_ALIGNED(attrs.size))
		return -EINVAL;

	mutex_lock(&kvm->slots_lock);
	r = change_attributes(kvm, attrs.address >> PAGE_SHIFT,
			      (attrs.address + attrs.size) >> PAGE_SHIFT, attrs.attributes);
	mutex_unlock(&kvm->slots_lock);
	return r;
}
