// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSRs that KVM emulates for a TD: the guest accesses them by TDVMCALL.  All others
 * are virtualized by the module, or do not exist.
 */
#include <linux/kvm_host.h>

#include <asm/apicdef.h>
#include <asm/kvm_para.h>
#include <asm/msr-index.h>

#include "../../x86.h"
#include "tdx.h"

/* As in x86.c. */
#define MAX_MCE_BANKS		32

/* TPR, EOI, ISR, TMR, IRR and SELF_IPI are virtualized by the CPU. */
static bool is_x2apic_msr(u32 index)
{
	switch (index) {
	case X2APIC_MSR(APIC_ID):
	case X2APIC_MSR(APIC_LVR):
	case X2APIC_MSR(APIC_LDR):
	case X2APIC_MSR(APIC_SPIV):
	case X2APIC_MSR(APIC_ESR):
	case X2APIC_MSR(APIC_ICR):
	case X2APIC_MSR(APIC_LVTCMCI):
	case X2APIC_MSR(APIC_LVTT):
	case X2APIC_MSR(APIC_LVTTHMR):
	case X2APIC_MSR(APIC_LVTPC):
	case X2APIC_MSR(APIC_LVT0):
	case X2APIC_MSR(APIC_LVT1):
	case X2APIC_MSR(APIC_LVTERR):
	case X2APIC_MSR(APIC_TMICT):
	case X2APIC_MSR(APIC_TMCCT):
	case X2APIC_MSR(APIC_TDCR):
		return true;
	default:
		return false;
	}
}

static bool is_machine_check_msr(u32 index)
{
	switch (index) {
	case MSR_IA32_MCG_CAP:
	case MSR_IA32_MCG_STATUS:
	case MSR_IA32_MCG_CTL:
	case MSR_IA32_MCG_EXT_CTL:
	case MSR_IA32_MC0_CTL ... MSR_IA32_MCx_CTL(MAX_MCE_BANKS) - 1:
	case MSR_IA32_MC0_CTL2 ... MSR_IA32_MCx_CTL2(MAX_MCE_BANKS) - 1:
		return true;
	default:
		return false;
	}
}

static bool is_mtrr_msr(u32 index)
{
	switch (index) {
	case MSR_MTRRcap:
	case MSR_MTRRdefType:
	case MTRRphysBase_MSR(0) ... MTRRphysMask_MSR(KVM_NR_VAR_MTRR - 1):
	case MSR_MTRRfix64K_00000:
	case MSR_MTRRfix16K_80000:
	case MSR_MTRRfix16K_A0000:
	case MSR_MTRRfix4K_C0000 ... MSR_MTRRfix4K_F8000:
		return true;
	default:
		return false;
	}
}

static bool is_read_only(u32 index)
{
	switch (index) {
	case MSR_IA32_APICBASE:
	case MSR_EFER:
	case MSR_IA32_FEAT_CTL:
		return true;
	default:
		return false;
	}
}

/* True also for MSRs that KVM does not emulate on this host or for this vCPU. */
bool tdx_has_emulated_msr(u32 index)
{
	switch (index) {
	case MSR_IA32_UCODE_REV:
	case MSR_IA32_ARCH_CAPABILITIES:
	case MSR_IA32_POWER_CTL:
	case MSR_PLATFORM_INFO:
	case MSR_MISC_FEATURES_ENABLES:
	case MSR_IA32_MISC_ENABLE:
	case MSR_IA32_CR_PAT:
	case MSR_IA32_TSC_DEADLINE:
	case MSR_KVM_POLL_CONTROL:
		return true;
	default:
		return is_x2apic_msr(index) || is_machine_check_msr(index) ||
		       is_mtrr_msr(index) || is_read_only(index);
	}
}

static bool has_lmce(struct kvm_vcpu *vcpu)
{
	return vcpu->arch.mcg_cap & MCG_LMCE_P;
}

int tdx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (!tdx_has_emulated_msr(msr->index))
		return 1;

	switch (msr->index) {
	case MSR_IA32_FEAT_CTL:
		msr->data = FEAT_CTL_LOCKED | (has_lmce(vcpu) ? FEAT_CTL_LMCE_ENABLED : 0);
		return 0;
	case MSR_IA32_MCG_EXT_CTL:
		msr->data = vcpu->arch.mcg_ext_ctl;
		return !has_lmce(vcpu);
	default:
		return kvm_get_msr_common(vcpu, msr);
	}
}

int tdx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr)
{
	if (!tdx_has_emulated_msr(msr->index) || is_read_only(msr->index))
		return 1;
	if (msr->index != MSR_IA32_MCG_EXT_CTL)
		return kvm_set_msr_common(vcpu, msr);

	if (!has_lmce(vcpu) || msr->data & ~MCG_EXT_CTL_LMCE_EN)
		return 1;
	vcpu->arch.mcg_ext_ctl = msr->data;
	return 0;
}
