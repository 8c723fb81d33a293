/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of SEAMCALLs, by leaf.
 */
#ifndef _X86_VIRT_TDX_STATS_H
#define _X86_VIRT_TDX_STATS_H

#include <linux/jump_label.h>
#include <linux/percpu-defs.h>
#include <linux/types.h>

/* A power of two above the numbers of all leaves */
#define TDX_NR_LEAVES		128

/* The last one is for all longer durations: above 8 s. */
#define TDX_NR_DURATIONS	34

/* SEAMCALLs since boot by leaf, with retries */
DECLARE_PER_CPU(u64 [TDX_NR_LEAVES], tdx_nr_seamcalls);

/* tdx_stats_duration() is called for each SEAMCALL. */
DECLARE_STATIC_KEY_FALSE(tdx_stats_durations);

u64 tdx_stats_seamcalls(unsigned int leaf);
u64 tdx_seamcalls_made(void);
int tdx_stats_measure(bool on);
void tdx_stats_duration(u64 leaf, u64 ns);
unsigned int tdx_stats_durations_of(unsigned int leaf, unsigned int log2_ns);

#endif /* _X86_VIRT_TDX_STATS_H */
