// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: callers, CPU hotplug, failures and resets, in random order.
 *
 * One thread does random steps; others call tdx_module_init() all the time.
 * Errors are detected by the callers, by lockdep (CONFIG_PROVE_LOCKING) and by
 * KCSAN (CONFIG_KCSAN).
 */
#include <kunit/test.h>
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/rwsem.h>

#include "../error.h"
#include "model_host.h"

#define NR_CALLERS	3

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"tdx_walk."

static unsigned int steps = 50;
module_param(steps, uint, 0400);
MODULE_PARM_DESC(steps, "how many steps each walk has (50)");

/* Separate walks, as KUnit limits a case to five minutes. */
static const unsigned int seeds[] = { 1, 2, 3, 4, 5 };

static void seed_to_desc(const unsigned int *seed, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "seed %u", *seed);
}

KUNIT_ARRAY_PARAM(seed, seeds, seed_to_desc);

struct walk {
	struct kunit *test;
	struct model_host *host;
	struct rnd_state rnd;
	struct rw_semaphore reset;	/* held for reading by callers */
	struct task_struct *callers[NR_CALLERS];
	atomic_t wrong;
	atomic_t calls;
	unsigned int resets, offline, online, ready, failed;
};

static const u64 statuses[] = {
	TDX_SEAMCALL_VMFAILINVALID, TDX_SEAMCALL_GP, TDX_SEAMCALL_UD, TDX_OPERAND_INVALID,
	TDX_RND_NO_ENTROPY, TDX_SYS_BUSY, TDX_SYS_SHUTDOWN, TDX_KEY_CONFIGURED,
};

/* Is @error a result that a caller may get, and does it fit the state? */
static bool is_right(struct tdx_module *module, int error)
{
	/* Pairs with the release in set_state(). */
	enum tdx_module_state state = smp_load_acquire(&module->state);

	switch (error) {
	case 0:
		return state == TDX_MODULE_READY;
	case -ENODEV:
		return state == TDX_MODULE_ABSENT || state == TDX_MODULE_FAILED;
	case -ENXIO:
	case -EPERM:
	case -EBUSY:
	case -EAGAIN:
	case -EOPNOTSUPP:
		/* Another caller may have succeeded since. */
		return true;
	case -EALREADY:
	case -EIO:
		return state == TDX_MODULE_FAILED;
	default:
		return false;
	}
}

static void call(struct walk *walk)
{
	int ret;

	down_read(&walk->reset);
	ret = tdx_module_init(&walk->host->module);
	if (!is_right(&walk->host->module, ret))
		atomic_inc(&walk->wrong);
	up_read(&walk->reset);
	atomic_inc(&walk->calls);
}

static int call_all_the_time(void *data)
{
	while (!kthread_should_stop()) {
		call(data);
		schedule_timeout_interruptible(1);
	}
	return 0;
}

static u32 below(struct walk *walk, u32 limit)
{
	return prandom_u32_state(&walk->rnd) % limit;
}

/* After half of the resets, a SEAMCALL will fail. */
static void reset(struct walk *walk)
{
	struct model_host *host = walk->host;

	down_write(&walk->reset);
	walk->ready += host->module.state == TDX_MODULE_READY;
	walk->failed += host->module.state == TDX_MODULE_FAILED;
	model_host_restart(host);
	if (below(walk, 2))
		model_host_fail(host, 1 + below(walk, 300), below(walk, 2) ? U64_MAX : 1,
				statuses[below(walk, ARRAY_SIZE(statuses))]);
	up_write(&walk->reset);
	walk->resets++;
}

static void step(struct walk *walk)
{
	unsigned int cpu = 1 + below(walk, num_present_cpus() - 1);

	switch (below(walk, 16)) {
	case 0:
		walk->offline += !remove_cpu(cpu);
		break;
	case 1 ... 3:
		/* More often, so that all CPUs are online most of the time. */
		walk->online += !add_cpu(cpu);
		break;
	case 4 ... 6:
		reset(walk);
		break;
	default:
		call(walk);
	}
}

static void bring_all_cpus_online(void)
{
	unsigned int cpu;

	for_each_present_cpu(cpu)
		add_cpu(cpu);
}

static void nothing_is_lost_on_a_random_walk(struct kunit *test)
{
	struct walk *walk = kunit_kzalloc(test, sizeof(*walk), GFP_KERNEL);
	unsigned int i;

	if (num_present_cpus() == 1)
		kunit_skip(test, "there is one CPU");
	KUNIT_ASSERT_NOT_NULL(test, walk);
	walk->test = test;
	walk->host = test->priv;
	init_rwsem(&walk->reset);
	prandom_seed_state(&walk->rnd, *(const unsigned int *)test->param_value);
	for (i = 0; i < NR_CALLERS; i++) {
		walk->callers[i] = kthread_run(call_all_the_time, walk, "tdx_caller/%u", i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(walk->callers[i]));
	}

	for (i = 0; i < steps; i++)
		step(walk);

	for (i = 0; i < NR_CALLERS; i++)
		kthread_stop(walk->callers[i]);
	bring_all_cpus_online();

	KUNIT_EXPECT_EQ(test, atomic_read(&walk->wrong), 0);
	kunit_info(test, "%u steps: %u calls, %u resets, %u times ready, %u failed, %u CPUs offline, %u online\n",
		   steps, atomic_read(&walk->calls), walk->resets, walk->ready, walk->failed,
		   walk->offline, walk->online);
	/* A short walk may not cover everything. */
	if (steps < 1000)
		return;
	KUNIT_EXPECT_GT(test, walk->ready, 0u);
	KUNIT_EXPECT_GT(test, walk->failed, 0u);
	KUNIT_EXPECT_GT(test, walk->offline, 0u);
}

static int walk_test_init(struct kunit *test)
{
	test->priv = model_host_create(test);
	model_host_load(test->priv);
	return 0;
}

static void walk_test_exit(struct kunit *test)
{
	if (test->priv)
		model_host_unload(test->priv);
}

static struct kunit_case walk_test_cases[] = {
	KUNIT_CASE_PARAM(nothing_is_lost_on_a_random_walk, seed_gen_params),
	{}
};

static struct kunit_suite walk_test_suite = {
	.name = "tdx_walk",
	.init = walk_test_init,
	.exit = walk_test_exit,
	.test_cases = walk_test_cases,
};

kunit_test_suite(walk_test_suite);
