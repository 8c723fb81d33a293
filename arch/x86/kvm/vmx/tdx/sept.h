/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private memory of a TD.
 */
#ifndef __KVM_X86_VMX_TDX_SEPT_H
#define __KVM_X86_VMX_TDX_SEPT_H

#include <linux/kvm_types.h>

struct kvm_tdx;
struct page;

/* A page of the secure EPT has 512 entries. */
#define TDX_SEPT_INDEX_BITS	9

/* GFNs that an entry of a level maps, as a shift.  Level 0 has pages of 4 KB. */
static inline unsigned int tdx_sept_shift(unsigned int level)
{
	return level * TDX_SEPT_INDEX_BITS;
}

void tdx_init_sept(struct kvm_tdx *kvm_tdx);
void tdx_free_sept(struct kvm *kvm);

int tdx_map_private(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, unsigned long mmu_seq);
int tdx_add_private(struct kvm *kvm, gfn_t gfn, kvm_pfn_t pfn, struct page *source,
		    bool measure, unsigned long mmu_seq);
void tdx_zap_private(struct kvm *kvm, gfn_t start, gfn_t end);

#endif /* __KVM_X86_VMX_TDX_SEPT_H */
