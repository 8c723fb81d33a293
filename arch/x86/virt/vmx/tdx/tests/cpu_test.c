// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: the steps on each CPU or package, and parallel initialization of
 * TDMRs.
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/sizes.h>

#include "../cpu.h"
#include "../error.h"
#include "../seamcall.h"
#include "model_host.h"

static int cpu_test_init(struct kunit *test)
{
	test->priv = model_host_create(test);
	model_host_load(test->priv);
	return 0;
}

static void cpu_test_exit(struct kunit *test)
{
	if (test->priv)
		model_host_unload(test->priv);
}

static u64 made(struct model_host *host)
{
	return atomic64_read(&host->seamcalls);
}

static unsigned int nr_of(struct model_host *host, u64 leaf)
{
	unsigned int i, nr = 0;

	for (i = 0; i < made(host); i++)
		nr += host->leaves[i] == leaf;
	return nr;
}

static int init_globally(struct model_host *host)
{
	struct tdx_regs regs = {};

	return tdx_explain(&host->module.cause, TDH_SYS_INIT, tdx_seamcall(TDH_SYS_INIT, &regs));
}

static int init_cpus(struct model_host *host)
{
	int ret;

	cpus_read_lock();
	ret = tdx_cpus_init(&host->module.cpus, &host->module.cause);
	cpus_read_unlock();
	return ret;
}

static void a_module_is_initialized_once_on_each_cpu(struct kunit *test)
{
	struct model_host *host = test->priv;
	unsigned int cpu;

	KUNIT_ASSERT_EQ(test, init_globally(host), 0);
	KUNIT_ASSERT_EQ(test, init_cpus(host), 0);
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_SYS_LP_INIT), num_online_cpus());
	KUNIT_EXPECT_TRUE(test, cpumask_equal(&host->module.cpus, cpu_online_mask));
	for_each_online_cpu(cpu)
		KUNIT_EXPECT_TRUE(test, host->model.lps[host->lp_of_cpu[cpu]].init_done);
}

/* The software module numbers the online CPUs without the gap; the kernel misses the CPU. */
static void a_gap_in_the_numbers_of_cpus_costs_no_cpu(struct kunit *test)
{
	struct model_host *host;

	if (num_online_cpus() < 3)
		kunit_skip(test, "there are fewer than three CPUs");
	KUNIT_ASSERT_EQ(test, remove_cpu(1), 0);
	model_host_unload(test->priv);
	test->priv = NULL;
	host = model_host_create(test);
	test->priv = host;
	model_host_load(host);
	KUNIT_EXPECT_EQ(test, init_globally(host), 0);
	KUNIT_EXPECT_EQ(test, init_cpus(host), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(&host->module.cpus, cpu_online_mask));
	KUNIT_EXPECT_EQ(test, host->model.nr_lps_init_done, num_online_cpus());
	KUNIT_EXPECT_EQ(test, add_cpu(1), 0);
}

static void a_cpu_that_fails_is_named_and_ends_it(struct kunit *test)
{
	struct model_host *host = test->priv;
	unsigned int last = num_online_cpus() - 1;
	char name[16];

	KUNIT_ASSERT_EQ(test, init_globally(host), 0);
	model_host_fail(host, 2 + last, 1, TDX_INCONSISTENT_MSR | 0x3b);
	KUNIT_EXPECT_EQ(test, init_cpus(host), -EIO);
	scnprintf(name, sizeof(name), "CPU %u: ", last);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(host->module.cause.text, name), "says: %s",
				  host->module.cause.text);
	KUNIT_EXPECT_FALSE(test, cpumask_test_cpu(last, &host->module.cpus));
	KUNIT_EXPECT_EQ(test, cpumask_weight(&host->module.cpus), last);
}

static void each_package_gets_the_key_once(struct kunit *test)
{
	struct model_host *host = test->priv;

	KUNIT_ASSERT_EQ(test, tdx_module_init(&host->module), 0);
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_SYS_KEY_CONFIG), host->config.nr_pkgs);
	KUNIT_EXPECT_TRUE(test, host->model.pkg_key_configured[host->config.nr_pkgs - 1]);
}

static void a_package_that_fails_is_named_by_a_cpu_of_it(struct kunit *test)
{
	struct model_host *host = test->priv;
	unsigned int cpu = 0, nr, named = 0;
	u64 first;

	KUNIT_ASSERT_EQ(test, tdx_module_init(&host->module), 0);
	first = model_host_first(test, host->leaves, TDH_SYS_KEY_CONFIG);

	for (nr = 0; nr < host->config.nr_pkgs; nr++) {
		model_host_restart(host);
		model_host_fail(host, first + nr, 1, TDX_OPERAND_INVALID);
		KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EIO);
		if (sscanf(host->module.cause.text, "CPU %u: ", &cpu) != 1)
			KUNIT_FAIL(test, "names no CPU: %s", host->module.cause.text);
		named |= BIT(host->config.pkg_of_lp[host->lp_of_cpu[cpu]]);
	}
	KUNIT_EXPECT_EQ(test, named, BIT(host->config.nr_pkgs) - 1);
}

static void after_a_failure_each_cpu_shuts_the_module_down_once(struct kunit *test)
{
	struct model_host *host = test->priv;

	model_host_fail(host, num_online_cpus() + 1, 1, TDX_INCORRECT_MSR_VALUE | 0x982);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EIO);
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_SYS_LP_SHUTDOWN), num_online_cpus());
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EIO);
	KUNIT_EXPECT_EQ(test, nr_of(host, TDH_SYS_LP_SHUTDOWN), num_online_cpus());
}

static int check_again(struct model_host *host)
{
	int ret;

	cpus_read_lock();
	ret = tdx_cpus_check_again(&host->module.cpus, &host->module.cause);
	cpus_read_unlock();
	return ret;
}

/* All but the last CPU of a package may go offline in the meantime. */
static void a_package_without_a_cpu_is_named_before_it_matters(struct kunit *test)
{
	struct model_host *host = test->priv;
	unsigned int cpu = cpumask_last(cpu_online_mask);
	unsigned int package = topology_logical_package_id(cpu);
	char words[32];
	int error;

	if (package == topology_logical_package_id(0))
		kunit_skip(test, "there is one package");
	scnprintf(words, sizeof(words), "no CPU of package %u ", package);

	KUNIT_ASSERT_EQ(test, init_globally(host), 0);
	KUNIT_ASSERT_EQ(test, init_cpus(host), 0);
	for (; topology_logical_package_id(cpu) == package; cpu--) {
		KUNIT_EXPECT_EQ(test, check_again(host), 0);
		KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	}
	error = check_again(host);
	for_each_cpu(cpu, &host->module.cpus)
		if (!cpu_online(cpu))
			KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);

	KUNIT_EXPECT_EQ(test, error, -EAGAIN);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(host->module.cause.text, words), "says: %s",
				  host->module.cause.text);
}

static u64 claim(u64 leaf, u64 status, struct tdx_regs *regs, u64 next)
{
	if (leaf != TDH_SYS_TDMR_INIT)
		return status;
	regs->rdx = next;
	return TDX_SUCCESS;
}

static u64 stand_still(u64 leaf, u64 status, struct tdx_regs *regs)
{
	return claim(leaf, status, regs, regs->rcx);
}

static u64 run_away(u64 leaf, u64 status, struct tdx_regs *regs)
{
	return claim(leaf, status, regs, regs->rcx + (1ULL << 52));
}

/* Half a GB ahead, and back. */
static u64 go_back(u64 leaf, u64 status, struct tdx_regs *regs)
{
	static bool back;

	back = !back;
	return claim(leaf, status, regs, back ? regs->rcx + SZ_512M : regs->rcx);
}

static void a_module_that_reports_nonsense_does_not_keep_the_host_busy(struct kunit *test)
{
	static u64 (* const nonsense[])(u64 leaf, u64 status, struct tdx_regs *regs) = {
		stand_still, run_away, go_back,
	};
	struct model_host *host = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nonsense); i++) {
		model_host_restart(host);
		host->distort = nonsense[i];
		KUNIT_EXPECT_EQ_MSG(test, tdx_module_init(&host->module), -EIO, "%u", i);
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(host->module.cause.text, "claims to be at"),
					  "says: %s", host->module.cause.text);
	}
}

static struct kunit_case cpu_test_cases[] = {
	KUNIT_CASE(a_module_is_initialized_once_on_each_cpu),
	KUNIT_CASE(a_gap_in_the_numbers_of_cpus_costs_no_cpu),
	KUNIT_CASE(a_cpu_that_fails_is_named_and_ends_it),
	KUNIT_CASE(each_package_gets_the_key_once),
	KUNIT_CASE(a_package_that_fails_is_named_by_a_cpu_of_it),
	KUNIT_CASE(a_package_without_a_cpu_is_named_before_it_matters),
	KUNIT_CASE(after_a_failure_each_cpu_shuts_the_module_down_once),
	KUNIT_CASE(a_module_that_reports_nonsense_does_not_keep_the_host_busy),
	{}
};

static struct kunit_suite cpu_test_suite = {
	.name = "tdx_cpu",
	.init = cpu_test_init,
	.exit = cpu_test_exit,
	.test_cases = cpu_test_cases,
};

kunit_test_suite(cpu_test_suite);
