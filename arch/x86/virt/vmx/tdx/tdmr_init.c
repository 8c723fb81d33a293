// SPDX-License-Identifier: GPL-2.0-only
/*
 * Initialization of TDMRs with TDH.SYS.TDMR.INIT, which writes their PAMTs.
 *
 * A SEAMCALL initializes a small part of a TDMR, and SEAMCALLs for different
 * TDMRs can run in parallel.  The caller and one worker for each other CPU take
 * a TDMR from the queue, make some SEAMCALLs and put it back.
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

/* SEAMCALLs before a TDMR is put back: a fraction of a millisecond. */
#define CALLS_AT_A_TIME		16

/* Report progress after this long. */
#define PROGRESS_AFTER		(5 * HZ)

/**
 * struct tdmr_job - the initialization of all TDMRs
 * @lock:      protects all fields below
 * @queue:     one entry for each TDMR
 * @nr:	       entries of @queue
 * @error:     of the first SEAMCALL that failed; no TDMR is taken after that
 * @cause:     the reason of @error, as text
 * @announce:  when to report progress, in jiffies
 * @announced: progress was reported
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

/* A call is for 4 MB: a module that needs 64 times as many calls never ends. */
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

/* @work is marked busy, so no other CPU uses it. */
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
		/* Other CPUs update @next concurrently. */
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
 * tdx_tdmrs_init_cpus - number of CPUs that tdx_tdmrs_init() will use
 *
 * CPUs that are isolated from workqueues are not used.
 *
 * Context: Any.  CPU hotplug can change the number.
 * Return: The number, at least 1.
 */
unsigned int tdx_tdmrs_init_cpus(void)
{
	unsigned int cpu, nr = 0;

	for_each_online_cpu(cpu)
		nr += may_help(cpu);
	return max(nr, 1u);
}

/* If helpers cannot be allocated, this CPU initializes all TDMRs. */
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
	/* Those that have not begun have nothing to do any more. */
	while (nr--)
		cancel_work_sync(&helpers[nr].work);
	kfree(helpers);
}

/**
 * tdx_tdmrs_queue - prepare tdx_tdmrs_init()
 * @layout: the TDMRs
 *
 * Context: Process context, may sleep.
 * Return: One entry for each TDMR, to be freed with kfree(); NULL if that
 *	   cannot be allocated.
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
 * tdx_tdmrs_init - initialize all TDMRs
 * @queue: from tdx_tdmrs_queue()
 * @nr:    entries of @queue
 * @cause: names the status, when the return value is not 0
 *
 * A TDMR is initialized by one CPU at a time, of its NUMA node if possible.
 *
 * TDX Module Base Architecture Specification, "Intel TDX Module Lifecycle:
 * Initialization"; ABI specification, TDH.SYS.TDMR.INIT.
 *
 * Context: Process context, may sleep.  cpus_read_lock() held, all online CPUs
 *	    in VMX operation.
 * Return: 0, or the errno of the first failed SEAMCALL.  No CPU makes SEAMCALLs
 *	   for TDMRs any more.
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
