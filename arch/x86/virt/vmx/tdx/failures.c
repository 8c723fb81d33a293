// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last SEAMCALLs that failed, which may be all that is known of a problem that has passed.
 *
 * TDH.VP.ENTER is not recorded: KVM knows what its status means.
 */
#include <linux/minmax.h>
#include <linux/sched/clock.h>
#include <linux/smp.h>
#include <linux/spinlock.h>

#include "failures.h"

/* A ring: @recorded counts all that were ever written to it. */
static struct tdx_failure ring[TDX_NR_FAILURES];
static u64 recorded;
static DEFINE_RAW_SPINLOCK(lock);

static struct tdx_failure *entry(u64 nr)
{
	return &ring[nr % TDX_NR_FAILURES];
}

/* With the lock.  Retries of a SEAMCALL are one entry. */
static struct tdx_failure *find_entry(u64 leaf, u64 status)
{
	struct tdx_failure *last = entry(recorded - 1);

	if (recorded && last->leaf == leaf && last->status == status)
		return last;

	last = entry(recorded++);
	*last = (struct tdx_failure) { .leaf = leaf, .status = status };
	return last;
}

/**
 * tdx_failure_record - record that a SEAMCALL failed
 * @leaf:   RAX of the SEAMCALL
 * @status: what it returned
 *
 * Context: Any but NMI.
 */
void tdx_failure_record(u64 leaf, u64 status)
{
	struct tdx_failure *failure;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	failure = find_entry(leaf, status);
	failure->times++;
	failure->ns = local_clock();
	failure->cpu = smp_processor_id();
	raw_spin_unlock_irqrestore(&lock, flags);
}

/**
 * tdx_failures_copy - copy the last failures
 * @failures: where to write, the oldest first
 *
 * Context: Any but NMI.
 * Return: The number of entries that were written.
 */
unsigned int tdx_failures_copy(struct tdx_failure failures[TDX_NR_FAILURES])
{
	unsigned int i, nr;
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	nr = min_t(u64, recorded, TDX_NR_FAILURES);
	for (i = 0; i < nr; i++)
		failures[i] = *entry(recorded - nr + i);
	raw_spin_unlock_irqrestore(&lock, flags);
	return nr;
}
