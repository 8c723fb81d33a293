// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module against the TDX Module ABI specification: platform checks,
 * operands, and the rules of TDH.SYS.CONFIG.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_layouts.h"

FIXTURE(module) {
	struct model_machine *machine;
};

FIXTURE_SETUP(module)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
}

FIXTURE_TEARDOWN(module)
{
	machine_free(self->machine);
}

TEST_F(module, a_healthy_module_becomes_ready)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[2];
	struct tdx_model_regs regs;
	unsigned int i;

	machine_init_module(m);
	legal_pair(tdmrs);
	ASSERT_EQ(0, machine_config(m, tdmrs, 2)) TH_LOG("%s", tdx_model_why(&m->model));
	EXPECT_EQ(m->bytes_owned, 2 * K(4) + K(8) + K(16) + M(4) + M(8));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_KEY_CONFIG));
	EXPECT_EQ(TDX_KEY_CONFIGURED, machine_call(m, 1, TDH_SYS_KEY_CONFIG));
	EXPECT_EQ(TDX_SYS_NOT_READY, machine_call(m, 0, TDH_SYS_TDMR_INIT));
	EXPECT_EQ(0, machine_call(m, 2, TDH_SYS_KEY_CONFIG));
	EXPECT_EQ(TDX_SYS_KEY_CONFIG_NOT_PENDING, machine_call(m, 2, TDH_SYS_KEY_CONFIG));

	/* 256 calls for each GB; the returned address advances by whole GBs. */
	for (i = 1; i <= 512; i++) {
		regs = (struct tdx_model_regs) { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = G(1) } };
		ASSERT_EQ(0, machine_seamcall(m, i % 4, &regs));
		EXPECT_EQ(regs.gpr.rdx, G(1 + i / 256));
	}
	regs = (struct tdx_model_regs) { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = G(1) } };
	EXPECT_EQ(TDX_TDMR_ALREADY_INITIALIZED, machine_seamcall(m, 0, &regs));
	regs = (struct tdx_model_regs) { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = G(2) } };
	EXPECT_EQ(TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX, machine_seamcall(m, 0, &regs));
}

/* After success of TDH.SYS.CONFIG, but not if it was refused. */
TEST_F(module, pamts_are_the_modules)
{
	static const u64 pamts[] = {
		G(32), G(32) + K(4), G(32) + K(12), G(32) + K(12) + M(4) - 1, G(32) + M(64),
	};
	static const u64 others[] = {
		0, M(1), G(2), G(32) - 1, G(32) + K(12) + M(4), G(33), 1ULL << 51,
	};
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[2];
	struct tdx_pamt_area pamt;
	struct tdx_model_page page;
	unsigned int i;
	u64 bytes = 0;

	machine_init_module(m);
	legal_pair(tdmrs);
	tdmrs[1].size = 0;
	machine_config(m, tdmrs, 2);
	EXPECT_EQ(TDX_MODEL_PAGE_HOST, tdx_model_page(&m->model, pamts[0]).type);
	EXPECT_FALSE(tdx_model_pamt(&m->model, 0, &pamt));

	legal_pair(tdmrs);
	ASSERT_EQ(0, machine_config(m, tdmrs, 2));
	for (i = 0; i < ARRAY_SIZE(pamts); i++) {
		page = tdx_model_page(&m->model, pamts[i]);
		EXPECT_EQ(TDX_MODEL_PAGE_PAMT, page.type) TH_LOG("0x%llx", pamts[i]);
		EXPECT_EQ(32, page.keyid);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++) {
		page = tdx_model_page(&m->model, others[i]);
		EXPECT_EQ(TDX_MODEL_PAGE_HOST, page.type) TH_LOG("0x%llx", others[i]);
		EXPECT_EQ(0, page.keyid);
	}
	for (i = 0; tdx_model_pamt(&m->model, i, &pamt); i++)
		bytes += pamt.size;
	EXPECT_EQ(6, i);
	EXPECT_EQ(m->bytes_owned, bytes);
}

TEST_F(module, what_there_is_no_room_for_is_not_loaded)
{
	struct model_machine *m = self->machine;
	const struct tdx_model_config good = m->config;
	struct tdx_model_config bad[] = {
		good, good, good, good, good, good, good, good, good,
	};
	unsigned int i;

	bad[0].nr_lps = TDX_MODEL_MAX_LPS + 1;
	bad[1].nr_lps = 0;
	bad[2].nr_pkgs = TDX_MODEL_MAX_PKGS + 1;
	bad[3].pkg_of_lp[3] = 2;
	bad[4].pkg_of_lp[3] = 2;	/* no processor in package 1 */
	bad[4].pkg_of_lp[2] = 0;
	bad[4].nr_pkgs = 3;
	bad[5].max_tdmrs = TDX_MODEL_MAX_TDMRS + 1;
	bad[6].max_reserved_per_tdmr = TDX_TDMR_NR_RESERVED + 1;
	bad[7].pamt_entry_size = TDX_MODEL_MAX_PAMT_ENTRY + 1;
	bad[8].metadata_list_bytes = K(4) + 8;

	tdx_model_find_in_state(&m->model, TDX_MODEL_SHUTDOWN);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_FALSE(tdx_model_load(&m->model, &bad[i], m->model.ops, m)) TH_LOG("%u", i);
		EXPECT_FALSE(tdx_model_update(&m->model, &bad[i])) TH_LOG("%u", i);
	}
	EXPECT_EQ(TDX_MODEL_SHUTDOWN, m->model.state);
	EXPECT_TRUE(tdx_model_load(&m->model, &good, m->model.ops, m));
}

TEST_F(module, a_processor_that_was_added_is_in_no_package)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[2];

	legal_pair(tdmrs);
	machine_init_module(m);
	machine_config(m, tdmrs, 2);
	EXPECT_EQ(TDX_SYS_KEY_CONFIG_NOT_PENDING, machine_call(m, 4, TDH_SYS_KEY_CONFIG));
	EXPECT_FALSE(m->model.pkg_key_configured[0]);
}

/*
 * In the state that an earlier kernel left: TDH.SYS.INIT has not checked the
 * KeyIDs.
 */
TEST_F(module, a_keyid_that_there_is_no_room_for_is_refused)
{
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs = { .rax = TDH_SYS_CONFIG, .gpr = { .rcx = BUFFER_PA, .rdx = 1 } };

	m->config.nr_private_keyids = 30000;
	m->config.keyid_bits = 15;
	machine_reload(m);
	tdx_model_find_in_state(&m->model, TDX_MODEL_INIT_DONE);
	for (regs.gpr.r8 = TDX_MODEL_NR_KEYIDS; regs.gpr.r8 < 40000; regs.gpr.r8 += 100) {
		EXPECT_EQ(TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8, machine_seamcall(m, 0, &regs));
		regs.rax = TDH_SYS_CONFIG;
	}
}

TEST_F(module, rax_is_checked_before_the_state)
{
	struct model_machine *m = self->machine;

	EXPECT_EQ(TDX_OPERAND_INVALID, machine_call(m, 0, TDH_SYS_INIT | 1ULL << 24));
	EXPECT_EQ(TDX_OPERAND_INVALID, machine_call(m, 0, TDH_SYS_INIT | 1ULL << 62));
	EXPECT_EQ(TDX_OPERAND_INVALID, machine_call(m, 0, TDH_SYS_INIT | 1ULL << 16));
	EXPECT_EQ(TDX_SYS_NOT_READY, machine_call(m, 0, TDH_MNG_RD | 1ULL << 16));
	/* This leaf refuses versions itself. */
	EXPECT_EQ(TDX_SYS_NOT_READY, machine_call(m, 0, TDH_MNG_RD | 2ULL << 16));
}

TEST_F(module, version_1_of_a_leaf_begins_with_its_generation)
{
	static const struct {
		u64 leaf;
		enum tdx_model_generation since;
	} cases[] = {
		{ TDH_MNG_RD, TDX_MODEL_1_5 }, { TDH_VP_RD, TDX_MODEL_1_5 },
		{ TDH_MEM_SEPT_ADD, TDX_MODEL_1_5 }, { TDH_MEM_SEPT_REMOVE, TDX_MODEL_1_5 },
		{ TDH_MEM_PAGE_PROMOTE, TDX_MODEL_1_5 }, { TDH_VP_INIT, TDX_MODEL_1_5_06 },
		{ TDH_SYS_INIT, TDX_MODEL_2_0 }, { TDH_VP_ENTER, TDX_MODEL_NR_GENERATIONS },
	};
	struct model_machine *m = self->machine;
	enum tdx_model_generation generation;
	unsigned int i;
	u64 leaf, expected;

	for (generation = 0; generation < TDX_MODEL_NR_GENERATIONS; generation++)
		for (i = 0; i < ARRAY_SIZE(cases); i++) {
			leaf = cases[i].leaf;
			m->config.generation = generation;
			machine_reload(m);
			if (generation < cases[i].since)
				expected = TDX_OPERAND_INVALID;
			else
				expected = leaf == TDH_SYS_INIT ? 0 : TDX_SYS_NOT_READY;
			EXPECT_EQ(expected, machine_call(m, 0, leaf | 1ULL << 16))
				TH_LOG("generation %u, leaf %llu", generation, leaf);
		}
}

static const struct {
	const char *name;
	u32 msr;
	u64 value;
	u64 status;
} bad_msrs[] = {
	{ "no SMRR", 0xfe, 1ULL << 15 | 1 << 14, TDX_SMRR_NOT_SUPPORTED },
	{ "no SMRR lock", 0xfe, 1ULL << 15 | 1 << 11, TDX_SMRR_LOCK_NOT_SUPPORTED },
	{ "SMRR unlocked", 0x1f3, 0xfffe0800, TDX_SMRR_NOT_LOCKED },
	{ "SMRR invalid", 0x1f3, 0xfffe0400, TDX_INVALID_SMRR_CONFIGURATION },
	{ "SMRR in a CMR", 0x1f2, 0x400006, TDX_SMRR_OVERLAPS_CMR },
	{ "CPUID limited", 0x1a0, 1 << 22, TDX_LIMIT_CPUID_MAXVAL_SET },
	{ "ARCH_CAPABILITIES", 0x10a, 0, TDX_INCORRECT_MSR_VALUE | 0x10a },
	{ "ARCH_CAPABILITIES bit 2", 0x10a, 0x20fd6f, TDX_INCORRECT_MSR_VALUE | 0x10a },
	{ "TME unlocked", 0x982, 2, TDX_INCORRECT_MSR_VALUE | 0x982 },
	{ "no private KeyIDs", 0x87, 63, TDX_NUM_ACTIVATED_HKIDS_NOT_SUPPORTED },
	{ "too many KeyIDs", 0x87, 2000ULL << 32 | 48, TDX_NUM_ACTIVATED_HKIDS_NOT_SUPPORTED },
	{ "WBINVDP", 0x98, 3, TDX_INCORRECT_MSR_VALUE | 0x98 },
	{ "no true VMX controls", 0x480, 0, TDX_INCORRECT_MSR_VALUE | 0x480 },
	{ "no write-back EPT", 0x48c, 1 << 6, TDX_INCORRECT_MSR_VALUE | 0x48c },
};

TEST_F(module, a_bad_platform_is_refused_and_can_be_mended)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_msrs); i++) {
		machine_reload(m);
		m->spoiled = (struct spoiled_msr) { bad_msrs[i].msr, bad_msrs[i].value };
		EXPECT_EQ(bad_msrs[i].status, machine_call(m, 0, TDH_SYS_INIT))
			TH_LOG("%s: %s", bad_msrs[i].name, tdx_model_why(&m->model));
		m->spoiled = (struct spoiled_msr) {};
		EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_INIT));
	}
}

static const struct {
	const char *name;
	struct spoiled_cpuid spoiled;
	u64 status;
} bad_cpuids[] = {
	{ "too few leaves", { 0, 0, 0, 0x1e }, TDX_INCORRECT_CPUID_VALUE },
	{ "too few extended leaves", { 0x80000000, 0, 0, 0x80000007 }, TDX_INCORRECT_CPUID_VALUE },
	{ "46 address bits", { 0x80000008, 0, 0, 48 << 8 | 46 }, TDX_INCORRECT_CPUID_VALUE },
	{ "47 linear address bits", { 0x80000008, 0, 0, 47 << 8 | 52 }, TDX_INCORRECT_CPUID_VALUE },
	{ "no MOVDIR64B", { 7, 0, 2, 0 }, TDX_INCORRECT_CPUID_VALUE },
	{ "no PCONFIG", { 7, 0, 3, 1 << 29 }, TDX_INCORRECT_CPUID_VALUE },
	{ "old performance monitoring", { 0xa, 0, 0, 4 }, TDX_INCORRECT_CPUID_VALUE },
	{ "8 fixed counters", { 0xa, 0, 3, 8 }, TDX_INCORRECT_CPUID_VALUE },
	{ "no crystal ratio", { 0x15, 0, 1, 0 }, TDX_INCORRECT_CPUID_VALUE },
	{ "no core level", { 0x1f, 1, 2, 0 }, TDX_CPUID_LEAF_1F_FORMAT_UNRECOGNIZED },
	{ "two L3 in a package", { 4, 3, 0, 3 | 3 << 5 | 31 << 14 }, TDX_INVALID_WBINVD_SCOPE },
	{ "no L3", { 4, 3, 0, 0 }, TDX_INVALID_WBINVD_SCOPE },
	{ "a ninth package", { 0x1f, 0, 3, 8 << 6 }, TDX_INVALID_PKG_ID },
};

TEST_F(module, a_cpu_that_it_does_not_support_is_refused)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_cpuids); i++) {
		machine_reload(m);
		m->spoiled_cpuid = bad_cpuids[i].spoiled;
		m->cpuid_is_spoiled = true;
		EXPECT_EQ(bad_cpuids[i].status, machine_call(m, 0, TDH_SYS_INIT))
			TH_LOG("%s: %s", bad_cpuids[i].name, tdx_model_why(&m->model));
		m->cpuid_is_spoiled = false;
		EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_INIT));

		/* On another processor than the first. */
		m->cpuid_is_spoiled = true;
		EXPECT_EQ(TDX_INCONSISTENT_CPUID_FIELD, machine_call(m, 1, TDH_SYS_LP_INIT));
		m->cpuid_is_spoiled = false;
		EXPECT_EQ(0, machine_call(m, 1, TDH_SYS_LP_INIT));
	}
}

TEST_F(module, what_differs_between_processors_is_refused)
{
	static const struct spoiled_msr differing[] = {
		{ 0x3b, 5 }, { 0x87, 32ULL << 32 | 30 }, { 0x982, 7 }, { 0x1401, 1 << 10 },
	};
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		machine_reload(m);
		ASSERT_EQ(0, machine_call(m, 0, TDH_SYS_INIT));
		m->spoiled = differing[i];
		EXPECT_EQ(TDX_INCONSISTENT_MSR | differing[i].msr,
			  machine_call(m, 1, TDH_SYS_LP_INIT));
		m->spoiled = (struct spoiled_msr) {};
		EXPECT_EQ(0, machine_call(m, 1, TDH_SYS_LP_INIT));
	}
}

TEST_F(module, without_entropy_it_says_so)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[2];

	m->no_entropy = true;
	EXPECT_EQ(TDX_RND_NO_ENTROPY, machine_call(m, 0, TDH_SYS_INIT));
	m->no_entropy = false;
	machine_init_module(m);
	legal_pair(tdmrs);
	machine_config(m, tdmrs, 2);
	m->no_entropy = true;
	EXPECT_EQ(TDX_KEY_GENERATION_FAILED, machine_call(m, 0, TDH_SYS_KEY_CONFIG));
	m->no_entropy = false;
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_KEY_CONFIG));
}

static const struct {
	const char *name;
	struct tdx_cmr_info cmrs[3];
} bad_cmrs[] = {
	{ "unordered", { { G(4), G(1) }, { G(1), G(1) } } },
	{ "overlapping", { { G(1), G(2) }, { G(2), G(1) } } },
	{ "unaligned base", { { G(1) + 1, G(1) } } },
	{ "unaligned size", { { G(1), G(1) + 1 } } },
	{ "beyond 52 bits", { { 1ULL << 52, G(1) } } },
};

TEST_F(module, a_malformed_cmr_list_is_refused)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_cmrs); i++) {
		memset(m->config.cmrs, 0, sizeof(m->config.cmrs));
		memcpy(m->config.cmrs, bad_cmrs[i].cmrs, sizeof(bad_cmrs[i].cmrs));
		machine_reload(m);
		EXPECT_EQ(TDX_CMR_LIST_INVALID, machine_call(m, 0, TDH_SYS_INIT))
			TH_LOG("%s", bad_cmrs[i].name);
	}
}

TEST_F(module, sys_info_checks_its_buffers)
{
	static const struct {
		u64 rcx, rdx, r8, r9, status;
	} cases[] = {
		{ BUFFER_PA, 1024, BUFFER_PA + 1024, 32, 0 },
		{ BUFFER_PA | 3ULL << 46, 1024, BUFFER_PA + 1024, 32, 0 },	/* MKTME KeyID */
		{ BUFFER_PA + 512, 1024, BUFFER_PA + 2048, 32, TDX_OPERAND_INVALID | 1 },
		{ BUFFER_PA | 32ULL << 46, 1024, BUFFER_PA + 1024, 32, TDX_OPERAND_INVALID | 1 },
		{ BUFFER_PA | 1ULL << 52, 1024, BUFFER_PA + 1024, 32, TDX_OPERAND_INVALID | 1 },
		{ 1ULL << 45, 1024, BUFFER_PA + 1024, 32, TDX_OPERAND_INVALID | 1 },
		{ BUFFER_PA, 1023, BUFFER_PA + 1024, 32, TDX_OPERAND_INVALID | 2 },
		{ BUFFER_PA, 1024, BUFFER_PA + 1024 + 256, 32, TDX_OPERAND_INVALID | 8 },
		{ BUFFER_PA, 1024, BUFFER_PA + 1024, 31, TDX_OPERAND_INVALID | 9 },
	};
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	unsigned int i;

	machine_init_module(m);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		regs = (struct tdx_model_regs) {
			.rax = TDH_SYS_INFO,
			.gpr = {
				.rcx = cases[i].rcx, .rdx = cases[i].rdx,
				.r8 = cases[i].r8, .r9 = cases[i].r9,
			},
		};
		EXPECT_EQ(cases[i].status, machine_seamcall(m, 0, &regs)) TH_LOG("case %u", i);
		EXPECT_EQ(regs.gpr.rdx, 1024 * !cases[i].status);
		EXPECT_EQ(regs.gpr.r9, 32 * !cases[i].status);
	}
	EXPECT_EQ(1, m->buffer[18]);	/* sys_rd */
	EXPECT_EQ(0, memcmp(&m->buffer[1024], m->config.cmrs, sizeof(m->config.cmrs)));
}

#define DETAILS(a, b, c)	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16)

/*
 * Each case is a set of changes to a legal pair of TDMRs, and the expected
 * status.
 */
enum what {
	NOTHING, BASE, SIZE, PAMT_BASE, PAMT_SIZE, OFFSET, AREA_SIZE,
};

static const struct {
	const char *name;
	struct { enum what what; unsigned int tdmr, index; u64 value; } change[3];
	u64 status;
} config_cases[] = {
	{ "legal", {}, 0 },
	{ "size wraps", { { SIZE, 1, 0, ~0ULL << 30 } }, TDX_INVALID_TDMR | 1 },
	{ "overlap with the one before", { { BASE, 1, 0, 0 } }, TDX_NON_ORDERED_TDMR | 1 },
	{ "order comes before alignment", { { BASE, 1, 0, G(1) - 1 } }, TDX_NON_ORDERED_TDMR | 1 },
	{ "unaligned base", { { BASE, 1, 0, G(1) + M(2) } }, TDX_INVALID_TDMR | 1 },
	{ "unaligned size", { { SIZE, 1, 0, M(2) } }, TDX_INVALID_TDMR | 1 },
	{ "no size", { { SIZE, 1, 0, 0 } }, TDX_INVALID_TDMR | 1 },
	{ "KeyID bits in the base", { { BASE, 1, 0, 1ULL << 46 } }, TDX_INVALID_TDMR | 1 },
	{ "beyond 52 bits", { { BASE, 1, 0, 1ULL << 52 } }, TDX_INVALID_TDMR | 1 },
	{ "a null area before another", { { AREA_SIZE, 0, 2, K(4) }, { OFFSET, 0, 2, M(8) } },
	  TDX_NON_ORDERED_RESERVED_IN_TDMR | DETAILS(0, 1, 0) },
	{ "an area wraps", { { OFFSET, 0, 0, ~0ULL << 12 }, { AREA_SIZE, 0, 0, M(1) } },
	  TDX_INVALID_RESERVED_IN_TDMR | DETAILS(0, 0, 0) },
	{ "an area below the one before", { { OFFSET, 0, 1, K(4) }, { AREA_SIZE, 0, 1, M(2) } },
	  TDX_NON_ORDERED_RESERVED_IN_TDMR | DETAILS(0, 1, 0) },
	{ "order comes before alignment", { { OFFSET, 0, 1, 5 }, { AREA_SIZE, 0, 1, M(2) } },
	  TDX_NON_ORDERED_RESERVED_IN_TDMR | DETAILS(0, 1, 0) },
	{ "areas may touch", { { OFFSET, 0, 1, M(1) }, { AREA_SIZE, 0, 1, K(4) } }, 0 },
	{ "an unaligned area", { { OFFSET, 0, 1, M(2) + 8 }, { AREA_SIZE, 0, 1, K(4) } },
	  TDX_INVALID_RESERVED_IN_TDMR | DETAILS(0, 1, 0) },
	{ "an area beyond the TDMR", { { OFFSET, 0, 1, G(1) - K(4) }, { AREA_SIZE, 0, 1, K(8) } },
	  TDX_INVALID_RESERVED_IN_TDMR | DETAILS(0, 1, 0) },
	{ "an area over the whole TDMR", { { AREA_SIZE, 1, 0, G(2) } }, 0 },
	{ "an extra area", { { OFFSET, 1, 0, M(32) }, { AREA_SIZE, 1, 0, M(2) } }, 0 },
	{ "PAMT 1G unaligned", { { PAMT_BASE, 0, 0, G(32) + 16 } },
	  TDX_INVALID_PAMT | DETAILS(0, TDX_PAMT_1G, 0) },
	{ "PAMT 1G of less than a page", { { PAMT_SIZE, 0, 0, 16 } },
	  TDX_INVALID_PAMT | DETAILS(0, TDX_PAMT_1G, 0) },
	{ "PAMT 2M too small", { { PAMT_SIZE, 1, 1, K(12) } },
	  TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_2M, 0) },
	{ "PAMT 4K too small", { { PAMT_SIZE, 1, 2, M(8) - K(4) } },
	  TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_4K, 0) },
	{ "PAMT larger than needed", { { PAMT_SIZE, 1, 2, M(9) } }, 0 },
	{ "PAMT with KeyID bits", { { PAMT_BASE, 1, 1, G(33) | 1ULL << 46 } },
	  TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_2M, 0) },
	{ "PAMT wraps", { { PAMT_BASE, 1, 1, ~0ULL << 12 } },
	  TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_2M, 0) },
	{ "1G is checked before 4K", { { PAMT_SIZE, 1, 2, 0 }, { PAMT_SIZE, 1, 0, 0 } },
	  TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_1G, 0) },
	{ "PAMT in another TDMR's PAMT", { { PAMT_BASE, 1, 0, G(32) + K(4) } },
	  TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_1G, 0) },
	{ "PAMT in its own TDMR's PAMT", { { PAMT_BASE, 1, 1, G(32) + M(64) } },
	  TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_2M, 1) },
	{ "PAMT in usable memory of an earlier TDMR", { { PAMT_BASE, 1, 2, M(64) } },
	  TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_4K, 0) },
	{ "PAMT in its own TDMR's usable memory", { { PAMT_BASE, 1, 2, G(1) + M(64) } },
	  TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_4K, 1) },
	{ "an earlier PAMT in usable memory of a later TDMR", { { PAMT_BASE, 0, 2, G(1) + M(64) } },
	  TDX_PAMT_OVERLAP | DETAILS(0, TDX_PAMT_4K, 1) },
	{ "PAMT in a reserved area of another TDMR",
	  { { PAMT_BASE, 1, 2, M(64) }, { OFFSET, 0, 1, M(64) }, { AREA_SIZE, 0, 1, M(8) } }, 0 },
	{ "PAMT outside the CMRs", { { PAMT_BASE, 1, 2, G(64) } },
	  TDX_PAMT_OUTSIDE_CMRS | DETAILS(1, TDX_PAMT_4K, 0) },
	{ "PAMT across the end of the CMRs", { { PAMT_BASE, 1, 2, G(64) - M(4) } },
	  TDX_PAMT_OUTSIDE_CMRS | DETAILS(1, TDX_PAMT_4K, 0) },
	{ "usable memory outside the CMRs", { { AREA_SIZE, 0, 0, 0 } }, TDX_TDMR_OUTSIDE_CMRS | 0 },
	{ "PAMTs come before usable memory",
	  { { AREA_SIZE, 0, 0, 0 }, { PAMT_BASE, 0, 2, G(64) } },
	  TDX_PAMT_OUTSIDE_CMRS | DETAILS(0, TDX_PAMT_4K, 0) },
	{ "the first TDMR is done before the second", { { AREA_SIZE, 0, 0, 0 }, { SIZE, 1, 0, 0 } },
	  TDX_TDMR_OUTSIDE_CMRS | 0 },
};

static u64 *field_of(struct tdx_tdmr_info *tdmr, enum what what, unsigned int index)
{
	switch (what) {
	case BASE:
		return &tdmr->base;
	case SIZE:
		return &tdmr->size;
	case PAMT_BASE:
		return &tdmr->pamt[index].base;
	case PAMT_SIZE:
		return &tdmr->pamt[index].size;
	case OFFSET:
		return &tdmr->reserved[index].offset;
	default:
		return &tdmr->reserved[index].size;
	}
}

TEST_F(module, sys_config_follows_its_rules_in_order)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[2];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(config_cases); i++) {
		machine_init_module(m);
		legal_pair(tdmrs);
		for (j = 0; j < 3 && config_cases[i].change[j].what; j++)
			*field_of(&tdmrs[config_cases[i].change[j].tdmr],
				  config_cases[i].change[j].what,
				  config_cases[i].change[j].index) =
				config_cases[i].change[j].value;
		EXPECT_EQ(config_cases[i].status, machine_config(m, tdmrs, 2))
			TH_LOG("%s: %s", config_cases[i].name, tdx_model_why(&m->model));
		/* A refused try can be repeated, with the KeyID that it reserved. */
		EXPECT_EQ(TDX_MODEL_KEYID_RESERVED, m->model.keyids[32].state);
		legal_pair(tdmrs);
		EXPECT_EQ(config_cases[i].status ? 0 : TDX_SYS_CONFIG_NOT_PENDING,
			  machine_config(m, tdmrs, 2));
	}
}

TEST_F(module, sys_config_checks_its_operands_in_order)
{
	static const struct {
		u64 rcx, rdx, r8, status;
	} cases[] = {
		{ BUFFER_PA + 8, 0, 0, TDX_OPERAND_INVALID | 1 },
		{ BUFFER_PA | 33ULL << 46, 1, 32, TDX_OPERAND_INVALID | 1 },
		{ BUFFER_PA, 0, 0, TDX_OPERAND_INVALID | 2 },
		{ BUFFER_PA, 65, 32, TDX_OPERAND_INVALID | 2 },
		{ BUFFER_PA, 1ULL << 50, 32, TDX_OPERAND_INVALID | 2 },
		{ BUFFER_PA, 1, 31, TDX_OPERAND_INVALID | 8 },
		{ BUFFER_PA, 1, 64, TDX_OPERAND_INVALID | 8 },
		{ BUFFER_PA, 1, 32 | 1 << 16, TDX_OPERAND_INVALID | 8 },
	};
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	unsigned int i;

	machine_init_module(m);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		regs = (struct tdx_model_regs) {
			.rax = TDH_SYS_CONFIG,
			.gpr = {
				.rcx = cases[i].rcx, .rdx = cases[i].rdx, .r8 = cases[i].r8,
			},
		};
		EXPECT_EQ(cases[i].status, machine_seamcall(m, 0, &regs)) TH_LOG("case %u", i);
	}
	/* The KeyID of a refused try stays reserved, one that was never valid does not. */
	EXPECT_EQ(TDX_MODEL_KEYID_FREE, m->model.keyids[32].state);
	EXPECT_EQ(TDX_MODEL_KEYID_FREE, m->model.keyids[31].state);
}

TEST_F(module, cmrs_that_touch_count_as_one)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[2];

	m->config.cmrs[0] = (struct tdx_cmr_info) { M(1), G(1) + M(1) };
	m->config.cmrs[1] = (struct tdx_cmr_info) { G(1) + M(2), G(60) };
	machine_init_module(m);
	legal_pair(tdmrs);
	EXPECT_EQ(0, machine_config(m, tdmrs, 2));

	m->config.cmrs[1].base += K(4);
	machine_init_module(m);
	EXPECT_EQ(TDX_TDMR_OUTSIDE_CMRS | 1, machine_config(m, tdmrs, 2));
}

TEST_HARNESS_MAIN
