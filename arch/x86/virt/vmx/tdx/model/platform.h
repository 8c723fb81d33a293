/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checks of the platform by the software TDX module: MSRs, and the tables that
 * a healthy platform is derived from.
 */
#ifndef _X86_VIRT_TDX_MODEL_PLATFORM_H
#define _X86_VIRT_TDX_MODEL_PLATFORM_H

#include "internal.h"

#define MSR_TSC				0x10
#define MSR_TSC_ADJUST			0x3b
#define MSR_KEYID_PARTITIONING		0x87
#define MSR_WBINVDP			0x98
#define MSR_WBNOINVDP			0x99
#define MSR_INTR_PENDING		0x9a
#define MSR_MISC_PACKAGE_CTLS		0xbc
#define MSR_XAPIC_DISABLE_STATUS	0xbd
#define MSR_MTRR_CAP			0xfe
#define MSR_ARCH_CAPABILITIES		0x10a
#define MSR_MISC_ENABLES		0x1a0
#define MSR_SMRR_BASE			0x1f2
#define MSR_SMRR_MASK			0x1f3
#define MSR_VMX_BASIC			0x480
#define MSR_VMX_CR4_FIXED1		0x489
#define MSR_VMX_PROCBASED_CTLS2		0x48b
#define MSR_VMX_EPT_VPID_CAP		0x48c
#define MSR_TME_ACTIVATE		0x982
#define MSR_SEAMRR_BASE			0x1400
#define MSR_SEAMRR_MASK			0x1401

#define SMRR_LOCKED			BIT_ULL(10)
#define SMRR_VALID			BIT_ULL(11)
#define SMRR_ADDRESS			0xfffff000ULL
#define ARCH_CAPABILITIES_REQUIRED	0x20fd6bULL	/* bits 0 1 3 5 6 8 10-15 21 */

/* VMX features that the module uses: all of these bits have to be set. */
#define VMX_BASIC_REQUIRED		BIT_ULL(55)	/* "true" controls */
#define VMX_EPT_VPID_CAP_REQUIRED	(BIT_ULL(6) | BIT_ULL(14))	/* 4 levels, write-back */

/* A CPUID value that is checked, under @mask. */
struct tdx_model_cpuid_check {
	u32 leaf, subleaf;
	unsigned int reg;	/* 0 EAX .. 3 EDX */
	u32 mask, value;
};

#define TDX_MODEL_NR_CPUID_CHECKS	6

extern const struct tdx_model_cpuid_check tdx_model_cpuid_checks[TDX_MODEL_NR_CPUID_CHECKS];

void tdx_model_record_msrs(struct tdx_model *m);
u64 tdx_model_native_arch_capabilities(const struct tdx_model *m);
u64 tdx_model_check_cpuid_limit(struct tdx_model *m);
u64 tdx_model_check_platform(struct tdx_model *m, struct tdx_regs *regs);
u64 tdx_model_check_cpuid(struct tdx_model *m, struct tdx_regs *regs);

#endif /* _X86_VIRT_TDX_MODEL_PLATFORM_H */
