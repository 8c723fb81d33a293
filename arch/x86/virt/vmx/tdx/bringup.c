// SPDX-License-Identifier: GPL-2.0-only
/*
 * The steps that initialize the TDX module, in the required order.
 *
 * There are three groups of steps.  The first and the last make SEAMCALLs on
 * every CPU, with CPU hotplug locked.  The second searches memory for the
 * PAMTs, which can block for as long as a page in the way stays locked, so no
 * locks are held.
 *
 * TDX Module Base Architecture Specification, "Intel TDX Module Lifecycle:
 * Initialization".
 */
#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kexec.h>
#include <linux/ktime.h>
#include <linux/slab.h>

#include "bringup.h"
#include "cache.h"
#include "config.h"
#include "cpu.h"
#include "module.h"
#include "pamt.h"
#include "tdmr_init.h"
#include "trace.h"

struct step {
	const char *doing;
	int (*run)(struct tdx_module *module, struct tdx_cause *cause);
};

static int run_step(struct tdx_attempt *attempt, const struct step *step)
{
	ktime_t start = ktime_get();
	int ret;

	attempt->doing = step->doing;
	ret = step->run(attempt->module, attempt->cause);
	trace_tdx_init_step(step->doing, ret, ktime_us_delta(ktime_get(), start));
	return ret;
}

static int run_steps(struct tdx_attempt *attempt, const struct step *steps, unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = run_step(attempt, &steps[i]);
	return ret;
}

static int check(struct tdx_module *module, struct tdx_cause *cause)
{
	int ret = 0;

	if (module->platform->state != TDX_PLATFORM_ENABLED)
		return tdx_cause(cause, -ENODEV, "%s", module->platform->reason);
	if (!module->touched)
		ret = tdx_cpus_check(cause);
	if (!ret)
		WRITE_ONCE(module->touched, true);
	return ret;
}

static int init_globally(struct tdx_module *module, struct tdx_cause *cause)
{
	int ret;

	if (module->initialized)
		return 0;

	ret = tdx_sys_init(cause);
	module->initialized = !ret;
	return ret;
}

static int init_cpus(struct tdx_module *module, struct tdx_cause *cause)
{
	return tdx_cpus_init(&module->cpus, cause);
}

static int read_sysinfo(struct tdx_module *module, struct tdx_cause *cause)
{
	int ret;

	if (module->asked)
		return 0;

	ret = tdx_sysinfo_read(&module->sysinfo, cause);
	module->asked = !ret;
	return ret;
}

/**
 * tdx_bringup_start - initialize the module far enough to read its information
 * @attempt: the attempt; steps that an earlier attempt completed are skipped
 *
 * Context: Process context, may sleep.  cpus_read_lock() held, all online CPUs
 *	    in VMX operation.
 * Return: 0, or an errno of tdx_init().
 */
int tdx_bringup_start(struct tdx_attempt *attempt)
{
	static const struct step steps[] = {
		{ "checking the CPUs",			check },
		{ "initializing the module",		init_globally },
		{ "initializing the CPUs",		init_cpus },
		{ "reading the module's information",	read_sysinfo },
	};

	return run_steps(attempt, steps, ARRAY_SIZE(steps));
}

static int choose_memory(struct tdx_module *module, struct tdx_cause *cause)
{
	return tdx_memory_convertible(&module->memory, module->ram, module->sysinfo.cmrs,
				      module->sysinfo.nr_cmrs, cause);
}

static int lay_out_tdmrs(struct tdx_module *module, struct tdx_cause *cause)
{
	module->map = (struct tdmr_map) {
		.ram	 = module->memory.ram,
		.nr_ram	 = module->memory.nr,
		.cmrs	 = module->sysinfo.cmrs,
		.nr_cmrs = module->sysinfo.nr_cmrs,
		.limits	 = module->sysinfo.tdmr_limits,
		.nr_cpus = tdx_tdmrs_init_cpus(),
	};
	return tdx_layout_create(&module->layout, &module->map, cause);
}

/* Allocated early: after TDH.SYS.CONFIG a lack of memory would be fatal. */
static int queue_tdmrs(struct tdx_module *module, struct tdx_cause *cause)
{
	module->queue = tdx_tdmrs_queue(&module->layout);
	return module->queue ? 0 : tdx_cause(cause, -ENOMEM, "no memory");
}

/**
 * tdx_bringup_lay_out - choose TDX memory, and find memory for its PAMTs
 * @attempt: after tdx_bringup_start()
 *
 * Context: Process context, may sleep for a long time, without limit while a
 *	    page in the way stays locked.  No locks held.
 * Return: 0, or an errno of tdx_init().
 */
int tdx_bringup_lay_out(struct tdx_attempt *attempt)
{
	static const struct step steps[] = {
		{ "choosing TDX memory",	choose_memory },
		{ "laying out TDMRs",		lay_out_tdmrs },
		{ "laying out TDMRs",		queue_tdmrs },
	};

	return run_steps(attempt, steps, ARRAY_SIZE(steps));
}

static int check_again(struct tdx_module *module, struct tdx_cause *cause)
{
	return tdx_cpus_check_again(&module->cpus, cause);
}

static int config_module(struct tdx_module *module, struct tdx_cause *cause)
{
	int ret = tdx_sys_config(&module->layout, module->platform->first_private_keyid, cause);

	module->configured = !ret;
	return ret;
}

static int config_key(struct tdx_module *module, struct tdx_cause *cause)
{
	return tdx_packages_config_key(cause);
}

static int init_tdmrs(struct tdx_module *module, struct tdx_cause *cause)
{
	int ret = tdx_tdmrs_init(module->queue, module->layout.nr_tdmrs, cause);

	kfree(module->queue);
	module->queue = NULL;
	return ret;
}

/**
 * tdx_bringup_finish - configure the module and initialize its TDMRs
 * @attempt: after tdx_bringup_lay_out()
 *
 * Context: Process context, may sleep.  cpus_read_lock() held, all online CPUs
 *	    in VMX operation.
 * Return: 0, or an errno of tdx_init().
 */
int tdx_bringup_finish(struct tdx_attempt *attempt)
{
	static const struct step steps[] = {
		{ "checking the CPUs",			check_again },
		{ "initializing the CPUs",		init_cpus },
		{ "configuring the module",		config_module },
		{ "configuring the global KeyID",	config_key },
		{ "initializing TDMRs",			init_tdmrs },
	};

	return run_steps(attempt, steps, ARRAY_SIZE(steps));
}

/*
 * On a reboot or power-off the kernel needs no page any more, so the module may
 * keep them: making them safe would only race with the reset.
 */
static bool going_down_for_good(void)
{
	return tdx_cache_retired() && !kexec_in_progress;
}

/**
 * tdx_bringup_undo - free all memory that was allocated for a module
 * @module: the module; its initialization failed, or it is not used any more
 *
 * Context: Process context, may sleep.  No SEAMCALLs are being made, and
 *	    @module's memory has no other users.
 */
void tdx_bringup_undo(struct tdx_module *module)
{
	if (module->configured && going_down_for_good())
		return;
	if (module->configured)
		tdx_pamt_make_safe(&module->layout);
	tdx_layout_destroy(&module->layout);
	kfree(module->memory.ram);
	kfree(module->queue);

	module->memory = (struct tdx_memory) {};
	module->queue = NULL;
}
