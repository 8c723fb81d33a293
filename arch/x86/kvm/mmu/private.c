// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults on private memory, which is in a guest_memfd.
 */
#include <linux/kvm_private_mem.h>

#include "../mmu.h"
#include "mmu_internal.h"

/**
 * kvm_mmu_faultin_private - get the page for a fault on private memory
 * @vcpu: the vCPU that faulted
 * @fault: its fault, on a GFN that is private; gets the page
 *
 * User space learns from kvm_run which memory could not be accessed.
 *
 * Context: After fault->mmu_seq was read, with kvm->srcu held.
 * Return: RET_PF_CONTINUE; or a negative errno, with which KVM_RUN has to fail: -EFAULT: there is
 *	   no slot, or no guest_memfd behind it; -EHWPOISON, -ENOMEM.
 */
int kvm_mmu_faultin_private(struct kvm_vcpu *vcpu, struct kvm_page_fault *fault)
{
	int r = -EFAULT;

	if (fault->slot)
		r = kvm_gmem_get_pfn(vcpu->kvm, fault->slot, fault->gfn, &fault->pfn);
	if (r) {
		kvm_prepare_memory_fault_exit(vcpu, gfn_to_gpa(fault->gfn), PAGE_SIZE, true);
		return r;
	}
	/*
	 * Changes of private memory invalidate all HVAs.  MMU notifiers of the shared copy have to
	 * make this fault retry, too: change_pte() maps a page of the shared copy where it finds
	 * one mapped, and relies on the beginning of the invalidation to have zapped all.
	 */
	fault->hva = __gfn_to_hva_memslot(fault->slot, fault->gfn);
	fault->map_writable = true;
	fault->max_level = PG_LEVEL_4K;
	return RET_PF_CONTINUE;
}

/**
 * kvm_mmu_max_shared_level - limit the size of a mapping to memory that is shared as a whole
 * @kvm: a VM that has private memory
 * @gfn: a GFN
 * @max_level: the largest level that is possible otherwise
 *
 * A larger mapping would give the guest shared memory where memory is private.
 *
 * Context: Any; see kvm_range_has_memory_attributes().
 * Return: the largest level up to @max_level; PG_LEVEL_4K if @gfn is private.
 */
int kvm_mmu_max_shared_level(struct kvm *kvm, gfn_t gfn, int max_level)
{
	for (; max_level > PG_LEVEL_4K; max_level--) {
		gfn_t pages = KVM_PAGES_PER_HPAGE(max_level);
		gfn_t first = round_down(gfn, pages);

		if (kvm_range_has_memory_attributes(kvm, first, first + pages, 0))
			break;
	}
	return max_level;
}
