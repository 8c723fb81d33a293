// SPDX-License-Identifier: GPL-2.0-only
/* Shared memory of a TD, which has to be the host's. */

/*
 * Nothing else keeps a TD out of memory that the host's EPT should not lead to: nested page
 * tables of TDs are filled from it.  A large page of the host may contain pages that it has given
 * to the module, or that it has got back from there and not used yet.
 */
#include "check/report.h"
#include "memory/host_map.h"
#include "memory/td_page.h"
#include "td/td_shared.h"

#define LEVEL_2M		1

static u64 bytes_of(const struct tdx_model_translation *to)
{
	return BIT_ULL(12 + 9 * to->level);
}

static bool host_has_all(const struct tdx_model_translation *to)
{
	return host_map_has_range(to->hpa & ~(bytes_of(to) - 1), bytes_of(to));
}

/* There are pages that the host can only read. */
static bool host_may(const struct vcpu *vcpu, const struct tdx_model_access *access,
		     struct tdx_model_translation *to)
{
	if (td_page_reuse(to->hpa, vcpu->cpu) || host_has_all(to))
		return true;
	if (!host_map_has(to->hpa) || access->rights & TDX_MODEL_WRITE)
		return false;
	to->rights &= ~TDX_MODEL_WRITE;
	return true;
}

void td_shared_limit(const struct vcpu *vcpu, const struct tdx_model_run *run,
		     const struct tdx_model_access *access, struct tdx_model_translation *to)
{
	host_map_on_demand(to->hpa);
	/* Not more at a time, so that few entries have to be looked at */
	if (to->level > LEVEL_2M)
		to->level = LEVEL_2M;
	if (host_has_all(to))
		return;
	to->level = 0;
	if (host_may(vcpu, access, to))
		return;
	report_fault("TD 0x%llx %s 0x%llx by the shared address 0x%llx, memory that is not the host's, cpu %u",
		     run->tdr, access->rights & TDX_MODEL_WRITE ? "writes" : "reads", to->hpa,
		     access->gpa, vcpu->cpu->index);
	to->hpa = host_map_ones();
}
