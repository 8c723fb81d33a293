// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: TDH.SYS.INIT and TDH.SYS.CONFIG, and their operands.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/static_call.h>

#include "../cause.h"
#include "../config.h"
#include "../seamcall.h"
#include "../tdmr/tdmr.h"

#define G(n)		((u64)(n) << 30)
#define NR_TDMRS	3

/* The operands of the last SEAMCALL, and its results. */
static struct {
	u64 status;
	u64 out_rcx;
	u64 leaf;
	struct tdx_regs regs;
	u64 pointers[NR_TDMRS];
	struct tdx_tdmr_info tdmrs[NR_TDMRS];
} call;

static u64 record_call(u64 leaf, struct tdx_regs *regs)
{
	const u64 *pointers = __va(regs->rcx);
	unsigned int i;

	call.leaf = leaf;
	call.regs = *regs;
	for (i = 0; leaf == TDH_SYS_CONFIG && i < min_t(u64, regs->rdx, NR_TDMRS); i++) {
		call.pointers[i] = pointers[i];
		call.tdmrs[i] = *(const struct tdx_tdmr_info *)__va(pointers[i]);
	}
	regs->rcx = call.out_rcx;
	return call.status;
}

static int config_test_init(struct kunit *test)
{
	memset(&call, 0, sizeof(call));
	static_call_update(tdx_make_seamcall, record_call);
	return 0;
}

static void config_test_exit(struct kunit *test)
{
	static_call_update(tdx_make_seamcall, tdx_cache_seamcall);
}

static int config_three_tdmrs(struct tdx_cause *cause)
{
	static const struct tdmr_map map = { .limits = { 64, 16, 16 } };
	static struct tdmr tdmrs[NR_TDMRS] = {
		{ .base = 0, .end = G(1), .pamt = G(8) },
		{ .base = G(1), .end = G(3), .pamt = G(9) },
		{ .base = G(4), .end = G(5), .pamt = G(10) },
	};
	static struct tdmr_span unusable[] = { { G(16), ~0ULL } };
	static const struct tdmr_layout layout = {
		.map = &map, .tdmrs = tdmrs, .nr_tdmrs = NR_TDMRS,
		.unusable = unusable, .nr_unusable = ARRAY_SIZE(unusable),
	};

	return tdx_sys_config(&layout, 0x21, cause);
}

static void the_module_gets_all_tdmrs_by_address(struct kunit *test)
{
	static const struct { u64 base, size, pamt; } expected[NR_TDMRS] = {
		{ 0, G(1), G(8) }, { G(1), G(2), G(9) }, { G(4), G(1), G(10) },
	};
	struct tdx_cause cause;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, config_three_tdmrs(&cause), 0);
	KUNIT_EXPECT_EQ(test, call.leaf, (u64)TDH_SYS_CONFIG);
	KUNIT_EXPECT_EQ(test, call.regs.rcx % TDX_TDMR_POINTERS_ALIGNMENT, 0ULL);
	KUNIT_EXPECT_EQ(test, call.regs.rdx, (u64)NR_TDMRS);
	KUNIT_EXPECT_EQ(test, call.regs.r8, 0x21ULL);
	for (i = 0; i < NR_TDMRS; i++) {
		KUNIT_EXPECT_EQ(test, call.pointers[i] % TDX_TDMR_INFO_ALIGNMENT, 0ULL);
		KUNIT_EXPECT_EQ(test, call.tdmrs[i].base, expected[i].base);
		KUNIT_EXPECT_EQ(test, call.tdmrs[i].size, expected[i].size);
		KUNIT_EXPECT_EQ(test, call.tdmrs[i].pamt[0].base, expected[i].pamt);
	}
}

static void a_refused_configuration_names_the_tdmr(struct kunit *test)
{
	struct tdx_cause cause;

	call.status = TDX_INVALID_TDMR | 2;
	KUNIT_EXPECT_EQ(test, config_three_tdmrs(&cause), -EIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(cause.text, "TDH.SYS.CONFIG: INVALID_TDMR (TDMR 2)"));
}

static void a_cpu_that_the_module_does_not_support_is_named_by_its_cpuid(struct kunit *test)
{
	struct tdx_cause cause;

	call.status = TDX_INCORRECT_CPUID_VALUE;
	call.out_rcx = 0x100000007ULL;
	KUNIT_EXPECT_EQ(test, tdx_sys_init(&cause), -EIO);
	KUNIT_EXPECT_EQ(test, call.leaf, (u64)TDH_SYS_INIT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(cause.text, "(CPUID leaf 0x7, subleaf 0x1)"));
}

static struct kunit_case config_test_cases[] = {
	KUNIT_CASE(the_module_gets_all_tdmrs_by_address),
	KUNIT_CASE(a_refused_configuration_names_the_tdmr),
	KUNIT_CASE(a_cpu_that_the_module_does_not_support_is_named_by_its_cpuid),
	{}
};

static struct kunit_suite config_test_suite = {
	.name = "tdx_config",
	.init = config_test_init,
	.exit = config_test_exit,
	.test_cases = config_test_cases,
};

kunit_test_suite(config_test_suite);
