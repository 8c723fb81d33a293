// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initialising the TDX module: the state machine and the order of the steps.
 *
 * TDX Module Base Architecture Specification, "Intel TDX Module Lifecycle:
 * Initialization".
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <asm/smp.h>

#include "cpu.h"
#include "layout.h"
#include "module.h"
#include "pamt.h"
#include "seamcall.h"
#include "tdmr_init.h"

static int init_globally(struct tdx_module *module)
{
	struct tdx_regs regs = {};
	u64 status = tdx_seamcall(TDH_SYS_INIT, &regs);

	return tdx_explain_platform(&module->cause, TDH_SYS_INIT, status, &regs);
}

static int init_cpus(struct tdx_module *module)
{
	return tdx_cpus_init(&module->cpus, &module->cause);
}

static int read_sysinfo(struct tdx_module *module)
{
	return tdx_sysinfo_read(&module->sysinfo, &module->cause);
}

static int choose_memory(struct tdx_module *module)
{
	return tdx_memory_convertible(&module->memory, module->ram, module->sysinfo.cmrs,
				      module->sysinfo.nr_cmrs, &module->cause);
}

static int lay_out_tdmrs(struct tdx_module *module)
{
	module->map = (struct tdmr_map) {
		.ram	 = module->memory.ram,
		.nr_ram	 = module->memory.nr,
		.cmrs	 = module->sysinfo.cmrs,
		.nr_cmrs = module->sysinfo.nr_cmrs,
		.limits	 = module->sysinfo.tdmr_limits,
		.nr_cpus = tdx_tdmrs_init_cpus(),
	};
	return tdx_layout_create(&module->layout, &module->map, &module->cause);
}

/*
 * What TDH.SYS.CONFIG reads: the TDMRs, and behind them an array of their
 * physical addresses.  kmalloc() aligns a power of two to itself.
 */
static struct tdx_tdmr_info *encode_tdmrs(const struct tdmr_layout *layout)
{
	size_t bytes = layout->nr_tdmrs * (sizeof(struct tdx_tdmr_info) + sizeof(u64));
	struct tdx_tdmr_info *tdmrs = kzalloc(roundup_pow_of_two(bytes), GFP_KERNEL);
	unsigned int i;
	u64 *pointers;

	if (!tdmrs)
		return NULL;

	pointers = (u64 *)&tdmrs[layout->nr_tdmrs];
	for (i = 0; i < layout->nr_tdmrs; i++) {
		tdmr_encode(layout, &layout->tdmrs[i], &tdmrs[i]);
		pointers[i] = __pa(&tdmrs[i]);
	}
	return tdmrs;
}

static_assert(TDX_TDMR_INFO_ALIGNMENT % TDX_TDMR_POINTERS_ALIGNMENT == 0);

static int config_module(struct tdx_module *module)
{
	struct tdx_tdmr_info *tdmrs = encode_tdmrs(&module->layout);
	unsigned int nr_tdmrs = module->layout.nr_tdmrs;
	struct tdx_regs regs;
	u64 status;

	if (!tdmrs)
		return tdx_cause(&module->cause, -ENOMEM, "no memory");

	/* The module does not write back what caches still hold of the PAMTs. */
	wbinvd_on_all_cpus();

	regs = (struct tdx_regs) {
		.rcx = __pa(&tdmrs[nr_tdmrs]),
		.rdx = nr_tdmrs,
		.r8 = module->platform->first_private_keyid,
	};
	status = tdx_seamcall(TDH_SYS_CONFIG, &regs);
	kfree(tdmrs);
	return tdx_explain(&module->cause, TDH_SYS_CONFIG, status);
}

static int config_key(struct tdx_module *module)
{
	module->pamts_written = true;
	return tdx_packages_config_key(&module->cause);
}

static int init_tdmrs(struct tdx_module *module)
{
	return tdx_tdmrs_init(&module->layout, &module->cause);
}

/* The initialisation, in the order that the module demands. */
static const struct {
	const char *doing;
	int (*run)(struct tdx_module *module);
} steps[] = {
	{ "initialising the module",		init_globally },
	{ "initialising the CPUs",		init_cpus },
	{ "reading the module's information",	read_sysinfo },
	{ "choosing TDX memory",		choose_memory },
	{ "laying out TDMRs",			lay_out_tdmrs },
	{ "configuring the module",		config_module },
	{ "configuring the global KeyID",	config_key },
	{ "initialising TDMRs",			init_tdmrs },
};

/**
 * tdx_module_destroy - give back all memory of a module
 * @module: whose initialisation failed, or which is not used any more
 *
 * Context: Process context, may sleep.  @module->lock held, or nobody else
 *	    knows @module.
 */
void tdx_module_destroy(struct tdx_module *module)
{
	if (module->pamts_written)
		tdx_pamt_make_safe(&module->layout);
	tdx_layout_destroy(&module->layout);
	kfree(module->memory.ram);

	module->pamts_written = false;
	module->memory = (struct tdx_memory) {};
	cpumask_clear(&module->cpus);
}

static int run_steps(struct tdx_module *module)
{
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		ret = steps[i].run(module);
		if (!ret)
			continue;

		tdx_cpus_shutdown();
		tdx_module_destroy(module);
		pr_err("%s failed: %s\n", steps[i].doing, module->cause.text);
		return ret;
	}
	return 0;
}

/* Scripts look for "module initialized" and "KB allocated for PAMT". */
static void announce(const struct tdx_module *module)
{
	const struct tdx_sysinfo *info = &module->sysinfo;
	u64 pamt = tdx_layout_pamt_bytes(&module->layout);
	u64 memory = tdx_memory_bytes(&module->memory);

	pr_info("module initialized: version %u.%u.%u, build %u of %u, in %llu ms; %llu KB allocated for PAMT of %u TDMRs with %llu MB of TDX memory\n",
		info->major_version, info->minor_version, info->update_version,
		info->build_num, info->build_date, module->init_us / USEC_PER_MSEC,
		pamt >> 10, module->layout.nr_tdmrs, memory >> 20);
}

/* By state: those that may follow. */
static const unsigned int successors[] = {
	[TDX_MODULE_UNKNOWN]	  = BIT(TDX_MODULE_INITIALISING),
	[TDX_MODULE_INITIALISING] = BIT(TDX_MODULE_UNKNOWN) | BIT(TDX_MODULE_ABSENT) |
				    BIT(TDX_MODULE_READY) | BIT(TDX_MODULE_FAILED),
	[TDX_MODULE_ABSENT]	  = 0,
	[TDX_MODULE_READY]	  = 0,
	[TDX_MODULE_FAILED]	  = 0,
};

static void set_state(struct tdx_module *module, enum tdx_module_state state)
{
	/* By whoever waits for this worker. */
	WARN_ON_ONCE(!mutex_is_locked(&module->lock));
	if (WARN_ON_ONCE(!(successors[module->state] & BIT(state))))
		return;
	/* Whoever sees the state without the lock sees all that was decided before. */
	smp_store_release(&module->state, state);
}

/* Refusals that leave the module as it was. */
static enum tdx_module_state state_if_unusable(int error)
{
	switch (error) {
	case -ENODEV:
		return TDX_MODULE_ABSENT;
	case -EPERM:
	case -ENXIO:
	case -EAGAIN:
	case -EBUSY:
		/* Nothing is lost; another caller may do better. */
		return TDX_MODULE_UNKNOWN;
	default:
		return TDX_MODULE_FAILED;
	}
}

static enum tdx_module_state initialise(struct tdx_module *module)
{
	ktime_t start = ktime_get();

	lockdep_assert_cpus_held();

	if (module->platform->enabled)
		module->error = tdx_cpus_check(&module->cause);
	else
		module->error = tdx_cause(&module->cause, -ENODEV, "%s",
					  module->platform->reason);
	if (module->error) {
		/* Detection told of a misconfigured platform already. */
		if (!module->platform->misconfigured)
			pr_err_ratelimited("not usable: %s\n", module->cause.text);
		return state_if_unusable(module->error);
	}

	module->error = run_steps(module);
	if (module->error)
		return TDX_MODULE_FAILED;

	module->init_us = ktime_us_delta(ktime_get(), start);
	announce(module);
	return TDX_MODULE_READY;
}

/**
 * tdx_module_attempt - try to initialise a module, here and now
 * @module: which one; its state is TDX_MODULE_UNKNOWN
 *
 * tdx_module_init() has a worker do this: a signal that kills the caller would
 * make memory migration fail, and with it the initialisation, for everyone and
 * for good.
 *
 * Context: Process context, may sleep, for seconds.  @module->lock held by
 *	    whoever waits for it.  Takes cpus_read_lock().
 */
void tdx_module_attempt(struct tdx_module *module)
{
	set_state(module, TDX_MODULE_INITIALISING);
	cpus_read_lock();
	set_state(module, initialise(module));
	cpus_read_unlock();
}

struct attempt {
	struct work_struct work;
	struct tdx_module *module;
};

static void attempt_in_worker(struct work_struct *work)
{
	tdx_module_attempt(container_of(work, struct attempt, work)->module);
}

static int initialise_once(struct tdx_module *module)
{
	struct attempt attempt = { .module = module };

	lockdep_assert_held(&module->lock);

	if (module->state != TDX_MODULE_UNKNOWN)
		return module->error;

	INIT_WORK_ONSTACK(&attempt.work, attempt_in_worker);
	queue_work(system_unbound_wq, &attempt.work);
	flush_work(&attempt.work);
	destroy_work_on_stack(&attempt.work);
	return module->error;
}

/**
 * tdx_module_init - initialise a module, if that was not tried before
 * @module: which one
 *
 * Context: Process context, may sleep.  Takes @module->lock; a worker that it
 *	    waits for takes cpus_read_lock().
 * Return: See tdx_init().
 */
int tdx_module_init(struct tdx_module *module)
{
	int ret;

	/* Pairs with the release in set_state(). */
	if (smp_load_acquire(&module->state) == TDX_MODULE_READY)
		return 0;

	ret = mutex_lock_killable(&module->lock);
	if (ret)
		return ret;
	ret = initialise_once(module);
	mutex_unlock(&module->lock);
	return ret;
}

/**
 * tdx_module_state_name - a state in a word
 * @state: which one
 *
 * Context: Any.
 * Return: The word.
 */
const char *tdx_module_state_name(enum tdx_module_state state)
{
	static const char * const names[] = {
		[TDX_MODULE_UNKNOWN]	  = "unknown",
		[TDX_MODULE_INITIALISING] = "initialising",
		[TDX_MODULE_ABSENT]	  = "absent",
		[TDX_MODULE_READY]	  = "ready",
		[TDX_MODULE_FAILED]	  = "failed",
	};

	return names[state];
}
