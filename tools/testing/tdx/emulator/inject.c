// SPDX-License-Identifier: GPL-2.0-only
#include "inject.h"
#include "options.h"

static u64 calls[MAX_INJECTIONS];

bool inject_status(u64 leaf, u64 *status)
{
	const struct injection *rule;
	bool hit = false;
	unsigned int i;
	u64 call;

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
	return hit;
}
