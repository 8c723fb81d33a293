// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: physical pages and cache write-back.
 *
 * TDX Module ABI specification, TDH.PHYMEM.CACHE.WB and TDH.PHYMEM.PAGE.*.
 */
#include "platform.h"

u64 tdx_model_phymem_cache_wb_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->in.rcx > TDX_CACHE_WB_RESUME)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "% is no command", call->in.rcx);
	return TDX_SUCCESS;
}

/* Record the KeyIDs that are FLUSHED at the start. */
static u64 begin_cache_wb(struct tdx_model *m, struct tdx_model_cache_wb *wb)
{
	bool any = false;
	unsigned int i;

	memset(wb->keyids, 0, sizeof(wb->keyids));
	wb->next = 0;
	for (i = 0; i < TDX_MODEL_NR_KEYIDS; i++) {
		if (m->keyids[i].state != TDX_MODEL_KEYID_FLUSHED)
			continue;
		wb->keyids[i / 64] |= BIT_ULL(i % 64);
		any = true;
	}
	return any ? TDX_SUCCESS : TDX_NO_HKID_READY_TO_WBCACHE;
}

static void end_cache_wb(struct tdx_model *m, struct tdx_model_cache_wb *wb)
{
	unsigned int i;

	wb->next = 0;
	for (i = 0; i < TDX_MODEL_NR_KEYIDS; i++)
		if (wb->keyids[i / 64] & BIT_ULL(i % 64))
			__atomic_fetch_and(&m->keyids[i].dirty_pkgs, ~BIT(this_pkg(m)),
					   __ATOMIC_RELAXED);
}

u64 tdx_model_phymem_cache_wb(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_cache_wb *wb = &m->cache_wb[this_pkg(m)];
	u64 nr_parts = tdx_model_read_msr(m, MSR_WBINVDP), status = TDX_SUCCESS;

	if (call->in.rcx == TDX_CACHE_WB_START)
		status = begin_cache_wb(m, wb);
	else if (!wb->next)
		status = refuse(m, TDX_WBCACHE_RESUME_ERROR, "nothing was interrupted");
	if (status)
		return status;

	while (++wb->next < nr_parts) {
		if (m->ops->work)
			m->ops->work(m->ctx, TDH_PHYMEM_CACHE_WB);
		if (tdx_model_interrupt_is_pending(m))
			return refuse2(m, TDX_INTERRUPTED_RESUMABLE, "% of % parts are done",
				       wb->next, nr_parts);
	}
	end_cache_wb(m, wb);
	return TDX_SUCCESS;
}

static void tell_page(const struct tdx_model_page_operand *page, struct tdx_regs *out)
{
	out->rcx = page->entry->type;
	out->rdx = tdx_model_owner(page->entry);
	out->r8 = page->level;
}

u64 tdx_model_phymem_page_rdmd(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_pamt_entry *entry = call->page.entry;

	tell_page(&call->page, call->out);
	if (entry->type == TDX_PAGE_REG || entry->type == TDX_PAGE_EPT)
		call->out->r9 = __atomic_load_n(&entry->bepoch, __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}

/* A TDR is returned after all other pages of its TD. */
static u64 check_tdr_is_alone(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_td *td = m->ops->map(m->ctx, call->page.pa, PAGE_BYTES);

	if (td->lifecycle != TDX_TD_TEARDOWN)
		return refuse1(m, TDX_LIFECYCLE_STATE_INCORRECT, "the TD's lifecycle state is %",
			       td->lifecycle);
	if (td->chldcnt)
		return refuse1(m, TDX_TD_ASSOCIATED_PAGES_EXIST, "the TD has % more pages",
			       td->chldcnt);
	return TDX_SUCCESS;
}

static u64 take_from_td(struct tdx_model *m, struct tdx_model_call *call)
{
	const unsigned int shift = tdx_model_level_shift[call->page.level] - PAGE_SHIFT_4K;
	u64 status = tdx_model_lock_owner(m, call, &call->page, TDX_MODEL_SHARED);

	if (status)
		return status;
	if (call->td->lifecycle != TDX_TD_TEARDOWN)
		return refuse1(m, TDX_LIFECYCLE_STATE_INCORRECT, "the TD's lifecycle state is %",
			       call->td->lifecycle);
	__atomic_fetch_sub(&call->td->chldcnt, BIT_ULL(shift), __ATOMIC_RELAXED);
	return TDX_SUCCESS;
}

u64 tdx_model_phymem_page_reclaim(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_page_operand *page = &call->page;
	u64 status;

	if (page->entry->type == TDX_PAGE_NDA || page->entry->type == TDX_PAGE_RSVD)
		return refuse2(m, TDX_PAGE_METADATA_INCORRECT | TDX_OPERAND_ID_RCX,
			       "the page % has type %", page->pa, page->entry->type);
	tell_page(page, call->out);
	if (page->pa & (BIT_ULL(tdx_model_level_shift[page->level]) - 1))
		return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "% is within a page of size %", page->pa, page->level);
	if (page->entry->type == TDX_PAGE_TDR)
		status = check_tdr_is_alone(m, call);
	else
		status = take_from_td(m, call);
	if (!status)
		tdx_model_give_page_back(m, &call->page);
	return status;
}

/* The model has no caches. */
u64 tdx_model_phymem_page_wbinvd(struct tdx_model *m, struct tdx_model_call *call)
{
	return TDX_SUCCESS;
}
