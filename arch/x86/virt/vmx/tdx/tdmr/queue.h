/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Choosing the TDMR that a CPU initializes next.
 */
#ifndef _X86_VIRT_TDX_TDMR_QUEUE_H
#define _X86_VIRT_TDX_TDMR_QUEUE_H

#include "tdmr.h"

/**
 * struct tdmr_work - a TDMR that is being initialized
 * @base:  physical address of the TDMR
 * @next:  physical address of the first byte that is not initialized
 * @end:   end of the TDMR (exclusive)
 * @calls: number of SEAMCALLs for it so far
 * @node:  its NUMA node
 * @busy:  a CPU is initializing it
 */
struct tdmr_work {
	u64 base;
	u64 next;
	u64 end;
	unsigned long calls;
	int node;
	bool busy;
};

struct tdmr_work *tdmr_queue_take(struct tdmr_work *works, unsigned int nr, int node);

#endif /* _X86_VIRT_TDX_TDMR_QUEUE_H */
