// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: MSRs of a guest.
 *
 * TDX Module Base Architecture Specification, "MSR Handling"; Intel SDM, volume 4.
 */
#include "platform.h"
#include "td_cpuid.h"
#include "td_run.h"

#define MSR_PERF_CAPABILITIES	0x345
#define MSR_SPEC_CTRL		0x48
#define MSR_FS_BASE		0xc0000100

#define MISC_ENABLES_PERFMON	BIT_ULL(7)
#define MISC_ENABLES_NO_PEBS	BIT_ULL(12)
#define PERF_CAPABILITIES_PEBS_TO_PT BIT_ULL(16)
#define SPEC_CTRL_DDPD_U	BIT_ULL(8)

#define DEBUGCTL_TR		BIT_ULL(6)
#define DEBUGCTL_BTS		BIT_ULL(7)
#define DEBUGCTL_UNCORE_PMI	BIT_ULL(13)
#define DEBUGCTL_FREEZE_WHILE_SMM BIT_ULL(14)
#define DEBUGCTL_RTM		BIT_ULL(15)
#define DEBUGCTL_DEFINED	0xffc3ULL	/* without bus-lock detection */

#define EFER_GUEST_WRITES	GUEST_EFER_SCE
#define CR4_LA57		BIT_ULL(12)
#define XSS_SUPERVISOR		0x1fd00ULL

/* Features of a TD that MSRs belong to */
enum feature {
	ALWAYS, PERFMON, WAITPKG, TSX, XFD, PT, CET, PKS, UINTR, PCONFIG, DCA, TSC_DEADLINE, TME,
	NEVER,
};

static bool has_xfam(const struct tdx_model_entry *e, u64 xfam)
{
	return (e->tdcs->xfam & xfam) == xfam;
}

static bool has(const struct tdx_model_entry *e, enum feature feature)
{
	const struct tdx_cpuid_value *cpuid = e->tdcs->cpuid;

	switch (feature) {
	case ALWAYS:
		return true;
	case PERFMON:
		return e->tdcs->attributes & TDX_TD_ATTR_PERFMON;
	case WAITPKG:
		return cpuid[TDX_MODEL_CPUID_7_0].ecx & BIT(5);
	case TSX:
		return cpuid[TDX_MODEL_CPUID_7_0].ebx & CPUID_7_EBX_RTM;
	case XFD:
		return cpuid[TDX_MODEL_CPUID_D_1].eax & BIT(4);
	case PT:
		return has_xfam(e, TDX_XFAM_PT);
	case CET:
		return has_xfam(e, TDX_XFAM_CET);
	case PKS:
		return e->tdcs->attributes & TDX_TD_ATTR_PKS;
	case UINTR:
		return has_xfam(e, TDX_XFAM_UINTR);
	case PCONFIG:
		return cpuid[TDX_MODEL_CPUID_7_0].edx & BIT(18);
	case DCA:
		return cpuid[TDX_MODEL_CPUID_1].ecx & BIT(18);
	case TSC_DEADLINE:
		return cpuid[TDX_MODEL_CPUID_1].ecx & BIT(24);
	case TME:
		return cpuid[TDX_MODEL_CPUID_7_0].ecx & BIT(13);
	default:
		return false;
	}
}

/* An access to an MSR: the value that is written, or where the one that is read goes */
typedef enum tdx_model_outcome (*access_t)(struct tdx_model_entry *e, u32 msr, u64 *value);

static enum tdx_model_outcome gp(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	return tdx_model_inject_gp(e);
}

static enum tdx_model_outcome ve(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	e->exit.qualification = 0;
	return tdx_model_instruction_ve(e);
}

static const struct {
	u32 first;
	u8 nr, slot;
} stored[] = {
#define STORED(name, number, nr) { (number), (nr), TDX_MODEL_MSR_##name },
	TDX_MODEL_GUEST_MSR_LIST(STORED)
#undef STORED
};

static u64 *find_stored(struct tdx_model_entry *e, u32 msr)
{
	unsigned int i = 0;

	while (msr - stored[i].first >= stored[i].nr)
		i++;
	return &e->guest->msr[stored[i].slot + msr - stored[i].first];
}

static enum tdx_model_outcome read_stored(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = *find_stored(e, msr);
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome write_stored(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*find_stored(e, msr) = *value;
	return TDX_MODEL_COMPLETED;
}

static bool is_canonical(const struct tdx_model_entry *e, u64 address)
{
	unsigned int bits = e->guest->cr4 & CR4_LA57 ? 57 : 48;

	return (u64)((s64)(address << (64 - bits)) >> (64 - bits)) == address;
}

static enum tdx_model_outcome write_address(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	return is_canonical(e, *value) ? write_stored(e, msr, value) : tdx_model_inject_gp(e);
}

static enum tdx_model_outcome write_32_bits(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	return *value >> 32 ? tdx_model_inject_gp(e) : write_stored(e, msr, value);
}

/* Memory types 0, 1 and 4 to 7 */
static enum tdx_model_outcome write_pat(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	unsigned int i;
	u8 type;

	for (i = 0; i < 64; i += 8) {
		type = *value >> i;
		if (type > 7 || type == 2 || type == 3)
			return tdx_model_inject_gp(e);
	}
	return write_stored(e, msr, value);
}

static enum tdx_model_outcome write_spec_ctrl(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	u64 kept = *value;

	if (!(e->tdcs->cpuid[TDX_MODEL_CPUID_7_2].edx & BIT(3)))
		kept &= ~SPEC_CTRL_DDPD_U;
	return write_stored(e, msr, &kept);
}

/* Commands have no value, and no effect on a model. */
static enum tdx_model_outcome write_command(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	return TDX_MODEL_COMPLETED;
}

static struct tdx_model_segment *segment_of(struct tdx_model_entry *e, u32 msr)
{
	return &e->guest->segment[TDX_MODEL_FS + msr - MSR_FS_BASE];
}

static enum tdx_model_outcome read_base(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = segment_of(e, msr)->base;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome write_base(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	if (!is_canonical(e, *value))
		return tdx_model_inject_gp(e);
	segment_of(e, msr)->base = *value;
	return TDX_MODEL_COMPLETED;
}

/* The value of the logical processor */
static enum tdx_model_outcome read_cpu(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = tdx_model_read_msr(e->m, msr);
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_x2apic_id(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	if (!(__atomic_load_n(&e->tdcs->td_ctls, __ATOMIC_RELAXED) & TDX_TD_CTLS_ENUM_TOPOLOGY))
		return ve(e, msr, value);
	*value = e->vcpu->x2apic_id;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_zero(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = 0;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_one(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = 1;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_tsc(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	u64 now = tdx_model_read_msr(e->m, MSR_TSC);

	*value = (u64)((__uint128_t)now * e->tdcs->tsc_multiplier >> 48) + e->tdcs->tsc_offset;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_arch_capabilities(struct tdx_model_entry *e, u32 msr,
						     u64 *value)
{
	*value = e->tdcs->arch_capabilities;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_misc_enables(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = tdx_model_read_msr(e->m, msr);
	if (!has(e, PERFMON))
		*value = (*value & ~MISC_ENABLES_PERFMON) | MISC_ENABLES_NO_PEBS;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_perf_capabilities(struct tdx_model_entry *e, u32 msr,
						     u64 *value)
{
	*value = has(e, PERFMON) ? tdx_model_read_msr(e->m, msr) : 0;
	if (!has(e, PT))
		*value &= ~PERF_CAPABILITIES_PEBS_TO_PT;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_xss(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = e->guest->xss;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome write_xss(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	if (*value & ~(e->tdcs->xfam & XSS_SUPERVISOR))
		return tdx_model_inject_gp(e);
	e->guest->xss = *value;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_efer(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = e->guest->efer;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome write_efer(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	u64 changed = (*value ^ e->guest->efer) & ~GUEST_EFER_LMA;

	if (changed & ~EFER_GUEST_WRITES)
		return ve(e, msr, value);
	e->guest->efer ^= changed;
	return TDX_MODEL_COMPLETED;
}

static enum tdx_model_outcome read_debugctl(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	*value = e->guest->debugctl & ~DEBUGCTL_UNCORE_PMI;
	return TDX_MODEL_COMPLETED;
}

static u64 debugctl_reserved(const struct tdx_model_entry *e)
{
	u64 reserved = ~DEBUGCTL_DEFINED;

	if (e->m->config.generation < TDX_MODEL_2_0)
		return reserved;
	if (!has(e, PERFMON))
		reserved |= DEBUGCTL_FREEZE_WHILE_SMM;
	if (!has(e, TSX))
		reserved |= DEBUGCTL_RTM;
	return reserved;
}

/* With BTF, TF traps branches, and not the instruction that has just been executed. */
static enum tdx_model_outcome write_debugctl(struct tdx_model_entry *e, u32 msr, u64 *value)
{
	struct tdx_model_guest *guest = e->guest;

	if (*value & debugctl_reserved(e))
		return tdx_model_inject_gp(e);
	if (*value & DEBUGCTL_TR && !(*value & DEBUGCTL_BTS))
		return ve(e, msr, value);
	guest->debugctl = (*value & ~DEBUGCTL_UNCORE_PMI) |
			  (guest->debugctl & DEBUGCTL_UNCORE_PMI);
	return TDX_MODEL_COMPLETED;
}

/*
 * MSRs that do not raise #VE when they are read and written.  Without the feature it is #GP.
 * The virtual APIC's are not here, because there is no exit.
 */
static const struct {
	u32 first, last;
	enum feature feature;
	access_t read, write;
} rules[] = {
	{ 0x10, 0x10, ALWAYS, read_tsc, ve },
	{ MSR_SPEC_CTRL, MSR_SPEC_CTRL, ALWAYS, read_stored, write_spec_ctrl },
	{ 0x49, 0x49, ALWAYS, gp, write_command },		/* PRED_CMD */
	{ 0x87, 0x87, PCONFIG, ve, ve },
	{ 0x8c, 0x8f, NEVER, gp, gp }, { 0x98, 0x9b, NEVER, gp, gp },
	{ 0x9e, 0x9e, NEVER, gp, gp },
	{ 0xbc, 0xbc, ALWAYS, read_cpu, ve },			/* MISC_PACKAGE_CTLS */
	{ 0xbd, 0xbd, ALWAYS, read_one, gp },			/* XAPIC_DISABLE_STATUS */
	{ 0xc1, 0xc8, PERFMON, read_stored, write_stored },
	{ 0xe1, 0xe1, WAITPKG, read_stored, write_32_bits },	/* UMWAIT_CONTROL */
	{ MSR_ARCH_CAPABILITIES, MSR_ARCH_CAPABILITIES, ALWAYS, read_arch_capabilities, gp },
	{ 0x10b, 0x10b, ALWAYS, gp, write_command },		/* FLUSH_CMD */
	{ 0x122, 0x122, TSX, read_stored, write_stored },	/* TSX_CTRL */
	{ 0x174, 0x174, ALWAYS, read_stored, write_32_bits },	/* SYSENTER_CS */
	{ 0x175, 0x176, ALWAYS, read_stored, write_address },
	{ 0x186, 0x18d, PERFMON, read_stored, write_stored },
	{ 0x195, 0x195, NEVER, gp, gp },
	{ MSR_MISC_ENABLES, MSR_MISC_ENABLES, ALWAYS, read_misc_enables, ve },
	{ 0x1a6, 0x1a7, PERFMON, read_stored, write_stored },
	{ 0x1c4, 0x1c5, XFD, read_stored, write_stored },
	{ 0x1d9, 0x1d9, ALWAYS, read_debugctl, write_debugctl },
	{ 0x1f8, 0x1fa, DCA, ve, ve },
	{ 0x276, 0x276, NEVER, gp, gp },
	{ 0x277, 0x277, ALWAYS, read_stored, write_pat },
	{ 0x309, 0x310, PERFMON, read_stored, write_stored },
	{ 0x329, 0x329, PERFMON, read_stored, write_stored },
	{ MSR_PERF_CAPABILITIES, MSR_PERF_CAPABILITIES, ALWAYS, read_perf_capabilities, gp },
	{ 0x38d, 0x392, PERFMON, read_stored, write_stored },
	{ 0x3f1, 0x3f2, PERFMON, read_stored, write_stored },
	{ 0x3f6, 0x3f7, PERFMON, read_stored, write_stored },
	{ 0x480, 0x480, ALWAYS, read_zero, gp },		/* VMX capabilities */
	{ 0x481, 0x484, ALWAYS, ve, gp },
	{ 0x485, 0x489, ALWAYS, read_zero, gp },
	{ 0x48a, 0x48a, ALWAYS, ve, gp },
	{ 0x48b, 0x492, ALWAYS, read_zero, gp },
	{ 0x4c1, 0x4c8, PERFMON, read_stored, write_stored },
	{ 0x500, 0x500, NEVER, gp, gp },
	{ 0x560, 0x561, PT, read_stored, write_stored },
	{ 0x570, 0x572, PT, read_stored, write_stored },
	{ 0x580, 0x587, PT, read_stored, write_stored },
	{ 0x600, 0x600, ALWAYS, read_stored, write_address },	/* DS_AREA */
	{ 0x6a0, 0x6a0, CET, read_stored, write_address },
	{ 0x6a2, 0x6a2, CET, read_stored, write_address },
	{ 0x6a4, 0x6a8, CET, read_stored, write_address },
	{ 0x6e0, 0x6e0, TSC_DEADLINE, ve, ve },
	{ 0x6e1, 0x6e1, PKS, read_stored, write_32_bits },
	{ 0x800, 0x801, NEVER, gp, gp }, { 0x802, 0x802, ALWAYS, read_x2apic_id, ve },
	{ 0x804, 0x807, NEVER, gp, gp }, { 0x829, 0x82e, NEVER, gp, gp },
	{ 0x831, 0x831, NEVER, gp, gp },
	{ 0x840, 0x8ff, NEVER, gp, gp },
	{ 0x981, 0x984, TME, ve, ve },
	{ 0x985, 0x98a, UINTR, read_stored, write_stored },
	{ 0xc80, 0xc80, ALWAYS, read_cpu, ve },			/* DEBUG_INTERFACE */
	{ 0xd90, 0xd90, NEVER, gp, gp }, { 0xd93, 0xd93, NEVER, gp, gp },
	{ 0xda0, 0xda0, ALWAYS, read_xss, write_xss },
	{ 0x1200, 0x12ff, NEVER, gp, gp },				/* LBRs */
	{ 0x14ce, 0x14cf, NEVER, gp, gp }, { 0x1500, 0x16ff, NEVER, gp, gp },
	{ 0x1b01, 0x1b01, ALWAYS, read_stored, write_stored },	/* UARCH_MISC_CTL */
	{ 0xc0000080, 0xc0000080, ALWAYS, read_efer, write_efer },
	{ 0xc0000081, 0xc0000081, ALWAYS, read_stored, write_stored },	/* STAR */
	{ 0xc0000082, 0xc0000082, ALWAYS, read_stored, write_address },	/* LSTAR */
	{ 0xc0000084, 0xc0000084, ALWAYS, read_stored, write_32_bits },	/* FMASK */
	{ MSR_FS_BASE, MSR_FS_BASE + 1, ALWAYS, read_base, write_base },
	{ 0xc0000102, 0xc0000102, ALWAYS, read_stored, write_address },
	{ 0xc0000103, 0xc0000103, ALWAYS, read_stored, write_32_bits },	/* TSC_AUX */
};

static enum tdx_model_outcome access_msr(struct tdx_model_entry *e, bool write, u64 *value)
{
	u32 msr = *tdx_model_gpr(e, TDX_MODEL_RCX);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (msr < rules[i].first || msr > rules[i].last)
			continue;
		if (!has(e, rules[i].feature))
			return tdx_model_inject_gp(e);
		return (write ? rules[i].write : rules[i].read)(e, msr, value);
	}
	return ve(e, msr, value);
}

/**
 * tdx_model_rdmsr - RDMSR of the guest
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: How the guest continues.
 */
enum tdx_model_outcome tdx_model_rdmsr(struct tdx_model_entry *e)
{
	enum tdx_model_outcome outcome;
	u64 value;

	outcome = access_msr(e, false, &value);
	if (outcome == TDX_MODEL_COMPLETED) {
		*tdx_model_gpr(e, TDX_MODEL_RAX) = (u32)value;
		*tdx_model_gpr(e, TDX_MODEL_RDX) = value >> 32;
	}
	return outcome;
}

/**
 * tdx_model_wrmsr - WRMSR of the guest
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: How the guest continues.
 */
enum tdx_model_outcome tdx_model_wrmsr(struct tdx_model_entry *e)
{
	u64 value = (u32)*tdx_model_gpr(e, TDX_MODEL_RAX) | *tdx_model_gpr(e, TDX_MODEL_RDX) << 32;

	return access_msr(e, true, &value);
}
