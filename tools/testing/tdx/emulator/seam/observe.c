// SPDX-License-Identifier: GPL-2.0-only
/* Observation of SEAMCALLs: caches, ownership of memory, log and trace. */
#include "check/cache.h"
#include "lib/clock.h"
#include "memory/owner.h"
#include "machine/options.h"
#include "memory/td_page.h"
#include "memory/td_tables.h"
#include "seam/module.h"
#include "seam/observe.h"
#include "seam/seam_log.h"
#include "seam/trace.h"
#include "td/td_map.h"

u16 observe_before_leaf(const struct seamcall *call)
{
	return cache_before_leaf(call->cpu, call->leaf, owner_pamt_keyid());
}

/* What leaves for all TDs, or for no TD, mean for the platform. */
static void note_effect(const struct seamcall *call)
{
	if (call->leaf == TDH_SYS_DISABLE && !tdx_module.nr_td_pages)
		td_page_forget_all();
	if (call->out.rax != TDX_SUCCESS)
		return;
	if (call->leaf == TDH_PHYMEM_CACHE_WB)
		cache_written_back(call->cpu->package, tdx_module.keyids);
	if (call->leaf == TDH_MNG_VPFLUSHDONE && options.check_tables)
		td_tables_check_td(&tdx_module, call->in.gpr.rcx);
	if (call->leaf == TDH_PHYMEM_PAGE_WBINVD)
		td_page_written_back(call->in.gpr.rcx);
	if (call->leaf == TDH_MEM_PAGE_REMOVE || call->leaf == TDH_MEM_PAGE_RELOCATE)
		td_map_removed(call->in.gpr.rdx & PAGE_MASK, call->in.gpr.rcx & PAGE_MASK,
			       call->out.gpr.rcx);
}

void observe_after_leaf(const struct seamcall *call, u16 first)
{
	note_effect(call);
	owner_settle(call->cpu);
	cache_after_leaf(call->cpu, call->leaf, call->out.rax, first);
	seam_log_progress(&tdx_module, &call->in, &call->out);
}

void observe_end(const struct seamcall *call)
{
	trace_seamcall(call->cpu->index, call->start_us, clock_us(), &call->in, &call->out);
	seam_log(call->cpu, &call->in, &call->out, call->why);
}
