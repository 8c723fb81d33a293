// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: the metadata fields of the module itself.
 */
#include "fields.h"

static u64 cmr_base(const struct tdx_model *m, unsigned int i)
{
	return m->config.cmrs[i].base;
}

static u64 cmr_size(const struct tdx_model *m, unsigned int i)
{
	return m->config.cmrs[i].size;
}

static u64 pkg_fms(const struct tdx_model *m, unsigned int i)
{
	return i < m->config.nr_pkgs ? PLATFORM_FMS : 0;
}

static u64 allowed_fms(const struct tdx_model *m, unsigned int i)
{
	return i ? 0 : PLATFORM_FMS;
}

static u64 cpuid_config_leaf(const struct tdx_model *m, unsigned int i)
{
	const struct tdx_model_cpuid_leaf *leaf;

	if (i >= TDX_MODEL_NR_CPUID_CONFIGS)
		return ~0ULL;
	leaf = &tdx_model_cpuid_leaves[tdx_model_cpuid_config(i)];
	return leaf->leaf | (u64)leaf->subleaf << 32;
}

/* 1.5.01 does not report here which bits are allowed, TDH.SYS.INFO does. */
static u64 cpuid_config_value(const struct tdx_model *m, unsigned int i)
{
	struct tdx_cpuid_config c;

	if (i / 2 >= TDX_MODEL_NR_CPUID_CONFIGS)
		return 0;
	c = tdx_model_configurable_cpuid(m, i / 2, m->config.generation > TDX_MODEL_1_5);
	return i % 2 ? c.ecx | (u64)c.edx << 32 : c.eax | (u64)c.ebx << 32;
}

/* Read without a lock: leaves change nothing of it but whether it is valid. */
static u64 handoff_valid(const struct tdx_model *m, unsigned int i)
{
	return __atomic_load_n(&m->handoff.valid, __ATOMIC_ACQUIRE);
}

static u64 handoff_version(const struct tdx_model *m, unsigned int i)
{
	return handoff_valid(m, 0) ? m->handoff.version : 0;
}

/* Not specified; here, the size of the TDMRs. */
static u64 handoff_bytes(const struct tdx_model *m, unsigned int i)
{
	return handoff_valid(m, 0) ? m->handoff.nr_tdmrs * sizeof(struct tdx_tdmr_info) : 0;
}

static u64 xfam_fixed0(const struct tdx_model *m, unsigned int i)
{
	return tdx_model_xfam_fixed0(m);
}

#define ASK(function)	.read = (function)
#define IS(constant)	.value = (constant)
#define FROM(member) \
	TDX_MODEL_MEMBER(TDX_MODEL_OF_CONFIG, struct tdx_model_config, member)
#define NEW_IN(version)	.since = TDX_MODEL_##version
#define GUEST		.guest_reads = true

/*
 * In the order of TDH.SYS.RD.  Fields that were added in 2.0 and whose values
 * are not known are 0.
 */
static const struct tdx_model_field fields[] = {
	{ 0x0000000200000000, 1, FROM(nr_pkgs) },	/* NUM_PKGS */
	{ 0x0000000200000001, 8, ASK(pkg_fms) },	/* PKG_FMS */
	{ 0x0800000200000000, 1, IS(VENDOR_INTEL), GUEST },	/* VENDOR_ID */
	{ TDX_MD_BUILD_DATE, 1, FROM(build_date) },
	{ TDX_MD_BUILD_NUM, 1, FROM(build_num) },
	{ TDX_MD_MINOR_VERSION, 1, FROM(minor_version), GUEST },
	{ TDX_MD_MAJOR_VERSION, 1, FROM(major_version), GUEST },
	{ TDX_MD_UPDATE_VERSION, 1, FROM(update_version) },
	{ 0x0800000100000006, 1, IS(0) },	/* INTERNAL_VERSION */
	{ 0x8900000100000000, 1, FROM(module_hv) },	/* MODULE_HV */
	{ 0x8900000100000001, 1, FROM(min_update_hv) },	/* MIN_UPDATE_HV */
	{ 0x8900000000000002, 1, FROM(no_downgrade) },	/* NO_DOWNGRADE */
	{ 0x8900000100000003, 1, IS(0xd) },	/* NUM_HANDOFF_PAGES */
	{ 0x8900000000000004, 1, ASK(handoff_valid) },	/* HANDOFF_DATA_VALID */
	{ 0x8900000100000005, 1, ASK(handoff_version) },	/* HANDOFF_DATA_HV */
	{ 0x8900000200000006, 1, ASK(handoff_bytes) },	/* HANDOFF_DATA_SIZE */
	{ TDX_MD_SYS_ATTRIBUTES, 1, IS(0), GUEST },
	{ 0x0A00000000000001, 1, IS(0x1), GUEST },	/* NUM_TDX_FEATURES */
	{ TDX_MD_TDX_FEATURES0, 1, FROM(tdx_features0), GUEST },
	{ TDX_MD_NUM_CMRS, 1, IS(TDX_NR_CMRS) },
	{ TDX_MD_CMR_BASE, TDX_NR_CMRS, ASK(cmr_base) },
	{ TDX_MD_CMR_SIZE, TDX_NR_CMRS, ASK(cmr_size) },
	{ TDX_MD_MAX_TDMRS, 1, FROM(max_tdmrs) },
	{ TDX_MD_MAX_RESERVED_PER_TDMR, 1, FROM(max_reserved_per_tdmr) },
	{ TDX_MD_PAMT_4K_ENTRY_SIZE, 1, FROM(pamt_entry_size) },
	{ TDX_MD_PAMT_2M_ENTRY_SIZE, 1, FROM(pamt_entry_size) },
	{ TDX_MD_PAMT_1G_ENTRY_SIZE, 1, FROM(pamt_entry_size) },
	{ 0x9100000000000013, 1, NEW_IN(2_0), IS(1) },	/* PAMT_PAGE_BITMAP_ENTRY_BITS */
	{ 0x9100000000000014, 1, NEW_IN(2_0) },	/* MIN_DYNAMIC_PAMT_NUM_HKID_BITS */
	{ 0x9800000100000000, 1, IS(0x1000) },	/* TDR_BASE_SIZE */
	{ TDX_MD_TDCS_BASE_SIZE, 1, IS(TDCS_BASE_SIZE) },
	{ 0x9800000100000101, 1, IS(0x1000) },	/* TDCS_SIZE_PER_L2_VM */
	{ TDX_MD_TDVPS_BASE_SIZE, 1, IS(TDVPS_BASE_SIZE) },
	{ 0x9800000100000201, 1, IS(0x3000) },	/* TDVPS_SIZE_PER_L2_VM */
	{ TDX_MD_ATTRIBUTES_FIXED0, 1, IS(ATTRIBUTES_FIXED0) },
	{ TDX_MD_ATTRIBUTES_FIXED1, 1, IS(0) },
	{ TDX_MD_XFAM_FIXED0, 1, ASK(xfam_fixed0) },
	{ TDX_MD_XFAM_FIXED1, 1, IS(XFAM_FIXED1) },
	{ TDX_MD_NUM_CPUID_CONFIG, 1, IS(TDX_MODEL_NR_CPUID_CONFIGS) },
	{ 0x9900000300000006, 1, IS(0x7) },	/* CONFIG_FLAGS_FIXED0 */
	{ 0x9900000300000007, 1, IS(0) },	/* CONFIG_FLAGS_FIXED1 */
	{ TDX_MD_MAX_VCPUS_PER_TD, 1, NEW_IN(1_5_06), IS(0xffff) },
	{ 0x9900000000000009, 1, NEW_IN(2_0) },	/* MIN_VIRT_MAXPA */
	{ 0x990000010000000A, 1, NEW_IN(2_0) },	/* MAX_EVENT_FILTERS */
	{ TDX_MD_CPUID_CONFIG_LEAVES, 32, ASK(cpuid_config_leaf) },
	{ TDX_MD_CPUID_CONFIG_VALUES, 64, .elements = 2, ASK(cpuid_config_value) },
	{ 0x9900000300000600, 1, IS(0x1180010) },	/* IA32_ARCH_CAPABILITIES_CONFIG_MASK */
	{ 0x9900000100000800, 1, IS(0x1) },	/* NUM_ALLOWED_FMS */
	{ 0x9900000100000801, 1, IS(0) },	/* NUM_DISALLOWED_FMS */
	{ 0x9900000300000810, 64, ASK(allowed_fms) },	/* ALLOWED_FMS */
	{ 0x9900000300000850, 64, IS(0) },	/* DISALLOWED_FMS */
	{ 0x9A00000300000000, 1, NEW_IN(2_0) },	/* GUEST_GPA_ATTR_MASK */
	{ 0xA000000300000000, 1, IS(0), GUEST },	/* MIG_ATTRIBUTES */
	{ 0x2000000100000001, 1, IS(0), GUEST },	/* MIN_EXPORT_VERSION */
	{ 0x2000000100000002, 1, IS(0), GUEST },	/* MAX_EXPORT_VERSION */
	{ 0x2000000100000003, 1, IS(0), GUEST },	/* MIN_IMPORT_VERSION */
	{ 0x2000000100000004, 1, IS(0), GUEST },	/* MAX_IMPORT_VERSION */
	{ 0xA000000100000010, 1, IS(0x200) },	/* MAX_MIGS */
	{ 0xA000000000000020, 1, IS(0x3) },	/* NUM_IMMUTABLE_STATE_PAGES */
	{ 0xA000000000000021, 1, IS(0x2) },	/* NUM_TD_STATE_PAGES */
	{ 0xA000000000000022, 1, IS(0x5) },	/* NUM_VP_STATE_PAGES */
	{ 0xA100000100000000, 1, IS(0x1) },	/* MAX_SERV_TDS */
	{ 0xA100000300000001, 1, IS(0x7ff00000001) },	/* SERVTD_ATTR_FIXED0 */
	{ 0xA100000300000002, 1, IS(0) },	/* SERVTD_ATTR_FIXED1 */
	{ 0xA200000100000000, 1, IS(0x807f), GUEST },	/* GUEST_L2_GPA_ATTR_MASK */
	{ 0xA200000300000001, 1, IS(0x1) },	/* VM_CTLS_FIXED0 */
	{ 0xA200000300000002, 1, IS(0) },	/* VM_CTLS_FIXED1 */
	{ 0xA200000300000003, 1, IS(0x3) },	/* VPCU_L2_CTLS_FIXED0 */
	{ 0xA200000300000004, 1, IS(0) },	/* VCPU_L2_CTLS_FIXED1 */
	{ 0xA200000300000005, 1, IS(0x7) },	/* VPCU_L2_DEBUG_CTLS_FIXED0 */
	{ 0xA200000300000006, 1, IS(0) },	/* VCPU_L2_DEBUG_CTLS_FIXED1 */
	{ 0x3000000300000000, 1, NEW_IN(2_0) },	/* TDX_CONNECT_FEATURES */
};

const struct tdx_model_fields tdx_model_sys_fields = { fields, ARRAY_SIZE(fields) };
