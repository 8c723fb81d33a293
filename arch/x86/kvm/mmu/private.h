/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private memory that is mapped by the vendor module.
 */
#ifndef __KVM_X86_MMU_PRIVATE_H
#define __KVM_X86_MMU_PRIVATE_H

#include <linux/kvm_types.h>

struct kvm_vcpu;

bool kvm_mmu_is_stale(struct kvm *kvm, unsigned long hva, unsigned long mmu_seq);
void kvm_mmu_before_retry(struct kvm_vcpu *vcpu, gpa_t gpa);
int kvm_mmu_do_private_fault(struct kvm_vcpu *vcpu, gpa_t gpa, bool prefetch);
int kvm_mmu_private_fault(struct kvm_vcpu *vcpu, gpa_t gpa);
bool kvm_mmu_map_private_ahead(struct kvm_vcpu *vcpu, gfn_t gfn);

#endif /* __KVM_X86_MMU_PRIVATE_H */
