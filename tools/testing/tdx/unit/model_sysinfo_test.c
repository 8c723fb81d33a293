// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metadata fields of the software TDX module, read by TDH.SYS.RD and
 * TDH.SYS.RDALL, compared with the list of fields of the real module.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_layouts.h"

#define NONE		(~0ULL)
#define LIST_PA		(BUFFER_PA + K(64))
#define LAST_BITS	(0x1fffULL << 34)	/* last element and last field */

/* Sorted; value is that of the first element. */
static const struct field {
	const char *name;
	u64 id;
	unsigned int nr_ids, elements;
	u64 value;
	enum tdx_model_generation since;
} fields[] = {
	{ "NUM_PKGS", 0x0000000200000000, 1, 1, 2 },
	{ "PKG_FMS", 0x0000000200000001, 8, 1, 0x806f8 },
	{ "VENDOR_ID", 0x0800000200000000, 1, 1, 0x8086 },
	{ "BUILD_DATE", 0x8800000200000001, 1, 1, 20231025 },
	{ "BUILD_NUM", 0x8800000100000002, 1, 1, 481 },
	{ "MINOR_VERSION", 0x0800000100000003, 1, 1, 0x5 },
	{ "MAJOR_VERSION", 0x0800000100000004, 1, 1, 0x1 },
	{ "UPDATE_VERSION", 0x0800000100000005, 1, 1, 0x1 },
	{ "INTERNAL_VERSION", 0x0800000100000006, 1, 1, 0 },
	{ "MODULE_HV", 0x8900000100000000, 1, 1, 0 },
	{ "MIN_UPDATE_HV", 0x8900000100000001, 1, 1, 0 },
	{ "NO_DOWNGRADE", 0x8900000000000002, 1, 1, 0 },
	{ "NUM_HANDOFF_PAGES", 0x8900000100000003, 1, 1, 0xd },
	{ "HANDOFF_DATA_VALID", 0x8900000000000004, 1, 1, 0 },
	{ "HANDOFF_DATA_HV", 0x8900000100000005, 1, 1, 0 },
	{ "HANDOFF_DATA_SIZE", 0x8900000200000006, 1, 1, 0 },
	{ "SYS_ATTRIBUTES", 0x0A00000200000000, 1, 1, 0 },
	{ "NUM_TDX_FEATURES", 0x0A00000000000001, 1, 1, 0x1 },
	{ "TDX_FEATURES0", 0x0A00000300000008, 1, 1, 0xf0fbf },
	{ "NUM_CMRS", 0x9000000100000000, 1, 1, 0x20 },
	{ "CMR_BASE", 0x9000000300000080, 32, 1, M(1) },
	{ "CMR_SIZE", 0x9000000300000100, 32, 1, G(64) - M(1) },
	{ "MAX_TDMRS", 0x9100000100000008, 1, 1, 0x40 },
	{ "MAX_RESERVED_PER_TDMR", 0x9100000100000009, 1, 1, 0x10 },
	{ "PAMT_4K_ENTRY_SIZE", 0x9100000100000010, 1, 1, 0x10 },
	{ "PAMT_2M_ENTRY_SIZE", 0x9100000100000011, 1, 1, 0x10 },
	{ "PAMT_1G_ENTRY_SIZE", 0x9100000100000012, 1, 1, 0x10 },
	{ "PAMT_PAGE_BITMAP_ENTRY_BITS", 0x9100000000000013, 1, 1, 1, TDX_MODEL_2_0 },
	{ "MIN_DYNAMIC_PAMT_NUM_HKID_BITS", 0x9100000000000014, 1, 1, 0, TDX_MODEL_2_0 },
	{ "TDR_BASE_SIZE", 0x9800000100000000, 1, 1, 0x1000 },
	{ "TDCS_BASE_SIZE", 0x9800000100000100, 1, 1, 0x6000 },
	{ "TDCS_SIZE_PER_L2_VM", 0x9800000100000101, 1, 1, 0x1000 },
	{ "TDVPS_BASE_SIZE", 0x9800000100000200, 1, 1, 0x6000 },
	{ "TDVPS_SIZE_PER_L2_VM", 0x9800000100000201, 1, 1, 0x3000 },
	{ "ATTRIBUTES_FIXED0", 0x1900000300000000, 1, 1, 0x8000000070000001 },
	{ "ATTRIBUTES_FIXED1", 0x1900000300000001, 1, 1, 0 },
	{ "XFAM_FIXED0", 0x1900000300000002, 1, 1, 0x61ae7 },
	{ "XFAM_FIXED1", 0x1900000300000003, 1, 1, 0x3 },
	{ "NUM_CPUID_CONFIG", 0x9900000100000004, 1, 1, 0xc },
	{ "CONFIG_FLAGS_FIXED0", 0x9900000300000006, 1, 1, 0x7 },
	{ "CONFIG_FLAGS_FIXED1", 0x9900000300000007, 1, 1, 0 },
	{ "MAX_VCPUS_PER_TD", 0x9900000100000008, 1, 1, 0xffff, TDX_MODEL_1_5_06 },
	{ "MIN_VIRT_MAXPA", 0x9900000000000009, 1, 1, 0, TDX_MODEL_2_0 },
	{ "MAX_EVENT_FILTERS", 0x990000010000000A, 1, 1, 0, TDX_MODEL_2_0 },
	{ "CPUID_CONFIG_LEAVES", 0x9900000300000400, 32, 1, 0xffffffff00000001 },
	{ "CPUID_CONFIG_VALUES", 0x9900000300000500, 64, 2, 0xff00000fff3fff },
	{ "IA32_ARCH_CAPABILITIES_CONFIG_MASK", 0x9900000300000600, 1, 1, 0x1180010 },
	{ "NUM_ALLOWED_FMS", 0x9900000100000800, 1, 1, 0x1 },
	{ "NUM_DISALLOWED_FMS", 0x9900000100000801, 1, 1, 0 },
	{ "ALLOWED_FMS", 0x9900000300000810, 64, 1, 0x806f8 },
	{ "DISALLOWED_FMS", 0x9900000300000850, 64, 1, 0 },
	{ "GUEST_GPA_ATTR_MASK", 0x9A00000300000000, 1, 1, 0, TDX_MODEL_2_0 },
	{ "MIG_ATTRIBUTES", 0xA000000300000000, 1, 1, 0 },
	{ "MIN_EXPORT_VERSION", 0x2000000100000001, 1, 1, 0 },
	{ "MAX_EXPORT_VERSION", 0x2000000100000002, 1, 1, 0 },
	{ "MIN_IMPORT_VERSION", 0x2000000100000003, 1, 1, 0 },
	{ "MAX_IMPORT_VERSION", 0x2000000100000004, 1, 1, 0 },
	{ "MAX_MIGS", 0xA000000100000010, 1, 1, 0x200 },
	{ "NUM_IMMUTABLE_STATE_PAGES", 0xA000000000000020, 1, 1, 0x3 },
	{ "NUM_TD_STATE_PAGES", 0xA000000000000021, 1, 1, 0x2 },
	{ "NUM_VP_STATE_PAGES", 0xA000000000000022, 1, 1, 0x5 },
	{ "MAX_SERV_TDS", 0xA100000100000000, 1, 1, 0x1 },
	{ "SERVTD_ATTR_FIXED0", 0xA100000300000001, 1, 1, 0x7ff00000001 },
	{ "SERVTD_ATTR_FIXED1", 0xA100000300000002, 1, 1, 0 },
	{ "GUEST_L2_GPA_ATTR_MASK", 0xA200000100000000, 1, 1, 0x807f },
	{ "VM_CTLS_FIXED0", 0xA200000300000001, 1, 1, 0x1 },
	{ "VM_CTLS_FIXED1", 0xA200000300000002, 1, 1, 0 },
	{ "VPCU_L2_CTLS_FIXED0", 0xA200000300000003, 1, 1, 0x3 },
	{ "VCPU_L2_CTLS_FIXED1", 0xA200000300000004, 1, 1, 0 },
	{ "VPCU_L2_DEBUG_CTLS_FIXED0", 0xA200000300000005, 1, 1, 0x7 },
	{ "VCPU_L2_DEBUG_CTLS_FIXED1", 0xA200000300000006, 1, 1, 0 },
	{ "TDX_CONNECT_FEATURES", 0x3000000300000000, 1, 1, 0, TDX_MODEL_2_0 },
};

FIXTURE(sysinfo) {
	struct model_machine *machine;
};

FIXTURE_VARIANT(sysinfo) {
	enum tdx_model_generation generation;
};

FIXTURE_VARIANT_ADD(sysinfo, v1_5) {
	.generation = TDX_MODEL_1_5,
};

FIXTURE_VARIANT_ADD(sysinfo, v1_5_06) {
	.generation = TDX_MODEL_1_5_06,
};

FIXTURE_VARIANT_ADD(sysinfo, v2_0) {
	.generation = TDX_MODEL_2_0,
};

FIXTURE_SETUP(sysinfo)
{
	struct tdx_model_config *config;

	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
	config = &self->machine->config;
	config->generation = variant->generation;
	config->build_date = 20231025;
	config->build_num = 481;
	config->major_version = 1;
	config->minor_version = 5;
	config->update_version = 1;
	config->tdx_features0 = 0xf0fbf;
	machine_init_module(self->machine);
}

FIXTURE_TEARDOWN(sysinfo)
{
	machine_free(self->machine);
}

/*
 * The next field after @field in this generation of the module; NULL if there
 * is none.
 */
static const struct field *next_field(const struct model_machine *m, const struct field *field)
{
	for (field = field ? field + 1 : fields; field < fields + ARRAY_SIZE(fields); field++)
		if (m->config.generation >= field->since)
			return field;
	return NULL;
}

static u64 sys_rd(struct model_machine *m, u64 id, u64 *value, u64 *next)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_RD, .gpr = { .rdx = id } };

	machine_seamcall(m, 0, &regs);
	*value = regs.gpr.r8;
	*next = regs.gpr.rdx;
	return regs.rax;
}

TEST_F(sysinfo, sys_rd_walks_all_fields_in_order)
{
	struct model_machine *m = self->machine;
	const struct field *field;
	u64 id, value;
	unsigned int i;

	EXPECT_EQ(TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT, sys_rd(m, NONE, &value, &id));
	for (field = next_field(m, NULL); field; field = next_field(m, field))
		for (i = 0; i < field->nr_ids; i++) {
			ASSERT_EQ(field->id + i, id) TH_LOG("%s, element %u", field->name, i);
			ASSERT_EQ(0, sys_rd(m, id, &value, &id));
			if (i == 0)
				EXPECT_EQ(field->value, value) TH_LOG("%s", field->name);
		}
	EXPECT_EQ(NONE, id);
}

TEST_F(sysinfo, later_fields_are_no_fields)
{
	struct model_machine *m = self->machine;
	u64 expected, value, next;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		expected = variant->generation < fields[i].since ?
			   TDX_METADATA_FIELD_ID_INCORRECT : 0;
		EXPECT_EQ(expected, sys_rd(m, fields[i].id, &value, &next))
			TH_LOG("%s", fields[i].name);
	}
}

TEST_F(sysinfo, elements_past_the_used_ones_are_empty)
{
	struct model_machine *m = self->machine;
	u64 value, next;

	EXPECT_EQ(0, sys_rd(m, TDX_MD_CMR_SIZE + 31, &value, &next));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, sys_rd(m, TDX_MD_CPUID_CONFIG_LEAVES + 12, &value, &next));
	EXPECT_EQ(NONE, value);
	EXPECT_EQ(0, sys_rd(m, TDX_MD_CPUID_CONFIG_VALUES + 24, &value, &next));
	EXPECT_EQ(0, value);
	/* PKG_FMS of the second package, and of a nonexistent one. */
	EXPECT_EQ(0, sys_rd(m, 0x0000000200000002ULL, &value, &next));
	EXPECT_EQ(0x806f8, value);
	EXPECT_EQ(0, sys_rd(m, 0x0000000200000003ULL, &value, &next));
	EXPECT_EQ(0, value);
	/* The last element of a field is not followed by another field. */
	EXPECT_EQ(TDX_METADATA_FIELD_ID_INCORRECT,
		  sys_rd(m, TDX_MD_CMR_SIZE + 32, &value, &next));
}

TEST_F(sysinfo, some_bits_of_an_id_are_ignored)
{
	struct model_machine *m = self->machine;
	u64 value, next;
	unsigned int bit;
	bool ignored;

	for (bit = 24; bit < 64; bit++) {
		/* Element size, inc_size, write mask, context, non-architectural: ignored. */
		ignored = bit == 32 || bit == 33 || (bit >= 50 && bit <= 54) || bit == 63;
		EXPECT_EQ(ignored ? 0 : TDX_METADATA_FIELD_ID_INCORRECT,
			  sys_rd(m, TDX_MD_PAMT_2M_ENTRY_SIZE ^ 1ULL << bit, &value, &next))
			TH_LOG("bit %u", bit);
		EXPECT_EQ(ignored ? 16 : 0, value);
		EXPECT_EQ(ignored ? TDX_MD_PAMT_1G_ENTRY_SIZE : NONE, next);
	}
}

/* Components of extended state are limited by the CPU, here one without AVX-512 and AMX. */
TEST_F(sysinfo, xfam_fixed0_is_what_the_cpu_has)
{
	struct model_machine *m = self->machine;
	struct tdx_model_regs info = { .rax = TDH_SYS_INFO, .gpr = {
		.rcx = LIST_PA, .rdx = 1024, .r8 = LIST_PA + 4096, .r9 = TDX_NR_CMRS,
	} };
	const struct tdx_sysinfo_struct *sysinfo = (void *)&m->buffer[LIST_PA - BUFFER_PA];
	u64 value, next;

	m->spoiled_cpuid = (struct spoiled_cpuid) { 0xd, 0, 0, 0x207 };
	m->cpuid_is_spoiled = true;
	machine_init_module(m);
	EXPECT_EQ(0, sys_rd(m, TDX_MD_XFAM_FIXED0, &value, &next));
	EXPECT_EQ(0x1a07, value);
	EXPECT_EQ(0, machine_seamcall(m, 0, &info));
	EXPECT_EQ(value, sysinfo->xfam_fixed0);
}

static u64 sys_rdall(struct model_machine *m, u64 pa, u64 id, u64 *next)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_RDALL, .gpr = { .rdx = pa, .r8 = id } };

	machine_seamcall(m, 0, &regs);
	*next = regs.gpr.r8;
	return regs.rax;
}

static u64 list_word(const struct model_machine *m, unsigned int i)
{
	u64 word;

	memcpy(&word, &m->buffer[LIST_PA - BUFFER_PA + i * sizeof(word)], sizeof(word));
	return word;
}

/*
 * Compare a list of sequences with TDH.SYS.RD, from @id on.  Return the id
 * after the last value of the list, or 0 if they differ.
 */
static u64 check_list(struct model_machine *m, u64 id)
{
	unsigned int words = (list_word(m, 0) & 0xffff) / 8, at = 1, sequences, nr;
	u64 header, value;

	for (sequences = 0; at < words; sequences++) {
		header = list_word(m, at++);
		nr = (1 + (header >> 34 & 15)) * (1 + (header >> 38 & 511));
		if ((header & ~LAST_BITS) != id || at + nr > words)
			return 0;
		for (; nr; nr--, at++)
			if (sys_rd(m, id, &value, &id) || list_word(m, at) != value)
				return 0;
	}
	return list_word(m, 0) == (words * 8 | (u64)sequences << 16) ? id : 0;
}

TEST_F(sysinfo, sys_rdall_lists_what_sys_rd_reads)
{
	struct model_machine *m = self->machine;
	const struct field *field;
	unsigned int at = 1;
	u64 next;

	memset(m->buffer, 0xee, sizeof(m->buffer));
	ASSERT_EQ(0, sys_rdall(m, LIST_PA, NONE, &next)) TH_LOG("%s", tdx_model_why(&m->model));
	EXPECT_EQ(NONE, next);
	EXPECT_EQ(NONE, check_list(m, fields[0].id));
	for (field = next_field(m, NULL); field; field = next_field(m, field)) {
		EXPECT_EQ(field->id | (field->elements - 1ULL) << 34 |
			  (field->nr_ids / field->elements - 1ULL) << 38, list_word(m, at))
			TH_LOG("%s", field->name);
		at += 1 + field->nr_ids;
	}
	EXPECT_EQ(at * 8, list_word(m, 0) & 0xffff);
	/* No memory before or after the list is written. */
	EXPECT_EQ(0xee, m->buffer[LIST_PA - BUFFER_PA - 1]);
	EXPECT_EQ(0xee, m->buffer[LIST_PA - BUFFER_PA + at * 8]);
}

TEST_F(sysinfo, sys_rdall_goes_on_where_the_list_was_full)
{
	struct model_machine *m = self->machine;
	u64 id, next, status, value;
	unsigned int bytes, lists;

	/*
	 * The smallest list with progress: a header and a sequence of one field
	 * of 2 elements.
	 */
	for (bytes = 32; bytes <= 4096; bytes += 8) {
		m->model.config.metadata_list_bytes = bytes;
		sys_rd(m, NONE, &value, &id);
		for (lists = 0, status = 1; status && lists < 500; lists++, id = next) {
			memset(&m->buffer[LIST_PA - BUFFER_PA], 0xee, 8192);
			status = sys_rdall(m, LIST_PA, lists ? id : NONE, &next);
			ASSERT_EQ(status ? TDX_METADATA_LIST_OVERFLOW : 0, status);
			ASSERT_EQ(next, check_list(m, id)) TH_LOG("%u bytes, list %u", bytes, lists);
			ASSERT_GE(bytes, list_word(m, 0) & 0xffff);
			ASSERT_EQ(0xee, m->buffer[LIST_PA - BUFFER_PA + bytes]);
		}
		ASSERT_EQ(NONE, id);
	}
}

TEST_F(sysinfo, sys_rdall_takes_whole_fields)
{
	struct model_machine *m = self->machine;
	u64 next;

	EXPECT_EQ(0, sys_rdall(m, LIST_PA, TDX_MD_CPUID_CONFIG_VALUES + 5, &next));
	EXPECT_EQ((TDX_MD_CPUID_CONFIG_VALUES + 4) | 1ULL << 34 | 29ULL << 38, list_word(m, 1));
	EXPECT_EQ(NONE, check_list(m, TDX_MD_CPUID_CONFIG_VALUES + 4));
}

TEST_F(sysinfo, sys_rdall_checks_its_operands)
{
	static const struct {
		u64 rdx, r8, status;
	} cases[] = {
		{ LIST_PA | 3ULL << 46, NONE, 0 },		/* MKTME KeyID */
		{ LIST_PA + 512, NONE, TDX_OPERAND_INVALID | 2 },
		{ LIST_PA | 32ULL << 46, NONE, TDX_OPERAND_INVALID | 2 },
		{ LIST_PA | 1ULL << 52, NONE, TDX_OPERAND_INVALID | 2 },
		{ 1ULL << 45, NONE, TDX_OPERAND_INVALID | 2 },	/* SEAMRR */
		{ LIST_PA, TDX_MD_MAX_TDMRS | 1ULL << 34, TDX_METADATA_FIELD_ID_INCORRECT },
		{ LIST_PA, TDX_MD_MAX_TDMRS | 1ULL << 47, TDX_METADATA_FIELD_ID_INCORRECT },
		{ LIST_PA, TDX_MD_MAX_TDMRS ^ 31ULL << 50, 0 },
		{ LIST_PA, TDX_MD_MAX_TDMRS ^ 1ULL << 63, 0 },
		{ LIST_PA + 8, 1, TDX_OPERAND_INVALID | 2 },
	};
	struct model_machine *m = self->machine;
	unsigned int i;
	u64 next;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].status, sys_rdall(m, cases[i].rdx, cases[i].r8, &next))
			TH_LOG("case %u", i);
		EXPECT_EQ(NONE, next);
	}
}

TEST_HARNESS_MAIN
