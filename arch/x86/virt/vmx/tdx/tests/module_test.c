// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: initialization of the software TDX module.
 */
#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "../error.h"
#include "model_host.h"

static int module_test_init(struct kunit *test)
{
	test->priv = model_host_create(test);
	model_host_load(test->priv);
	return 0;
}

static void module_test_exit(struct kunit *test)
{
	if (test->priv)
		model_host_unload(test->priv);
}

static u64 seamcalls(struct model_host *host)
{
	return atomic64_read(&host->seamcalls);
}

/* Expectations after every failure that is final. */
static void expect_dead(struct kunit *test, int error)
{
	struct model_host *host = test->priv;
	u64 made = seamcalls(host);

	KUNIT_EXPECT_EQ(test, (int)host->module.state, (int)TDX_MODULE_FAILED);
	KUNIT_EXPECT_NULL(test, host->module.layout.tdmrs);
	KUNIT_EXPECT_NULL(test, host->module.memory.ram);
	KUNIT_EXPECT_NE(test, strlen(host->module.cause.text), 0ul);

	/* Later callers get the same result without a SEAMCALL. */
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), error);
	KUNIT_EXPECT_EQ(test, seamcalls(host), made);
}

static void a_healthy_module_becomes_ready(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_module *module = &host->module;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, tdx_module_init(module), 0);
	KUNIT_EXPECT_EQ(test, (int)module->state, (int)TDX_MODULE_READY);
	KUNIT_EXPECT_EQ(test, module->sysinfo.major_version, 1);
	KUNIT_EXPECT_EQ(test, module->sysinfo.minor_version, 5);
	KUNIT_EXPECT_EQ(test, module->sysinfo.update_version, 6);
	KUNIT_EXPECT_EQ(test, module->sysinfo.nr_cmrs, 1u);
	KUNIT_EXPECT_GT(test, module->layout.nr_tdmrs, 0u);

	/* The module confirms that each TDMR is initialized. */
	for (i = 0; i < module->layout.nr_tdmrs; i++) {
		struct tdx_model_regs regs = {
			.rax = TDH_SYS_TDMR_INIT,
			.gpr = { .rcx = module->layout.tdmrs[i].base },
		};

		preempt_disable();
		tdx_model_seamcall(&host->model, &regs);
		preempt_enable();
		KUNIT_EXPECT_EQ(test, tdx_status_code(regs.rax),
				(u64)TDX_TDMR_ALREADY_INITIALIZED);
	}
}

static void the_second_caller_makes_no_seamcall(struct kunit *test)
{
	struct model_host *host = test->priv;
	u64 made;

	KUNIT_ASSERT_EQ(test, tdx_module_init(&host->module), 0);
	made = seamcalls(host);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), 0);
	KUNIT_EXPECT_EQ(test, seamcalls(host), made);
}

struct caller {
	struct tdx_module *module;
	struct completion *start;
	struct completion done;
	int ret;
};

static int call_init(void *data)
{
	struct caller *caller = data;

	wait_for_completion(caller->start);
	caller->ret = tdx_module_init(caller->module);
	complete(&caller->done);
	return 0;
}

static void of_concurrent_callers_one_initializes(struct kunit *test)
{
	struct model_host *host = test->priv;
	DECLARE_COMPLETION_ONSTACK(start);
	struct caller *callers;
	u64 alone;
	int i;

	KUNIT_ASSERT_EQ(test, tdx_module_init(&host->module), 0);
	alone = seamcalls(host);
	model_host_restart(host);

	callers = kunit_kcalloc(test, 8, sizeof(*callers), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, callers);
	for (i = 0; i < 8; i++) {
		callers[i].module = &host->module;
		callers[i].start = &start;
		init_completion(&callers[i].done);
		KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(call_init, &callers[i],
							    "tdx_caller/%d", i)));
	}
	complete_all(&start);
	for (i = 0; i < 8; i++) {
		wait_for_completion(&callers[i].done);
		KUNIT_EXPECT_EQ(test, callers[i].ret, 0);
	}
	KUNIT_EXPECT_EQ(test, seamcalls(host), alone);
}

static void without_a_platform_the_module_is_not_touched(struct kunit *test)
{
	struct model_host *host = test->priv;

	host->platform = (struct tdx_platform) { .reason = "the CPU is made of wood" };
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -ENODEV);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -ENODEV);
	KUNIT_EXPECT_EQ(test, (int)host->module.state, (int)TDX_MODULE_ABSENT);
	KUNIT_EXPECT_STREQ(test, host->module.cause.text, "the CPU is made of wood");
	KUNIT_EXPECT_EQ(test, seamcalls(host), 0ull);
}

static void no_module_is_remembered_as_absent(struct kunit *test)
{
	struct model_host *host = test->priv;

	model_host_fail(host, 1, U64_MAX, TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -ENODEV);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -ENODEV);
	KUNIT_EXPECT_EQ(test, (int)host->module.state, (int)TDX_MODULE_ABSENT);
	KUNIT_EXPECT_NOT_NULL(test, strstr(host->module.cause.text, "load one in the BIOS setup"));
	KUNIT_EXPECT_EQ(test, seamcalls(host), 1ull);
}

static void a_cpu_without_vmx_operation_is_the_callers_fault_and_not_remembered(struct kunit *test)
{
	struct model_host *host = test->priv;

	model_host_fail(host, num_online_cpus(), 1, TDX_SEAMCALL_UD);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EPERM);
	KUNIT_EXPECT_EQ(test, (int)host->module.state, (int)TDX_MODULE_UNKNOWN);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), 0);
}

/* All callers of a second attempt are killed before it has begun. */
static void an_attempt_without_callers_says_what_it_did(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_module *module = &host->module;

	/* Behind TDH.SYS.INIT */
	model_host_fail(host, num_online_cpus() + 2, U64_MAX, TDX_SYS_BUSY);
	KUNIT_EXPECT_EQ(test, tdx_module_init(module), -EBUSY);
	KUNIT_ASSERT_TRUE(test, module->touched);
	KUNIT_ASSERT_EQ(test, (int)module->state, (int)TDX_MODULE_PENDING);

	module->state = TDX_MODULE_INITIALIZING;
	queue_work(system_unbound_wq, &module->work);
	flush_work(&module->work);
	KUNIT_EXPECT_EQ(test, module->error, -EINTR);
	KUNIT_EXPECT_EQ(test, (int)module->state, (int)TDX_MODULE_PENDING);
	KUNIT_EXPECT_STREQ(test, module->doing, "starting the initialization");
}

static struct model_host *abandoned;

static u64 callers_leave(u64 leaf, u64 status, struct tdx_regs *regs)
{
	if (leaf == TDH_SYS_RD)
		abandoned->module.callers = 0;
	return status;
}

/* All callers are killed while memory for PAMTs is searched. */
static void run_abandoned_attempt(struct model_host *host)
{
	struct tdx_module *module = &host->module;

	abandoned = host;
	host->distort = callers_leave;
	module->state = TDX_MODULE_INITIALIZING;
	module->callers = 1;
	queue_work(system_unbound_wq, &module->work);
	flush_work(&module->work);
	host->distort = NULL;
}

static void an_attempt_that_all_callers_left_frees_its_memory(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_module *module = &host->module;

	run_abandoned_attempt(host);
	KUNIT_EXPECT_EQ(test, module->error, -EINTR);
	KUNIT_EXPECT_EQ(test, (int)module->state, (int)TDX_MODULE_PENDING);
	KUNIT_EXPECT_NULL(test, module->layout.tdmrs);
	KUNIT_EXPECT_NULL(test, module->memory.ram);
	KUNIT_EXPECT_NULL(test, module->queue);
	KUNIT_EXPECT_EQ(test, tdx_module_init(module), 0);
}

static struct completion *joining;

/* Between the last step of an attempt and its end */
static void let_a_caller_join(const struct tdx_module *module)
{
	/* The next attempt begins as soon as this one ends. */
	abandoned->distort = NULL;
	abandoned->module.show = NULL;
	complete(joining);
	while (!READ_ONCE(module->callers))
		usleep_range(1000, 2000);
}

static void who_joins_when_all_others_were_killed_is_served(struct kunit *test)
{
	struct model_host *host = test->priv;
	DECLARE_COMPLETION_ONSTACK(start);
	struct caller caller = { .module = &host->module, .start = &start };

	init_completion(&caller.done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(call_init, &caller, "tdx_caller")));
	joining = &start;
	host->module.show = let_a_caller_join;
	run_abandoned_attempt(host);
	wait_for_completion(&caller.done);
	KUNIT_EXPECT_EQ(test, caller.ret, 0);
	KUNIT_EXPECT_EQ(test, (int)host->module.state, (int)TDX_MODULE_READY);
}

static void a_module_that_a_previous_kernel_used_is_recognised(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_module *fresh;

	KUNIT_ASSERT_EQ(test, tdx_module_init(&host->module), 0);

	fresh = kunit_kzalloc(test, sizeof(*fresh), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, fresh);
	tdx_module_setup(fresh, &host->platform, &host->ram);
	KUNIT_EXPECT_EQ(test, tdx_module_init(fresh), -EALREADY);
	KUNIT_EXPECT_EQ(test, (int)fresh->state, (int)TDX_MODULE_FAILED);
	KUNIT_EXPECT_NOT_NULL(test, strstr(fresh->cause.text, "previous kernel"));
	flush_work(&fresh->work);
}

/* Like a module 1.0 that checks the leaf before its state. */
static u64 knows_no_sys_rd(u64 leaf, u64 status, struct tdx_regs *regs)
{
	return leaf == TDH_SYS_RD ? TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX : status;
}

static void what_a_fresh_module_answers_is_left_to_it(struct kunit *test)
{
	struct model_host *host = test->priv;

	host->distort = knows_no_sys_rd;
	KUNIT_EXPECT_EQ_MSG(test, tdx_module_init(&host->module), 0, "%s",
			    host->module.cause.text);
}

static void a_module_that_dies_is_not_said_to_be_missing(struct kunit *test)
{
	struct model_host *host = test->priv;

	model_host_fail(host, num_online_cpus() + 2, U64_MAX, TDX_SEAMCALL_VMFAILINVALID);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -ENODEV);
	KUNIT_EXPECT_NULL_MSG(test, strstr(host->module.cause.text, "load"), "says: %s",
			      host->module.cause.text);
	expect_dead(test, -ENODEV);
}

/* Memory of the page allocator, unlike memory below the first megabyte. */
static void ram_below_the_first_cmr_is_named(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_cmr_info *cmr = &host->config.cmrs[0];
	char range[48];

	scnprintf(range, sizeof(range), "[0x%llx-0x%llx]", cmr->base, cmr->base + SZ_8M - 1);
	cmr->base += SZ_8M;
	cmr->size -= SZ_8M;
	model_host_restart(host);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EADDRNOTAVAIL);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(host->module.cause.text, range), "says: %s",
				  host->module.cause.text);
	expect_dead(test, -EADDRNOTAVAIL);
}

static void ram_outside_the_cmrs_is_named(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_cmr_info *cmr = &host->config.cmrs[0];

	cmr->size -= SZ_64K;
	model_host_restart(host);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EADDRNOTAVAIL);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(host->module.cause.text, "RAM at [0x"),
				  "says: %s", host->module.cause.text);
	expect_dead(test, -EADDRNOTAVAIL);
}

static void an_offline_cpu_is_named_and_nothing_is_lost(struct kunit *test)
{
	struct model_host *host = test->priv;
	unsigned int cpu = num_online_cpus() - 1;

	if (!cpu)
		kunit_skip(test, "there is one CPU");

	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -ENXIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(host->module.cause.text, "offline"));
	KUNIT_EXPECT_EQ(test, (int)host->module.state, (int)TDX_MODULE_UNKNOWN);
	KUNIT_EXPECT_EQ(test, seamcalls(host), 0ull);

	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), 0);
}

/* The module waits for the CPU as long as it takes. */
static void a_cpu_that_goes_offline_after_a_transient_failure_costs_nothing(struct kunit *test)
{
	struct model_host *host = test->priv;
	unsigned int cpu = num_online_cpus() - 1;

	if (!cpu)
		kunit_skip(test, "there is one CPU");

	/* Behind TDH.SYS.INIT */
	model_host_fail(host, num_online_cpus() + 2, U64_MAX, TDX_SYS_BUSY);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EBUSY);
	model_host_fail(host, 0, 0, 0);

	KUNIT_ASSERT_EQ(test, remove_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -EAGAIN);
	KUNIT_EXPECT_NOT_NULL(test, strstr(host->module.cause.text, "offline"));
	KUNIT_EXPECT_EQ(test, (int)host->module.state, (int)TDX_MODULE_PENDING);

	KUNIT_ASSERT_EQ(test, add_cpu(cpu), 0);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), 0);
}

static void a_missing_cpu_is_named_as_the_cause(struct kunit *test)
{
	struct model_host *host = test->priv;

	host->config.nr_lps++;
	model_host_restart(host);
	KUNIT_EXPECT_EQ(test, tdx_module_init(&host->module), -ENXIO);
	KUNIT_EXPECT_NOT_NULL(test, strstr(host->module.cause.text, "maxcpus="));
	expect_dead(test, -ENXIO);
}

static void every_generation_of_the_module_works(struct kunit *test)
{
	static const enum tdx_model_generation generations[] = {
		TDX_MODEL_1_0, TDX_MODEL_1_5, TDX_MODEL_2_0,
	};
	struct model_host *host = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(generations); i++) {
		host->config.generation = generations[i];
		model_host_restart(host);
		KUNIT_EXPECT_EQ_MSG(test, tdx_module_init(&host->module), 0, "generation %u: %s",
				    i, host->module.cause.text);
	}
}

static struct kunit_case module_test_cases[] = {
	KUNIT_CASE(a_healthy_module_becomes_ready),
	KUNIT_CASE(the_second_caller_makes_no_seamcall),
	KUNIT_CASE(of_concurrent_callers_one_initializes),
	KUNIT_CASE(without_a_platform_the_module_is_not_touched),
	KUNIT_CASE(no_module_is_remembered_as_absent),
	KUNIT_CASE(a_cpu_without_vmx_operation_is_the_callers_fault_and_not_remembered),
	KUNIT_CASE(an_attempt_without_callers_says_what_it_did),
	KUNIT_CASE(an_attempt_that_all_callers_left_frees_its_memory),
	KUNIT_CASE(who_joins_when_all_others_were_killed_is_served),
	KUNIT_CASE(a_module_that_a_previous_kernel_used_is_recognised),
	KUNIT_CASE(what_a_fresh_module_answers_is_left_to_it),
	KUNIT_CASE(a_module_that_dies_is_not_said_to_be_missing),
	KUNIT_CASE(ram_below_the_first_cmr_is_named),
	KUNIT_CASE(ram_outside_the_cmrs_is_named),
	KUNIT_CASE(an_offline_cpu_is_named_and_nothing_is_lost),
	KUNIT_CASE(a_cpu_that_goes_offline_after_a_transient_failure_costs_nothing),
	KUNIT_CASE(a_missing_cpu_is_named_as_the_cause),
	KUNIT_CASE(every_generation_of_the_module_works),
	{}
};

static struct kunit_suite module_test_suite = {
	.name = "tdx_module",
	.init = module_test_init,
	.exit = module_test_exit,
	.test_cases = module_test_cases,
};

kunit_test_suite(module_test_suite);
