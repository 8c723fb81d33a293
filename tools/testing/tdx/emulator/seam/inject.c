// SPDX-License-Identifier: GPL-2.0-only
/* Injection of statuses and of an NMI, by options. */
#include "cpu/cpu.h"
#include "machine/options.h"
#include "model/leaves.h"
#include "seam/inject.h"

static u64 calls[MAX_INJECTIONS];

/* As if each vCPU that enters the guest took the lock, and held it until it leaves. */
static bool is_contended(u64 leaf)
{
	static u64 runs_before;
	bool contended = false;
	u64 runs = 0;
	unsigned int i;

	if (leaf != options.contended)
		return false;
	for (i = 0; i < nr_cpus; i++) {
		contended |= __atomic_load_n(&cpus[i].in_td, __ATOMIC_ACQUIRE);
		runs += __atomic_load_n(&cpus[i].td.nr_runs, __ATOMIC_RELAXED);
	}
	return __atomic_exchange_n(&runs_before, runs, __ATOMIC_RELAXED) != runs || contended;
}

bool inject_status(u64 leaf, u64 *status)
{
	const struct injection *rule;
	bool hit = false;
	unsigned int i;
	u64 call, busy = tdx_model_busy_status(tdx_model_leaf(leaf));

	for (i = 0; i < options.nr_injections; i++) {
		rule = &options.injections[i];
		if (rule->leaf != leaf)
			continue;
		call = __atomic_add_fetch(&calls[i], 1, __ATOMIC_SEQ_CST);
		if (call < rule->first_call || call - rule->first_call >= rule->nr_calls)
			continue;
		*status = rule->status;
		hit = true;
	}
	if (!hit && busy && (is_contended(leaf) || chance_strikes(&options.busy))) {
		*status = busy;
		hit = true;
	}
	return hit;
}

bool inject_nmi(u64 leaf)
{
	static u64 ended;

	return leaf == options.nmi.leaf && options.nmi.call &&
	       __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST) == options.nmi.call;
}
