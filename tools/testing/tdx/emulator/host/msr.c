// SPDX-License-Identifier: GPL-2.0-only
/* Model specific registers, by table. */
#include "host/cr.h"
#include "host/intercepts.h"
#include "host/msr.h"
#include "host/vmx_caps.h"
#include "machine/override.h"
#include "machine/platform.h"

#define MSR_TSC			0x10
#define MSR_TSC_ADJUST		0x3b
#define MSR_MCG_CAP		0x179
#define MSR_MCG_BANKS		10	/* QEMU's */

#define APIC_BASE_BSP		BIT_ULL(8)
#define APIC_BASE_ENABLE	BIT_ULL(11)
#define APIC_BASE_DEFAULT	0xfee00000ULL

#define FEAT_CTL_LOCKED		BIT_ULL(0)
#define FEAT_CTL_VMX		BIT_ULL(2)
#define FEAT_CTL_LMCE		BIT_ULL(20)

#define MCG_CAP_LMCE		BIT_ULL(27)
#define MCG_EXT_CTL_LMCE	BIT_ULL(0)

/*
 * Not vulnerable to Meltdown, MDS, TAA and so on: mitigations would dominate the time of
 * system calls, and QEMU's CPU does not speculate.
 */
#define ARCH_CAP_RDCL_NO	BIT_ULL(0)
#define ARCH_CAP_IBRS_ALL	BIT_ULL(1)
#define ARCH_CAP_SKIP_L1DFL	BIT_ULL(3)
#define ARCH_CAP_SSB_NO		BIT_ULL(4)
#define ARCH_CAP_MDS_NO		BIT_ULL(5)
#define ARCH_CAP_PSCHANGE_NO	BIT_ULL(6)
#define ARCH_CAP_TAA_NO		BIT_ULL(8)
#define ARCH_CAP_SBDR_SSDP_NO	BIT_ULL(13)
#define ARCH_CAP_FBSDP_NO	BIT_ULL(14)
#define ARCH_CAP_PSDP_NO	BIT_ULL(15)
#define ARCH_CAP_BHI_NO		BIT_ULL(20)
#define ARCH_CAP_PBRSB_NO	BIT_ULL(24)
#define ARCH_CAP_GDS_NO		BIT_ULL(26)
#define ARCH_CAP_RFDS_NO	BIT_ULL(27)
#define ARCH_CAP_ITS_NO		BIT_ULL(62)
#define ARCH_CAPABILITIES	(ARCH_CAP_RDCL_NO | ARCH_CAP_IBRS_ALL | ARCH_CAP_SKIP_L1DFL | \
				 ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO | ARCH_CAP_PSCHANGE_NO | \
				 ARCH_CAP_TAA_NO | ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | \
				 ARCH_CAP_PSDP_NO | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | \
				 ARCH_CAP_GDS_NO | ARCH_CAP_RFDS_NO | ARCH_CAP_ITS_NO)

/* IBRS STIBP SSBD IPRED_DIS_U IPRED_DIS_S RRSBA_DIS_U RRSBA_DIS_S PSFD BHI_DIS_S */
#define SPEC_CTRL_BITS		0x4ff

/* An MSR that is not in any of these tables raises #GP, as on hardware. */

/* MSRs of QEMU's CPU, which are not intercepted. */
static const struct { u32 first, last; } passed[] = {
	{ 0x174, 0x176 },		/* SYSENTER_CS, _ESP, _EIP */
	{ 0x17a, 0x17b },		/* MCG_STATUS, _CTL */
	{ 0x1a0, 0x1a0 },		/* MISC_ENABLE */
	{ 0x200, 0x20f },		/* MTRRs */
	{ 0x250, 0x250 },
	{ 0x258, 0x259 },
	{ 0x268, 0x26f },
	{ 0x277, 0x277 },		/* PAT */
	{ 0x2ff, 0x2ff },		/* MTRR_DEF_TYPE */
	{ 0x400, 0x400 + 4 * MSR_MCG_BANKS - 1 },
	{ 0xc0000081, 0xc0000084 },	/* STAR, LSTAR, CSTAR, SFMASK */
	{ 0xc0000100, 0xc0000103 },	/* FS_BASE, GS_BASE, KERNEL_GS_BASE, TSC_AUX */
};

/*
 * Constants; if @from is set, it points to the value.  Writes raise #GP or are
 * ignored.
 */
static const struct constant_msr {
	u32 msr;
	bool ignore_writes;
	u64 value;
	const u64 *from;
} constants[] = {
	{ 0x17, false, 4ULL << 50, NULL },		/* PLATFORM_ID */
	{ 0x3a, false, FEAT_CTL_LOCKED | FEAT_CTL_VMX | FEAT_CTL_LMCE, NULL },
	{ 0x79, true, 0, NULL },			/* microcode update trigger */
	{ 0x87, false, 0, &platform.msr_keyid_partitioning },
	{ 0x8b, true, 0x2b000603ULL << 32, NULL },	/* microcode revision */
	{ 0xfe, false, 0, &platform.msr_mtrr_cap },
	{ 0x10a, false, ARCH_CAPABILITIES, NULL },
	{ 0x981, false, 0, &platform.msr_tme_capability },
	{ 0x982, false, 0, &platform.msr_tme_activate },
	{ 0x1400, false, 0, &platform.msr_seamrr_base },
	{ 0x1401, false, 0, &platform.msr_seamrr_mask },
};

/* Registers without an effect: they keep the bits of @writable. */
static const struct stored_msr {
	u32 msr;
	enum msr_store slot;
	u64 writable;
} stored[] = {
	{ 0x48, STORE_SPEC_CTRL, SPEC_CTRL_BITS },
	{ 0x1d9, STORE_DEBUGCTL, 3 },			/* LBR BTF */
	{ 0x4d0, STORE_MCG_EXT_CTL, MCG_EXT_CTL_LMCE },
};

static u64 read_efer(const struct vcpu *vcpu)
{
	return vcpu_efer(vcpu);
}

static bool write_efer(struct vcpu *vcpu, u64 value)
{
	if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
		return false;
	if (vcpu->vmcb.cr0 & X86_CR0_PG && (vcpu_efer(vcpu) ^ value) & EFER_LME)
		return false;
	vcpu_set_efer(vcpu, value);
	return true;
}

static u64 read_tsc(const struct vcpu *vcpu)
{
	return native_rdtsc() + vcpu->vmcb.tsc_offset;
}

static bool write_tsc_adjust(struct vcpu *vcpu, u64 value)
{
	vcpu->cpu->tsc_adjust = value;
	vcpu->vmcb.tsc_offset = value;
	return true;
}

static u64 read_tsc_adjust(const struct vcpu *vcpu)
{
	return vcpu->cpu->tsc_adjust;
}

static bool write_tsc(struct vcpu *vcpu, u64 value)
{
	return write_tsc_adjust(vcpu, value - native_rdtsc());
}

static u64 read_apic_base(const struct vcpu *vcpu)
{
	return native_rdmsr(MSR_APIC_BASE);
}

/*
 * The nested page table has the APIC at its default address; x2APIC is not
 * supported.
 */
static bool write_apic_base(struct vcpu *vcpu, u64 value)
{
	if (value & ~(APIC_BASE_BSP | APIC_BASE_ENABLE) & ~APIC_BASE_DEFAULT ||
	    (value & PAGE_MASK) != APIC_BASE_DEFAULT)
		return false;
	native_wrmsr(MSR_APIC_BASE, value);
	return true;
}

/* A machine check is raised on one CPU; without LMCE, Linux waits for all CPUs. */
static u64 read_mcg_cap(const struct vcpu *vcpu)
{
	return native_rdmsr(MSR_MCG_CAP) | MCG_CAP_LMCE;
}

/* The indirect branch prediction barrier has no effect. */
static bool write_pred_cmd(struct vcpu *vcpu, u64 value)
{
	return !(value & ~1ULL);
}

/* Registers with an effect or a computed value; NULL raises #GP. */
static const struct active_msr {
	u32 msr;
	u64 (*read)(const struct vcpu *vcpu);
	bool (*write)(struct vcpu *vcpu, u64 value);
} active[] = {
	{ MSR_TSC, read_tsc, write_tsc },
	{ MSR_APIC_BASE, read_apic_base, write_apic_base },
	{ MSR_TSC_ADJUST, read_tsc_adjust, write_tsc_adjust },
	{ MSR_MCG_CAP, read_mcg_cap, NULL },
	{ 0x49, NULL, write_pred_cmd },
	{ MSR_EFER, read_efer, write_efer },
};

static bool is_passed(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(passed); i++) {
		if (msr >= passed[i].first && msr <= passed[i].last)
			return true;
	}
	return false;
}

static const struct constant_msr *find_constant(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(constants); i++) {
		if (constants[i].msr == msr)
			return &constants[i];
	}
	return NULL;
}

static const struct stored_msr *find_stored(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(stored); i++) {
		if (stored[i].msr == msr)
			return &stored[i];
	}
	return NULL;
}

static const struct active_msr *find_active(u32 msr)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(active); i++) {
		if (active[i].msr == msr)
			return &active[i];
	}
	return NULL;
}

bool msr_read(const struct vcpu *vcpu, u32 msr, u64 *value)
{
	const struct constant_msr *c = find_constant(msr);
	const struct stored_msr *s = find_stored(msr);
	const struct active_msr *a = find_active(msr);

	if (msr != MSR_TSC_ADJUST && override_msr(vcpu->cpu, msr, value))
		return true;
	if (c)
		*value = c->from ? *c->from : c->value;
	else if (s)
		*value = vcpu->msr_store[s->slot];
	else if (a && a->read)
		*value = a->read(vcpu);
	else if (is_passed(msr))
		*value = native_rdmsr(msr);
	else
		return vmx_cap_read(msr, value);
	return true;
}

bool msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	const struct constant_msr *c = find_constant(msr);
	const struct stored_msr *s = find_stored(msr);
	const struct active_msr *a = find_active(msr);

	if (c)
		return c->ignore_writes;
	if (s) {
		if (value & ~s->writable)
			return false;
		vcpu->msr_store[s->slot] = value;
		return true;
	}
	if (a)
		return a->write && a->write(vcpu, value);
	/* Only reads are overridden: see msr_init() */
	if (!is_passed(msr))
		return false;
	if (msr_has_address(msr) && !is_canonical(value, linear_bits()))
		return false;
	native_wrmsr(msr, value);
	return true;
}

void msr_exit(struct vcpu *vcpu, bool write, unsigned int insn_length)
{
	u64 value = (u64)(u32)vcpu->gpr[RDX] << 32 | (u32)vcpu->gpr[RAX];
	u32 msr = vcpu->gpr[RCX];

	if (write ? !msr_write(vcpu, msr, value) : !msr_read(vcpu, msr, &value)) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return;
	}
	if (!write) {
		vcpu->gpr[RAX] = (u32)value;
		vcpu->gpr[RDX] = value >> 32;
	}
	vcpu_skip_insn(vcpu, insn_length);
}

void msr_init(void)
{
	unsigned int i;
	u32 msr;

	for (i = 0; i < nr_cpus; i++)
		override_msr(&cpus[i], MSR_TSC_ADJUST, &cpus[i].tsc_adjust);
	for (i = 0; i < ARRAY_LEN(passed); i++) {
		for (msr = passed[i].first; msr <= passed[i].last; msr++) {
			if (!override_has_msr(msr))
				host_pass_msr(msr);
		}
	}
}
