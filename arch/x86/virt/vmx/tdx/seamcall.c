// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calling the TDX module: a single try, and retries by status.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/static_call.h>

#include "cache.h"
#include "error.h"
#include "failures.h"
#include "seamcall.h"
#include "stats.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * The module never waits: it is up to the caller to wait until a lock is free,
 * the random number generator has entropy or an interrupt was handled.  Pauses
 * double from 2 us to TDX_SEAMCALL_PAUSE_US, for about 40 ms in total.
 */
#define TDX_SEAMCALL_TRIES	100
#define TDX_SEAMCALL_PAUSE_US	256U

/* In atomic context: 1 ms. */
#define TDX_SEAMCALL_SPIN_TRIES	100
#define TDX_SEAMCALL_SPIN_US	10

DEFINE_STATIC_CALL(tdx_make_seamcall, tdx_cache_seamcall);

static noinline u64 timed_seamcall(u64 leaf, struct tdx_regs *regs)
{
	const struct tdx_regs in = *regs;
	u64 status, ns, start = ktime_get_ns();

	status = static_call(tdx_make_seamcall)(leaf, regs);
	ns = ktime_get_ns() - start;
	trace_tdx_seamcall(leaf, &in, status, regs, ns);
	if (static_branch_unlikely(&tdx_stats_durations))
		tdx_stats_duration(leaf, ns);
	return status;
}

/**
 * tdx_seamcall_once - call the TDX module
 * @leaf: RAX: the leaf number and version
 * @regs: inputs and outputs
 *
 * Context: Any but NMI.  The CPU must be in VMX operation.
 * Return: As tdx_seamcall().
 */
u64 tdx_seamcall_once(u64 leaf, struct tdx_regs *regs)
{
	u64 status;

	this_cpu_inc(tdx_nr_seamcalls[leaf % TDX_NR_LEAVES]);
	if (trace_tdx_seamcall_enabled() || static_branch_unlikely(&tdx_stats_durations))
		status = timed_seamcall(leaf, regs);
	else
		status = static_call(tdx_make_seamcall)(leaf, regs);
	if (unlikely(tdx_status_failed(status)))
		tdx_failure_record(leaf, status);
	return status;
}

/**
 * tdx_backoff - wait before a SEAMCALL is retried, if that may help
 * @backoff: all zero before the first try
 * @status:  what the last try returned
 *
 * Context: Process context, may sleep.
 * Return: True to try again: if tdx_status_may_clear(), for a limited time.
 */
bool tdx_backoff(struct tdx_backoff *backoff, u64 status)
{
	unsigned int pause;

	if (!tdx_status_may_clear(status) || ++backoff->tries == TDX_SEAMCALL_TRIES)
		return false;

	pause = min(1U << min(backoff->tries, 16U), TDX_SEAMCALL_PAUSE_US);
	usleep_range(pause, 2 * pause);
	return true;
}

/**
 * tdx_seamcall - call the TDX module, with retries
 * @leaf: RAX: the leaf number and version
 * @regs: inputs; outputs of the last try on return
 *
 * Repeats the call with the same inputs while tdx_status_may_clear(), for about
 * 40 ms.  A call that has to be resumed with other inputs is left to the
 * caller.
 *
 * Context: Process context, may sleep between two tries.  The caller may be
 *	    bound to a CPU, but need not.  The CPU must be in VMX operation.
 * Return: The completion status (TDX Module ABI specification, "Function
 *	   Completion Status"), or one of the software error class:
 *	   TDX_SEAMCALL_VMFAILINVALID, TDX_SEAMCALL_GP, TDX_SEAMCALL_UD,
 *	   TDX_SEAMCALL_RETIRED.
 *	   Bit 63 indicates a failure; other nonzero statuses are success.
 */
u64 tdx_seamcall(u64 leaf, struct tdx_regs *regs)
{
	const struct tdx_regs in = *regs;
	struct tdx_backoff backoff = {};
	u64 status;

	do {
		*regs = in;
		status = tdx_seamcall_once(leaf, regs);
	} while (tdx_backoff(&backoff, status));
	return status;
}

/**
 * tdx_seamcall_atomic - make a SEAMCALL, retrying it without sleeping
 * @leaf: RAX: the leaf number and version
 * @regs: inputs; outputs of the last try on return
 *
 * Like tdx_seamcall(), but retries for 1 ms only.
 *
 * Context: Any but NMI, does not sleep.  The CPU must be in VMX operation.
 * Return: As tdx_seamcall().
 */
u64 tdx_seamcall_atomic(u64 leaf, struct tdx_regs *regs)
{
	unsigned int tries = TDX_SEAMCALL_SPIN_TRIES;
	const struct tdx_regs in = *regs;
	u64 status;

	for (;;) {
		*regs = in;
		status = tdx_seamcall_once(leaf, regs);
		if (!tdx_status_may_clear(status) || !--tries)
			return status;
		udelay(TDX_SEAMCALL_SPIN_US);
	}
}
