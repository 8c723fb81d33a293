// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shared half of a TD's memory, which is mapped by KVM's TDP MMU.
 */
#include <linux/kvm_host.h>

#include <asm/mtrr.h>
#include <asm/vmx.h>

#include "../../mmu.h"
#include "pages.h"
#include "tdx.h"

/**
 * tdx_init_shared - let the TDP MMU map the shared half
 * @kvm: a TD whose gpaw_bits is set; it has no vCPUs
 *
 * Context: With all locks of the VM.
 * Return: 0, or -EINVAL: a memory slot reaches the shared half.
 */
int tdx_init_shared(struct kvm *kvm)
{
	unsigned int bits = to_kvm_tdx(kvm)->gpaw_bits;

	/* The tables of the two halves have the same level, see fill_width(). */
	return kvm_mmu_init_shared(kvm, bits, bits == 52 ? PT64_ROOT_5LEVEL : PT64_ROOT_4LEVEL);
}

/* The caller invalidates cached translations. */
void tdx_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root_hpa)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	/* The module does not know the vCPU yet.  It gets the root before it runs. */
	if (!tdx->initialized) {
		kvm_make_request(KVM_REQ_LOAD_MMU_PGD, vcpu);
		return;
	}

	tdx_check_vp_wr(vcpu, tdh_vp_wr(&tdx->vp, TDX_MD_VMCS_64(TDX_VMCS_SHARED_EPTP), root_hpa,
					~0ULL));
}

/* The guest's PAT is used.  Its MTRRs and CR0.CD are not emulated. */
u8 tdx_get_mt_mask(bool is_mmio)
{
	return (is_mmio ? MTRR_TYPE_UNCACHABLE : MTRR_TYPE_WRBACK) << VMX_EPT_MT_EPTE_SHIFT;
}
