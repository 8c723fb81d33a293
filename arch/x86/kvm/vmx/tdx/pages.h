/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control pages of a TD or a vCPU, and permanent failures of SEAMCALLs.
 */
#ifndef __KVM_X86_VMX_TDX_PAGES_H
#define __KVM_X86_VMX_TDX_PAGES_H

#include <asm/tdx_td.h>

struct kvm;
struct kvm_tdx;
struct kvm_vcpu;

int tdx_alloc_pages(struct tdx_td *td, struct page **pages, unsigned int nr);
void tdx_free_pages(struct tdx_td *td, struct page **pages, unsigned int nr);
void tdx_reclaim_pages(struct kvm_tdx *kvm_tdx, struct page **pages, unsigned int nr);
int tdx_kill_vm(struct kvm *kvm, const char *leaf, u64 status);
void tdx_check_vp_wr(struct kvm_vcpu *vcpu, u64 status);

#endif /* __KVM_X86_VMX_TDX_PAGES_H */
