// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: TDs in the software TDX module.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/topology.h>

#include "../keyid.h"
#include "../owner.h"
#include "model_host.h"
#include "td_life.h"

static int td_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return 0;
}

static void td_test_exit(struct kunit *test)
{
	td_life_host_unload(test->priv);
}

static unsigned int nr_of(const struct model_host *host, u64 leaf)
{
	unsigned int i, nr = 0;

	for (i = 0; i < atomic64_read(&host->seamcalls) && i < MODEL_HOST_NR_LEAVES; i++)
		nr += host->leaves[i] == leaf;
	return nr;
}

static void expect_nothing_left(struct kunit *test)
{
	const struct model_host *host = test->priv;

	KUNIT_EXPECT_EQ(test, host->model.nr_td_pages, 0ULL);
	KUNIT_EXPECT_FALSE(test, tdx_pages_are_owned());
	KUNIT_EXPECT_FALSE(test, tdx_keyids_are_used());
	KUNIT_EXPECT_EQ(test, tdx_keyids_count().burnt, 0u);
}

static void a_td_lives_and_leaves_nothing(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct model_host *host = test->priv;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, TD_LIFE_MAX_VPS), 0);
	KUNIT_EXPECT_EQ(test, host->model.nr_td_pages, (u64)life->nr_pages);
	td_life_destroy(life);
	migrate_enable();
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_MNG_KEY_CONFIG), host->config.nr_pkgs);
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_PHYMEM_CACHE_WB), host->config.nr_pkgs);
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_PHYMEM_PAGE_RECLAIM), life->nr_pages);
	expect_nothing_left(test);
}

static void as_many_tds_as_keyids(struct kunit *test)
{
	unsigned int i, nr = tdx_keyids_count().free;
	struct td_life *lives[64], *other = td_life_new(test);

	KUNIT_ASSERT_LE(test, nr, (unsigned int)ARRAY_SIZE(lives));
	for (i = 0; i < nr; i++)
		lives[i] = td_life_new(test);
	migrate_disable();
	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, td_life_create(lives[i], 0), 0);
	KUNIT_EXPECT_EQ(test, td_life_create(other, 0), -ENOSPC);
	for (i = 0; i < nr; i++)
		td_life_destroy(lives[i]);
	migrate_enable();
	expect_nothing_left(test);
}

static void parameters_that_are_refused_can_be_corrected(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	u64 details;

	life->params->tsc_frequency = 0;
	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 0), -EIO);
	KUNIT_EXPECT_EQ(test, life->status,
			TDX_OPERAND_INVALID | TDX_OPERAND_ID_TSC_FREQUENCY);
	life->params->tsc_frequency = 40;
	KUNIT_EXPECT_EQ(test, tdh_mng_init(&life->td, life->params, &details), 0ULL);
	td_life_destroy(life);
	migrate_enable();
	expect_nothing_left(test);
}

static void a_cpuid_that_is_refused_is_named(struct kunit *test)
{
	const struct tdx_module *module = &((struct model_host *)test->priv)->module;
	const struct tdx_td_cpuid *config = &module->sysinfo.cpuid_configs[0];
	struct td_life *life = td_life_new(test);
	u64 details = 0;

	memset(&life->params->cpuid_config[0], 0xff, sizeof(life->params->cpuid_config[0]));
	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 0), -EIO);
	KUNIT_EXPECT_EQ(test, life->status, TDX_OPERAND_INVALID | TDX_OPERAND_ID_CPUID_CONFIG);
	tdh_mng_init(&life->td, life->params, &details);
	KUNIT_EXPECT_EQ(test, lower_32_bits(details), config->leaf);
	td_life_destroy(life);
	migrate_enable();
	expect_nothing_left(test);
}

static void fields_are_read_or_refused(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	u64 value = 1;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 1), 0);
	KUNIT_EXPECT_EQ(test, tdh_mng_rd(&life->td, TDX_MD_TDCS_XFAM, &value), 0ULL);
	KUNIT_EXPECT_EQ(test, value, TDX_XFAM_FP_SSE);
	KUNIT_EXPECT_EQ(test, tdh_mng_rd(&life->td, TDX_MD_TDCS_NUM_VCPUS, &value), 0ULL);
	KUNIT_EXPECT_EQ(test, value, 1ULL);
	KUNIT_EXPECT_EQ(test, tdx_status_code(tdh_mng_rd(&life->td, ~0ULL >> 1, &value)),
			(u64)TDX_METADATA_FIELD_ID_INCORRECT);
	KUNIT_EXPECT_EQ(test, value, 0ULL);
	td_life_destroy(life);
	migrate_enable();
}

/* A package without CPU 0; -1 if there is none. */
static int other_package(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (topology_logical_package_id(cpu) != topology_logical_package_id(0))
			return topology_logical_package_id(cpu);
	return -1;
}

static int for_cpus_of(const struct cpumask *cpus, int package, int (*call)(unsigned int cpu))
{
	unsigned int cpu;
	int ret = 0;

	for_each_cpu(cpu, cpus)
		if (topology_logical_package_id(cpu) == package)
			ret = ret ?: call(cpu);
	return ret;
}

/* Because it could not be destroyed. */
static void without_a_cpu_of_each_package_no_td_is_created(struct kunit *test)
{
	struct td_life *life = td_life_new(test), *other = td_life_new(test);
	struct model_host *host = test->priv;
	struct cpumask online = *cpu_online_mask;
	int package = other_package();

	if (package < 0)
		kunit_skip(test, "there is one package only");
	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(other, 0), 0);
	migrate_enable();
	KUNIT_ASSERT_EQ(test, for_cpus_of(&online, package, remove_cpu), 0);
	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 0), -EIO);
	KUNIT_EXPECT_EQ(test, life->status, (u64)TDX_SEAMCALL_NO_CPU);
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_MNG_CREATE), 1u);
	td_life_destroy(life);
	migrate_enable();
	KUNIT_EXPECT_EQ(test, tdx_keyids_count().used, 1u);
	KUNIT_EXPECT_EQ(test, tdx_keyids_count().burnt, 0u);

	/* Prevented by hotplug.c with a real module. */
	KUNIT_EXPECT_EQ(test, tdh_phymem_cache_wb(), (u64)TDX_SEAMCALL_NO_CPU);
	KUNIT_EXPECT_EQ(test, for_cpus_of(&online, package, add_cpu), 0);
	td_life_destroy(other);
	expect_nothing_left(test);
}

static struct kunit_case td_test_cases[] = {
	KUNIT_CASE(a_td_lives_and_leaves_nothing),
	KUNIT_CASE(as_many_tds_as_keyids),
	KUNIT_CASE(parameters_that_are_refused_can_be_corrected),
	KUNIT_CASE(a_cpuid_that_is_refused_is_named),
	KUNIT_CASE(fields_are_read_or_refused),
	KUNIT_CASE(without_a_cpu_of_each_package_no_td_is_created),
	{}
};

static struct kunit_suite td_test_suite = {
	.name = "tdx_td",
	.init = td_test_init,
	.exit = td_test_exit,
	.test_cases = td_test_cases,
};

kunit_test_suite(td_test_suite);
