// SPDX-License-Identifier: GPL-2.0-only
/* Shared memory of a TD, which has to be the host's, with the memory type that it has there. */
#include "check/report.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "memory/lent.h"
#include "td/td_shared.h"

/* The CPU would not tell, but caches could have two versions of the same memory. */
static void check_type(const struct tdx_model_run *run, u64 gpa,
		       const struct tdx_model_translation *to)
{
	bool is_ram = platform_is_ram(to->hpa & ~(u64)(PAGE_SIZE - 1), PAGE_SIZE);
	u8 type = is_ram ? TDX_MODEL_MEMORY_WB : TDX_MODEL_MEMORY_UC;

	/* Memory that was added later is not in the map of the platform. */
	if (!is_ram && !platform_is_mmio(to->hpa))
		return;
	if (to->memory_type != type)
		report_fault("TD 0x%llx: the shared address 0x%llx has memory type %u, and 0x%llx is %s",
			     run->tdr, gpa, to->memory_type, to->hpa, is_ram ? "RAM" : "MMIO");
	if (to->ignores_pat)
		report_fault("TD 0x%llx: the memory type of the shared address 0x%llx ignores the guest's PAT",
			     run->tdr, gpa);
}

void td_shared_limit(const struct vcpu *vcpu, const struct tdx_model_run *run,
		     const struct tdx_model_access *access, struct tdx_model_translation *to)
{
	bool write = access->rights & TDX_MODEL_WRITE, writable = true, allowed;
	u64 bytes = BIT_ULL(12 + 9 * to->level);

	allowed = lent_limit(vcpu->cpu, to->hpa, &bytes, &writable, write);
	to->level = bytes == PAGE_SIZE ? 0 : 1;
	if (!writable)
		to->rights &= ~TDX_MODEL_WRITE;
	if (allowed) {
		check_type(run, access->gpa, to);
		return;
	}
	report_fault("TD 0x%llx %s 0x%llx by the shared address 0x%llx, memory that is not the host's, cpu %u",
		     run->tdr, write ? "writes" : "reads", to->hpa, access->gpa,
		     vcpu->cpu->index);
	to->hpa = host_map_ones();
}
