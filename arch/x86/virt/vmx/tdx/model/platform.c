// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: its checks of the platform.
 *
 * TDX Module Base Architecture Specification, "Platform Configuration Checks".
 */
#include "platform.h"

/* MSRs that are checked: the bits under @mask have to be @value. */
static const struct {
	u32 msr;
	u64 mask, value;
	u64 status;
} msr_checks[] = {
	{ MSR_MTRR_CAP, BIT_ULL(11), BIT_ULL(11), TDX_SMRR_NOT_SUPPORTED },
	{ MSR_MTRR_CAP, BIT_ULL(14), BIT_ULL(14), TDX_SMRR_LOCK_NOT_SUPPORTED },
	{ MSR_SMRR_MASK, SMRR_LOCKED, SMRR_LOCKED, TDX_SMRR_NOT_LOCKED },
	{ MSR_SMRR_MASK, SMRR_VALID, SMRR_VALID, TDX_INVALID_SMRR_CONFIGURATION },
	{ MSR_MISC_ENABLES, BIT_ULL(22), 0, TDX_LIMIT_CPUID_MAXVAL_SET },
	{ MSR_ARCH_CAPABILITIES, ARCH_CAPABILITIES_REQUIRED | BIT_ULL(2),
	  ARCH_CAPABILITIES_REQUIRED, TDX_INCORRECT_MSR_VALUE | MSR_ARCH_CAPABILITIES },
	{ MSR_MISC_PACKAGE_CTLS, BIT_ULL(0), BIT_ULL(0),
	  TDX_INCORRECT_MSR_VALUE | MSR_MISC_PACKAGE_CTLS },
	{ MSR_XAPIC_DISABLE_STATUS, BIT_ULL(0), BIT_ULL(0),
	  TDX_INCORRECT_MSR_VALUE | MSR_XAPIC_DISABLE_STATUS },
};

static const struct {
	u32 msr;
	u64 bits;
} vmx_checks[] = {
	{ MSR_VMX_BASIC, VMX_BASIC_REQUIRED },
	{ MSR_VMX_EPT_VPID_CAP, VMX_EPT_VPID_CAP_REQUIRED },
};

const struct tdx_model_cpuid_check tdx_model_cpuid_checks[TDX_MODEL_NR_CPUID_CHECKS] = {
	{ 0x80000008, 0, 0, 0xff, PA_BITS },
	{ 0xa, 0, 0, 0xff, 5 },			/* performance monitoring, version 5 */
	{ 0x7, 0, 2, BIT(28), BIT(28) },	/* MOVDIR64B */
	{ 0x7, 0, 3, BIT(18), BIT(18) },	/* PCONFIG */
	{ 0x7, 0, 3, BIT(29), BIT(29) },	/* IA32_ARCH_CAPABILITIES */
	{ 0x7, 2, 3, 0x17, 0x17 },
};

/**
 * tdx_model_read_msr - read an MSR of the calling logical processor
 * @m:   the module
 * @msr: its number
 *
 * Context: On the logical processor that runs the leaf.
 * Return: Its value; if there is no such MSR 0, which fails the checks.
 */
u64 tdx_model_read_msr(struct tdx_model *m, u32 msr)
{
	u64 value = 0;

	return m->ops->rdmsr(m->ctx, msr, &value) ? value : 0;
}

/**
 * tdx_model_interrupt_is_pending - check for a pending event
 * @m: the module
 *
 * Context: On the logical processor that runs the leaf.
 * Return: True if one is pending.
 */
bool tdx_model_interrupt_is_pending(struct tdx_model *m)
{
	return tdx_model_read_msr(m, MSR_INTR_PENDING);
}

/**
 * tdx_model_check_cpuid_limit - check that MSR_MISC_ENABLES does not limit CPUID
 * @m: the module
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_cpuid_limit(struct tdx_model *m)
{
	return tdx_model_read_msr(m, MSR_MISC_ENABLES) & BIT_ULL(22) ?
		refuse(m, TDX_LIMIT_CPUID_MAXVAL_SET, "IA32_MISC_ENABLE limits CPUID") :
		TDX_SUCCESS;
}

static u64 check_msrs(struct tdx_model *m)
{
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(msr_checks); i++) {
		value = tdx_model_read_msr(m, msr_checks[i].msr);
		if ((value & msr_checks[i].mask) != msr_checks[i].value)
			return refuse3(m, msr_checks[i].status,
				       "MSR % is %, of the bits % not all are right",
				       msr_checks[i].msr, value, msr_checks[i].mask);
	}

	if (tdx_model_read_msr(m, MSR_WBINVDP) != tdx_model_read_msr(m, MSR_WBNOINVDP))
		return refuse(m, TDX_INCORRECT_MSR_VALUE | MSR_WBINVDP,
			      "WBINVDP and WBNOINVDP differ");
	return TDX_SUCCESS;
}

/* CPUID failures are described in output registers. */
static u64 refuse_cpuid(struct tdx_model *m, struct tdx_regs *regs, u32 leaf, u32 subleaf,
			const u32 out[4], u64 status)
{
	regs->rcx = leaf | (u64)subleaf << 32;
	regs->r9 = out[0] | (u64)out[1] << 32;
	regs->r10 = out[2] | (u64)out[3] << 32;
	return refuse2(m, status, "CPUID leaf % subleaf %", leaf, subleaf);
}

/*
 * Number of bits of an x2APIC id below those of the package; -1 if no core
 * level.
 */
static int bits_below_package(struct tdx_model *m)
{
	unsigned int subleaf;
	int bits = 0;
	bool cores = false;
	u32 out[4];

	for (subleaf = 0; subleaf < 8; subleaf++) {
		m->ops->cpuid(m->ctx, 0x1f, subleaf, out);
		if (!(out[2] >> 8 & 0xff))
			break;
		cores |= (out[2] >> 8 & 0xff) == 2;
		bits = out[0] & 0x1f;
	}
	return cores ? bits : -1;
}

/* Caches are written back by package: all of it has to share the L3. */
static u64 check_topology(struct tdx_model *m, struct tdx_regs *regs)
{
	int bits = bits_below_package(m);
	u32 out[4], apic_id;

	m->ops->cpuid(m->ctx, 0x1f, 0, out);
	apic_id = out[3];
	if (bits < 0)
		return refuse_cpuid(m, regs, 0x1f, 0, out, TDX_CPUID_LEAF_1F_FORMAT_UNRECOGNIZED);
	m->ops->cpuid(m->ctx, 4, 3, out);
	if ((out[0] >> 5 & 7) != 3 || (out[0] >> 14 & 0xfff) + 1 < 1U << bits)
		return refuse2(m, TDX_INVALID_WBINVD_SCOPE,
			       "CPUID 4.3 EAX is %, but a package has % bits of APIC ids", out[0],
			       bits);
	if (apic_id >> bits >= TDX_MODEL_MAX_PKGS)
		return refuse1(m, TDX_INVALID_PKG_ID, "package %", apic_id >> bits);
	return TDX_SUCCESS;
}

/**
 * tdx_model_check_cpuid - the checks that TDH.SYS.LP.INIT repeats
 * @m:    the module
 * @regs: as for tdx_model_check_platform()
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_cpuid(struct tdx_model *m, struct tdx_regs *regs)
{
	unsigned int i, reg;
	u32 out[4];

	m->ops->cpuid(m->ctx, 0, 0, out);
	if (out[0] < 0x1f)
		return refuse_cpuid(m, regs, 0, 0, out, TDX_INCORRECT_CPUID_VALUE);
	m->ops->cpuid(m->ctx, 0x80000000, 0, out);
	if (out[0] < 0x80000008)
		return refuse_cpuid(m, regs, 0x80000000, 0, out, TDX_INCORRECT_CPUID_VALUE);

	for (i = 0; i < ARRAY_SIZE(tdx_model_cpuid_checks); i++) {
		reg = tdx_model_cpuid_checks[i].reg;
		m->ops->cpuid(m->ctx, tdx_model_cpuid_checks[i].leaf, tdx_model_cpuid_checks[i].subleaf, out);
		if ((out[reg] & tdx_model_cpuid_checks[i].mask) == tdx_model_cpuid_checks[i].value)
			continue;
		/* RDX, R8: which bits, EBX:EAX and EDX:ECX */
		if (reg < 2)
			regs->rdx = (u64)tdx_model_cpuid_checks[i].mask << (32 * reg);
		else
			regs->r8 = (u64)tdx_model_cpuid_checks[i].mask << (32 * (reg - 2));
		return refuse_cpuid(m, regs, tdx_model_cpuid_checks[i].leaf, tdx_model_cpuid_checks[i].subleaf, out,
				    TDX_INCORRECT_CPUID_VALUE);
	}

	m->ops->cpuid(m->ctx, 0x80000008, 0, out);
	if ((out[0] >> 8 & 0xff) != 48 && (out[0] >> 8 & 0xff) != 57)
		return refuse_cpuid(m, regs, 0x80000008, 0, out, TDX_INCORRECT_CPUID_VALUE);
	m->ops->cpuid(m->ctx, 0xa, 0, out);
	if ((out[3] & 0x1f) > 7)
		return refuse_cpuid(m, regs, 0xa, 0, out, TDX_INCORRECT_CPUID_VALUE);
	m->ops->cpuid(m->ctx, 0x15, 0, out);
	if (!out[1])
		return refuse_cpuid(m, regs, 0x15, 0, out, TDX_INCORRECT_CPUID_VALUE);
	return check_topology(m, regs);
}

static u64 check_vmx(struct tdx_model *m)
{
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(vmx_checks); i++) {
		value = tdx_model_read_msr(m, vmx_checks[i].msr);
		if ((value & vmx_checks[i].bits) != vmx_checks[i].bits)
			return refuse3(m, TDX_INCORRECT_MSR_VALUE | vmx_checks[i].msr,
				       "MSR % is %, without all of the bits %", vmx_checks[i].msr,
				       value, vmx_checks[i].bits);
	}
	return TDX_SUCCESS;
}

static u64 check_keys(struct tdx_model *m)
{
	u64 activate = tdx_model_read_msr(m, MSR_TME_ACTIVATE);
	u64 partitioning = tdx_model_read_msr(m, MSR_KEYID_PARTITIONING);
	u64 last = (partitioning & 0xffffffff) + (partitioning >> 32);

	if ((activate & 3) != 3)
		return refuse1(m, TDX_INCORRECT_MSR_VALUE | MSR_TME_ACTIVATE,
			       "TME_ACTIVATE % is not locked and enabled", activate);
	if (!(partitioning >> 32) || last >= TDX_MODEL_NR_KEYIDS)
		return refuse1(m, TDX_NUM_ACTIVATED_HKIDS_NOT_SUPPORTED,
			       "KeyID partitioning is %", partitioning);
	return TDX_SUCCESS;
}

static u64 check_cmrs(struct tdx_model *m)
{
	const struct tdx_cmr_info *cmr = m->config.cmrs;
	u64 smrr_base = tdx_model_read_msr(m, MSR_SMRR_BASE) & SMRR_ADDRESS;
	u64 smrr_mask = tdx_model_read_msr(m, MSR_SMRR_MASK) & SMRR_ADDRESS;
	u64 smrr_end = smrr_base + (SMRR_ADDRESS ^ smrr_mask) + PAGE_BYTES, end = 0;
	unsigned int i;

	for (i = 0; i < TDX_NR_CMRS && cmr[i].size; i++) {
		if (cmr[i].base < end || (cmr[i].base | cmr[i].size) & (PAGE_BYTES - 1) ||
		    cmr[i].base + cmr[i].size < cmr[i].base ||
		    (cmr[i].base + cmr[i].size - 1) >> PA_BITS)
			return refuse3(m, TDX_CMR_LIST_INVALID, "CMR %: base %, size %", i,
				       cmr[i].base, cmr[i].size);
		end = cmr[i].base + cmr[i].size;
	}
	for (i = 0; i < TDX_NR_CMRS && cmr[i].size; i++)
		if (cmr[i].base < smrr_end && smrr_base < cmr[i].base + cmr[i].size)
			return refuse3(m, TDX_SMRR_OVERLAPS_CMR, "SMRR at %, CMR %: base %",
				       smrr_base, i, cmr[i].base);
	return TDX_SUCCESS;
}

/**
 * tdx_model_draw - draw a random number
 * @m:     the module
 * @value: set to the number, if there is one
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_draw(struct tdx_model *m, u64 *value)
{
	return m->ops->random(m->ctx, value) ? TDX_SUCCESS :
		refuse(m, TDX_RND_NO_ENTROPY, "the random number generator is empty");
}

/**
 * tdx_model_check_entropy - check that the random number generator has entropy
 * @m: the module
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_entropy(struct tdx_model *m)
{
	u64 value;

	return tdx_model_draw(m, &value);
}

/**
 * tdx_model_check_platform - the checks of TDH.SYS.INIT
 * @m:    the module
 * @regs: a CPUID failure is described in RCX, RDX, R8, R9 and R10
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_platform(struct tdx_model *m, struct tdx_regs *regs)
{
	u64 status = check_msrs(m);

	if (!status)
		status = tdx_model_check_cpuid(m, regs);
	if (!status)
		status = check_vmx(m);
	if (!status)
		status = check_keys(m);
	if (!status)
		status = check_cmrs(m);
	if (!status)
		status = tdx_model_check_entropy(m);
	return status;
}
