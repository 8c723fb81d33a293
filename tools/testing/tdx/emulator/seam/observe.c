// SPDX-License-Identifier: GPL-2.0-only
/* Observation of SEAMCALLs: caches, ownership of memory, log and trace. */
#include "check/cache.h"
#include "lib/clock.h"
#include "memory/owner.h"
#include "seam/module.h"
#include "seam/observe.h"
#include "seam/seam_log.h"
#include "seam/trace.h"

u16 observe_before_leaf(const struct seamcall *call)
{
	return cache_before_leaf(call->cpu, call->leaf, owner_pamt_keyid());
}

void observe_after_leaf(const struct seamcall *call, u16 first)
{
	owner_settle(call->cpu);
	if (call->leaf == TDH_PHYMEM_CACHE_WB && call->out.rax == TDX_SUCCESS)
		cache_written_back(call->cpu->package, tdx_module.keyids);
	cache_after_leaf(call->cpu, call->leaf, call->out.rax, first);
	seam_log_progress(&tdx_module, &call->in, &call->out);
}

void observe_end(const struct seamcall *call)
{
	trace_seamcall(call->cpu->index, call->start_us, clock_us(), &call->in, &call->out);
	seam_log(call->cpu, &call->in, &call->out, call->why);
}
