// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: CPUID of a TD, from the CPU's values and TD_PARAMS.
 *
 * TDX Module ABI specification, "CPUID Virtualization".
 */
#include <linux/minmax.h>

#include "platform.h"
#include "td_cpuid.h"

/* Leaf 1, EAX: family, model and stepping */
#define FMS_STEPPING		0xfU

#define CPUID_1_ECX_AVX		0x30001000U	/* FMA, AVX, F16C */
#define CPUID_7_EBX_HLE		BIT(4)
#define CPUID_7_ECX_KL		BIT(23)
#define CPUID_7_ECX_PKS		BIT(31)
#define ARCH_CAP_TSX_CTRL	BIT_ULL(7)

#define XSAVE_LEGACY_BYTES	576

/* Components of extended state that the module supports */
#define XFAM_SUPPORTED		0x6dbe7ULL

enum { EAX, EBX, ECX, EDX };

static u32 *reg(struct tdx_cpuid_value *value, unsigned int i)
{
	return (u32 *)value + i;
}

static u32 reg_of(const struct tdx_cpuid_value *value, unsigned int i)
{
	return *((const u32 *)value + i);
}

/**
 * tdx_model_record_cpuid - record the CPU's CPUID values
 * @m: the module
 *
 * Context: On the logical processor that runs TDH.SYS.INIT.
 */
void tdx_model_record_cpuid(struct tdx_model *m)
{
	const struct tdx_model_cpuid_leaf *leaf = tdx_model_cpuid_leaves;
	unsigned int i;
	u32 regs[4];

	for (i = 0; i < TDX_MODEL_NR_CPUID; i++, leaf++) {
		m->ops->cpuid(m->ctx, leaf->leaf,
			      leaf->subleaf == TDX_MODEL_NO_SUBLEAF ? 0 : leaf->subleaf, regs);
		memcpy(&m->cpuid[i], regs, sizeof(regs));
	}
}

/**
 * tdx_model_tsc_hz - frequency of the TSC
 * @m: the module
 *
 * Context: Any, once TDH.SYS.INIT has run.
 * Return: The frequency, in Hz; never 0.
 */
u64 tdx_model_tsc_hz(const struct tdx_model *m)
{
	const struct tdx_cpuid_value *tsc = &m->cpuid[TDX_MODEL_CPUID_15];
	u64 hz = (u64)tsc->ecx * tsc->ebx / (tsc->eax ?: 1);

	return max_t(u64, hz, TDX_TSC_UNIT_HZ);
}

/**
 * tdx_model_xfam_fixed0 - components of extended state that a TD can have
 * @m: the module
 *
 * Context: Any, once TDH.SYS.INIT has run.
 * Return: Those that both the module and the CPU support, as bits of XFAM.
 */
u64 tdx_model_xfam_fixed0(const struct tdx_model *m)
{
	const struct tdx_cpuid_value *user = &m->cpuid[TDX_MODEL_CPUID_D_0];
	const struct tdx_cpuid_value *supervisor = &m->cpuid[TDX_MODEL_CPUID_D_1];
	u64 xcr0 = user->eax | (u64)user->edx << 32;
	u64 xss = supervisor->ecx | (u64)supervisor->edx << 32;

	return XFAM_SUPPORTED & (xcr0 | xss);
}

/**
 * tdx_model_cpuid_config - leaf of an entry of TD_PARAMS
 * @slot: the entry
 *
 * Context: Any.
 * Return: Index of the leaf in tdx_model_cpuid_leaves[]; TDX_MODEL_NR_CPUID if there is none.
 */
unsigned int tdx_model_cpuid_config(unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_CPUID; i++)
		if (tdx_model_cpuid_leaves[i].kind == TDX_MODEL_CPUID_CONFIG && !slot--)
			break;
	return i;
}

/* Bits of a leaf before TD_PARAMS is applied. */
static u32 virtual_bits(const struct tdx_model *m, unsigned int i, unsigned int r)
{
	const struct tdx_model_cpuid_masks *masks = &tdx_model_cpuid_masks[i];

	return (reg_of(&m->cpuid[i], r) & ~masks->zero[r]) | masks->one[r];
}

/**
 * tdx_model_configurable_cpuid - bits that TD_PARAMS may set in an entry
 * @m:       the module
 * @slot:    the entry, below TDX_MODEL_NR_CPUID_CONFIGS
 * @allowed: include bits that are also masked by the CPU's values
 *
 * Context: Any, once TDH.SYS.INIT has run.
 * Return: As TDH.SYS.INFO has it.
 */
struct tdx_cpuid_config tdx_model_configurable_cpuid(const struct tdx_model *m, unsigned int slot,
						     bool allowed)
{
	unsigned int i = tdx_model_cpuid_config(slot), r;
	const struct tdx_model_cpuid_masks *masks = &tdx_model_cpuid_masks[i];
	struct tdx_cpuid_value bits;

	for (r = EAX; r <= EDX; r++)
		*reg(&bits, r) = masks->direct[r] |
				 (allowed ? masks->allowed[r] & virtual_bits(m, i, r) : 0);
	return (struct tdx_cpuid_config) {
		tdx_model_cpuid_leaves[i].leaf, tdx_model_cpuid_leaves[i].subleaf,
		bits.eax, bits.ebx, bits.ecx, bits.edx,
	};
}

/* Bits that are cleared unless XFAM has all of some components. */
static const struct {
	u64 xfam;
	u8 index, reg;
	u32 bits;
} xfam_bits[] = {
	{ TDX_XFAM_AVX, TDX_MODEL_CPUID_1, ECX, CPUID_1_ECX_AVX },
	{ TDX_XFAM_AVX, TDX_MODEL_CPUID_7_0, EBX, 0x20 },
	{ TDX_XFAM_AVX, TDX_MODEL_CPUID_7_0, ECX, 0x600 },
	{ TDX_XFAM_AVX512, TDX_MODEL_CPUID_7_0, EBX, 0xdc230000 },
	{ TDX_XFAM_AVX512, TDX_MODEL_CPUID_7_0, ECX, 0x5842 },
	{ TDX_XFAM_AVX512, TDX_MODEL_CPUID_7_0, EDX, 0x80010c },
	{ TDX_XFAM_PT, TDX_MODEL_CPUID_7_0, EBX, 0x2000000 },
	{ TDX_XFAM_PKU, TDX_MODEL_CPUID_7_0, ECX, 0x8 },
	{ TDX_XFAM_CET, TDX_MODEL_CPUID_7_0, ECX, 0x80 },
	{ TDX_XFAM_CET, TDX_MODEL_CPUID_7_0, EDX, 0x100000 },
	{ TDX_XFAM_UINTR, TDX_MODEL_CPUID_7_0, EDX, 0x20 },
	{ TDX_XFAM_LBR, TDX_MODEL_CPUID_7_0, EDX, 0x80000 },
	{ TDX_XFAM_AMX, TDX_MODEL_CPUID_7_0, EDX, 0x3400000 },
	{ TDX_XFAM_AVX512, TDX_MODEL_CPUID_7_1, EAX, 0x30 },
	{ TDX_XFAM_AVX, TDX_MODEL_CPUID_D_0, EAX, 0x4 },
	{ TDX_XFAM_AVX512, TDX_MODEL_CPUID_D_0, EAX, 0xe0 },
	{ TDX_XFAM_PKU, TDX_MODEL_CPUID_D_0, EAX, 0x200 },
	{ TDX_XFAM_AMX, TDX_MODEL_CPUID_D_0, EAX, 0x60000 },
	{ TDX_XFAM_PT, TDX_MODEL_CPUID_D_1, ECX, 0x100 },
	{ TDX_XFAM_CET, TDX_MODEL_CPUID_D_1, ECX, 0x1800 },
	{ TDX_XFAM_UINTR, TDX_MODEL_CPUID_D_1, ECX, 0x4000 },
	{ TDX_XFAM_LBR, TDX_MODEL_CPUID_D_1, ECX, 0x8000 },
};

/* Leaves that are 0 unless XFAM has all of some components. */
static const struct {
	u64 xfam;
	u8 index;
} xfam_leaves[] = {
	{ TDX_XFAM_PT, TDX_MODEL_CPUID_14_0 },
	{ TDX_XFAM_PT, TDX_MODEL_CPUID_14_1 },
	{ TDX_XFAM_LBR, TDX_MODEL_CPUID_1C },
	{ TDX_XFAM_AMX, TDX_MODEL_CPUID_1D_0 },
	{ TDX_XFAM_AMX, TDX_MODEL_CPUID_1D_1 },
};

static bool has(const struct tdx_model_tdcs *tdcs, u64 xfam)
{
	return (tdcs->xfam & xfam) == xfam;
}

static void clear_leaf(struct tdx_model_tdcs *tdcs, unsigned int i)
{
	memset(&tdcs->cpuid[i], 0, sizeof(tdcs->cpuid[i]));
}

/* CPUID 0xd.n of a component: EAX its size, EBX its offset. */
static const struct tdx_cpuid_value *xfeature(const struct tdx_model *m, unsigned int n)
{
	return &m->cpuid[TDX_MODEL_CPUID_D_2 + n - 2];
}

/**
 * tdx_model_xsave_bytes - size of an XSAVE area in the standard format
 * @m:         the module
 * @xfeatures: its components; those of supervisor state have no offset in it
 *
 * Context: Any, once TDH.SYS.INIT has run.
 * Return: The size, in bytes.
 */
u32 tdx_model_xsave_bytes(const struct tdx_model *m, u64 xfeatures)
{
	u32 bytes = XSAVE_LEGACY_BYTES;
	unsigned int n;

	for (n = 2; n < TDX_MODEL_NR_XFEATURES; n++)
		if (xfeatures & BIT_ULL(n) && xfeature(m, n)->ebx &&
		    bytes < xfeature(m, n)->ebx + xfeature(m, n)->eax)
			bytes = xfeature(m, n)->ebx + xfeature(m, n)->eax;
	return bytes;
}

static void apply_xfam(const struct tdx_model *m, struct tdx_model_tdcs *tdcs)
{
	bool has_xfd = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(xfam_bits); i++)
		if (!has(tdcs, xfam_bits[i].xfam))
			*reg(&tdcs->cpuid[xfam_bits[i].index], xfam_bits[i].reg) &=
				~xfam_bits[i].bits;
	for (i = 0; i < ARRAY_SIZE(xfam_leaves); i++)
		if (!has(tdcs, xfam_leaves[i].xfam))
			clear_leaf(tdcs, xfam_leaves[i].index);
	for (i = 2; i < TDX_MODEL_NR_XFEATURES; i++) {
		if (!has(tdcs, BIT_ULL(i)))
			clear_leaf(tdcs, TDX_MODEL_CPUID_D_2 + i - 2);
		else
			has_xfd |= xfeature(m, i)->ecx & BIT(2);
	}
	tdcs->cpuid[TDX_MODEL_CPUID_D_0].ecx = tdx_model_xsave_bytes(m, tdcs->xfam);
	if (!has_xfd)
		tdcs->cpuid[TDX_MODEL_CPUID_D_1].eax &= ~BIT(4);
}

static void apply_attributes(struct tdx_model_tdcs *tdcs)
{
	u32 *ecx = &tdcs->cpuid[TDX_MODEL_CPUID_7_0].ecx;
	struct tdx_cpuid_value *tsc = &tdcs->cpuid[TDX_MODEL_CPUID_15];
	u32 *address_bits = &tdcs->cpuid[TDX_MODEL_CPUID_80000008].eax;

	*ecx &= ~(CPUID_7_ECX_PKS | CPUID_7_ECX_KL);
	if (tdcs->attributes & TDX_TD_ATTR_PKS)
		*ecx |= CPUID_7_ECX_PKS;
	if (!(tdcs->cpuid[TDX_MODEL_CPUID_1].ecx & CPUID_1_ECX_MONITOR))
		clear_leaf(tdcs, TDX_MODEL_CPUID_5);
	if (!(tdcs->attributes & TDX_TD_ATTR_PERFMON))
		clear_leaf(tdcs, TDX_MODEL_CPUID_A);
	clear_leaf(tdcs, TDX_MODEL_CPUID_19);
	*tsc = (struct tdx_cpuid_value) { 1, tdcs->tsc_frequency, TDX_TSC_UNIT_HZ, 0 };
	*address_bits = (*address_bits & ~0xff00U) | (*ecx & BIT(16) ? 57 : 48) << 8;
}

static u64 refuse_leaf(struct tdx_model *m, unsigned int i, u64 *which)
{
	const struct tdx_model_cpuid_leaf *leaf = &tdx_model_cpuid_leaves[i];

	*which = leaf->leaf | (u64)leaf->subleaf << 32;
	return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_CPUID_CONFIG,
		       "CPUID leaf % subleaf % cannot be so", leaf->leaf, leaf->subleaf);
}

/*
 * A TD has the CPU's family, model and stepping, which 0 selects.  A TD that can be
 * migrated may have an earlier stepping.
 */
static bool is_possible_fms(const struct tdx_model *m, const struct tdx_model_tdcs *tdcs, u32 fms)
{
	u32 native = m->cpuid[TDX_MODEL_CPUID_1].eax & ~FMS_RESERVED;

	if (!fms || fms == native)
		return true;
	return tdcs->attributes & TDX_TD_ATTR_MIGRATABLE &&
	       (fms & ~FMS_STEPPING) == (native & ~FMS_STEPPING) && fms < native;
}

/* Check the values of a configurable leaf. */
static u64 check_leaf(struct tdx_model *m, struct tdx_model_tdcs *tdcs, unsigned int i,
		      const struct tdx_cpuid_value *config, u64 *which)
{
	const struct tdx_model_cpuid_masks *masks = &tdx_model_cpuid_masks[i];
	unsigned int r;

	for (r = EAX; r <= EDX; r++)
		if (reg_of(config, r) & ~(masks->direct[r] | masks->allowed[r]))
			return refuse_leaf(m, i, which);
	if (i == TDX_MODEL_CPUID_1 && !is_possible_fms(m, tdcs, config->eax))
		return refuse_leaf(m, i, which);
	return TDX_SUCCESS;
}

static void set_leaf(const struct tdx_model *m, struct tdx_model_tdcs *tdcs, unsigned int i,
		     const struct tdx_cpuid_value *config)
{
	const struct tdx_model_cpuid_masks *masks = &tdx_model_cpuid_masks[i];
	unsigned int r;
	u32 bits;

	for (r = EAX; r <= EDX; r++) {
		bits = (virtual_bits(m, i, r) & ~masks->direct[r]) |
		       (reg_of(config, r) & masks->direct[r]);
		*reg(&tdcs->cpuid[i], r) = bits & (reg_of(config, r) | ~masks->allowed[r]);
	}
	if (i == TDX_MODEL_CPUID_1 && !config->eax)
		tdcs->cpuid[i].eax = m->cpuid[i].eax & ~FMS_RESERVED;
}

/* HLE and RTM are equal, and only set if the guest can turn TSX off. */
static u64 check_tsx(struct tdx_model *m, const struct tdx_model_tdcs *tdcs, u64 *which)
{
	u32 ebx = tdcs->cpuid[TDX_MODEL_CPUID_7_0].ebx;
	u64 status;

	if (!(ebx & CPUID_7_EBX_HLE) != !(ebx & CPUID_7_EBX_RTM)) {
		status = refuse_leaf(m, TDX_MODEL_CPUID_7_0, which);
		if (m->config.generation < TDX_MODEL_2_0)
			*which = 0;
		return status;
	}
	if (ebx & CPUID_7_EBX_RTM && !(tdx_model_native_arch_capabilities(m) & ARCH_CAP_TSX_CTRL))
		return refuse(m, TDX_INCORRECT_MSR_VALUE | 0x10a,
			      "TSX without TSX_CTRL in IA32_ARCH_CAPABILITIES");
	return TDX_SUCCESS;
}

/**
 * tdx_model_configure_cpuid - compute the CPUID values of a TD
 * @m:      the module
 * @tdcs:   has ATTRIBUTES, XFAM and TSC frequency; values are stored here
 * @params: TD_PARAMS
 * @which:  set to the leaf if it is invalid
 *
 * Context: On the logical processor that runs TDH.MNG.INIT.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_configure_cpuid(struct tdx_model *m, struct tdx_model_tdcs *tdcs,
			      const struct tdx_td_params *params, u64 *which)
{
	static const struct tdx_cpuid_value none;
	const struct tdx_cpuid_value *config;
	unsigned int i, slot = 0;
	u64 status = TDX_SUCCESS;

	for (i = 0; i < TDX_MODEL_NR_CPUID && !status; i++) {
		config = &none;
		if (tdx_model_cpuid_leaves[i].kind == TDX_MODEL_CPUID_CONFIG) {
			config = &params->cpuid_config[slot++];
			status = check_leaf(m, tdcs, i, config, which);
		}
		set_leaf(m, tdcs, i, config);
		if (!status && i == TDX_MODEL_CPUID_7_0)
			status = check_tsx(m, tdcs, which);
	}
	if (!status) {
		apply_xfam(m, tdcs);
		apply_attributes(tdcs);
	}
	return status;
}

/* @offsets of components are stored if it is not NULL. */
static u32 lay_out_compacted(const struct tdx_model *m, u64 xfeatures, u32 *offsets)
{
	u32 offset = XSAVE_LEGACY_BYTES;
	unsigned int n;

	for (n = 2; n < TDX_MODEL_NR_XFEATURES; n++) {
		if (!(xfeatures & BIT_ULL(n)))
			continue;
		if (xfeature(m, n)->ecx & BIT(1))
			offset = (offset + 63) & ~63U;
		if (offsets)
			offsets[n] = offset;
		offset += xfeature(m, n)->eax;
	}
	return offset;
}

/**
 * tdx_model_compacted_bytes - size of an XSAVE area in the compacted format
 * @m:         the module
 * @xfeatures: its components
 *
 * Context: Any, once TDH.SYS.INIT has run.
 * Return: The size, in bytes.
 */
u32 tdx_model_compacted_bytes(const struct tdx_model *m, u64 xfeatures)
{
	return lay_out_compacted(m, xfeatures, NULL);
}

/**
 * tdx_model_lay_out_xbuff - layout of the extended state of vCPUs
 * @m:    the module
 * @tdcs: has XFAM; offsets and size, in compacted format, are stored here
 *
 * Context: On the logical processor that runs TDH.MNG.INIT.
 */
void tdx_model_lay_out_xbuff(const struct tdx_model *m, struct tdx_model_tdcs *tdcs)
{
	memset(tdcs->xbuff_offsets, 0, sizeof(tdcs->xbuff_offsets));
	tdcs->xbuff_size = lay_out_compacted(m, tdcs->xfam, tdcs->xbuff_offsets);
}
