// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TDH.SYS.TDMR.INIT, which initializes a part of a
 * PAMT.
 */
#include "internal.h"

/* One TDH.SYS.TDMR.INIT initializes 1024 entries of the PAMT's 4K level. */
#define SLICE_BYTES	(1024 * PAGE_BYTES)

static bool init_slice(struct tdx_model *m, struct tdx_model_tdmr *tdmr)
{
	u64 start = tdmr->next, end = start + SLICE_BYTES;

	if (m->ops->work)
		m->ops->work(m->ctx, TDH_SYS_TDMR_INIT);
	if (!(start & (BIT_ULL(tdx_model_level_shift[TDX_PAMT_1G]) - 1)) &&
	    !tdx_model_write_pamt(m, &tdmr->info, TDX_PAMT_1G, start,
				  start + BIT_ULL(tdx_model_level_shift[TDX_PAMT_1G])))
		return false;
	return tdx_model_write_pamt(m, &tdmr->info, TDX_PAMT_2M, start, end) &&
	       tdx_model_write_pamt(m, &tdmr->info, TDX_PAMT_4K, start, end);
}

u64 tdx_model_sys_tdmr_init(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_tdmr *tdmr = call->tdmr;
	u64 status = TDX_SUCCESS;

	if (tdmr->next == tdx_model_tdmr_end(&tdmr->info))
		status = TDX_TDMR_ALREADY_INITIALIZED;
	else if (init_slice(m, tdmr))
		__atomic_store_n(&tdmr->next, tdmr->next + SLICE_BYTES, __ATOMIC_RELEASE);
	else
		status = refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
				 "the PAMT of the TDMR at % is not in memory", tdmr->info.base);

	if (!(status & TDX_STATUS_ERROR))
		call->out->rdx = tdmr->next & ~(TDX_TDMR_ALIGNMENT - 1);
	return status;
}
