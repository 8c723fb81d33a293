// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: merging private pages to a larger one, and splitting it.
 *
 * TDX Module ABI specification, TDH.MEM.PAGE.PROMOTE and TDH.MEM.PAGE.DEMOTE.
 */
#include "internal.h"

static u64 check_interrupt(struct tdx_model *m, struct tdx_model_call *call)
{
	if (!tdx_model_interrupt_is_pending(m))
		return TDX_SUCCESS;
	call->out->rcx = call->in.rcx;
	call->out->rdx = call->in.rdx;
	return refuse(m, TDX_INTERRUPTED_RESTARTABLE, "an event is pending");
}

/* Lock the PAMT entry of the large page, through which no other leaf may walk then. */
static u64 lock_large_page(struct tdx_model *m, struct tdx_model_call *call, u64 pa,
			   struct tdx_model_page_operand *page)
{
	page->pa = pa;
	page->level = call->sept.level;
	page->entry = tdx_model_find_entry(m, pa, page->level);
	return tdx_model_hold(call, &page->entry->lock, TDX_MODEL_EXCLUSIVE) ? TDX_SUCCESS :
		refuse1(m, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX,
			"a page in the large page % is in use", pa);
}

/* PAMT entries of the pages that a large one consists of */
static void set_small_pages(struct tdx_model *m, const struct tdx_model_page_operand *large,
			    enum tdx_page_type type, u64 owner)
{
	const unsigned int level = large->level - 1;
	u64 pa = large->pa;

	for (; pa < large->pa + sept_bytes(large->level); pa += sept_bytes(level))
		if (type == TDX_PAGE_NDA)
			tdx_model_set_type(tdx_model_find_entry(m, pa, level), type);
		else
			tdx_model_set_entry(tdx_model_find_entry(m, pa, level), type, owner);
}

/* Entries of the small pages that are locked, from the first one on */
struct children {
	u64 *table;
	unsigned int nr_locked;
};

static void unlock_children(struct children *children)
{
	while (children->nr_locked)
		tdx_model_sept_unlock(&children->table[--children->nr_locked]);
}

static u64 lock_child(struct tdx_model *m, struct tdx_model_call *call, struct children *children,
		      u64 *value)
{
	if (tdx_model_sept_try_lock(&children->table[children->nr_locked], value)) {
		children->nr_locked++;
		return TDX_SUCCESS;
	}
	return tdx_model_sept_refuse(m, call, TDX_OPERAND_BUSY,
				     "an entry below that of % at level % is locked: %");
}

static bool is_first_of_large_page(const struct tdx_model_call *call, u64 value)
{
	enum tdx_model_sept_state state = tdx_model_sept_state(value);

	return (state == TDX_MODEL_SEPT_MAPPED || state == TDX_MODEL_SEPT_PENDING) &&
	       !(value & SEPT_HPA & (sept_bytes(call->sept.level) - 1));
}

/* All have to be as the first one, with consecutive pages. */
static u64 lock_children(struct tdx_model *m, struct tdx_model_call *call,
			 struct children *children, u64 *first)
{
	const u64 step = sept_bytes(call->sept.level - 1);
	unsigned int i;
	u64 value, status = lock_child(m, call, children, first);
	bool good = !status && is_first_of_large_page(call, *first);

	for (i = 1; i < SEPT_NR_ENTRIES && good; i++) {
		status = lock_child(m, call, children, &value);
		good = !status && value == *first + i * step;
	}
	if (!status && !good)
		status = tdx_model_sept_refuse(m, call, TDX_EPT_INVALID_PROMOTE_CONDITIONS,
					       "pages below % at level % do not fit: %");
	return status;
}

/* The children stay locked in their page, so that a walk that has already come there fails. */
static void promote(struct tdx_model *m, struct tdx_model_call *call, u64 first,
		    struct tdx_model_page_operand *large)
{
	tdx_model_set_owner(large->entry, call->tdr.pa);
	tdx_model_set_type(large->entry, TDX_PAGE_REG);
	set_small_pages(m, large, TDX_PAGE_NDA, 0);
	tdx_model_sept_set(call, first);
	tdx_model_give_page_back(m, &call->mapped);
	__atomic_fetch_sub(&call->td->chldcnt, 1, __ATOMIC_RELAXED);
	call->out->rcx = call->mapped.pa;
}

u64 tdx_model_mem_page_promote(struct tdx_model *m, struct tdx_model_call *call)
{
	struct children children = { .table = m->ops->map(m->ctx, call->mapped.pa, PAGE_BYTES) };
	struct tdx_model_page_operand large;
	u64 first, status = lock_children(m, call, &children, &first);

	if (!status)
		status = check_interrupt(m, call);
	if (!status)
		status = lock_large_page(m, call, first & SEPT_HPA, &large);
	if (status)
		unlock_children(&children);
	else
		promote(m, call, first, &large);
	return status;
}

/* RDX has a flag; operands for L2 VMs are outputs, too. */
u64 tdx_model_mem_page_demote_check(struct tdx_model *m, struct tdx_model_call *call)
{
	call->out->r9 = call->in.r9;
	call->out->r10 = call->in.r10;
	call->out->r11 = call->in.r11;
	return tdx_model_flag_operand(m, call);
}

u64 tdx_model_mem_page_demote_tracked(struct tdx_model *m, struct tdx_model_call *call)
{
	return tdx_model_check_tracked(m, call, TDX_OPERAND_ID_RCX);
}

static void demote(struct tdx_model *m, struct tdx_model_call *call, u64 *table,
		   struct tdx_model_page_operand *large)
{
	const u64 step = sept_bytes(call->sept.level - 1);
	u64 first = tdx_model_sept_unblocked(call->sept.value);
	unsigned int i;

	for (i = 0; i < SEPT_NR_ENTRIES; i++)
		table[i] = first + i * step;
	set_small_pages(m, large, TDX_PAGE_REG, call->tdr.pa);
	tdx_model_set_type(large->entry, TDX_PAGE_NDA);
	tdx_model_sept_set_table(m, call);
}

u64 tdx_model_mem_page_demote(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_page_operand large;
	void *table;
	u64 status = tdx_model_map_new_page(m, call, TDX_OPERAND_ID_R8, &table);

	if (!status)
		status = check_interrupt(m, call);
	if (!status)
		status = lock_large_page(m, call, call->sept.value & SEPT_HPA, &large);
	if (status)
		return status;
	demote(m, call, table, &large);
	call->out->r9 |= TDX_UNUSED_PA;
	call->out->r10 |= TDX_UNUSED_PA;
	call->out->r11 |= TDX_UNUSED_PA;
	return TDX_SUCCESS;
}
