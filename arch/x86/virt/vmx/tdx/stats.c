// SPDX-License-Identifier: GPL-2.0-only
/*
 * Statistics of SEAMCALLs, by leaf: how many were made, and how long they took.
 *
 * Durations are measured only if that was requested, because reading the clock twice takes
 * longer than all else that is done for a SEAMCALL.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "abi.h"
#include "stats.h"

DEFINE_PER_CPU(u64 [TDX_NR_LEAVES], tdx_nr_seamcalls);

DEFINE_STATIC_KEY_FALSE(tdx_stats_durations);

/* Allocated when it is needed first: by leaf and logarithm of the duration */
static atomic_t (*durations)[TDX_NR_DURATIONS];
static DEFINE_MUTEX(durations_mutex);

/**
 * tdx_stats_seamcalls - number of SEAMCALLs that all CPUs made for a leaf since boot
 * @leaf: number of the leaf, below TDX_NR_LEAVES
 *
 * Context: Any.  Not exact while CPUs make SEAMCALLs.
 * Return: The number, including retries.
 */
u64 tdx_stats_seamcalls(unsigned int leaf)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_possible_cpu(cpu)
		sum += per_cpu(tdx_nr_seamcalls, cpu)[leaf];
	return sum;
}

/**
 * tdx_seamcalls_made - number of SEAMCALLs that all CPUs made since boot
 *
 * Context: Any.  Not exact while CPUs make SEAMCALLs.
 * Return: The number, including retries.
 */
u64 tdx_seamcalls_made(void)
{
	unsigned int leaf;
	u64 sum = 0;

	for (leaf = 0; leaf < TDX_NR_LEAVES; leaf++)
		sum += tdx_stats_seamcalls(leaf);
	return sum;
}

static int start_measuring(void)
{
	size_t bytes = TDX_NR_LEAVES * sizeof(*durations);

	if (!durations)
		durations = kzalloc(bytes, GFP_KERNEL);
	if (!durations)
		return -ENOMEM;
	memset(durations, 0, bytes);
	static_branch_enable(&tdx_stats_durations);
	return 0;
}

/**
 * tdx_stats_measure - begin to measure the duration of SEAMCALLs, or end it
 * @on: true to forget earlier results and begin
 *
 * Context: Process context, may sleep.  Takes cpus_read_lock().
 * Return: 0, or -ENOMEM.
 */
int tdx_stats_measure(bool on)
{
	int ret = 0;

	mutex_lock(&durations_mutex);
	if (on)
		ret = start_measuring();
	else
		static_branch_disable(&tdx_stats_durations);
	mutex_unlock(&durations_mutex);
	return ret;
}

/**
 * tdx_stats_duration - count the duration of a SEAMCALL
 * @leaf: RAX of the SEAMCALL
 * @ns:	  its duration
 *
 * Context: Any, after tdx_stats_measure().
 */
void tdx_stats_duration(u64 leaf, u64 ns)
{
	unsigned int log2_ns = ns ? ilog2(ns) : 0;

	atomic_inc(&durations[leaf % TDX_NR_LEAVES][min(log2_ns, TDX_NR_DURATIONS - 1U)]);
}

/**
 * tdx_stats_durations_of - number of SEAMCALLs that took so long
 * @leaf:    number of the leaf, below TDX_NR_LEAVES
 * @log2_ns: the logarithm of the duration in nanoseconds, below TDX_NR_DURATIONS
 *
 * Context: Process context, may sleep.
 * Return: The number of those that took from 2 to the power of @log2_ns ns to less than twice
 *	   that; 0 if durations were not measured.
 */
unsigned int tdx_stats_durations_of(unsigned int leaf, unsigned int log2_ns)
{
	unsigned int nr;

	mutex_lock(&durations_mutex);
	nr = durations ? atomic_read(&durations[leaf][log2_ns]) : 0;
	mutex_unlock(&durations_mutex);
	return nr;
}
