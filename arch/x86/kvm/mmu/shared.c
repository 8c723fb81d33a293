// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs of which the TDP MMU maps only the shared half of the guest physical address space.
 */
#include <linux/kvm_host.h>
#include <linux/rculist.h>

#include "../mmu.h"
#include "mmu_internal.h"
#include "spte.h"
#include "tdp_iter.h"

static bool has_slot_above(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_memslot_iter iter;
	int as_id;

	for (as_id = 0; as_id < KVM_ADDRESS_SPACE_NUM; as_id++) {
		kvm_memslot_iter_start(&iter, __kvm_memslots(kvm, as_id), gfn);
		if (kvm_memslot_iter_is_valid(&iter, ~0ULL))
			return true;
	}
	return false;
}

/**
 * kvm_mmu_init_shared - let the TDP MMU map only the shared half of guest memory
 * @kvm: a VM without vCPUs, whose TDP MMU is enabled and uses EPT
 * @gpa_bits: width of guest physical addresses; the uppermost bit is the shared bit
 * @root_level: level of the tables' root, 4 or 5
 *
 * Context: Process context, with kvm->lock and kvm->slots_lock held.
 * Return: 0; or -EINVAL: a memory slot reaches the shared bit, and nothing was changed.
 */
int kvm_mmu_init_shared(struct kvm *kvm, unsigned int gpa_bits, u8 root_level)
{
	gfn_t bit = gpa_to_gfn(BIT_ULL(gpa_bits - 1));

	lockdep_assert_held(&kvm->slots_lock);
	if (has_slot_above(kvm, bit))
		return -EINVAL;

	kvm->arch.shared_gfn_bit = bit;
	kvm->arch.shared_root_level = root_level;
	kvm->arch.suppress_ve_mask = EPT_SPTE_SUPPRESS_VE;
	return 0;
}
EXPORT_SYMBOL_GPL(kvm_mmu_init_shared);

static int level_in_root(struct kvm_mmu_page *root, gfn_t gfn)
{
	struct tdp_iter iter;

	for_each_tdp_pte(iter, root, gfn, gfn + 1) {
		if (is_shadow_present_pte(iter.old_spte) &&
		    is_last_spte(iter.old_spte, iter.level))
			return iter.level;
	}
	return PG_LEVEL_NONE;
}

/**
 * kvm_mmu_shared_level - ask how the TDP MMU maps a GFN, without changing anything
 * @kvm: a VM whose TDP MMU is enabled
 * @gfn: a GFN without the shared bit
 *
 * A page that is mapped may still cause a fault, which makes it accessible again, if its
 * accesses or writes are tracked.
 *
 * Context: Any that may take rcu_read_lock().  Without kvm->mmu_lock the answer may be stale.
 * Return: level of the mapping, or PG_LEVEL_NONE.
 */
int kvm_mmu_shared_level(struct kvm *kvm, gfn_t gfn)
{
	struct kvm_mmu_page *root;
	int level = PG_LEVEL_NONE;

	rcu_read_lock();
	list_for_each_entry_rcu(root, &kvm->arch.tdp_mmu_roots, link) {
		if (!root->role.invalid)
			level = max(level, level_in_root(root, gfn));
	}
	rcu_read_unlock();
	return level;
}
EXPORT_SYMBOL_GPL(kvm_mmu_shared_level);
