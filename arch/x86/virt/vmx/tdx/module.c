// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of the TDX module, and the callers that wait for it.
 *
 * A worker initializes the module: a fatal signal to the caller would make
 * memory migration fail, and with it the initialization for all callers.
 * Callers keep the CPUs in VMX operation only while they wait.  So a caller
 * that is killed returns at once while memory for PAMTs is searched, which can
 * take arbitrarily long, and otherwise when the SEAMCALLs have ended, which
 * take seconds at most.  If no caller is left when the search ends, no
 * SEAMCALLs are made; a caller that joins after that begins another attempt.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/numa.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>

#include "bringup.h"
#include "cpu.h"
#include "module.h"

/* Scripts look for "module initialized" and "KB allocated for PAMT". */
static void announce(const struct tdx_module *module)
{
	u64 pamt = tdx_layout_pamt_bytes(&module->layout, NUMA_NO_NODE);
	u64 memory = tdx_memory_bytes(&module->memory, NUMA_NO_NODE);

	pr_info("module initialized in %llu ms; %llu KB allocated for PAMT of %u TDMRs with %llu MB of TDX memory\n",
		module->init_us / USEC_PER_MSEC, pamt >> 10, module->layout.nr_tdmrs,
		memory >> 20);
}

/* By state: the states that may follow it. */
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

/* Before TDH.SYS.CONFIG the module can wait: these failures are transient. */
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

/*
 * Fails if no callers are left.  Those that are left keep the CPUs in VMX
 * operation until end_calls().
 */
static int begin_calls(struct tdx_module *module, struct tdx_cause *cause)
{
	int ret = 0;

	mutex_lock(&module->lock);
	if (module->callers)
		WRITE_ONCE(module->calling, true);
	else
		ret = tdx_cause(cause, -EINTR, "all callers that asked for TDX were killed");
	mutex_unlock(&module->lock);
	return ret;
}

static void end_calls(struct tdx_module *module)
{
	mutex_lock(&module->lock);
	/*
	 * Pairs with the acquire in tdx_module_wait_for_calls(), whose callers
	 * read @module->configured.
	 */
	smp_store_release(&module->calling, false);
	mutex_unlock(&module->lock);
	wake_up_all(&module->wait);
}

static int with_calls(struct tdx_attempt *attempt, int (*steps)(struct tdx_attempt *attempt))
{
	struct tdx_module *module = attempt->module;
	int ret = begin_calls(module, attempt->cause);

	if (ret) {
		tdx_bringup_undo(module);
		return ret;
	}

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

/* @news: not printed before and cannot happen often; others are ratelimited */
static void explain_failure(const struct tdx_module *module, bool news)
{
	/* Any user of /dev/kvm may try again and again. */
	static struct ratelimit_state known =
		RATELIMIT_STATE_INIT_FLAGS(known, 60 * HZ, 10, RATELIMIT_MSG_ON_RELEASE);

	/* Nothing failed if the machine goes down. */
	if (!module->error || module->error == -ESHUTDOWN)
		return;
	/* A misconfigured platform was already reported at boot. */
	if (module->platform->misconfigured)
		return;
	if (!news && !__ratelimit(&known))
		return;

	if (!module->touched)
		pr_err("not usable: %s\n", module->cause.text);
	else if (module->error == -EALREADY)	/* The cause says what to do. */
		pr_err("%s failed: %s\n", module->doing, module->cause.text);
	else if (module->state == TDX_MODULE_FAILED)
		pr_err("%s failed: %s; TDX cannot be used until the machine is reset\n",
		       module->doing, module->cause.text);
	else
		pr_err("%s failed: %s; that is tried again for the next TD\n",
		       module->doing, module->cause.text);
}

/* The module's information is worth having above all if the initialization failed. */
static void tell(struct tdx_module *module)
{
	mutex_lock(&module->lock);
	module->told = module->sysinfo.known;
	mutex_unlock(&module->lock);
	if (module->told && module->show)
		module->show(module);
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
	struct tdx_attempt attempt = {
		.module = module, .cause = &cause, .doing = "starting the initialization",
	};
	ktime_t start = ktime_get();
	int ret;

	ret = with_calls(&attempt, tdx_bringup_start) ?:
	      lay_out(&attempt) ?:
	      with_calls(&attempt, tdx_bringup_finish);
	if (!ret) {
		module->init_us = ktime_us_delta(ktime_get(), start);
		announce(module);
	}
	tell(module);
	end_attempt(&attempt, ret);
}

/**
 * tdx_module_setup - initialize a struct tdx_module
 * @module:   the structure, all zero
 * @platform: what the BIOS configured; must outlive @module
 * @ram:      all RAM of the host; must outlive @module
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

/* Starts an attempt if none is running and another one may succeed. */
static bool join_attempt(struct tdx_module *module)
{
	if (module->state == TDX_MODULE_UNKNOWN || module->state == TDX_MODULE_PENDING) {
		set_state(module, TDX_MODULE_INITIALIZING);
		module->told = module->asked;
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

/* Waits for the attempt that was joined when @attempts others had ended. */
static int wait_for_end(struct tdx_module *module, unsigned long attempts)
{
	int ret = wait_event_state(module->wait, has_ended(module, attempts),
				   (TASK_KILLABLE | TASK_FREEZABLE));

	/* A killed caller can leave only while no SEAMCALLs are made. */
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
 * tdx_module_init - initialize a module, or return the recorded result
 * @module: the module
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

	do {
		mutex_lock(&module->lock);
		attempts = module->attempts;
		if (!join_attempt(module)) {
			explain_failure(module, false);
			ret = module->error;
			mutex_unlock(&module->lock);
			return ret;
		}
		mutex_unlock(&module->lock);
		ret = wait_for_end(module, attempts);
		/* It may have ended because all callers before this one were killed. */
	} while (ret == -EINTR && !fatal_signal_pending(current));
	return ret;
}

/**
 * tdx_module_in_use - does the module have state that can be lost?
 * @module: the module
 *
 * Context: Any.  Not exact while the first attempt begins.
 * Return: True if an attempt has begun to change the module's state.
 */
bool tdx_module_in_use(const struct tdx_module *module)
{
	return READ_ONCE(module->touched);
}

/**
 * tdx_module_wait_for_calls - wait until no attempt makes SEAMCALLs
 * @module: the module
 *
 * After tdx_cache_retire() none follow.  If @module->configured is set then,
 * the module owns the PAMTs of @module->layout, which does not change any more.
 *
 * Context: Process context, may sleep until an attempt has reached its next
 *	    SEAMCALL and freed its memory.
 */
void tdx_module_wait_for_calls(struct tdx_module *module)
{
	/* Pairs with the release in end_calls(). */
	wait_event(module->wait, !smp_load_acquire(&module->calling));
}

/**
 * tdx_module_state_name - name of a state
 * @state: the state
 *
 * Context: Any.
 * Return: The name.
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
