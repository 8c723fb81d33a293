// SPDX-License-Identifier: GPL-2.0-only
/* Private memory of a TD in the software TDX module.  See model_mem.h. */
#include "model_mem.h"

u64 mem_call_regs(struct model_machine *m, u64 leaf, struct tdx_regs *regs)
{
	struct tdx_model_regs call = { .rax = leaf, .gpr = *regs };
	u64 status;

	call.gpr.rdx |= TDR_PA;
	status = machine_seamcall(m, 0, &call);
	*regs = call.gpr;
	return status;
}

u64 mem_call(struct model_machine *m, u64 leaf, u64 rcx, u64 r8)
{
	struct tdx_regs regs = { .rcx = rcx, .r8 = r8, .r9 = SOURCE_PA };

	return mem_call_regs(m, leaf, &regs);
}

static u64 add_tables(struct model_machine *m)
{
	return mem_call(m, TDH_MEM_SEPT_ADD, 3, TABLE_PA(0)) ?:
	       mem_call(m, TDH_MEM_SEPT_ADD, 2, TABLE_PA(1)) ?:
	       mem_call(m, TDH_MEM_SEPT_ADD, 1, TABLE_PA(2));
}

static u64 augment(struct model_machine *m)
{
	return mem_call(m, TDH_MEM_PAGE_AUG, AUG_GPA, AUG_PA) ?:
	       mem_call(m, TDH_MEM_PAGE_AUG, LARGE_GPA | 1, LARGE_PA) ?:
	       mem_call(m, TDH_MEM_SEPT_ADD, EMPTY_GPA | 1, EMPTY_PA);
}

static u64 block(struct model_machine *m)
{
	return mem_call(m, TDH_MEM_RANGE_BLOCK, ADDED_GPA, 0) ?:
	       mem_call(m, TDH_MEM_RANGE_BLOCK, AUG_GPA, 0) ?:
	       mem_call(m, TDH_MEM_RANGE_BLOCK, LARGE_GPA | 1, 0) ?:
	       mem_call(m, TDH_MEM_RANGE_BLOCK, EMPTY_GPA | 1, 0);
}

/* Step from the previous stage */
static u64 step_to(struct model_machine *m, enum mem_stage stage)
{
	switch (stage) {
	case TABLES:
		return add_tables(m);
	case BUILT:
		return mem_call(m, TDH_MEM_PAGE_ADD, ADDED_GPA, ADDED_PA);
	case RUNNABLE:
		return td_call(m, 0, TDH_MR_FINALIZE, TDR_PA, 0);
	case AUGMENTED:
		return augment(m);
	case MEM_BLOCKED:
		return block(m);
	case MEM_TRACKED:
		return td_call(m, 0, TDH_MEM_TRACK, TDR_PA, 0);
	case SPLIT:
		return mem_call(m, TDH_MEM_PAGE_DEMOTE, LARGE_GPA | 1, SPLIT_PA);
	case SPLIT_BLOCKED:
		return mem_call(m, TDH_MEM_RANGE_BLOCK, LARGE_GPA | 1, 0) ?:
		       td_call(m, 0, TDH_MEM_TRACK, TDR_PA, 0);
	default:
		return 0;
	}
}

bool mem_bring_to(struct model_machine *m, enum mem_stage stage)
{
	enum mem_stage next;

	if (!td_bring_to(m, VP_READY))
		return false;
	for (next = NO_MEMORY; next <= stage; next++)
		if (step_to(m, next))
			return false;
	return true;
}

u64 *sept_entry_of(struct model_machine *m, u64 gpa, unsigned int level)
{
	u64 pa = level == 3 ? TDCX_PA(3) : TABLE_PA(2 - level);

	return (u64 *)memory_map(&m->memory, pa) + (gpa >> (12 + 9 * level) & 511);
}
