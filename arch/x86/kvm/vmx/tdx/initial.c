// SPDX-License-Identifier: GPL-2.0-only
/*
 * The initial contents of a TD's private memory, and the end of its measurement.
 */
#include <linux/kvm_host.h>
#include <linux/kvm_private_mem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../../mmu.h"
#include "pages.h"
#include "sept.h"
#include "tdx.h"

/* User pages that are referenced at a time */
#define MAX_SOURCES	32

static bool is_valid_region(struct kvm *kvm, const struct kvm_tdx_init_mem_region *region)
{
	u64 pages = region->nr_pages;
	gfn_t limit = kvm_gfn_shared_bits(kvm);
	gfn_t gfn = gpa_to_gfn(region->gpa);

	return region->source_addr && PAGE_ALIGNED(region->source_addr) &&
	       PAGE_ALIGNED(region->gpa) && pages && gfn < limit && pages <= limit - gfn;
}

static bool has_private_mem(struct kvm *kvm, gfn_t gfn)
{
	int idx = srcu_read_lock(&kvm->srcu);
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);
	bool has = slot && slot->flags & KVM_MEM_GUEST_MEMFD;

	srcu_read_unlock(&kvm->srcu, idx);
	return has;
}

/* Returns the number of pages, at least one, or a negative errno. */
static int get_sources(struct kvm *kvm, const struct kvm_tdx_init_mem_region *region,
		       struct page **sources)
{
	int nr = min_t(u64, region->nr_pages, MAX_SOURCES);

	/* A range that has no private memory takes precedence over a source that is none. */
	if (!has_private_mem(kvm, gpa_to_gfn(region->gpa)))
		return -EINVAL;

	/* The pages before one that user space does not have are added. */
	if (!access_ok(u64_to_user_ptr(region->source_addr), PAGE_SIZE))
		return -EFAULT;
	nr = get_user_pages_unlocked(region->source_addr, nr, sources, FOLL_HWPOISON);
	return nr ?: -EFAULT;
}

static int add_from(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn,
		    struct page *source, bool measure)
{
	unsigned long mmu_seq = kvm->mmu_invalidate_seq;
	kvm_pfn_t pfn;
	int ret;

	if (!kvm_mem_is_private(kvm, gfn))
		return -EINVAL;
	/* It was poisoned since it was looked up: the module would take a machine check. */
	if (PageHWPoison(source))
		return -EHWPOISON;

	/* Pairs with kvm_mmu_invalidate_end(): a page that is looked up later is not stale. */
	smp_rmb();
	ret = kvm_gmem_get_pfn(kvm, slot, gfn, &pfn);
	if (ret == -EAGAIN)
		kvm_gmem_wait(kvm_gmem_get(slot));
	if (ret)
		return ret;
	ret = tdx_add_private(kvm, gfn, pfn, source, measure, mmu_seq);
	put_page(pfn_to_page(pfn));
	/* The thread that changes its memory may need this CPU. */
	if (ret == -EAGAIN)
		schedule_timeout_interruptible(1);
	return ret;
}

static int try_add(struct kvm *kvm, gfn_t gfn, struct page *source, bool measure)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);

	if (!slot || !(slot->flags & KVM_MEM_GUEST_MEMFD))
		return -EINVAL;
	return add_from(kvm, slot, gfn, source, measure);
}

static int add_page(struct kvm *kvm, gfn_t gfn, struct page *source, bool measure)
{
	int ret;

	do {
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = try_add(kvm, gfn, source, measure);
	} while (ret == -EAGAIN);
	return ret;
}

/* With all locks of the VM. */
static int add_sources(struct kvm *kvm, struct kvm_tdx_init_mem_region *region,
		       struct page **sources, int nr, bool measure)
{
	int i, ret;

	if (to_kvm_tdx(kvm)->state != KVM_TDX_INIT)
		return -EINVAL;

	for (i = 0; i < nr; i++) {
		ret = add_page(kvm, gpa_to_gfn(region->gpa), sources[i], measure);
		if (ret)
			return ret;
		region->source_addr += PAGE_SIZE;
		region->gpa += PAGE_SIZE;
		region->nr_pages--;
	}
	return 0;
}

static int add_region(struct kvm *kvm, struct kvm_tdx_init_mem_region *region, bool measure)
{
	struct page *sources[MAX_SOURCES];
	int i, nr, ret = 0;

	while (!ret && region->nr_pages) {
		/* Without locks, as it may take as long as user space wants. */
		nr = get_sources(kvm, region, sources);
		if (nr < 0)
			return nr;
		ret = tdx_lock_vm(kvm);
		if (!ret) {
			ret = add_sources(kvm, region, sources, nr, measure);
			tdx_unlock_vm(kvm);
		}
		for (i = 0; i < nr; i++)
			put_page(sources[i]);
	}
	return ret;
}

/**
 * tdx_init_mem_region - KVM_TDX_INIT_MEM_REGION
 * @vcpu: a vCPU of a TD in the state INIT
 * @cmd: its data is a struct kvm_tdx_init_mem_region, which gets what is left of the region
 *
 * Other commands may be executed between its pages.
 *
 * Context: Process context, no locks.
 * Return: 0, -EINVAL, -EFAULT, -EINTR: a signal is pending, the region was advanced;
 *	   -EHWPOISON: a page of the source or of the guest_memfd; -ENOMEM, or -EIO: a page was
 *	   added before, or the VM is dead.
 */
int tdx_init_mem_region(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx_init_mem_region __user *uregion = u64_to_user_ptr(cmd->data);
	struct kvm_tdx_init_mem_region region;
	int ret;

	if (!READ_ONCE(to_tdx(vcpu)->initialized) || cmd->flags & ~KVM_TDX_MEASURE_MEMORY_REGION)
		return -EINVAL;
	if (copy_from_user(&region, uregion, sizeof(region)))
		return -EFAULT;
	if (!is_valid_region(vcpu->kvm, &region))
		return -EINVAL;

	ret = add_region(vcpu->kvm, &region, cmd->flags & KVM_TDX_MEASURE_MEMORY_REGION);
	if (copy_to_user(uregion, &region, sizeof(region)))
		return -EFAULT;
	return ret;
}

/* With all locks of the VM. */
static int finalize(struct kvm *kvm, u64 *hw_error)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(kvm);
	u64 status;

	if (kvm_tdx->state != KVM_TDX_INIT)
		return -EINVAL;

	down_write(&kvm_tdx->sept_lock);
	status = tdh_mr_finalize(&kvm_tdx->td);
	if (!tdx_status_failed(status))
		WRITE_ONCE(kvm_tdx->state, KVM_TDX_RUNNABLE);
	up_write(&kvm_tdx->sept_lock);

	if (tdx_status_failed(status)) {
		*hw_error = status;
		return tdx_status_code(status) == TDX_OPERAND_BUSY ? -EBUSY :
		       tdx_kill_vm(kvm, "TDH.MR.FINALIZE", status);
	}

	/* Pages that are mapped from now on are not measured. */
	smp_store_release(&kvm->arch.no_pre_fault, false);
	return 0;
}

/**
 * tdx_finalize_vm - KVM_TDX_FINALIZE_VM
 * @kvm: a TD
 * @cmd: its hw_error is set to the status if the SEAMCALL failed
 *
 * Context: Process context, no locks.
 * Return: 0, -EINVAL, -EBUSY: it can be repeated; -EINTR: a fatal signal is pending; or -EIO,
 *	   and then the VM is dead.
 */
int tdx_finalize_vm(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
{
	int ret;

	ret = tdx_lock_vm(kvm);
	if (ret)
		return ret;
	ret = finalize(kvm, &cmd->hw_error);
	tdx_unlock_vm(kvm);
	return ret;
}
