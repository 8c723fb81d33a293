// SPDX-License-Identifier: GPL-2.0-only
/*
 * Distribution of the initialization of TDMRs over CPUs.  See
 * init_simulation.h.
 */
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <stdlib.h>

#include "init_simulation.h"
#include "tdmr/queue.h"

struct cpu {
	struct tdmr_work *work;
	unsigned int calls_left;
	u64 calls;
	int node;
};

static struct tdmr_work *make_works(const struct geometry *geometry)
{
	const struct tdmr *tdmr = geometry->layout.tdmrs;
	unsigned int i, nr = geometry->layout.nr_tdmrs;
	struct tdmr_work *works = calloc(nr, sizeof(*works));

	if (!works)
		abort();
	for (i = 0; i < nr; i++, tdmr++)
		works[i] = (struct tdmr_work) {
			.base = tdmr->base, .next = tdmr->base, .end = tdmr->end,
			.node = tdmr->node,
		};
	return works;
}

/* Like the module, reports progress in whole GB only. */
static void call(struct cpu *cpu, struct init_simulation *result)
{
	struct tdmr_work *work = cpu->work;

	work->calls++;
	work->next = work->base + work->calls / CALLS_PER_GB * SZ_1G;
	cpu->calls++;
	result->calls++;
	result->far_calls += work->node != cpu->node;
	if (!--cpu->calls_left || work->next == work->end) {
		work->busy = false;
		cpu->work = NULL;
	}
}

static unsigned int count_collisions(const struct cpu *cpus, unsigned int nr)
{
	unsigned int i, j, collisions = 0;

	for (i = 0; i < nr; i++)
		for (j = i + 1; j < nr; j++)
			collisions += cpus[i].work && cpus[i].work == cpus[j].work;
	return collisions;
}

struct init_simulation simulate_init(const struct geometry *geometry, unsigned int nr_cpus,
				     unsigned int nr_nodes)
{
	unsigned int i, busy, nr_works = geometry->layout.nr_tdmrs;
	struct tdmr_work *works = make_works(geometry);
	struct cpu *cpus = calloc(nr_cpus, sizeof(*cpus));
	struct init_simulation result = {};

	if (!cpus)
		abort();
	for (i = 0; i < nr_cpus; i++)
		cpus[i].node = (u64)i * nr_nodes / nr_cpus;

	do {
		for (i = 0; i < nr_cpus; i++) {
			if (cpus[i].work)
				continue;
			cpus[i].work = tdmr_queue_take(works, nr_works, cpus[i].node);
			cpus[i].calls_left = CALLS_AT_A_TIME;
		}
		result.collisions += count_collisions(cpus, nr_cpus);
		for (i = 0, busy = 0; i < nr_cpus; i++) {
			if (!cpus[i].work)
				continue;
			call(&cpus[i], &result);
			busy++;
		}
	} while (busy);

	for (i = 0; i < nr_cpus; i++)
		result.longest = max(result.longest, cpus[i].calls);
	free(cpus);
	free(works);
	return result;
}
