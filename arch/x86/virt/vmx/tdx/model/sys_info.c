// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: what it says of itself.
 *
 * TDX Module ABI specification, TDH.SYS.INFO, TDH.SYS.RD, TDH.SYS.RDALL and "Global
 * Metadata".
 */
#include "internal.h"

#define VENDOR_INTEL			0x8086
#define TDCS_BASE_SIZE			0x6000
#define TDVPS_BASE_SIZE			0x6000
#define TDVPS_1_0_SIZE			0x5000
#define ATTRIBUTES_FIXED0		0x8000000070000001ULL
#define XFAM_FIXED0			0x61ae7ULL
#define XFAM_FIXED1			0x3ULL
#define PLATFORM_FMS			0x806f8	/* family, model, stepping */

/* Bits of a field id that TDH.SYS.RD ignores. */
#define ID_IGNORED	(3ULL << 32 | BIT_ULL(50) | BIT_ULL(51) | 7ULL << 52 | BIT_ULL(63))

const struct tdx_model_release tdx_model_releases[TDX_MODEL_NR_GENERATIONS] = {
	[TDX_MODEL_1_0]	   = { "1.0", 1, 0, 1 },
	[TDX_MODEL_1_5]	   = { "1.5.01", 1, 5, 1, TDX_FEATURES0_NO_RBP_MOD },
	[TDX_MODEL_1_5_06] = { "1.5.06", 1, 5, 6,
			       TDX_FEATURES0_NO_RBP_MOD | TDX_FEATURES0_ENUM_TOPOLOGY },
	[TDX_MODEL_2_0]	   = { "2.0", 2, 0, 8,
			       TDX_FEATURES0_NO_RBP_MOD | TDX_FEATURES0_ENUM_TOPOLOGY },
};

static const struct tdx_cpuid_config cpuid_configs[] = {
	{ .leaf = 0x1, .subleaf = ~0U, .eax = 0x0fff3fff, .ebx = 0x00ff0000,
	  .ecx = 0x31044988, .edx = 0xb8400000 },
	{ .leaf = 0x4, .subleaf = 0, .eax = 0xffffc000, .ebx = ~0U, .ecx = ~0U, .edx = 0x7 },
	{ .leaf = 0x4, .subleaf = 3, .eax = 0xffffc000, .ebx = ~0U, .ecx = ~0U, .edx = 0x7 },
	{ .leaf = 0x7, .subleaf = 0, .ebx = 0xd02b9b18, .ecx = 0x02417f64, .edx = 0x50004010 },
	{ .leaf = 0x1f, .subleaf = 0, .eax = 0x1f, .ebx = 0xffff, .ecx = 0xff00 },
	{ .leaf = 0x80000008, .subleaf = ~0U, .ecx = 0xf0ff },
};

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
	if (i >= ARRAY_SIZE(cpuid_configs))
		return ~0ULL;
	return cpuid_configs[i].leaf | (u64)cpuid_configs[i].subleaf << 32;
}

static u64 cpuid_config_value(const struct tdx_model *m, unsigned int i)
{
	const struct tdx_cpuid_config *c;

	if (i / 2 >= ARRAY_SIZE(cpuid_configs))
		return 0;
	c = &cpuid_configs[i / 2];
	return i % 2 ? c->ecx | (u64)c->edx << 32 : c->eax | (u64)c->ebx << 32;
}

/* Read without a lock: all that a leaf changes of it is whether it is valid. */
static u64 handoff_valid(const struct tdx_model *m, unsigned int i)
{
	return __atomic_load_n(&m->handoff.valid, __ATOMIC_ACQUIRE);
}

static u64 handoff_version(const struct tdx_model *m, unsigned int i)
{
	return handoff_valid(m, 0) ? m->handoff.version : 0;
}

/* The specification leaves it to the module: here, what the TDMRs take. */
static u64 handoff_bytes(const struct tdx_model *m, unsigned int i)
{
	return handoff_valid(m, 0) ? m->handoff.nr_tdmrs * sizeof(struct tdx_tdmr_info) : 0;
}

/* One or more ids that follow each other, and where their values come from. */
struct field {
	u64 id;
	u16 nr_ids;
	u16 elements;	/* of each field, if there are several */
	enum tdx_model_generation since;
	/* One of these: a function, a member of the config, a constant. */
	u64 (*read)(const struct tdx_model *m, unsigned int i);
	u16 offset, bytes;
	u64 value;
};

#define ASK(function)	.read = (function)
#define IS(constant)	.value = (constant)
#define FROM(member) \
	.offset = offsetof(struct tdx_model_config, member), \
	.bytes = sizeof(((struct tdx_model_config *)NULL)->member)
#define NEW_IN(version)	.since = TDX_MODEL_##version

/*
 * In the order in which TDH.SYS.RD walks them.  Of some that came with 2.0 no
 * value is known: those are 0.
 */
static const struct field fields[] = {
	{ 0x0000000200000000, 1, FROM(nr_pkgs) },	/* NUM_PKGS */
	{ 0x0000000200000001, 8, ASK(pkg_fms) },	/* PKG_FMS */
	{ 0x0800000200000000, 1, IS(VENDOR_INTEL) },	/* VENDOR_ID */
	{ TDX_MD_BUILD_DATE, 1, FROM(build_date) },
	{ TDX_MD_BUILD_NUM, 1, FROM(build_num) },
	{ TDX_MD_MINOR_VERSION, 1, FROM(minor_version) },
	{ TDX_MD_MAJOR_VERSION, 1, FROM(major_version) },
	{ TDX_MD_UPDATE_VERSION, 1, FROM(update_version) },
	{ 0x0800000100000006, 1, IS(0) },	/* INTERNAL_VERSION */
	{ 0x8900000100000000, 1, FROM(module_hv) },	/* MODULE_HV */
	{ 0x8900000100000001, 1, FROM(min_update_hv) },	/* MIN_UPDATE_HV */
	{ 0x8900000000000002, 1, FROM(no_downgrade) },	/* NO_DOWNGRADE */
	{ 0x8900000100000003, 1, IS(0xd) },	/* NUM_HANDOFF_PAGES */
	{ 0x8900000000000004, 1, ASK(handoff_valid) },	/* HANDOFF_DATA_VALID */
	{ 0x8900000100000005, 1, ASK(handoff_version) },	/* HANDOFF_DATA_HV */
	{ 0x8900000200000006, 1, ASK(handoff_bytes) },	/* HANDOFF_DATA_SIZE */
	{ TDX_MD_SYS_ATTRIBUTES, 1, IS(0) },
	{ 0x0A00000000000001, 1, IS(0x1) },	/* NUM_TDX_FEATURES */
	{ TDX_MD_TDX_FEATURES0, 1, FROM(tdx_features0) },
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
	{ TDX_MD_XFAM_FIXED0, 1, IS(XFAM_FIXED0) },
	{ TDX_MD_XFAM_FIXED1, 1, IS(XFAM_FIXED1) },
	{ TDX_MD_NUM_CPUID_CONFIG, 1, IS(ARRAY_SIZE(cpuid_configs)) },
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
	{ 0xA000000300000000, 1, IS(0) },	/* MIG_ATTRIBUTES */
	{ 0x2000000100000001, 1, IS(0) },	/* MIN_EXPORT_VERSION */
	{ 0x2000000100000002, 1, IS(0) },	/* MAX_EXPORT_VERSION */
	{ 0x2000000100000003, 1, IS(0) },	/* MIN_IMPORT_VERSION */
	{ 0x2000000100000004, 1, IS(0) },	/* MAX_IMPORT_VERSION */
	{ 0xA000000100000010, 1, IS(0x200) },	/* MAX_MIGS */
	{ 0xA000000000000020, 1, IS(0x3) },	/* NUM_IMMUTABLE_STATE_PAGES */
	{ 0xA000000000000021, 1, IS(0x2) },	/* NUM_TD_STATE_PAGES */
	{ 0xA000000000000022, 1, IS(0x5) },	/* NUM_VP_STATE_PAGES */
	{ 0xA100000100000000, 1, IS(0x1) },	/* MAX_SERV_TDS */
	{ 0xA100000300000001, 1, IS(0x7ff00000001) },	/* SERVTD_ATTR_FIXED0 */
	{ 0xA100000300000002, 1, IS(0) },	/* SERVTD_ATTR_FIXED1 */
	{ 0xA200000100000000, 1, IS(0x807f) },	/* GUEST_L2_GPA_ATTR_MASK */
	{ 0xA200000300000001, 1, IS(0x1) },	/* VM_CTLS_FIXED0 */
	{ 0xA200000300000002, 1, IS(0) },	/* VM_CTLS_FIXED1 */
	{ 0xA200000300000003, 1, IS(0x3) },	/* VPCU_L2_CTLS_FIXED0 */
	{ 0xA200000300000004, 1, IS(0) },	/* VCPU_L2_CTLS_FIXED1 */
	{ 0xA200000300000005, 1, IS(0x7) },	/* VPCU_L2_DEBUG_CTLS_FIXED0 */
	{ 0xA200000300000006, 1, IS(0) },	/* VCPU_L2_DEBUG_CTLS_FIXED1 */
	{ 0x3000000300000000, 1, NEW_IN(2_0) },	/* TDX_CONNECT_FEATURES */
};

static u64 value_of(const struct tdx_model *m, const struct field *field, unsigned int i)
{
	u64 value = field->value;

	if (field->read)
		return field->read(m, i);
	memcpy(&value, (const u8 *)&m->config + field->offset, field->bytes);
	return value;
}

/* Field @i, or the first behind it that this generation has. */
static unsigned int existing_field(const struct tdx_model *m, unsigned int i)
{
	while (i < ARRAY_SIZE(fields) && m->config.generation < fields[i].since)
		i++;
	return i;
}

/* Which field, and which of its ids, an id means. */
static bool find_id(const struct tdx_model *m, u64 id, unsigned int *field, unsigned int *index)
{
	unsigned int i;
	u64 distance;

	for (i = existing_field(m, 0); i < ARRAY_SIZE(fields); i = existing_field(m, i + 1)) {
		distance = (id & ~ID_IGNORED) - (fields[i].id & ~ID_IGNORED);
		if (distance < fields[i].nr_ids) {
			*field = i;
			*index = distance;
			return true;
		}
	}
	return false;
}

/* The id behind the one with @index of field @i, or none. */
static u64 next_id(const struct tdx_model *m, unsigned int i, unsigned int index)
{
	if (index + 1 < fields[i].nr_ids)
		return fields[i].id + index + 1;
	i = existing_field(m, i + 1);
	return i < ARRAY_SIZE(fields) ? fields[i].id : TDX_MD_FIELD_ID_NONE;
}

u64 tdx_model_sys_rd(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 id = regs->rdx;
	unsigned int i, index;

	regs->rdx = TDX_MD_FIELD_ID_NONE;
	regs->r8 = 0;
	if (!lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_DONE, "logical processor %", this_lp(m));

	if (id == TDX_MD_FIELD_ID_NONE) {
		regs->rdx = fields[0].id;
		return TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	if (!find_id(m, id, &i, &index))
		return refuse1(m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", id);

	regs->rdx = next_id(m, i, index);
	regs->r8 = value_of(m, &fields[i], index);
	return TDX_SUCCESS;
}

/*
 * A metadata list, as "Metadata List" of the public ABI specification has it; the
 * only format here that no module was seen to write.  A header, bits 15:0 bytes in
 * all, bits 31:16 number of sequences; then sequences: the first field's id with
 * how many follow it, and values of 8 bytes each.
 */
struct metadata_list {
	u64 pa;
	unsigned int bytes, capacity;
	unsigned int nr_sequences;
	bool unmapped;
};

#define LIST_SEQUENCES_SHIFT	16
#define ID_LAST_ELEMENT_SHIFT	34
#define ID_LAST_FIELD_SHIFT	38

static void list_add(struct tdx_model *m, struct metadata_list *list, u64 value)
{
	if (!tdx_model_write(m, list->pa + list->bytes, &value, sizeof(value)))
		list->unmapped = true;
	list->bytes += sizeof(value);
}

/*
 * One sequence: of field @i, from the id with @index on, what there is room for.
 * Whole fields only.  Returns the index of the first id that is not in it.
 */
static unsigned int list_add_sequence(struct tdx_model *m, struct metadata_list *list,
				      unsigned int i, unsigned int index)
{
	const struct field *field = &fields[i];
	unsigned int elements = field->elements ?: 1;
	unsigned int room = (list->capacity - list->bytes) / sizeof(u64);
	unsigned int nr = (field->nr_ids - index) / elements, end;

	if (room <= elements)
		return index;
	if (nr > (room - 1) / elements)
		nr = (room - 1) / elements;
	end = index + nr * elements;

	list_add(m, list, (field->id + index) | (u64)(elements - 1) << ID_LAST_ELEMENT_SHIFT |
			  (u64)(nr - 1) << ID_LAST_FIELD_SHIFT);
	for (; index < end; index++)
		list_add(m, list, value_of(m, field, index));
	list->nr_sequences++;
	return end;
}

/* Fill the list from an id on; returns the id to go on with, or none. */
static u64 list_fill(struct tdx_model *m, struct metadata_list *list, unsigned int i,
		     unsigned int index)
{
	u64 header;

	list->bytes = sizeof(header);
	for (; i < ARRAY_SIZE(fields); i = existing_field(m, i + 1), index = 0) {
		index = list_add_sequence(m, list, i, index);
		if (index < fields[i].nr_ids)
			break;
	}
	header = list->bytes | (u64)list->nr_sequences << LIST_SEQUENCES_SHIFT;
	if (!tdx_model_write(m, list->pa, &header, sizeof(header)))
		list->unmapped = true;
	return i < ARRAY_SIZE(fields) ? fields[i].id + index : TDX_MD_FIELD_ID_NONE;
}

/*
 * A full list goes on at the first field that is not in it: with a sequence, or
 * with one of its fields.  An id within a field of several elements means all of
 * that field.
 */
u64 tdx_model_sys_rdall(struct tdx_model *m, struct tdx_model_regs *regs)
{
	struct metadata_list list = {
		.pa = regs->rdx,
		.capacity = m->config.metadata_list_bytes ?: PAGE_BYTES,
	};
	unsigned int i = 0, index = 0;
	u64 id = regs->r8;

	regs->r8 = TDX_MD_FIELD_ID_NONE;
	if (!lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_DONE, "logical processor %", this_lp(m));
	if (!tdx_model_shared_hpa(m, regs->rdx, PAGE_BYTES, PAGE_BYTES))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
			       "% is no aligned, shared address", regs->rdx);
	if (id != TDX_MD_FIELD_ID_NONE && !find_id(m, id, &i, &index))
		return refuse1(m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", id);

	id = list_fill(m, &list, i, index - index % (fields[i].elements ?: 1));
	if (list.unmapped)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX, "no memory at %",
			       regs->rdx);
	regs->r8 = id;
	if (id != TDX_MD_FIELD_ID_NONE)
		return refuse1(m, TDX_METADATA_LIST_OVERFLOW, "the list goes on with %", id);
	return TDX_SUCCESS;
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
