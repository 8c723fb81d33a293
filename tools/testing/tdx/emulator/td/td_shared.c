// SPDX-License-Identifier: GPL-2.0-only
/* Shared memory of a TD, which has to be the host's. */
#include "check/report.h"
#include "memory/host_map.h"
#include "memory/lent.h"
#include "td/td_shared.h"

void td_shared_limit(const struct vcpu *vcpu, const struct tdx_model_run *run,
		     const struct tdx_model_access *access, struct tdx_model_translation *to)
{
	bool write = access->rights & TDX_MODEL_WRITE, writable = true, allowed;
	u64 bytes = BIT_ULL(12 + 9 * to->level);

	allowed = lent_limit(vcpu->cpu, to->hpa, &bytes, &writable, write);
	to->level = bytes == PAGE_SIZE ? 0 : 1;
	if (!writable)
		to->rights &= ~TDX_MODEL_WRITE;
	if (allowed)
		return;
	report_fault("TD 0x%llx %s 0x%llx by the shared address 0x%llx, memory that is not the host's, cpu %u",
		     run->tdr, write ? "writes" : "reads", to->hpa, access->gpa,
		     vcpu->cpu->index);
	to->hpa = host_map_ones();
}
