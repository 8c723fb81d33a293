// SPDX-License-Identifier: GPL-2.0-only
/*
 * KVM_PRE_FAULT_MEMORY: map guest memory before the guest accesses it.
 */
#include <linux/kvm_private_mem.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../mmu.h"
#include "../x86.h"
#include "mmu_internal.h"
#include "private.h"
#include "shared.h"

/* Unlike a guest, user space has not said whether it expects private memory. */
static bool may_be_converted(struct kvm_vcpu *vcpu, gfn_t gfn, unsigned long mmu_seq)
{
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_memslot(vcpu, gfn);

	return slot && kvm_mmu_is_stale(vcpu->kvm, __gfn_to_hva_memslot(slot, gfn), mmu_seq);
}

static int map_once(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	unsigned long mmu_seq = READ_ONCE(vcpu->kvm->mmu_invalidate_seq);
	bool is_private;
	int r;

	/* Pairs with kvm_mmu_invalidate_end(): attributes looked up later are not stale. */
	smp_rmb();
	/* The guest accesses private memory as such. */
	is_private = vcpu->kvm->arch.has_private_mmu &&
		     kvm_mem_is_private(vcpu->kvm, gpa_to_gfn(gpa));

	/* As before entering the guest: roots may have become obsolete. */
	if (kvm_check_request(KVM_REQ_MMU_FREE_OBSOLETE_ROOTS, vcpu))
		kvm_mmu_free_obsolete_roots(vcpu);
	r = kvm_mmu_reload(vcpu);
	if (r)
		return r;
	/* Slots may reach beyond what this vCPU can address, and the tables would wrap. */
	if (gpa_to_gfn(gpa) >> (9 * vcpu->arch.mmu->root_role.level))
		return -EINVAL;
	r = is_private ? kvm_mmu_do_private_fault(vcpu, gpa, true) :
			 kvm_mmu_do_page_fault(vcpu, gpa, 0, true, NULL);
	if (r == -EFAULT && may_be_converted(vcpu, gpa_to_gfn(gpa), mmu_seq))
		return RET_PF_RETRY;
	return r;
}

static bool slot_is_going(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	struct kvm_memory_slot *slot = kvm_vcpu_gfn_to_memslot(vcpu, gpa_to_gfn(gpa));

	return slot && slot->flags & KVM_MEMSLOT_INVALID;
}

static int map_or_retry(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	for (;;) {
		int r;

		if (signal_pending(current))
			return -EINTR;
		/* Not consumed: KVM_RUN has to see it, too. */
		if (kvm_test_request(KVM_REQ_VM_DEAD, vcpu))
			return -EIO;
		if (slot_is_going(vcpu, gpa)) {
			/* User space will try again. */
			kvm_mmu_before_retry(vcpu, gpa);
			return -EAGAIN;
		}
		r = map_once(vcpu, gpa);
		if (r != RET_PF_RETRY)
			return r;
		kvm_mmu_before_retry(vcpu, gpa);
	}
}

static int map_page(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	int r = map_or_retry(vcpu, gpa);

	if ((r == -EFAULT || r == -EHWPOISON) && kvm_mem_is_private(vcpu->kvm, gpa_to_gfn(gpa)))
		kvm_prepare_memory_fault_exit(vcpu, gpa, PAGE_SIZE, true);
	if (r < 0)
		return r;
	switch (r) {
	case RET_PF_FIXED:
	case RET_PF_SPURIOUS:
		return 0;
	case RET_PF_EMULATE:
		return -ENOENT;
	default:
		WARN_ONCE(1, "fault of a vCPU that does not run: %d\n", r);
		return -EIO;
	}
}

static int pre_fault(struct kvm_vcpu *vcpu, struct kvm_pre_fault_memory *range)
{
	int r;

	/* Shadow page tables are those of the guest's address spaces. */
	if (vcpu->arch.mmu->page_fault != kvm_tdp_page_fault)
		return -EOPNOTSUPP;
	/* Pairs with smp_store_release() where pre-faulting becomes possible. */
	if (smp_load_acquire(&vcpu->kvm->arch.no_pre_fault))
		return -EOPNOTSUPP;

	do {
		/* User space uses addresses as in memory slots. */
		if (kvm_gpa_is_shared(vcpu->kvm, range->gpa)) {
			r = -EINVAL;
			break;
		}
		kvm_vcpu_srcu_read_lock(vcpu);
		r = map_page(vcpu, range->gpa);
		kvm_vcpu_srcu_read_unlock(vcpu);
		cond_resched();
		if (r)
			break;
		range->gpa += PAGE_SIZE;
		range->size -= PAGE_SIZE;
	} while (range->size);
	return r;
}

/**
 * kvm_vcpu_ioctl_pre_fault_memory - KVM_PRE_FAULT_MEMORY
 * @vcpu: a vCPU that is loaded and does not run
 * @argp: struct kvm_pre_fault_memory of user space; gets the range that is left
 *
 * Context: Process context, with vcpu->mutex held.
 * Return: 0 if a page was mapped; -EFAULT: @argp, or private memory without a guest_memfd, which
 *	   kvm_run tells; -EINVAL: flags, or the range is empty, not aligned to pages or wraps,
 *	   or has the shared bit; -EOPNOTSUPP: the MMU mode, or a TD that is not finalized;
 *	   -ENOENT: no memory slot; -EAGAIN: the slot is being deleted; -EINTR; -EIO: the VM is
 *	   dead; -EHWPOISON, -ENOMEM.
 */
int kvm_vcpu_ioctl_pre_fault_memory(struct kvm_vcpu *vcpu, void __user *argp)
{
	struct kvm_pre_fault_memory range;
	u64 size;
	int r;

	if (copy_from_user(&range, argp, sizeof(range)))
		return -EFAULT;
	if (range.flags)
		return -EINVAL;
	if (!PAGE_ALIGNED(range.gpa) || !PAGE_ALIGNED(range.size))
		return -EINVAL;
	if (!range.size || range.gpa + range.size <= range.gpa)
		return -EINVAL;

	size = range.size;
	r = pre_fault(vcpu, &range);
	if (copy_to_user(argp, &range, sizeof(range)))
		return -EFAULT;
	return range.size < size ? 0 : r;
}
