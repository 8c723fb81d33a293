// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: failures of each memory allocation of the initialization.
 */
#include <kunit/test.h>
#include <linux/error-injection.h>
#include <linux/errno.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "../seamcall.h"
#include "model_host.h"

/* Allocation number @nth of @task fails. */
static struct {
	struct task_struct *task;
	unsigned int nth;
	unsigned int count;
} failing;

/*
 * Only those of the initialization itself.  The number of others changes from one attempt to the
 * next: of pages for slabs and of kmemleak, which do not warn, and of pages that are migrated out
 * of the place for a PAMT.  Allocations in interrupts cannot wait for memory.
 */
static bool is_to_fail(gfp_t gfp)
{
	const gfp_t mask = __GFP_DIRECT_RECLAIM | __GFP_NOWARN | __GFP_MOVABLE;

	return current == failing.task && (gfp & mask) == __GFP_DIRECT_RECLAIM &&
	       ++failing.count == failing.nth;
}

static int fail(struct pt_regs *regs, unsigned long value)
{
	regs_set_return_value(regs, value);
	override_function_with_return(regs);
	return 1;
}

static int fail_slab(struct kprobe *probe, struct pt_regs *regs)
{
	gfp_t gfp = (__force gfp_t)regs_get_kernel_argument(regs, 1);

	return is_to_fail(gfp) ? fail(regs, -ENOMEM) : 0;
}

static int fail_pages(struct kprobe *probe, struct pt_regs *regs)
{
	gfp_t gfp = (__force gfp_t)regs_get_kernel_argument(regs, 0);

	return is_to_fail(gfp) ? fail(regs, 0) : 0;
}

/*
 * Probes with a post handler are not optimized into jumps, which cannot
 * override.
 */
static void do_not_optimize(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe slab_probe = {
	.symbol_name = "should_failslab",
	.pre_handler = fail_slab,
	.post_handler = do_not_optimize,
};

/* Not should_fail_alloc_page(): GCC 14 optimizes calls of it away. */
static struct kprobe page_probe = {
	.symbol_name = "__alloc_pages",
	.pre_handler = fail_pages,
	.post_handler = do_not_optimize,
};

static struct kprobe *probes[] = { &slab_probe, &page_probe };

/* Made by the worker itself, which does not allocate memory before. */
static u64 find_worker(u64 leaf, u64 status, struct tdx_regs *regs)
{
	if (leaf == TDH_SYS_INIT)
		WRITE_ONCE(failing.task, current);
	return status;
}

static void attempt(struct model_host *host, unsigned int nth)
{
	failing.nth = nth;
	failing.count = 0;
	host->distort = find_worker;
	tdx_module_init(&host->module);
	flush_work(&host->module.work);
	host->distort = NULL;
	WRITE_ONCE(failing.task, NULL);
}

static void an_allocation_that_fails_costs_nothing(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_module *module = &host->module;
	unsigned int nth, failed = 0;
	long before;

	attempt(host, 0);
	KUNIT_ASSERT_EQ(test, module->error, 0);
	model_host_restart(host);
	before = model_host_free_pages();

	for (nth = 1; ; nth++) {
		attempt(host, nth);
		if (failing.count < nth)
			break;
		if (module->error) {
			failed++;
			KUNIT_EXPECT_EQ_MSG(test, module->error, -ENOMEM, "allocation %u: %s", nth,
					    module->cause.text);
			KUNIT_EXPECT_EQ(test, (int)module->state, (int)TDX_MODULE_PENDING);
			KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(module->cause.text, "no "),
						  "allocation %u: %s", nth, module->cause.text);
			KUNIT_EXPECT_NULL(test, module->layout.tdmrs);
			KUNIT_EXPECT_EQ(test, tdx_module_init(module), 0);
		}
		model_host_restart(host);
	}
	KUNIT_EXPECT_EQ(test, module->error, 0);
	KUNIT_EXPECT_GT(test, failed, 5u);
	model_host_restart(host);
	/* The rest of the kernel allocates, too, but less than a PAMT. */
	KUNIT_EXPECT_LT(test, before - model_host_free_pages(), 512L);
	kunit_info(test, "%u allocations, %u of them indispensable\n", nth - 1, failed);
}

static int allocation_test_init(struct kunit *test)
{
	test->priv = model_host_create(test);
	model_host_load(test->priv);
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

static void allocation_test_exit(struct kunit *test)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
	if (test->priv)
		model_host_unload(test->priv);
}

static struct kunit_case allocation_test_cases[] = {
	KUNIT_CASE(an_allocation_that_fails_costs_nothing),
	{}
};

static struct kunit_suite allocation_test_suite = {
	.name = "tdx_allocation",
	.init = allocation_test_init,
	.exit = allocation_test_exit,
	.test_cases = allocation_test_cases,
};

kunit_test_suite(allocation_test_suite);
