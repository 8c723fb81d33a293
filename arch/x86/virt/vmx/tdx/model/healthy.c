// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: MSRs and CPUID of a platform that passes all checks.
 */
#include "cpuid_entries.h"
#include "platform.h"

/**
 * tdx_model_healthy_msr - an MSR of a platform that passes all checks
 * @config: the configuration that it is derived from
 * @msr:    its number
 * @value:  its value, if there is one
 *
 * For platform operations without hardware.
 *
 * Context: Any.
 * Return: False if no check needs that MSR.
 */
bool tdx_model_healthy_msr(const struct tdx_model_config *config, u32 msr, u64 *value)
{
	u64 nr_mktme_keyids = config->first_private_keyid - 1;

	switch (msr) {
	case MSR_TSC_ADJUST:
	case MSR_INTR_PENDING:
	case MSR_MISC_ENABLES:
		*value = 0;
		return true;
	case MSR_WBINVDP:
	case MSR_WBNOINVDP:
		*value = 4;
		return true;
	case MSR_KEYID_PARTITIONING:
		*value = nr_mktme_keyids | (u64)config->nr_private_keyids << 32;
		return true;
	case MSR_MISC_PACKAGE_CTLS:
	case MSR_XAPIC_DISABLE_STATUS:
		*value = 1;
		return true;
	case MSR_MTRR_CAP:
		*value = BIT_ULL(15) | BIT_ULL(14) | BIT_ULL(11);
		return true;
	case MSR_ARCH_CAPABILITIES:
		*value = ARCH_CAPABILITIES_REQUIRED | BIT_ULL(7);	/* TSX_CTRL */
		return true;
	case MSR_SMRR_BASE:
		/* The lowest megabyte is never convertible. */
		*value = 0xa0006;
		return true;
	case MSR_SMRR_MASK:
		*value = 0xfffe0000ULL | SMRR_LOCKED | SMRR_VALID;
		return true;
	case MSR_VMX_BASIC:
		*value = VMX_BASIC_REQUIRED;
		return true;
	case MSR_VMX_PROCBASED_CTLS2:
		*value = ~0ULL << 32;
		return true;
	case MSR_VMX_EPT_VPID_CAP:
		*value = VMX_EPT_VPID_CAP_REQUIRED | BIT_ULL(7);	/* 5 levels */
		return true;
	case MSR_TME_ACTIVATE:
		*value = 3 | (u64)config->keyid_bits << 32;
		return true;
	case MSR_SEAMRR_BASE:
		*value = config->seamrr_base | BIT_ULL(3);
		return true;
	case MSR_SEAMRR_MASK:
		*value = ((BIT_ULL(PA_BITS) - 1) & ~(config->seamrr_size - 1)) |
			 BIT_ULL(11) | BIT_ULL(10);
		return true;
	default:
		return false;
	}
}

#define HEALTHY_FMS	0x806f8	/* family, model, stepping */

/* Components of extended state: with them, XFAM_FIXED0 of a real module is 0x61ae7 */
static const struct {
	u8 number;
	u32 bytes, offset, flags;
} xfeatures[] = {
	{ 2, 256, 576, 0 }, { 5, 64, 1088, 0 }, { 6, 512, 1152, 0 }, { 7, 1024, 1664, 0 },
	{ 9, 8, 2688, 0 }, { 11, 16, 0, 1 }, { 12, 24, 0, 1 }, { 17, 64, 2752, 2 },
	{ 18, 8192, 2816, 6 },
};

static void healthy_xsave(u32 subleaf, u32 regs[4])
{
	unsigned int i;

	if (subleaf == 0) {
		regs[0] = 0x602e7;
		regs[1] = 11008;
		regs[2] = 11008;
	}
	if (subleaf == 1) {
		regs[0] = 0x1f;
		regs[2] = 0x1800;
	}
	for (i = 0; i < ARRAY_SIZE(xfeatures); i++) {
		if (subleaf != xfeatures[i].number)
			continue;
		regs[0] = xfeatures[i].bytes;
		regs[1] = xfeatures[i].offset;
		regs[2] = xfeatures[i].flags;
	}
}

/* All features that a TD can be configured with */
static void add_allowed_bits(u32 leaf, u32 subleaf, u32 regs[4])
{
	const struct tdx_model_cpuid_leaf *entry = tdx_model_cpuid_leaves;
	unsigned int i, r;

	for (i = 0; i < TDX_MODEL_NR_CPUID; i++, entry++) {
		if (leaf != entry->leaf ||
		    (entry->subleaf != TDX_MODEL_NO_SUBLEAF && subleaf != entry->subleaf))
			continue;
		for (r = 0; r < 4; r++)
			regs[r] |= tdx_model_cpuid_masks[i].allowed[r];
	}
}

/**
 * tdx_model_healthy_cpuid - CPUID of a platform that passes all checks
 * @config:  the configuration that it is derived from
 * @lp:      the logical processor
 * @leaf:    EAX
 * @subleaf: ECX
 * @regs:    EAX, EBX, ECX, EDX
 *
 * For platform operations without hardware.
 *
 * Context: Any.
 */
void tdx_model_healthy_cpuid(const struct tdx_model_config *config, unsigned int lp,
			     u32 leaf, u32 subleaf, u32 regs[4])
{
	static const u32 intel[] = { 0x23, 0x756e6547, 0x6c65746e, 0x49656e69 };
	unsigned int i;

	memset(regs, 0, 4 * sizeof(*regs));
	if (leaf == 0)
		memcpy(regs, intel, sizeof(intel));
	if (leaf == 4 && subleaf == 3)
		regs[0] = 3 | 3 << 5 | 0xfff << 14;	/* an L3 for all */
	if (leaf == 1)
		regs[0] = HEALTHY_FMS;
	if (leaf == 0xd)
		healthy_xsave(subleaf, regs);
	if (leaf == 0x15) {	/* 2 GHz */
		regs[0] = 1;
		regs[1] = 80;
		regs[2] = 25000000;
	}
	if (leaf == 0x1f && subleaf < 2) {
		regs[0] = subleaf ? 6 : 0;
		regs[1] = 1;
		regs[2] = subleaf | (subleaf + 1) << 8;	/* threads, then cores */
	}
	if (leaf == 0x80000000)
		regs[0] = 0x80000008;
	if (leaf == 0x80000008)
		regs[0] = 48 << 8;
	add_allowed_bits(leaf, subleaf, regs);
	for (i = 0; i < ARRAY_SIZE(tdx_model_cpuid_checks); i++)
		if (leaf == tdx_model_cpuid_checks[i].leaf && subleaf == tdx_model_cpuid_checks[i].subleaf)
			regs[tdx_model_cpuid_checks[i].reg] |= tdx_model_cpuid_checks[i].value;
}
