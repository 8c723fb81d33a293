// SPDX-License-Identifier: GPL-2.0-only
/* Checks of memory that the module reads and writes in a SEAMCALL. */
#include "check/report.h"
#include "cpu/walk.h"
#include "lib/seam_names.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "memory/owner.h"
#include "memory/td_page.h"
#include "model/leaves.h"
#include "seam/operand.h"

bool operand_exists(u64 pa, u64 bytes)
{
	return platform_is_ram(pa, bytes) || (phys_reachable(pa, bytes) && host_map_has(pa));
}

static u64 leaf_of(const struct cpu *cpu)
{
	return cpu->host.gpr[RAX] & TDX_LEAF_NUMBER_MASK;
}

static void check_operand(const struct cpu *cpu, u64 pa, const char *how)
{
	if (!host_map_has(pa) && !td_page_reuse(pa, cpu))
		report_fault("%s %s memory 0x%llx, which is not the host's, cpu %u",
			     leaf_name(leaf_of(cpu)), how, pa, cpu->index);
}

void operand_read(u64 pa)
{
	check_operand(this_cpu(), pa, "reads an operand from");
}

/* A leaf writes either memory of the module, or results to memory of the host. */
void operand_write(u64 pa)
{
	const struct cpu *cpu = this_cpu();

	if (tdx_model_leaf(leaf_of(cpu))->writes_private)
		owner_module_write(cpu, pa);
	else
		check_operand(cpu, pa, "writes its result to");
}
