// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: reading the information of modules of all generations.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/sizes.h>

#include "../cpu.h"
#include "../error.h"
#include "../seamcall.h"
#include "../sysinfo.h"
#include "model_host.h"

struct sysinfo_case {
	struct model_host *host;
	struct tdx_sysinfo info;
	struct tdx_cause cause;
};

static int sysinfo_test_init(struct kunit *test)
{
	struct sysinfo_case *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->host = model_host_create(test);
	model_host_load(c->host);
	test->priv = c;
	return 0;
}

static void sysinfo_test_exit(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;

	if (c)
		model_host_unload(c->host);
}

/* Initializes the module, as far as needed, and reads its information. */
static int read_sysinfo(struct sysinfo_case *c)
{
	struct tdx_regs regs = {};
	int ret;

	model_host_restart(c->host);
	ret = tdx_explain(&c->cause, TDH_SYS_INIT, tdx_seamcall(TDH_SYS_INIT, &regs));
	if (ret)
		return ret;
	cpus_read_lock();
	ret = tdx_cpus_init(&c->host->module.cpus, &c->cause);
	cpus_read_unlock();
	return ret ?: tdx_sysinfo_read(&c->info, &c->cause);
}

static void a_module_is_not_asked_for_what_its_generation_lacks(struct kunit *test)
{
	static const struct {
		enum tdx_model_generation generation;
		unsigned int reads;
		u16 update_version;
		u64 features0;
	} cases[] = {
		{ TDX_MODEL_1_0, 0, 0, 0 },
		{ TDX_MODEL_1_5, 3, 7, 0x40000 },
		{ TDX_MODEL_1_5_06, 3, 7, 0x40000 },
		{ TDX_MODEL_2_0, 3, 7, 0x40000 },
	};
	struct sysinfo_case *c = test->priv;
	unsigned int i, n, reads;

	c->host->config.update_version = 7;
	c->host->config.tdx_features0 = 0x40000;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		c->host->config.generation = cases[i].generation;
		KUNIT_ASSERT_EQ_MSG(test, read_sysinfo(c), 0, "%s", c->cause.text);
		KUNIT_EXPECT_EQ(test, c->info.update_version, cases[i].update_version);
		KUNIT_EXPECT_EQ(test, c->info.features0, cases[i].features0);
		for (n = 0, reads = 0; n < atomic64_read(&c->host->seamcalls); n++)
			reads += c->host->leaves[n] == TDH_SYS_RD;
		KUNIT_EXPECT_EQ(test, reads, cases[i].reads);
	}
}

static void a_field_that_is_missing_is_none(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;

	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	KUNIT_EXPECT_NE(test, c->info.features0, 0ull);

	model_host_restart(c->host);
	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	model_host_fail(c->host, atomic64_read(&c->host->seamcalls) + 2, U64_MAX,
			TDX_METADATA_FIELD_ID_INCORRECT);
	KUNIT_EXPECT_EQ(test, tdx_sysinfo_read(&c->info, &c->cause), 0);
	KUNIT_EXPECT_EQ(test, c->info.update_version, 0);
	KUNIT_EXPECT_EQ(test, c->info.features0, 0ull);
}

static void what_the_module_says_is_what_the_host_believes(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;
	struct tdx_model_config *config = &c->host->config;

	config->max_tdmrs = 33;
	config->max_reserved_per_tdmr = 9;
	/* Two adjacent CMRs, and one apart. */
	config->cmrs[0].size = SZ_1G;
	config->cmrs[1] = (struct tdx_cmr_info) { config->cmrs[0].base + SZ_1G, SZ_2M };
	config->cmrs[2] = (struct tdx_cmr_info) { 4ULL * SZ_1G, SZ_2M };
	KUNIT_ASSERT_EQ_MSG(test, read_sysinfo(c), 0, "%s", c->cause.text);
	KUNIT_EXPECT_EQ(test, c->info.major_version, config->major_version);
	KUNIT_EXPECT_EQ(test, c->info.minor_version, config->minor_version);
	KUNIT_EXPECT_EQ(test, c->info.build_num, config->build_num);
	KUNIT_EXPECT_EQ(test, c->info.build_date, config->build_date);
	KUNIT_EXPECT_EQ(test, c->info.tdmr_limits.max_tdmrs, 33u);
	KUNIT_EXPECT_EQ(test, c->info.tdmr_limits.max_reserved_per_tdmr, 9u);
	KUNIT_EXPECT_EQ(test, c->info.tdmr_limits.pamt_entry_size, 16u);
	KUNIT_EXPECT_EQ(test, c->info.nr_cmrs, 3u);
	KUNIT_EXPECT_EQ(test, memcmp(c->info.cmrs, config->cmrs, 3 * sizeof(config->cmrs[0])), 0);
}

static void what_a_td_takes_is_the_modules_to_say(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;
	struct tdx_td_limits *limits = &c->info.td_limits;

	c->host->config.tdx_features0 = TDX_FEATURES0_NO_RBP_MOD;
	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	KUNIT_EXPECT_EQ(test, limits->nr_tdcx, 6u);
	KUNIT_EXPECT_EQ(test, limits->nr_tdvpx, 5u);
	KUNIT_EXPECT_EQ(test, limits->max_vcpus, 65535u);
	KUNIT_EXPECT_TRUE(test, limits->no_rbp_mod);
	KUNIT_EXPECT_FALSE(test, limits->topology);

	c->host->config.tdx_features0 = TDX_FEATURES0_ENUM_TOPOLOGY;
	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	KUNIT_EXPECT_FALSE(test, limits->no_rbp_mod);
	KUNIT_EXPECT_TRUE(test, limits->topology);
	c->host->model.sysinfo.tdcs_base_size = 9 * SZ_4K;
	c->host->model.sysinfo.tdvps_base_size = 15 * SZ_4K;
	KUNIT_ASSERT_EQ(test, tdx_sysinfo_read(&c->info, &c->cause), 0);
	KUNIT_EXPECT_EQ(test, limits->nr_tdcx, 9u);
	KUNIT_EXPECT_EQ(test, limits->nr_tdvpx, 14u);
}

static void pages_of_a_td_that_linux_has_no_room_for_are_refused(struct kunit *test)
{
	static const struct {
		u16 tdcs, tdvps;
	} sizes[] = {
		{ 0, 6 * SZ_4K }, { 10 * SZ_4K, 6 * SZ_4K }, { 6 * SZ_4K, 0 },
		{ 6 * SZ_4K, 15 * SZ_4K + SZ_2K },
	};
	struct sysinfo_case *c = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
		c->host->model.sysinfo.tdcs_base_size = sizes[i].tdcs;
		c->host->model.sysinfo.tdvps_base_size = sizes[i].tdvps;
		KUNIT_EXPECT_EQ_MSG(test, tdx_sysinfo_read(&c->info, &c->cause), -EINVAL, "%u", i);
		KUNIT_EXPECT_NOT_NULL(test, strstr(c->cause.text, "which Linux does not support"));
	}
}

static void a_debug_module_is_told_from_others(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;

	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	KUNIT_EXPECT_EQ(test, c->info.vendor_id, 0x8086u);
	KUNIT_EXPECT_EQ(test, c->info.attributes, 0u);

	c->host->model.sysinfo.attributes = TDX_SYSINFO_ATTR_DEBUG;
	KUNIT_ASSERT_EQ(test, tdx_sysinfo_read(&c->info, &c->cause), 0);
	KUNIT_EXPECT_EQ(test, c->info.attributes, (u32)TDX_SYSINFO_ATTR_DEBUG);
}

static void limits_of_zero_are_refused(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;

	c->host->config.max_tdmrs = 0;
	KUNIT_EXPECT_EQ(test, read_sysinfo(c), -EINVAL);
	KUNIT_EXPECT_NOT_NULL(test, strstr(c->cause.text, "0 TDMRs"));
}

/*
 * Modules refuse such a list in TDH.SYS.INIT, but the host does not rely on
 * that.
 */
static void a_malformed_list_of_cmrs_is_refused(struct kunit *test)
{
	static const struct {
		struct tdx_cmr_info cmrs[2];
		const char *words;
	} cases[] = {
		{ { { 0, 0 } }, "no convertible memory" },
		{ { { SZ_1G, SZ_1G }, { SZ_1M, SZ_1M } }, "CMR 1 (0x100000" },
		{ { { SZ_1M, SZ_1G }, { SZ_1G, SZ_1M } }, "CMR 1" },
		{ { { SZ_1M + 1, SZ_1G } }, "CMR 0" },
		{ { { SZ_1M, SZ_1G - 1 } }, "CMR 0" },
		{ { { SZ_1M, SZ_1G }, { 2ULL * SZ_1G, -2ULL * SZ_1G } }, "CMR 1" },
		{ { { SZ_1M, SZ_1G }, { 2ULL * SZ_1G, -SZ_1G } }, "CMR 1" },
		{ { { SZ_1M, BIT_ULL(52) } }, "CMR 0" },
		{ { { BIT_ULL(52), SZ_1G } }, "CMR 0" },
	};
	struct sysinfo_case *c = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
		memcpy(c->host->model.config.cmrs, cases[i].cmrs, sizeof(cases[i].cmrs));
		KUNIT_EXPECT_EQ(test, tdx_sysinfo_read(&c->info, &c->cause), -EINVAL);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(c->cause.text, cases[i].words), "says: %s",
					  c->cause.text);
		KUNIT_EXPECT_TRUE(test, c->info.known);
	}
}

/*
 * For more entries than TDH.SYS.INFO has room for: after two others, three
 * fields each.
 */
static unsigned int fields_read;

static u64 many_cpuid_configs(u64 leaf, u64 status, struct tdx_regs *regs)
{
	unsigned int nr;

	if (leaf != TDH_SYS_RD || fields_read++ < 3)
		return status;
	nr = fields_read - 4;
	regs->r8 = nr % 3 ? nr / 3 * 2 + nr % 3 - 1 : (u64)(nr / 3) << 32 | 0x4;
	return TDX_SUCCESS;
}

static void cpuid_leaves_are_read_one_by_one_if_there_are_many(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;
	const struct tdx_td_cpuid *last = &c->info.cpuid_configs[TDX_MAX_CPUID_CONFIGS - 1];
	u32 nr = TDX_MAX_CPUID_CONFIGS;

	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	c->host->model.sysinfo.num_cpuid_config = nr;
	c->host->distort = many_cpuid_configs;
	fields_read = 0;
	KUNIT_ASSERT_EQ_MSG(test, tdx_sysinfo_read(&c->info, &c->cause), 0, "%s", c->cause.text);
	KUNIT_EXPECT_EQ(test, c->info.td_params.nr_cpuid_configs, nr);
	KUNIT_EXPECT_EQ(test, last->leaf, 4u);
	KUNIT_EXPECT_EQ(test, last->subleaf, nr - 1);
	KUNIT_EXPECT_EQ(test, last->eax, 2 * nr - 2);
	KUNIT_EXPECT_EQ(test, last->ecx, 2 * nr - 1);
}

/* User space would get an incomplete table. */
static void cpuid_leaves_are_not_cut_off(struct kunit *test)
{
	static const u32 numbers[] = { TDX_MAX_CPUID_CONFIGS + 1, 0xffffffff };
	struct sysinfo_case *c = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		c->host->model.sysinfo.num_cpuid_config = numbers[i];
		KUNIT_EXPECT_EQ(test, tdx_sysinfo_read(&c->info, &c->cause), -EINVAL);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(c->cause.text, "CPUID leaves"), "says: %s",
					  c->cause.text);
	}
}

static void a_cpuid_leaf_that_cannot_be_read_leaves_no_table(struct kunit *test)
{
	struct sysinfo_case *c = test->priv;

	KUNIT_ASSERT_EQ(test, read_sysinfo(c), 0);
	c->host->model.sysinfo.num_cpuid_config = TDX_MAX_CPUID_CONFIGS;
	KUNIT_EXPECT_EQ(test, tdx_sysinfo_read(&c->info, &c->cause), -EIO);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(c->cause.text, "TDH.SYS.RD"), "says: %s",
				  c->cause.text);
}

static struct kunit_case sysinfo_test_cases[] = {
	KUNIT_CASE(a_module_is_not_asked_for_what_its_generation_lacks),
	KUNIT_CASE(a_field_that_is_missing_is_none),
	KUNIT_CASE(what_the_module_says_is_what_the_host_believes),
	KUNIT_CASE(what_a_td_takes_is_the_modules_to_say),
	KUNIT_CASE(pages_of_a_td_that_linux_has_no_room_for_are_refused),
	KUNIT_CASE(a_debug_module_is_told_from_others),
	KUNIT_CASE(limits_of_zero_are_refused),
	KUNIT_CASE(a_malformed_list_of_cmrs_is_refused),
	KUNIT_CASE(cpuid_leaves_are_read_one_by_one_if_there_are_many),
	KUNIT_CASE(cpuid_leaves_are_not_cut_off),
	KUNIT_CASE(a_cpuid_leaf_that_cannot_be_read_leaves_no_table),
	{}
};

static struct kunit_suite sysinfo_test_suite = {
	.name = "tdx_sysinfo",
	.init = sysinfo_test_init,
	.exit = sysinfo_test_exit,
	.test_cases = sysinfo_test_cases,
};

kunit_test_suite(sysinfo_test_suite);
