// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: every SEAMCALL returns every status, once, twice and always.
 *
 * The expected outcome is written down here a second time, from the
 * specification: the statuses that are transient, the errno for the caller and
 * the resulting state of the module.
 */
#include <kunit/test.h>
#include <linux/console.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kmsg_dump.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "../error.h"
#include "model_host.h"
#include "statuses.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"tdx_injection."

static unsigned int every = 1;
module_param(every, uint, 0400);
MODULE_PARM_DESC(every, "try only every so many statuses, for slow kernels (1)");

/* Those of the 256 calls for 1 GB that are tested, counted from 0. */
static const u64 tdmr_init_calls[] = { 0, 1, 17, 255 };

struct outcome {
	int error;
	enum tdx_module_state state;
};

static const struct outcome ready = { 0, TDX_MODULE_READY };

static bool clears(u64 status)
{
	return status == TDX_RND_NO_ENTROPY || status == TDX_KEY_GENERATION_FAILED ||
	       status == TDX_SYS_BUSY || status == TDX_OPERAND_BUSY ||
	       status == TDX_INTERRUPTED_RESTARTABLE;
}

static int error_of(u64 status)
{
	switch (status) {
	case TDX_SEAMCALL_VMFAILINVALID:
		return -ENODEV;
	case TDX_SEAMCALL_GP:
		return -EOPNOTSUPP;
	case TDX_SEAMCALL_UD:
		return -EPERM;
	case TDX_SEAMCALL_RETIRED:
		return -ESHUTDOWN;
	case TDX_SYS_INIT_NOT_PENDING:
	case TDX_SYS_SHUTDOWN:
		return -EALREADY;
	case TDX_SYS_CONFIG_NOT_PENDING:
		return -ENXIO;
	case TDX_RND_NO_ENTROPY:
	case TDX_KEY_GENERATION_FAILED:
		return -EAGAIN;
	case TDX_INTERRUPTED_RESUMABLE:
		return -EBUSY;
	}
	return clears(status) ? -EBUSY : -EIO;
}

/*
 * Before TDH.SYS.CONFIG was successful, the next caller resumes the
 * initialization.
 */
static bool passes(int error)
{
	return error == -EPERM || error == -EAGAIN || error == -EBUSY;
}

static bool is_software(u64 status)
{
	return status == TDX_SEAMCALL_VMFAILINVALID || status == TDX_SEAMCALL_GP ||
	       status == TDX_SEAMCALL_UD || status == TDX_SEAMCALL_RETIRED;
}

/* For a SEAMCALL of tdx_cpus_check(), which does not change the module. */
static bool decides_check(u64 status, struct outcome *outcome)
{
	*outcome = (struct outcome) { error_of(status), TDX_MODULE_UNKNOWN };
	if (status == TDX_SEAMCALL_VMFAILINVALID)
		outcome->state = TDX_MODULE_ABSENT;
	if (status == TDX_SEAMCALL_RETIRED || status == TDX_SYS_SHUTDOWN)
		outcome->state = TDX_MODULE_FAILED;
	return is_software(status) || clears(status) || status == TDX_SYS_SHUTDOWN;
}

/* @config: the number of TDH.SYS.CONFIG; before it each CPU is checked again */
static bool decides(const u16 *leaves, u64 config, u64 nr, u64 status, struct outcome *outcome)
{
	int error = error_of(status);

	if (nr <= num_online_cpus())
		return decides_check(status, outcome);

	*outcome = (struct outcome) {
		error, nr <= config && passes(error) ? TDX_MODULE_PENDING : TDX_MODULE_FAILED,
	};
	if (leaves[nr - 1] != TDH_SYS_RD)
		return true;
	/* Failures to read optional fields do not matter. */
	return nr >= config - num_online_cpus() && is_software(status);
}

/* @nr: the number of the first SEAMCALL that fails */
static struct outcome outcome_of(const u16 *leaves, u64 config, u64 nr, u64 status, u64 times)
{
	struct outcome outcome;

	if (!tdx_status_failed(status) || (clears(status) && times < 10))
		return ready;

	for (; times; times--, nr++)
		if (decides(leaves, config, nr, status, &outcome))
			return outcome;
	return ready;
}

/* Number of new lines in the log that contain @with. */
static unsigned int log_lines(struct kmsg_dump_iter *iter, const char *with)
{
	static char line[512];
	unsigned int nr = 0;
	size_t len;

	while (kmsg_dump_get_line(iter, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		nr += !!strstr(line, with);
	}
	return nr;
}

struct sweep {
	struct kunit *test;
	struct model_host *host;
	u16 leaves[MODEL_HOST_NR_LEAVES];
	u64 config;		/* the number of TDH.SYS.CONFIG */
	struct kmsg_dump_iter log;
	unsigned int cases;
};

/* Has no effect on messages that are still to be printed. */
static void set_console_loglevel(int loglevel)
{
	console_lock();
	console_unlock();
	console_loglevel = loglevel;
}

/* Keeps thousands of expected messages off the console. */
static int init_quietly(struct tdx_module *module)
{
	int loglevel = console_loglevel, ret;

	set_console_loglevel(CONSOLE_LOGLEVEL_SILENT);
	ret = tdx_module_init(module);
	set_console_loglevel(loglevel);
	return ret;
}

/* Later callers have to get the same result without a SEAMCALL. */
static void expect_remembered(struct sweep *sweep, struct outcome expected)
{
	struct model_host *host = sweep->host;
	u64 made = atomic64_read(&host->seamcalls);

	if (expected.state == TDX_MODULE_UNKNOWN || expected.state == TDX_MODULE_PENDING) {
		host->failure.times = 0;
		expected = ready;
	}
	KUNIT_EXPECT_EQ(sweep->test, init_quietly(&host->module), expected.error);
	if (host->failure.times)
		KUNIT_EXPECT_EQ(sweep->test, atomic64_read(&host->seamcalls), made);
}

static void try_one(struct sweep *sweep, u64 nr, u64 status, u64 times)
{
	struct model_host *host = sweep->host;
	struct tdx_module *module = &host->module;
	struct outcome expected = outcome_of(sweep->leaves, sweep->config, nr, status, times);
	struct kunit *test = sweep->test;
	unsigned int lines;
	int ret;

	model_host_restart(host);
	model_host_fail(host, nr, times, status);
	log_lines(&sweep->log, "");
	ret = init_quietly(module);

	KUNIT_EXPECT_EQ_MSG(test, ret, expected.error, "SEAMCALL %llu (%s), status 0x%llx %llu times: %s",
			    nr, tdx_leaf_name(sweep->leaves[nr - 1]), status, times,
			    module->cause.text);
	KUNIT_EXPECT_EQ_MSG(test, (int)module->state, (int)expected.state,
			    "SEAMCALL %llu, status 0x%llx %llu times", nr, status, times);
	if (ret)
		KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(module->cause.text, tdx_status_name(status)),
					  "status 0x%llx: %s", status, module->cause.text);
	if (ret)
		KUNIT_EXPECT_NULL(test, module->layout.tdmrs);

	/* Messages about transient failures are rate limited. */
	lines = log_lines(&sweep->log, "TDH.");
	KUNIT_EXPECT_LE_MSG(test, lines, 1u, "SEAMCALL %llu, status 0x%llx", nr, status);
	/* That the machine goes down is not logged. */
	if (expected.state == TDX_MODULE_FAILED)
		KUNIT_EXPECT_EQ_MSG(test, lines, ret == -ESHUTDOWN ? 0u : 1u,
				    "SEAMCALL %llu, status 0x%llx", nr, status);

	flush_work(&module->work);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&module->lock));
#ifdef CONFIG_LOCKDEP
	KUNIT_EXPECT_EQ(test, current->lockdep_depth, 0);
#endif
	expect_remembered(sweep, expected);
	sweep->cases++;
}

/* Most statuses of TDH.SYS.RD do not matter: returning them once is enough in a thin sweep. */
static bool matters(const struct sweep *sweep, u64 nr, u64 status)
{
	return every == 1 || sweep->leaves[nr - 1] != TDH_SYS_RD || clears(status) ||
	       is_software(status) || status == TDX_SYS_SHUTDOWN;
}

static void try_all_statuses(struct sweep *sweep, u64 nr)
{
	static const u64 times[] = { 1, 2, U64_MAX };
	unsigned int i, t;

	for (i = nr % every; i < ARRAY_SIZE(statuses); i += every)
		for (t = 0; t < (matters(sweep, nr, statuses[i]) ? ARRAY_SIZE(times) : 1); t++)
			try_one(sweep, nr, statuses[i], times[t]);
}

static void every_status_at_every_seamcall(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct sweep *sweep = kunit_kzalloc(test, sizeof(*sweep), GFP_KERNEL);
	u64 nr, first_tdmr_init;
	unsigned int i;
	long before, lost;

	KUNIT_ASSERT_NOT_NULL(test, sweep);
	*sweep = (struct sweep) { .test = test, .host = host };
	kmsg_dump_rewind(&sweep->log);
	KUNIT_ASSERT_EQ(test, tdx_module_init(&host->module), 0);
	memcpy(sweep->leaves, host->leaves, sizeof(sweep->leaves));
	sweep->config = model_host_first(test, sweep->leaves, TDH_SYS_CONFIG);
	first_tdmr_init = model_host_first(test, sweep->leaves, TDH_SYS_TDMR_INIT);

	model_host_restart(host);
	before = model_host_free_pages();
	for (nr = 1; nr < first_tdmr_init; nr++)
		try_all_statuses(sweep, nr);
	for (i = 0; i < ARRAY_SIZE(tdmr_init_calls); i++)
		try_all_statuses(sweep, first_tdmr_init + tdmr_init_calls[i]);

	model_host_restart(host);
	lost = before - model_host_free_pages();
	/*
	 * The rest of the kernel allocates, too, and KASAN delays freeing of
	 * memory.
	 */
	if (!IS_ENABLED(CONFIG_KASAN))
		KUNIT_EXPECT_LT(test, lost, 16 + (long)sweep->cases / 64);
	kunit_info(test, "%u cases, %ld pages less free than before\n", sweep->cases, lost);
}

static int injection_test_init(struct kunit *test)
{
	test->priv = model_host_create(test);
	model_host_load(test->priv);
	return 0;
}

static void injection_test_exit(struct kunit *test)
{
	if (test->priv)
		model_host_unload(test->priv);
}

static struct kunit_case injection_test_cases[] = {
	KUNIT_CASE(every_status_at_every_seamcall),
	{}
};

static struct kunit_suite injection_test_suite = {
	.name = "tdx_injection",
	.init = injection_test_init,
	.exit = injection_test_exit,
	.test_cases = injection_test_cases,
};

kunit_test_suite(injection_test_suite);
