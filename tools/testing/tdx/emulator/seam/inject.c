// SPDX-License-Identifier: GPL-2.0-only
/* Statuses and NMIs that options inject. */
#include "machine/options.h"
#include "seam/inject.h"

static u64 calls[MAX_INJECTIONS];

/* What a lock that is taken means, for the leaves that take one. */
static bool busy_status(u64 leaf, u64 *status)
{
	switch (leaf) {
	case TDH_SYS_INIT:
	case TDH_SYS_LP_INIT:
	case TDH_SYS_CONFIG:
	case TDH_SYS_KEY_CONFIG:
	case TDH_SYS_SHUTDOWN:
	case TDH_SYS_UPDATE:
	case TDH_SYS_DISABLE:
		*status = TDX_SYS_BUSY;
		return true;
	case TDH_SYS_TDMR_INIT:
		*status = TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX;
		return true;
	default:
		return false;
	}
}

bool inject_status(u64 leaf, u64 *status)
{
	const struct injection *rule;
	bool hit = false;
	unsigned int i;
	u64 call, busy;

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
	if (!hit && busy_status(leaf, &busy) && chance_strikes(&options.busy)) {
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
