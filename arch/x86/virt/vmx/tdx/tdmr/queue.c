// SPDX-License-Identifier: GPL-2.0-only
/*
 * Choosing the TDMR that a CPU initializes next.  Pure: compiles in userspace.
 *
 * A CPU works on a TDMR for a while and then chooses again.  If it always
 * chooses the one with the most left, all TDMRs are finished at about the same
 * time, so that no CPU is idle until the end.
 */
#include <linux/stddef.h>

#include "queue.h"

static u64 bytes_left(const struct tdmr_work *work)
{
	return work->end - work->next;
}

/*
 * The module reports progress in whole GB.  Of two TDMRs with the same number
 * of GB left, the one with fewer calls so far has more left.
 */
static bool more_left(const struct tdmr_work *a, const struct tdmr_work *b)
{
	if (bytes_left(a) != bytes_left(b))
		return bytes_left(a) > bytes_left(b);
	return a->calls < b->calls;
}

/* Local memory first, unless a remote TDMR has more than twice as much left. */
static bool better(const struct tdmr_work *a, const struct tdmr_work *b, int node)
{
	bool a_is_near = a->node == node, b_is_near = b->node == node;

	if (a_is_near == b_is_near)
		return more_left(a, b);
	return a_is_near ? bytes_left(b) <= 2 * bytes_left(a) : bytes_left(a) > 2 * bytes_left(b);
}

/**
 * tdmr_queue_take - choose a TDMR for a CPU, and mark it busy
 * @works: all TDMRs
 * @nr:    entries of @works
 * @node:  the NUMA node of the CPU
 *
 * Of the TDMRs that are not busy, the one of the CPU's own node with the most
 * left is chosen, unless one of another node has more than twice as much left.
 *
 * Context: Serialized by the caller, which also clears @busy again.
 * Return: The TDMR; NULL if all TDMRs are finished or busy, so that there is
 *	   nothing left to do for this CPU.
 */
struct tdmr_work *tdmr_queue_take(struct tdmr_work *works, unsigned int nr, int node)
{
	struct tdmr_work *work, *best = NULL;

	for (work = works; work < &works[nr]; work++) {
		if (work->busy || !bytes_left(work))
			continue;
		if (!best || better(work, best, node))
			best = work;
	}
	if (best)
		best->busy = true;
	return best;
}
