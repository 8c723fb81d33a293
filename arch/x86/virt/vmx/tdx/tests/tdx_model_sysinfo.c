// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: what it says of itself.
 *
 * TDX Module ABI specification, TDH.SYS.INFO, TDH.SYS.RD and "Global Metadata".
 */
#include "tdx_model_internal.h"

#define VENDOR_INTEL			0x8086
#define TDCS_BASE_SIZE			0x6000
#define TDVPS_BASE_SIZE			0x6000
#define TDVPS_1_0_SIZE			0x5000
#define ATTRIBUTES_FIXED0		0x8000000070000001ULL
#define XFAM_FIXED0			0x61ae7ULL
#define XFAM_FIXED1			0x3ULL

/* Bits of a field id that TDH.SYS.RD ignores. */
#define ID_IGNORED	(3ULL << 32 | BIT_ULL(50) | BIT_ULL(51) | 7ULL << 52)

static const struct tdx_cpuid_config cpuid_configs[] = {
	{ .leaf = 0x1, .subleaf = ~0U, .eax = 0x0fff3fff, .ebx = 0x00ff0000,
	  .ecx = 0x31044988, .edx = 0xb8400000 },
	{ .leaf = 0x4, .subleaf = 0, .eax = 0xffffc000, .ebx = ~0U, .ecx = ~0U, .edx = 0x7 },
	{ .leaf = 0x4, .subleaf = 3, .eax = 0xffffc000, .ebx = ~0U, .ecx = ~0U, .edx = 0x7 },
	{ .leaf = 0x7, .subleaf = 0, .ebx = 0xd02b9b18, .ecx = 0x02417f64, .edx = 0x50004010 },
	{ .leaf = 0x1f, .subleaf = 0, .eax = 0x1f, .ebx = 0xffff, .ecx = 0xff00 },
	{ .leaf = 0x80000008, .subleaf = ~0U, .ecx = 0xf0ff },
};

struct field {
	u64 id;
	unsigned int elements;
	enum tdx_model_generation since;
};

/* In the order in which TDH.SYS.RD walks them. */
static const struct field fields[] = {
	{ 0x0000000200000000, 1, TDX_MODEL_1_5 },	/* NUM_PKGS */
	{ 0x0800000200000000, 1, TDX_MODEL_1_5 },	/* VENDOR_ID */
	{ TDX_MD_BUILD_DATE, 1, TDX_MODEL_1_5 },
	{ TDX_MD_BUILD_NUM, 1, TDX_MODEL_1_5 },
	{ TDX_MD_MINOR_VERSION, 1, TDX_MODEL_1_5 },
	{ TDX_MD_MAJOR_VERSION, 1, TDX_MODEL_1_5 },
	{ TDX_MD_UPDATE_VERSION, 1, TDX_MODEL_1_5 },
	{ TDX_MD_SYS_ATTRIBUTES, 1, TDX_MODEL_1_5 },
	{ 0x0A00000000000001, 1, TDX_MODEL_1_5 },	/* NUM_TDX_FEATURES */
	{ TDX_MD_TDX_FEATURES0, 1, TDX_MODEL_1_5 },
	{ TDX_MD_NUM_CMRS, 1, TDX_MODEL_1_5 },
	{ TDX_MD_CMR_BASE, TDX_NR_CMRS, TDX_MODEL_1_5 },
	{ TDX_MD_CMR_SIZE, TDX_NR_CMRS, TDX_MODEL_1_5 },
	{ TDX_MD_MAX_TDMRS, 1, TDX_MODEL_1_5 },
	{ TDX_MD_MAX_RESERVED_PER_TDMR, 1, TDX_MODEL_1_5 },
	{ TDX_MD_PAMT_4K_ENTRY_SIZE, 1, TDX_MODEL_1_5 },
	{ TDX_MD_PAMT_2M_ENTRY_SIZE, 1, TDX_MODEL_1_5 },
	{ TDX_MD_PAMT_1G_ENTRY_SIZE, 1, TDX_MODEL_1_5 },
	{ TDX_MD_TDCS_BASE_SIZE, 1, TDX_MODEL_1_5 },
	{ TDX_MD_TDVPS_BASE_SIZE, 1, TDX_MODEL_1_5 },
	{ TDX_MD_ATTRIBUTES_FIXED0, 1, TDX_MODEL_1_5 },
	{ TDX_MD_ATTRIBUTES_FIXED1, 1, TDX_MODEL_1_5 },
	{ TDX_MD_XFAM_FIXED0, 1, TDX_MODEL_1_5 },
	{ TDX_MD_XFAM_FIXED1, 1, TDX_MODEL_1_5 },
	{ TDX_MD_NUM_CPUID_CONFIG, 1, TDX_MODEL_1_5 },
	{ 0x9900000100000008, 1, TDX_MODEL_2_0 },	/* MAX_VCPUS_PER_TD */
	{ TDX_MD_CPUID_CONFIG_LEAVES, 32, TDX_MODEL_1_5 },
	{ TDX_MD_CPUID_CONFIG_VALUES, 64, TDX_MODEL_1_5 },
};

static u64 cpuid_config_leaf(unsigned int i)
{
	if (i >= ARRAY_SIZE(cpuid_configs))
		return ~0ULL;
	return cpuid_configs[i].leaf | (u64)cpuid_configs[i].subleaf << 32;
}

static u64 cpuid_config_value(unsigned int i)
{
	const struct tdx_cpuid_config *c;

	if (i / 2 >= ARRAY_SIZE(cpuid_configs))
		return 0;
	c = &cpuid_configs[i / 2];
	return i % 2 ? c->ecx | (u64)c->edx << 32 : c->eax | (u64)c->ebx << 32;
}

static u64 field_value(const struct tdx_model *m, u64 id, unsigned int element)
{
	const struct tdx_model_config *config = &m->config;

	switch (id) {
	case 0x0000000200000000:
		return config->nr_pkgs;
	case 0x0800000200000000:
		return VENDOR_INTEL;
	case TDX_MD_BUILD_DATE:
		return config->build_date;
	case TDX_MD_BUILD_NUM:
		return config->build_num;
	case TDX_MD_MINOR_VERSION:
		return config->minor_version;
	case TDX_MD_MAJOR_VERSION:
		return config->major_version;
	case TDX_MD_UPDATE_VERSION:
		return config->update_version;
	case 0x0A00000000000001:
		return 1;
	case TDX_MD_TDX_FEATURES0:
		return config->tdx_features0;
	case TDX_MD_NUM_CMRS:
		return TDX_NR_CMRS;
	case TDX_MD_CMR_BASE:
		return config->cmrs[element].base;
	case TDX_MD_CMR_SIZE:
		return config->cmrs[element].size;
	case TDX_MD_MAX_TDMRS:
		return config->max_tdmrs;
	case TDX_MD_MAX_RESERVED_PER_TDMR:
		return config->max_reserved_per_tdmr;
	case TDX_MD_PAMT_4K_ENTRY_SIZE:
	case TDX_MD_PAMT_2M_ENTRY_SIZE:
	case TDX_MD_PAMT_1G_ENTRY_SIZE:
		return config->pamt_entry_size;
	case TDX_MD_TDCS_BASE_SIZE:
		return TDCS_BASE_SIZE;
	case TDX_MD_TDVPS_BASE_SIZE:
		return TDVPS_BASE_SIZE;
	case TDX_MD_ATTRIBUTES_FIXED0:
		return ATTRIBUTES_FIXED0;
	case TDX_MD_XFAM_FIXED0:
		return XFAM_FIXED0;
	case TDX_MD_XFAM_FIXED1:
		return XFAM_FIXED1;
	case TDX_MD_NUM_CPUID_CONFIG:
		return ARRAY_SIZE(cpuid_configs);
	case 0x9900000100000008:
		return 0xffff;
	case TDX_MD_CPUID_CONFIG_LEAVES:
		return cpuid_config_leaf(element);
	case TDX_MD_CPUID_CONFIG_VALUES:
		return cpuid_config_value(element);
	default:
		return 0;
	}
}

static bool field_exists(const struct tdx_model *m, unsigned int i)
{
	return i < ARRAY_SIZE(fields) && m->config.generation >= fields[i].since;
}

/* The id behind element @element of field @i, or none. */
static u64 next_id(const struct tdx_model *m, unsigned int i, unsigned int element)
{
	if (element + 1 < fields[i].elements)
		return fields[i].id + element + 1;
	for (i++; i < ARRAY_SIZE(fields); i++)
		if (field_exists(m, i))
			return fields[i].id;
	return TDX_MD_FIELD_ID_NONE;
}

u64 tdx_model_sys_rd(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 id = regs->rdx, distance;
	unsigned int i;

	regs->rdx = TDX_MD_FIELD_ID_NONE;
	regs->r8 = 0;
	if (!lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_DONE, "logical processor %", this_lp(m));

	if (id == TDX_MD_FIELD_ID_NONE) {
		regs->rdx = fields[0].id;
		return TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		distance = (id & ~ID_IGNORED) - (fields[i].id & ~ID_IGNORED);
		if (!field_exists(m, i) || distance >= fields[i].elements)
			continue;
		regs->rdx = next_id(m, i, distance);
		regs->r8 = field_value(m, fields[i].id, distance);
		return TDX_SUCCESS;
	}
	return refuse1(m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", id);
}

/* Composed once: it never changes, and is too large for a stack. */
void tdx_model_compose_sysinfo(struct tdx_model *m)
{
	struct tdx_sysinfo_struct *info = &m->sysinfo;
	const struct tdx_model_config *config = &m->config;
	bool is_1_0 = config->generation == TDX_MODEL_1_0;

	info->vendor_id = VENDOR_INTEL;
	info->build_date = config->build_date;
	info->build_num = config->build_num;
	info->minor_version = config->minor_version;
	info->major_version = config->major_version;
	info->sys_rd = !is_1_0;
	info->max_tdmrs = config->max_tdmrs;
	info->max_reserved_per_tdmr = config->max_reserved_per_tdmr;
	info->pamt_entry_size = config->pamt_entry_size;
	info->tdcs_base_size = TDCS_BASE_SIZE;
	info->tdvps_base_size = is_1_0 ? TDVPS_1_0_SIZE : TDVPS_BASE_SIZE;
	info->attributes_fixed0 = ATTRIBUTES_FIXED0;
	info->xfam_fixed0 = XFAM_FIXED0;
	info->xfam_fixed1 = XFAM_FIXED1;
	info->num_cpuid_config = ARRAY_SIZE(cpuid_configs);
	memcpy(info->cpuid_config, cpuid_configs, sizeof(cpuid_configs));
}

u64 tdx_model_sys_info(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 bytes = regs->rdx, nr_cmrs = regs->r9;

	regs->rdx = 0;
	regs->r9 = 0;
	if (!lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_DONE, "logical processor %", this_lp(m));
	if (!tdx_model_shared_hpa(m, regs->rcx, sizeof(struct tdx_sysinfo_struct),
				  TDX_TDSYSINFO_ALIGNMENT))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "% is no aligned, shared address", regs->rcx);
	if (bytes < sizeof(struct tdx_sysinfo_struct))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
			       "% bytes are too few", bytes);
	if (!tdx_model_shared_hpa(m, regs->r8, sizeof(m->config.cmrs), TDX_CMR_ARRAY_ALIGNMENT))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8,
			       "% is no aligned, shared address", regs->r8);
	if (nr_cmrs < TDX_NR_CMRS)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R9,
			       "% entries are too few", nr_cmrs);

	if (!tdx_model_write(m, regs->rcx, &m->sysinfo, sizeof(m->sysinfo)))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX, "no memory at %",
			       regs->rcx);
	if (!tdx_model_write(m, regs->r8, m->config.cmrs, sizeof(m->config.cmrs)))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8, "no memory at %",
			       regs->r8);

	regs->rdx = sizeof(struct tdx_sysinfo_struct);
	regs->r9 = TDX_NR_CMRS;
	return TDX_SUCCESS;
}
