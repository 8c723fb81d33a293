// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: what it demands of the platform, at TDH.SYS.INIT and
 * again on each logical processor at TDH.SYS.LP.INIT.
 *
 * TDX Module Base Architecture Specification, "Platform Configuration Checks".
 */
#include "internal.h"

#define MSR_TSC_ADJUST			0x3b
#define MSR_KEYID_PARTITIONING		0x87
#define MSR_WBINVDP			0x98
#define MSR_WBNOINVDP			0x99
#define MSR_MISC_PACKAGE_CTLS		0xbc
#define MSR_XAPIC_DISABLE_STATUS	0xbd
#define MSR_MTRR_CAP			0xfe
#define MSR_ARCH_CAPABILITIES		0x10a
#define MSR_MISC_ENABLES		0x1a0
#define MSR_SMRR_BASE			0x1f2
#define MSR_SMRR_MASK			0x1f3
#define MSR_VMX_BASIC			0x480
#define MSR_VMX_EPT_VPID_CAP		0x48c
#define MSR_TME_ACTIVATE		0x982
#define MSR_SEAMRR_BASE			0x1400
#define MSR_SEAMRR_MASK			0x1401

#define SMRR_LOCKED			BIT_ULL(10)
#define SMRR_VALID			BIT_ULL(11)
#define SMRR_ADDRESS			0xfffff000ULL
#define ARCH_CAPABILITIES_REQUIRED	0x20fd6bULL	/* bits 0 1 3 5 6 8 10-15 21 */

/* MSRs whose values matter: those under @mask have to be @value. */
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

/* VMX features that the module uses: all of these bits have to be set. */
static const struct {
	u32 msr;
	u64 bits;
} vmx_checks[] = {
	{ MSR_VMX_BASIC, BIT_ULL(55) },				/* "true" controls */
	{ MSR_VMX_EPT_VPID_CAP, BIT_ULL(6) | BIT_ULL(14) },	/* 4 levels, write-back */
};

/* CPUID values that matter. */
static const struct {
	u32 leaf, subleaf;
	unsigned int reg;	/* 0 EAX .. 3 EDX */
	u32 mask, value;
} cpuid_checks[] = {
	{ 0x80000008, 0, 0, 0xff, PA_BITS },
	{ 0xa, 0, 0, 0xff, 5 },			/* performance monitoring, version 5 */
	{ 0x7, 0, 2, BIT(28), BIT(28) },	/* MOVDIR64B */
	{ 0x7, 0, 3, BIT(18), BIT(18) },	/* PCONFIG */
	{ 0x7, 0, 3, BIT(29), BIT(29) },	/* IA32_ARCH_CAPABILITIES */
	{ 0x7, 2, 3, 0x17, 0x17 },
};

/* MSRs that have to be equal on all logical processors. */
static const u32 recorded_msrs[TDX_MODEL_NR_RECORDED_MSRS] = {
	MSR_TSC_ADJUST, MSR_KEYID_PARTITIONING, MSR_ARCH_CAPABILITIES,
	MSR_TME_ACTIVATE, MSR_SEAMRR_BASE, MSR_SEAMRR_MASK,
};

/* An MSR that does not exist reads 0, which no check takes for good. */
static u64 read_msr(struct tdx_model *m, u32 msr)
{
	u64 value = 0;

	return m->ops->rdmsr(m->ctx, msr, &value) ? value : 0;
}

static u64 check_msrs(struct tdx_model *m)
{
	unsigned int i;
	u64 value;

	for (i = 0; i < ARRAY_SIZE(msr_checks); i++) {
		value = read_msr(m, msr_checks[i].msr);
		if ((value & msr_checks[i].mask) != msr_checks[i].value)
			return refuse3(m, msr_checks[i].status,
				       "MSR % is %, of the bits % not all are right",
				       msr_checks[i].msr, value, msr_checks[i].mask);
	}

	if (read_msr(m, MSR_WBINVDP) != read_msr(m, MSR_WBNOINVDP))
		return refuse(m, TDX_INCORRECT_MSR_VALUE | MSR_WBINVDP,
			      "WBINVDP and WBNOINVDP differ");
	return TDX_SUCCESS;
}

/* CPUID failures are described in the output registers. */
static u64 refuse_cpuid(struct tdx_model *m, struct tdx_model_regs *regs, u32 leaf, u32 subleaf,
			const u32 out[4], u64 status)
{
	regs->rcx = leaf | (u64)subleaf << 32;
	regs->r9 = out[0] | (u64)out[1] << 32;
	regs->r10 = out[2] | (u64)out[3] << 32;
	return refuse2(m, status, "CPUID leaf % subleaf %", leaf, subleaf);
}

/* How many bits of an x2APIC id are below those of the package; -1: no core level. */
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

/* The module writes caches back by package: the L3 has to be shared by all of it. */
static u64 check_topology(struct tdx_model *m, struct tdx_model_regs *regs)
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

static u64 check_cpuid(struct tdx_model *m, struct tdx_model_regs *regs)
{
	unsigned int i, reg;
	u32 out[4];

	m->ops->cpuid(m->ctx, 0, 0, out);
	if (out[0] < 0x1f)
		return refuse_cpuid(m, regs, 0, 0, out, TDX_INCORRECT_CPUID_VALUE);
	m->ops->cpuid(m->ctx, 0x80000000, 0, out);
	if (out[0] < 0x80000008)
		return refuse_cpuid(m, regs, 0x80000000, 0, out, TDX_INCORRECT_CPUID_VALUE);

	for (i = 0; i < ARRAY_SIZE(cpuid_checks); i++) {
		reg = cpuid_checks[i].reg;
		m->ops->cpuid(m->ctx, cpuid_checks[i].leaf, cpuid_checks[i].subleaf, out);
		if ((out[reg] & cpuid_checks[i].mask) == cpuid_checks[i].value)
			continue;
		/* RDX, R8: which bits, EBX:EAX and EDX:ECX */
		if (reg < 2)
			regs->rdx = (u64)cpuid_checks[i].mask << (32 * reg);
		else
			regs->r8 = (u64)cpuid_checks[i].mask << (32 * (reg - 2));
		return refuse_cpuid(m, regs, cpuid_checks[i].leaf, cpuid_checks[i].subleaf, out,
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
		value = read_msr(m, vmx_checks[i].msr);
		if ((value & vmx_checks[i].bits) != vmx_checks[i].bits)
			return refuse3(m, TDX_INCORRECT_MSR_VALUE | vmx_checks[i].msr,
				       "MSR % is %, without all of the bits %", vmx_checks[i].msr,
				       value, vmx_checks[i].bits);
	}
	return TDX_SUCCESS;
}

static u64 check_keys(struct tdx_model *m)
{
	u64 activate = read_msr(m, MSR_TME_ACTIVATE);
	u64 partitioning = read_msr(m, MSR_KEYID_PARTITIONING);
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
	u64 smrr_base = read_msr(m, MSR_SMRR_BASE) & SMRR_ADDRESS;
	u64 smrr_mask = read_msr(m, MSR_SMRR_MASK) & SMRR_ADDRESS;
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

static u64 check_entropy(struct tdx_model *m)
{
	u64 value;

	return m->ops->random(m->ctx, &value) ? TDX_SUCCESS :
		refuse(m, TDX_RND_NO_ENTROPY, "the random number generator is empty");
}

static u64 check_platform(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 status = check_msrs(m);

	if (!status)
		status = check_cpuid(m, regs);
	if (!status)
		status = check_vmx(m);
	if (!status)
		status = check_keys(m);
	if (!status)
		status = check_cmrs(m);
	if (!status)
		status = check_entropy(m);
	return status;
}

static void zero_outputs(struct tdx_model_regs *regs)
{
	regs->rcx = 0;
	regs->rdx = 0;
	regs->r8 = 0;
	regs->r9 = 0;
	regs->r10 = 0;
}

u64 tdx_model_sys_init(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 attributes = regs->rcx, status;
	unsigned int i;

	zero_outputs(regs);
	if (attributes)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "reserved attributes % are set", attributes);
	if (!tdx_model_try_exclusive(&m->global_lock))
		return refuse(m, TDX_SYS_BUSY, "the global lock is taken");

	if (tdx_model_state(m) != TDX_MODEL_INIT_PENDING)
		status = refuse1(m, TDX_SYS_INIT_NOT_PENDING, "module state is %", tdx_model_state(m));
	else
		status = check_platform(m, regs);

	if (!status) {
		for (i = 0; i < TDX_MODEL_NR_RECORDED_MSRS; i++)
			m->recorded_msrs[i] = read_msr(m, recorded_msrs[i]);
		tdx_model_enter_state(m, TDX_MODEL_INIT_DONE);
	}
	tdx_model_unlock(&m->global_lock);
	return status;
}

static u64 check_lp(struct tdx_model *m, struct tdx_model_regs *regs)
{
	struct tdx_model_regs details = {};
	unsigned int i;
	u64 value, status;

	if (tdx_model_state(m) != TDX_MODEL_INIT_DONE)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_PENDING, "module state is %", tdx_model_state(m));
	if (lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_DONE, "logical processor %", this_lp(m));

	for (i = 0; i < TDX_MODEL_NR_RECORDED_MSRS; i++) {
		value = read_msr(m, recorded_msrs[i]);
		if (value != m->recorded_msrs[i])
			return refuse3(m, TDX_INCONSISTENT_MSR | recorded_msrs[i],
				       "MSR % is % here and % where TDH.SYS.INIT ran",
				       recorded_msrs[i], value, m->recorded_msrs[i]);
	}

	/* Unlike TDH.SYS.INIT this leaf has R9 and R10 not as outputs. */
	status = check_cpuid(m, &details);
	regs->rcx = details.rcx;
	regs->rdx = details.rdx;
	regs->r8 = details.r8;
	if (status)
		return refuse1(m, TDX_INCONSISTENT_CPUID_FIELD, "CPUID leaf|subleaf %", regs->rcx);
	return check_entropy(m);
}

u64 tdx_model_sys_lp_init(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 status;

	regs->rcx = 0;
	regs->rdx = 0;
	regs->r8 = 0;
	if (this_lp(m) >= m->config.nr_lps)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_PENDING,
			       "logical processor % was not there when the platform booted",
			       this_lp(m));
	if (!tdx_model_try_shared(&m->global_lock))
		return refuse(m, TDX_SYS_BUSY, "the global lock is taken");

	status = check_lp(m, regs);
	if (!status) {
		lp_state(m)->init_done = true;
		__atomic_fetch_add(&m->nr_lps_init_done, 1, __ATOMIC_RELAXED);
	}
	tdx_model_unlock(&m->global_lock);
	return status;
}

bool tdx_model_healthy_msr(const struct tdx_model_config *config, u32 msr, u64 *value)
{
	u64 nr_mktme_keyids = config->first_private_keyid - 1;

	switch (msr) {
	case MSR_TSC_ADJUST:
	case MSR_WBINVDP:
	case MSR_WBNOINVDP:
	case MSR_MISC_ENABLES:
		*value = 0;
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
		*value = ARCH_CAPABILITIES_REQUIRED;
		return true;
	case MSR_SMRR_BASE:
		/* The lowest megabyte is never convertible. */
		*value = 0xa0006;
		return true;
	case MSR_SMRR_MASK:
		*value = 0xfffe0000ULL | SMRR_LOCKED | SMRR_VALID;
		return true;
	case MSR_VMX_BASIC:
	case MSR_VMX_EPT_VPID_CAP:
		*value = vmx_checks[msr == MSR_VMX_EPT_VPID_CAP].bits;
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

void tdx_model_healthy_cpuid(const struct tdx_model_config *config, unsigned int lp,
			     u32 leaf, u32 subleaf, u32 regs[4])
{
	unsigned int i;

	memset(regs, 0, 4 * sizeof(*regs));
	if (leaf == 0)
		regs[0] = 0x21;
	if (leaf == 4 && subleaf == 3)
		regs[0] = 3 | 3 << 5 | 0xfff << 14;	/* an L3 for all */
	if (leaf == 0x15)
		regs[1] = 1;
	if (leaf == 0x1f && subleaf < 2) {
		regs[0] = subleaf ? 6 : 0;
		regs[1] = 1;
		regs[2] = subleaf | (subleaf + 1) << 8;	/* threads, then cores */
	}
	if (leaf == 0x80000000)
		regs[0] = 0x80000008;
	if (leaf == 0x80000008)
		regs[0] = 48 << 8;
	for (i = 0; i < ARRAY_SIZE(cpuid_checks); i++)
		if (leaf == cpuid_checks[i].leaf && subleaf == cpuid_checks[i].subleaf)
			regs[cpuid_checks[i].reg] |= cpuid_checks[i].value;
}
