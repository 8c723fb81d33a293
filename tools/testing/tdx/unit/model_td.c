// SPDX-License-Identifier: GPL-2.0-only
/* TDs in the software TDX module.  See model_td.h. */
#include <string.h>

#include "model_td.h"

/* A free page has a PAMT entry of zeros, as all memory; so TDH.SYS.TDMR.INIT is not needed. */
void td_machine_init(struct model_machine *m)
{
	machine_make_ready(m);
	m->model.tdmrs[1].next = G(3);
}

u64 td_call(struct model_machine *m, unsigned int lp, u64 leaf, u64 rcx, u64 rdx)
{
	struct tdx_model_regs regs = { .rax = leaf, .gpr = { .rcx = rcx, .rdx = rdx } };

	return machine_seamcall(m, lp, &regs);
}

struct tdx_td_params *td_params(struct model_machine *m)
{
	struct tdx_td_params *params = (void *)&m->buffer[PARAMS_PA - BUFFER_PA];

	memset(params, 0, sizeof(*params));
	params->xfam = TDX_XFAM_FP_SSE;
	params->max_vcpus = 4;
	params->eptp_controls = TDX_EPTP_WB | TDX_EPTP_4_LEVELS;
	params->tsc_frequency = 100;
	return params;
}

static u64 add_tdcx(struct model_machine *m, unsigned int from, unsigned int to)
{
	u64 status = 0;

	for (; from < to && !status; from++)
		status = td_call(m, 0, TDH_MNG_ADDCX, TDCX_PA(from), TDR_PA);
	return status;
}

static u64 add_tdvps(struct model_machine *m, unsigned int from, unsigned int to)
{
	u64 status = 0;

	for (; from < to && !status; from++)
		status = td_call(m, 0, TDH_VP_ADDCX, TDVPS_PA(from), TDVPR_PA);
	return status;
}

/* A logical processor of the other package */
static unsigned int other_lp(const struct model_machine *m)
{
	return m->config.nr_lps - 1;
}

/* Step from the previous stage */
static u64 step_to(struct model_machine *m, enum td_stage stage)
{
	switch (stage) {
	case CREATED:
		return td_call(m, 0, TDH_MNG_CREATE, TDR_PA, TD_KEYID);
	case HALF_KEYED:
		return td_call(m, 0, TDH_MNG_KEY_CONFIG, TDR_PA, 0);
	case KEYED:
		return td_call(m, other_lp(m), TDH_MNG_KEY_CONFIG, TDR_PA, 0);
	case TDCX_5:
		return add_tdcx(m, 0, 5);
	case TDCX_6:
		return add_tdcx(m, 5, 6);
	case INITIALIZED:
		td_params(m);
		return td_call(m, 0, TDH_MNG_INIT, TDR_PA, PARAMS_PA);
	case VP_CREATED:
		return td_call(m, 0, TDH_VP_CREATE, TDVPR_PA, TDR_PA);
	case VP_5:
		return add_tdvps(m, 1, 5);
	case VP_6:
		return add_tdvps(m, 5, 6);
	case VP_READY:
		return td_call(m, 0, TDH_VP_INIT, TDVPR_PA, 0);
	case VP_FLUSHED:
		return td_call(m, 0, TDH_VP_FLUSH, TDVPR_PA, 0);
	case BLOCKED:
		return td_call(m, 0, TDH_MNG_VPFLUSHDONE, TDR_PA, 0);
	case WB_1:
		return td_call(m, 0, TDH_PHYMEM_CACHE_WB, TDX_CACHE_WB_START, 0);
	case WB_2:
		return td_call(m, other_lp(m), TDH_PHYMEM_CACHE_WB, TDX_CACHE_WB_START, 0);
	case TEARDOWN:
		return td_call(m, 0, TDH_MNG_KEY_FREEID, TDR_PA, 0);
	default:
		return 0;
	}
}

bool td_bring_to(struct model_machine *m, enum td_stage stage)
{
	enum td_stage next;

	td_machine_init(m);
	for (next = NO_TD; next <= stage; next++)
		if (step_to(m, next))
			return false;
	return true;
}

struct tdx_model_regs td_good_call(u64 leaf)
{
	struct tdx_model_regs regs = { .rax = leaf, .gpr = expected_leaf(leaf)->good };

	if (leaf == TDH_MNG_CREATE)
		regs.gpr = (struct tdx_regs) { .rcx = PAGE_PA, .rdx = TD_KEYID + 1 };
	if (leaf == TDH_MNG_WR)
		regs.gpr.r8 = 20000;
	if (leaf == TDH_MNG_WR || leaf == TDH_VP_WR)
		regs.gpr.r9 = NONE;
	if (leaf == TDH_PHYMEM_PAGE_RDMD || leaf == TDH_PHYMEM_PAGE_RECLAIM ||
	    leaf == TDH_PHYMEM_PAGE_WBINVD)
		regs.gpr.rcx = TDR_PA;
	return regs;
}

struct tdx_model_td *td_of(struct model_machine *m)
{
	return (void *)memory_map(&m->memory, TDR_PA);
}

struct tdx_model_tdcs *tdcs_of(struct model_machine *m)
{
	return (void *)memory_map(&m->memory, TDCX_PA(0));
}

struct tdx_model_vcpu *vcpu_of(struct model_machine *m)
{
	return (void *)memory_map(&m->memory, TDVPR_PA);
}

struct tdx_model_pamt_entry *entry_of(struct model_machine *m, u64 pa, enum tdx_pamt_level level)
{
	struct tdx_tdmr_info *tdmr = &m->model.tdmrs[1].info;
	u64 i = (pa - tdmr->base) >> tdx_model_level_shift[level];

	pa = tdx_tdmr_pamt(tdmr, level)->base + i * sizeof(struct tdx_model_pamt_entry);
	return (void *)(memory_map(&m->memory, pa) + pa % MEMORY_PAGE_BYTES);
}

/* At one level, in pages of 4 KB */
static u64 count_pages_in(const struct tdx_model_tdmr *tdmr, enum tdx_pamt_level level,
			  const struct memory_page *page, bool *locked)
{
	const struct tdx_pamt_area *pamt = &tdmr->info.pamt[TDX_PAMT_1G - level];
	u64 page_bytes = 1ULL << tdx_model_level_shift[level], nr = 0;
	u64 bytes = ((tdmr->next & ~(G(1) - 1)) - tdmr->info.base) / page_bytes * 16;
	const struct tdx_model_pamt_entry *entry;

	for (; page; page = page->next) {
		if (page->pa < (pamt->base & ~(K(4) - 1)) || page->pa >= pamt->base + bytes)
			continue;
		entry = (const void *)page->data;
		for (; (const u8 *)entry < page->data + MEMORY_PAGE_BYTES; entry++) {
			if (entry->type != TDX_PAGE_NDA && entry->type != TDX_PAGE_RSVD)
				nr += page_bytes / K(4);
			*locked |= entry->lock.holders;
		}
	}
	return nr;
}

u64 td_count_pages(const struct model_machine *m, bool *locked)
{
	enum tdx_pamt_level level;
	unsigned int i;
	u64 nr = 0;

	*locked = false;
	for (i = 0; i < m->model.nr_tdmrs; i++)
		for (level = TDX_PAMT_4K; level <= TDX_PAMT_1G; level++)
			nr += count_pages_in(&m->model.tdmrs[i], level, m->memory.pages, locked);
	return nr;
}
