// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.SYS.TDMR.INIT, until the module has written all of the PAMTs.
 *
 * A call initializes a small part of a TDMR, and the module takes calls for
 * different TDMRs at the same time.  The caller and one worker for each other
 * CPU take a TDMR from the queue, make some calls and put it back.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/topology.h>
#include <linux/workqueue.h>

#include "cause.h"
#include "error.h"
#include "seamcall.h"
#include "tdmr/queue.h"
#include "tdmr_init.h"

/* Calls for a TDMR at a time: a fraction of a millisecond. */
#define CALLS_AT_A_TIME		16

/* Report progress after this long. */
#define PROGRESS_AFTER		(5 * HZ)

/**
 * struct tdmr_job - the initialization of all TDMRs
 * @lock:      protects all below
 * @queue:     one entry for each TDMR
 * @nr:	       entries of @queue
 * @error:     of the first call that failed; nothing is begun any more
 * @cause:     @error in words
 * @announce:  when to print how far it is, in jiffies
 * @announced: that was done
 */
struct tdmr_job {
	spinlock_t lock;	/* see above */
	struct tdmr_work *queue;
	unsigned int nr;
	int error;
	struct tdx_cause *cause;
	unsigned long announce;
	bool announced;
};

struct helper {
	struct work_struct work;
	struct tdmr_job *job;
};

/* Of a call for 4 MB: a module that needs 64 times as many calls never ends. */
static bool makes_progress(const struct tdmr_work *work, u64 next)
{
	return next >= work->next && next <= work->end &&
	       work->calls < (work->end - work->base) / SZ_64K;
}

static int make_call(struct tdmr_work *work, struct tdx_cause *cause)
{
	struct tdx_regs regs = { .rcx = work->base };
	u64 status = tdx_seamcall(TDH_SYS_TDMR_INIT, &regs);
	int ret = tdx_explain(cause, TDH_SYS_TDMR_INIT, status);
	u64 next = regs.rdx;

	if (ret)
		return ret;
	if (tdx_status_code(status) == TDX_TDMR_ALREADY_INITIALIZED)
		next = work->end;

	work->calls++;
	if (!makes_progress(work, next))
		return tdx_cause(cause, -EIO,
				 "%s: the module claims to be at 0x%llx of TDMR [0x%llx-0x%llx] after 0x%llx in call %lu; update the module",
				 tdx_leaf_name(TDH_SYS_TDMR_INIT), next, work->base,
				 work->end - 1, work->next, work->calls);
	WRITE_ONCE(work->next, next);
	return 0;
}

/* Only the owner of a busy @work is here. */
static int make_calls(struct tdmr_work *work, struct tdx_cause *cause)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < CALLS_AT_A_TIME && work->next < work->end && !ret; i++) {
		ret = make_call(work, cause);
		cond_resched();
	}
	return ret;
}

static void announce_progress(struct tdmr_job *job)
{
	u64 done = 0, total = 0;
	unsigned int i;

	if (job->announced || time_before(jiffies, job->announce))
		return;
	job->announced = true;

	for (i = 0; i < job->nr; i++) {
		/* CPUs make progress meanwhile. */
		done += READ_ONCE(job->queue[i].next) - job->queue[i].base;
		total += job->queue[i].end - job->queue[i].base;
	}
	pr_info("initializing TDMRs: %llu of %llu GB after %u s\n", done >> 30, total >> 30,
		PROGRESS_AFTER / HZ);
}

static struct tdmr_work *take(struct tdmr_job *job)
{
	struct tdmr_work *work = NULL;

	spin_lock(&job->lock);
	if (!job->error) {
		announce_progress(job);
		work = tdmr_queue_take(job->queue, job->nr, numa_node_id());
	}
	spin_unlock(&job->lock);
	return work;
}

static void put_back(struct tdmr_job *job, struct tdmr_work *work, int error,
		     const struct tdx_cause *cause)
{
	spin_lock(&job->lock);
	work->busy = false;
	if (error && !job->error) {
		job->error = error;
		*job->cause = *cause;
	}
	spin_unlock(&job->lock);
}

static void help(struct tdmr_job *job)
{
	struct tdmr_work *work;
	struct tdx_cause cause;

	while ((work = take(job)))
		put_back(job, work, make_calls(work, &cause), &cause);
}

static void help_in_worker(struct work_struct *work)
{
	help(container_of(work, struct helper, work)->job);
}

static bool may_help(unsigned int cpu)
{
	return housekeeping_cpu(cpu, HK_TYPE_WQ);
}

/**
 * tdx_tdmrs_init_cpus - how many CPUs tdx_tdmrs_init() will use
 *
 * CPUs that are isolated from workqueues are left alone.
 *
 * Context: Any.  CPUs that come or go meanwhile change it.
 * Return: The number, at least 1.
 */
unsigned int tdx_tdmrs_init_cpus(void)
{
	unsigned int cpu, nr = 0;

	for_each_online_cpu(cpu)
		nr += may_help(cpu);
	return max(nr, 1u);
}

/* Without memory for helpers the caller does it alone. */
static void help_with_all_cpus(struct tdmr_job *job)
{
	struct helper *helpers = kcalloc(num_online_cpus(), sizeof(*helpers), GFP_KERNEL);
	unsigned int cpu, this_cpu = raw_smp_processor_id(), nr = 0;

	if (helpers) {
		for_each_online_cpu(cpu) {
			if (cpu == this_cpu || !may_help(cpu))
				continue;
			helpers[nr].job = job;
			INIT_WORK(&helpers[nr].work, help_in_worker);
			queue_work_node(cpu_to_node(cpu), system_unbound_wq, &helpers[nr].work);
			nr++;
		}
	}

	help(job);
	while (nr--)
		flush_work(&helpers[nr].work);
	kfree(helpers);
}

/**
 * tdx_tdmrs_queue - prepare tdx_tdmrs_init()
 * @layout: the TDMRs
 *
 * Context: Process context, may sleep.
 * Return: One entry for each TDMR, for kfree(); NULL without memory.
 */
struct tdmr_work *tdx_tdmrs_queue(const struct tdmr_layout *layout)
{
	struct tdmr_work *queue = kcalloc(layout->nr_tdmrs, sizeof(*queue), GFP_KERNEL);
	const struct tdmr *tdmr = layout->tdmrs;
	unsigned int i;

	for (i = 0; queue && i < layout->nr_tdmrs; i++, tdmr++)
		queue[i] = (struct tdmr_work) {
			.base = tdmr->base,
			.next = tdmr->base,
			.end  = tdmr->end,
			.node = tdmr->node,
		};
	return queue;
}

/**
 * tdx_tdmrs_init - let the module initialize all TDMRs
 * @queue: of tdx_tdmrs_queue()
 * @nr:    entries of @queue
 * @cause: names the status, when the return value is not 0
 *
 * A TDMR is worked on by one CPU at a time, of its NUMA node if possible.
 *
 * TDX Module Base Architecture Specification, "Intel TDX Module Lifecycle:
 * Initialization"; ABI specification, TDH.SYS.TDMR.INIT.
 *
 * Context: Process context, may sleep.  cpus_read_lock() held, all online CPUs
 *	    in VMX operation.
 * Return: 0, or the errno of the first status that was not success; no CPU is at
 *	   it any more.
 */
int tdx_tdmrs_init(struct tdmr_work *queue, unsigned int nr, struct tdx_cause *cause)
{
	struct tdmr_job job = {
		.queue	  = queue,
		.nr	  = nr,
		.cause	  = cause,
		.announce = jiffies + PROGRESS_AFTER,
	};

	lockdep_assert_cpus_held();
	spin_lock_init(&job.lock);
	help_with_all_cpus(&job);
	return job.error;
}
