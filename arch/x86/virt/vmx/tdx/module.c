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

#include <asm/smp.h>

#include "cpu.h"
#include "module.h"
#include "pamt.h"
#include "seamcall.h"
#include "tdmr.h"

static int init_globally(struct tdx_module *module)
{
	struct tdx_regs regs = {};

	return tdx_explain(&module->cause, TDH_SYS_INIT, tdx_seamcall(TDH_SYS_INIT, &regs));
}

static int init_cpus(struct tdx_module *module)
{
	return tdx_cpus_init(&module->cause);
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
	const struct tdmr_limits *limits = &module->sysinfo.tdmr_limits;
	struct tdmr_failure failure;

	module->tdmrs = alloc_pages_exact(limits->max_tdmrs * sizeof(*module->tdmrs),
					  GFP_KERNEL | __GFP_ZERO);
	if (!module->tdmrs)
		return tdx_cause(&module->cause, -ENOMEM, "no memory");

	failure = tdmr_cover_ram(module->tdmrs, &module->nr_tdmrs, module->memory.ram,
				 module->memory.nr, module->sysinfo.cmrs,
				 module->sysinfo.nr_cmrs, limits);
	if (failure.error == TDMR_OK)
		return 0;
	return tdx_cause(&module->cause, -ENOSPC,
			 "RAM from 0x%llx on needs more than the module's %u TDMRs; keep ranges from Linux with memmap=",
			 failure.base, failure.limit);
}

static int allocate_pamts(struct tdx_module *module)
{
	int ret = tdx_pamt_alloc(module->tdmrs, module->nr_tdmrs, &module->memory,
				 &module->cause);

	if (ret)
		module->nr_tdmrs = 0;
	return ret;
}

static int reserve_areas(struct tdx_module *module)
{
	struct tdmr_failure failure;

	failure = tdmr_reserve(module->tdmrs, module->nr_tdmrs, module->sysinfo.cmrs,
			       module->sysinfo.nr_cmrs, &module->sysinfo.tdmr_limits);
	if (failure.error == TDMR_OK)
		return 0;
	return tdx_cause(&module->cause, -ENOSPC,
			 "TDMR [0x%llx-0x%llx] needs %u reserved areas, the module takes %u",
			 failure.base, failure.base + failure.size - 1, failure.count,
			 failure.limit);
}

/*
 * The module takes the TDMRs as an array of physical addresses.  kmalloc()
 * aligns a power of two to itself.
 */
static u64 *tdmr_pointers(const struct tdx_module *module)
{
	size_t bytes = max_t(size_t, TDX_TDMR_POINTERS_ALIGNMENT,
			     roundup_pow_of_two(module->nr_tdmrs * sizeof(u64)));
	u64 *pointers = kzalloc(bytes, GFP_KERNEL);
	unsigned int i;

	for (i = 0; pointers && i < module->nr_tdmrs; i++)
		pointers[i] = __pa(&module->tdmrs[i]);
	return pointers;
}

static int config_module(struct tdx_module *module)
{
	u64 *pointers = tdmr_pointers(module);
	struct tdx_regs regs;
	u64 status;

	if (!pointers)
		return tdx_cause(&module->cause, -ENOMEM, "no memory");

	/* The module does not write back what caches still hold of the PAMTs. */
	wbinvd_on_all_cpus();

	regs = (struct tdx_regs) {
		.rcx = __pa(pointers),
		.rdx = module->nr_tdmrs,
		.r8 = module->platform->first_private_keyid,
	};
	status = tdx_seamcall(TDH_SYS_CONFIG, &regs);
	kfree(pointers);
	return tdx_explain(&module->cause, TDH_SYS_CONFIG, status);
}

static int config_key(struct tdx_module *module)
{
	module->pamts_written = true;
	return tdx_packages_config_key(&module->cause);
}

/* One call initialises a slice; the module says how far it came. */
static int init_tdmr(struct tdx_module *module, const struct tdx_tdmr_info *tdmr)
{
	struct tdx_regs regs;
	int ret;

	do {
		regs = (struct tdx_regs) { .rcx = tdmr->base };
		ret = tdx_explain(&module->cause, TDH_SYS_TDMR_INIT,
				  tdx_seamcall(TDH_SYS_TDMR_INIT, &regs));
		if (ret)
			return ret;
		cond_resched();
	} while (regs.rdx < tdmr_end(tdmr));
	return 0;
}

static int init_tdmrs(struct tdx_module *module)
{
	unsigned int i;
	int ret;

	for (i = 0; i < module->nr_tdmrs; i++) {
		ret = init_tdmr(module, &module->tdmrs[i]);
		if (ret)
			return ret;
	}
	return 0;
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
	{ "allocating PAMTs",			allocate_pamts },
	{ "setting reserved areas",		reserve_areas },
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
		tdx_pamt_make_safe(module->tdmrs, module->nr_tdmrs);
	if (module->tdmrs) {
		tdx_pamt_free(module->tdmrs, module->nr_tdmrs);
		free_pages_exact(module->tdmrs, module->sysinfo.tdmr_limits.max_tdmrs *
				 sizeof(*module->tdmrs));
	}
	kfree(module->memory.ram);

	module->pamts_written = false;
	module->tdmrs = NULL;
	module->nr_tdmrs = 0;
	module->memory = (struct tdx_memory) {};
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

static void announce(const struct tdx_module *module)
{
	const struct tdx_sysinfo *info = &module->sysinfo;
	u64 pamt = tdx_pamt_bytes(module->tdmrs, module->nr_tdmrs);
	u64 memory = tdx_memory_bytes(&module->memory);

	pr_info("module %u.%u.%u (build %u, %08x) initialised in %llu ms: %llu MB of TDX memory in %u TDMRs, %llu KB of it for PAMTs\n",
		info->major_version, info->minor_version, info->update_version,
		info->build_num, info->build_date, module->init_us / USEC_PER_MSEC,
		memory >> 20, module->nr_tdmrs, pamt >> 10);
}

/* Refusals that leave the module as it was. */
static enum tdx_module_state state_if_unusable(int error)
{
	switch (error) {
	case -ENODEV:
		return TDX_MODULE_ABSENT;
	case -EPERM:
		/* The caller's fault; another may do better. */
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
			pr_err("not usable: %s\n", module->cause.text);
		return state_if_unusable(module->error);
	}

	module->error = run_steps(module);
	if (module->error)
		return TDX_MODULE_FAILED;

	module->init_us = ktime_us_delta(ktime_get(), start);
	announce(module);
	return TDX_MODULE_READY;
}

static int initialise_once(struct tdx_module *module)
{
	enum tdx_module_state state;

	lockdep_assert_held(&module->lock);

	if (module->state != TDX_MODULE_UNKNOWN)
		return module->error;

	cpus_read_lock();
	state = initialise(module);
	cpus_read_unlock();

	/* Whoever sees READY without the lock sees all that was decided. */
	smp_store_release(&module->state, state);
	return module->error;
}

/**
 * tdx_module_init - initialise a module, if that was not tried before
 * @module: which one
 *
 * Context: Process context, may sleep.  Takes @module->lock, and inside it
 *	    cpus_read_lock().
 * Return: See tdx_init().
 */
int tdx_module_init(struct tdx_module *module)
{
	int ret;

	/* Pairs with the release in initialise_once(). */
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
		[TDX_MODULE_UNKNOWN]	= "unknown",
		[TDX_MODULE_ABSENT]	= "absent",
		[TDX_MODULE_READY]	= "ready",
		[TDX_MODULE_FAILED]	= "failed",
	};

	return names[state];
}
