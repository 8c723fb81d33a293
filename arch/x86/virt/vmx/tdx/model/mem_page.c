// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: adding and removing private pages, and access to their contents.
 *
 * TDX Module ABI specification, TDH.MEM.PAGE.ADD, .AUG, .REMOVE, .RELOCATE, TDH.MEM.RD and
 * TDH.MEM.WR.
 */
#include "internal.h"
#include "measure.h"

#define MAPPED(pa)	((pa) | SEPT_RWX | SEPT_MEMORY_TYPE | SEPT_LEAF | SEPT_SUPPRESS_VE)
#define PENDING(pa)	((MAPPED(pa) & ~SEPT_RWX) | SEPT_PENDING)

/* Take the new page, and let the entry refer to it. */
static void map_new_page(struct tdx_model *m, struct tdx_model_call *call, u64 value)
{
	tdx_model_take_page(m, &call->page, TDX_PAGE_REG, call->tdr.pa);
	__atomic_fetch_add(&call->td->chldcnt, sept_bytes(call->page.level) / PAGE_BYTES,
			   __ATOMIC_RELAXED);
	tdx_model_sept_set(call, value);
}

/* The source, before the new page */
u64 tdx_model_mem_page_add_check(struct tdx_model *m, struct tdx_model_call *call)
{
	return tdx_model_shared_operand(m, call, TDX_OPERAND_ID_R9, PAGE_BYTES, PAGE_BYTES);
}

u64 tdx_model_mem_page_add(struct tdx_model *m, struct tdx_model_call *call)
{
	void *page;
	u64 status = tdx_model_map_new_page(m, call, TDX_OPERAND_ID_R8, &page);

	if (!status)
		status = tdx_model_read_operand(m, call, TDX_OPERAND_ID_R9, page, PAGE_BYTES);
	if (status)
		return status;
	map_new_page(m, call, MAPPED(call->page.pa));
	tdx_model_measure(call->tdcs, TDX_MODEL_MEASURE_PAGE_ADD, call->sept.gpa);
	return TDX_SUCCESS;
}

u64 tdx_model_mem_page_aug(struct tdx_model *m, struct tdx_model_call *call)
{
	map_new_page(m, call, PENDING(call->page.pa));
	return TDX_SUCCESS;
}

/* The page that the entry referred to returns to the host. */
static void return_mapped_page(struct tdx_model *m, struct tdx_model_call *call)
{
	tdx_model_give_page_back(m, &call->mapped);
	__atomic_fetch_sub(&call->td->chldcnt, sept_bytes(call->mapped.level) / PAGE_BYTES,
			   __ATOMIC_RELAXED);
	call->out->rcx = call->mapped.pa;
}

u64 tdx_model_mem_page_remove(struct tdx_model *m, struct tdx_model_call *call)
{
	tdx_model_sept_set(call, SEPT_FREE);
	return_mapped_page(m, call);
	return TDX_SUCCESS;
}

u64 tdx_model_mem_page_relocate_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->in.r8 == (call->sept.value & SEPT_HPA))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8,
			       "the page is at % already", call->in.r8);
	return tdx_model_lock_tracked_page(m, call);
}

u64 tdx_model_mem_page_relocate(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 value = tdx_model_sept_unblocked(call->sept.value);
	void *page;
	u64 status = tdx_model_map_new_page(m, call, TDX_OPERAND_ID_R8, &page);

	if (status)
		return status;
	if (!(value & SEPT_PENDING))
		memcpy(page, m->ops->map(m->ctx, call->mapped.pa, PAGE_BYTES), PAGE_BYTES);
	map_new_page(m, call, (value & ~SEPT_HPA) | call->page.pa);
	return_mapped_page(m, call);
	return TDX_SUCCESS;
}

/* The contents are accessed in words, of debug TDs. */
u64 tdx_model_mem_rd_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (!(call->tdcs->attributes & TDX_TD_ATTR_DEBUG))
		return refuse(m, TDX_TD_NON_DEBUG, "memory of a TD that is not for debugging");
	if (call->in.rcx & (sizeof(u64) - 1))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX, "% is unaligned",
			       call->in.rcx);
	call->sept.gpa = call->in.rcx;
	return TDX_SUCCESS;
}

u64 tdx_model_mem_rd_gpa(struct tdx_model *m, struct tdx_model_call *call)
{
	return tdx_model_private_gpa(m, call, call->sept.gpa);
}

u64 tdx_model_mem_rd(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 *word = tdx_model_sept_contents(m, call, sizeof(*word));

	call->out->r8 = __atomic_load_n(word, __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}

u64 tdx_model_mem_wr(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 *word = tdx_model_sept_contents(m, call, sizeof(*word));

	call->out->r8 = __atomic_exchange_n(word, call->in.r8, __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}
