// SPDX-License-Identifier: GPL-2.0-only
/*
 * The initial contents of a TD's private memory, and the end of its measurement.
 */
#include <linux/kvm_host.h>
#include <linux/kvm_private_mem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "../../mmu.h"
#include "pages.h"
#include "sept.h"
#include "tdx.h"

static bool is_valid_region(struct kvm *kvm, const struct kvm_tdx_init_mem_region *region)
{
	u64 pages = region->nr_pages;
	gfn_t limit = kvm_gfn_shared_bits(kvm);
	gfn_t gfn = gpa_to_gfn(region->gpa);

	return region->source_addr && PAGE_ALIGNED(region->source_addr) &&
	       PAGE_ALIGNED(region->gpa) && pages && gfn < limit && pages <= limit - gfn;
}

static int get_source(u64 address, struct page **page)
{
	int ret = get_user_pages_fast(address, 1, 0, page);

	/* No page and no error: the last page of the address space */
	if (!ret)
		return -EFAULT;
	return min(ret, 0);
}

static int add_from(struct kvm *kvm, struct kvm_memory_slot *slot, gfn_t gfn,
		    struct page *source, bool measure)
{
	unsigned long mmu_seq = kvm->mmu_invalidate_seq;
	kvm_pfn_t pfn;
	int ret;

	if (!kvm_mem_is_private(kvm, gfn))
		return -EINVAL;

	/* Pairs with kvm_mmu_invalidate_end(): a page that is looked up later is not stale. */
	smp_rmb();
	ret = kvm_gmem_get_pfn(kvm, slot, gfn, &pfn);
	if (ret)
		return ret;
	ret = tdx_add_private(kvm, gfn, pfn, source, measure, mmu_seq);
	put_page(pfn_to_page(pfn));
	return ret;
}

static int try_add(struct kvm *kvm, gfn_t gfn, u64 source_addr, bool measure)
{
	struct kvm_memory_slot *slot = gfn_to_memslot(kvm, gfn);
	struct page *source;
	int ret;

	if (!slot || !(slot->flags & KVM_MEM_GUEST_MEMFD))
		return -EINVAL;
	ret = get_source(source_addr, &source);
	if (ret)
		return ret;
	ret = add_from(kvm, slot, gfn, source, measure);
	put_page(source);
	return ret;
}

static int add_page(struct kvm *kvm, gfn_t gfn, u64 source_addr, bool measure)
{
	int ret;

	do {
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
		ret = try_add(kvm, gfn, source_addr, measure);
	} while (ret == -EAGAIN);
	return ret;
}

static int add_region(struct kvm *kvm, struct kvm_tdx_init_mem_region *region, bool measure)
{
	int ret = 0;

	while (region->nr_pages) {
		ret = add_page(kvm, gpa_to_gfn(region->gpa), region->source_addr, measure);
		if (ret)
			break;
		region->source_addr += PAGE_SIZE;
		region->gpa += PAGE_SIZE;
		region->nr_pages--;
	}
	return ret;
}

/**
 * tdx_init_mem_region - KVM_TDX_INIT_MEM_REGION
 * @vcpu: a vCPU of a TD in the state INIT
 * @cmd: its data is a struct kvm_tdx_init_mem_region, which gets what is left of the region
 *
 * Context: With all locks of the VM.
 * Return: 0, -EINVAL, -EFAULT, -EINTR: a signal is pending, the region was advanced;
 *	   -EHWPOISON, -ENOMEM, or -EIO: a page was added before, or the VM is dead.
 */
int tdx_init_mem_region(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd)
{
	struct kvm_tdx_init_mem_region __user *uregion = u64_to_user_ptr(cmd->data);
	struct kvm_tdx_init_mem_region region;
	int ret;

	if (!to_tdx(vcpu)->initialized || cmd->flags & ~KVM_TDX_MEASURE_MEMORY_REGION)
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

/**
 * tdx_finalize_vm - KVM_TDX_FINALIZE_VM
 * @kvm: a TD
 * @cmd: its hw_error is set to the status if the SEAMCALL failed
 *
 * Context: With all locks of the VM.
 * Return: 0, -EINVAL, -EBUSY: it can be repeated; or -EIO, and then the VM is dead.
 */
int tdx_finalize_vm(struct kvm *kvm, struct kvm_tdx_cmd *cmd)
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
		cmd->hw_error = status;
		return tdx_status_code(status) == TDX_OPERAND_BUSY ? -EBUSY :
		       tdx_kill_vm(kvm, "TDH.MR.FINALIZE", status);
	}

	/* Pages that are mapped from now on are not measured. */
	smp_store_release(&kvm->arch.no_pre_fault, false);
	return 0;
}
