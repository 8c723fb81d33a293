// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the TDX module, and those who wait for it.
 *
 * A worker makes the attempt to initialize it: a signal that kills the caller
 * would make memory migration fail, and with it the initialization, for
 * everyone.  Callers keep the CPUs in VMX operation only while they wait.  So one
 * that is killed leaves at once while memory is searched, which can take without
 * limit, and at the end of the SEAMCALLs otherwise, which take seconds at most.
 * When the search ends and nobody waits any more, no SEAMCALL follows.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>

#include "bringup.h"
#include "cpu.h"
#include "module.h"

/* Scripts look for "module initialized" and "KB allocated for PAMT". */
static void announce(const struct tdx_module *module)
{
	u64 pamt = tdx_layout_pamt_bytes(&module->layout);
	u64 memory = tdx_memory_bytes(&module->memory);

	pr_info("module initialized in %llu ms; %llu KB allocated for PAMT of %u TDMRs with %llu MB of TDX memory\n",
		module->init_us / USEC_PER_MSEC, pamt >> 10, module->layout.nr_tdmrs,
		memory >> 20);
}

/* By state: those that may follow. */
static const unsigned int successors[] = {
	[TDX_MODULE_UNKNOWN]	  = BIT(TDX_MODULE_INITIALIZING),
	[TDX_MODULE_INITIALIZING] = BIT(TDX_MODULE_UNKNOWN) | BIT(TDX_MODULE_PENDING) |
				    BIT(TDX_MODULE_ABSENT) | BIT(TDX_MODULE_READY) |
				    BIT(TDX_MODULE_FAILED),
	[TDX_MODULE_PENDING]	  = BIT(TDX_MODULE_INITIALIZING),
	[TDX_MODULE_ABSENT]	  = 0,
	[TDX_MODULE_READY]	  = 0,
	[TDX_MODULE_FAILED]	  = 0,
};

static void set_state(struct tdx_module *module, enum tdx_module_state state)
{
	lockdep_assert_held(&module->lock);
	if (WARN_ON_ONCE(!(successors[module->state] & BIT(state))))
		return;
	/* Pairs with smp_load_acquire(): lockless readers of READY see the final data. */
	smp_store_release(&module->state, state);
}

/* Before TDH.SYS.CONFIG the module waits for as long as it takes. */
static bool may_pass(int error)
{
	switch (error) {
	case -ENOMEM:
	case -EAGAIN:
	case -EBUSY:
	case -EINTR:
	case -EPERM:
		return true;
	default:
		return false;
	}
}

static enum tdx_module_state state_after(const struct tdx_module *module, int error)
{
	if (!error)
		return TDX_MODULE_READY;
	if (module->touched)
		return !module->configured && may_pass(error) ? TDX_MODULE_PENDING :
								TDX_MODULE_FAILED;
	switch (error) {
	case -ENODEV:
		return TDX_MODULE_ABSENT;
	case -EALREADY:
	case -ESHUTDOWN:
		return TDX_MODULE_FAILED;
	default:
		return TDX_MODULE_UNKNOWN;
	}
}

/* Whether callers are there to keep the CPUs in VMX operation; they stay then. */
static int begin_calls(struct tdx_module *module, struct tdx_cause *cause)
{
	int ret = 0;

	mutex_lock(&module->lock);
	if (module->callers)
		WRITE_ONCE(module->calling, true);
	else
		ret = tdx_cause(cause, -EINTR, "whoever asked for TDX was killed");
	mutex_unlock(&module->lock);
	return ret;
}

static void end_calls(struct tdx_module *module)
{
	mutex_lock(&module->lock);
	/* Who waits for this sees whether the PAMTs are the module's. */
	smp_store_release(&module->calling, false);
	mutex_unlock(&module->lock);
	wake_up_all(&module->wait);
}

static int with_calls(struct tdx_attempt *attempt, int (*steps)(struct tdx_attempt *attempt))
{
	struct tdx_module *module = attempt->module;
	int ret = begin_calls(module, attempt->cause);

	if (ret)
		return ret;

	cpus_read_lock();
	ret = steps(attempt);
	if (module->touched && state_after(module, ret) == TDX_MODULE_FAILED)
		tdx_cpus_shutdown();
	cpus_read_unlock();
	if (ret)
		tdx_bringup_undo(module);
	end_calls(module);
	return ret;
}

static int shut_down(struct tdx_attempt *attempt)
{
	tdx_cpus_shutdown();
	return 0;
}

static int lay_out(struct tdx_attempt *attempt)
{
	struct tdx_module *module = attempt->module;
	struct tdx_cause ignored;
	int ret = tdx_bringup_lay_out(attempt);

	if (ret)
		tdx_bringup_undo(module);
	if (state_after(module, ret) == TDX_MODULE_FAILED)
		with_calls(&(struct tdx_attempt) { .module = module, .cause = &ignored },
			   shut_down);
	return ret;
}

/* @news: this has not been said, and cannot happen often */
static void explain_failure(const struct tdx_module *module, bool news)
{
	static DEFINE_RATELIMIT_STATE(known, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);
	/* Their causes say themselves what helps. */
	bool said = module->error == -EALREADY || module->error == -ESHUTDOWN;

	/* Detection told of a misconfigured platform already. */
	if (!module->error || module->platform->misconfigured)
		return;
	if (!news && !__ratelimit(&known))
		return;

	if (!module->touched)
		pr_err("not usable: %s\n", module->cause.text);
	else if (module->state != TDX_MODULE_FAILED || said)
		pr_err("%s failed: %s\n", module->doing, module->cause.text);
	else
		pr_err("%s failed: %s; TDX cannot be used until the machine is reset\n",
		       module->doing, module->cause.text);
}

static void end_attempt(struct tdx_attempt *attempt, int error)
{
	struct tdx_module *module = attempt->module;

	mutex_lock(&module->lock);
	module->error = error;
	module->doing = attempt->doing;
	module->cause = *attempt->cause;
	module->callers = 0;
	WRITE_ONCE(module->attempts, module->attempts + 1);
	set_state(module, state_after(module, error));
	explain_failure(module, module->state == TDX_MODULE_FAILED);
	mutex_unlock(&module->lock);
	wake_up_all(&module->wait);
}

static void try_to_initialize(struct work_struct *work)
{
	struct tdx_module *module = container_of(work, struct tdx_module, work);
	struct tdx_cause cause = {};
	struct tdx_attempt attempt = { .module = module, .cause = &cause };
	ktime_t start = ktime_get();
	int ret;

	ret = with_calls(&attempt, tdx_bringup_start) ?:
	      lay_out(&attempt) ?:
	      with_calls(&attempt, tdx_bringup_finish);
	if (!ret) {
		module->init_us = ktime_us_delta(ktime_get(), start);
		announce(module);
	}
	end_attempt(&attempt, ret);
}

/**
 * tdx_module_setup - begin to deal with a module
 * @module:   all zero
 * @platform: what the BIOS configured; as long as @module is in use
 * @ram:      all RAM of the host; as long as @module is in use
 *
 * Context: Any.
 */
void tdx_module_setup(struct tdx_module *module, const struct tdx_platform *platform,
		      const struct tdx_memory *ram)
{
	module->platform = platform;
	module->ram = ram;
	mutex_init(&module->lock);
	init_waitqueue_head(&module->wait);
	INIT_WORK(&module->work, try_to_initialize);
}

/* Starts an attempt if there is none, and one more may do better. */
static bool join_attempt(struct tdx_module *module)
{
	if (module->state == TDX_MODULE_UNKNOWN || module->state == TDX_MODULE_PENDING) {
		set_state(module, TDX_MODULE_INITIALIZING);
		queue_work(system_unbound_wq, &module->work);
	}
	if (module->state != TDX_MODULE_INITIALIZING)
		return false;
	module->callers++;
	return true;
}

static bool has_ended(const struct tdx_module *module, unsigned long attempts)
{
	return READ_ONCE(module->attempts) != attempts;
}

/* Of the attempt that was joined when @attempts others had ended. */
static int wait_for_end(struct tdx_module *module, unsigned long attempts)
{
	int ret = wait_event_state(module->wait, has_ended(module, attempts),
				   (TASK_KILLABLE | TASK_FREEZABLE));

	/* The killed one goes where the attempt does not rely on him. */
	mutex_lock(&module->lock);
	while (ret && module->calling && !has_ended(module, attempts)) {
		mutex_unlock(&module->lock);
		wait_event(module->wait,
			   !READ_ONCE(module->calling) || has_ended(module, attempts));
		mutex_lock(&module->lock);
	}
	if (has_ended(module, attempts)) {
		ret = module->error;
	} else {
		module->callers--;
		ret = -EINTR;
	}
	mutex_unlock(&module->lock);
	return ret;
}

/**
 * tdx_module_init - initialize a module, go on with that, or say what came of it
 * @module: which one
 *
 * Context: Process context, may sleep.  Takes @module->lock; a worker that it
 *	    waits for takes cpus_read_lock().
 * Return: See tdx_init().
 */
int tdx_module_init(struct tdx_module *module)
{
	unsigned long attempts;
	int ret;

	/* Pairs with the release in set_state(). */
	if (smp_load_acquire(&module->state) == TDX_MODULE_READY)
		return 0;

	mutex_lock(&module->lock);
	attempts = module->attempts;
	if (!join_attempt(module)) {
		explain_failure(module, false);
		ret = module->error;
		mutex_unlock(&module->lock);
		return ret;
	}
	mutex_unlock(&module->lock);
	return wait_for_end(module, attempts);
}

/**
 * tdx_module_in_use - does the module have a state that can be lost?
 * @module: which one
 *
 * Context: Any.  Not exact while the first attempt begins.
 * Return: Whether an attempt called it to change its state.
 */
bool tdx_module_in_use(const struct tdx_module *module)
{
	return READ_ONCE(module->touched);
}

/**
 * tdx_module_wait_for_calls - wait until an attempt makes no SEAMCALLs
 * @module: which one
 *
 * After tdx_cache_retire() none follow, and if @module->configured, what
 * @module->layout has is the module's and does not change any more.
 *
 * Context: Process context, may sleep until an attempt gets to its next SEAMCALL
 *	    and has got its memory back.
 */
void tdx_module_wait_for_calls(struct tdx_module *module)
{
	/* Pairs with the release in end_calls(). */
	wait_event(module->wait, !smp_load_acquire(&module->calling));
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
		[TDX_MODULE_INITIALIZING] = "initializing",
		[TDX_MODULE_PENDING]	  = "pending",
		[TDX_MODULE_ABSENT]	  = "absent",
		[TDX_MODULE_READY]	  = "ready",
		[TDX_MODULE_FAILED]	  = "failed",
	};

	return names[state];
}
