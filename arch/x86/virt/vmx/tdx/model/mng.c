// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: lifecycle of TDs.
 *
 * TDX Module Base Architecture Specification, "TD Lifecycle"; ABI specification, each
 * leaf's section.
 */
#include "internal.h"

u64 tdx_model_mng_create_check(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 keyid = call->in.rdx;

	/* TDH.SYS.INIT refuses a platform with more KeyIDs, but need not have run here. */
	if (keyid >= TDX_MODEL_NR_KEYIDS || !tdx_model_keyid_is_private(m, keyid))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
			       "% is no private KeyID", keyid);
	return TDX_SUCCESS;
}

static u64 draw_uuid(struct tdx_model *m, struct tdx_model_td *td)
{
	unsigned int i;
	u64 status = TDX_SUCCESS;

	for (i = 0; i < ARRAY_SIZE(td->uuid) && !status; i++)
		status = tdx_model_draw(m, &td->uuid[i]);
	return status;
}

u64 tdx_model_mng_create(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_keyid *keyid = &m->keyids[call->in.rdx];
	struct tdx_model_td *td;
	u64 status;

	if (keyid->state != TDX_MODEL_KEYID_FREE)
		return refuse2(m, TDX_HKID_NOT_FREE, "KeyID % is in state %", call->in.rdx,
			       keyid->state);
	td = m->ops->map(m->ctx, call->page.pa, PAGE_BYTES);
	if (!td)
		return refuse1(m, TDX_OPERAND_ADDR_RANGE_ERROR | TDX_OPERAND_ID_RCX,
			       "no memory at %", call->page.pa);
	memset(td, 0, PAGE_BYTES);
	status = draw_uuid(m, td);
	if (status)
		return status;

	td->hkid = call->in.rdx;
	td->handoff_version = m->config.module_hv;
	*keyid = (struct tdx_model_keyid) { .state = TDX_MODEL_KEYID_ASSIGNED };
	tdx_model_take_page(m, &call->page, TDX_PAGE_TDR, 0);
	tdx_model_record_keyid(&call->page, td->hkid);
	return TDX_SUCCESS;
}

static u64 refuse_lifecycle(struct tdx_model *m, const struct tdx_model_td *td)
{
	return refuse1(m, TDX_LIFECYCLE_STATE_INCORRECT, "the TD's lifecycle state is %",
		       td->lifecycle);
}

u64 tdx_model_mng_key_config(struct tdx_model *m, struct tdx_model_call *call)
{
	const u64 all_pkgs = BIT_ULL(m->config.nr_pkgs) - 1;
	struct tdx_model_td *td = call->td;
	u64 status = tdx_model_check_fatal(m, call);

	if (status)
		return status;
	if (td->lifecycle != TDX_TD_HKID_ASSIGNED)
		return refuse_lifecycle(m, td);
	if (td->pkgs_configured & BIT_ULL(this_pkg(m)))
		return TDX_KEY_CONFIGURED;
	status = tdx_model_configure_key(m, td->hkid);
	if (status)
		return status;

	td->pkgs_configured |= BIT_ULL(this_pkg(m));
	if (td->pkgs_configured == all_pkgs)
		td->lifecycle = TDX_TD_KEYS_CONFIGURED;
	return TDX_SUCCESS;
}

/* Checks of the TD, before the new page. */
u64 tdx_model_mng_addcx_check(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = tdx_model_check_fatal(m, call);

	if (!status)
		status = tdx_model_check_keys_configured(m, call);
	if (!status && call->td->nr_tdcx >= TDX_MAX_TDCX_PAGES)
		status = refuse1(m, TDX_TDCX_NUM_INCORRECT, "the TD has % TDCX pages",
				 call->td->nr_tdcx);
	return status;
}

static void fill_tdcx(u64 *page, unsigned int i)
{
	if (i == TDX_MODEL_TDCX_MSR_BITMAPS)
		memset(page, 0xff, PAGE_BYTES);
	else
		memset(page, 0, PAGE_BYTES);
	if (i == TDX_MODEL_TDCX_SEPT_ROOT)
		tdx_model_sept_fill(page);
}

/* Checked after the page was written. */
static u64 check_number_of_tdcx(struct tdx_model *m, const struct tdx_model_td *td)
{
	const struct tdx_model_tdcs *tdcs;

	if (td->nr_tdcx + 1 < TDX_MODEL_MIN_TDCX)
		return TDX_SUCCESS;
	if (td->nr_tdcx + 1 == TDX_MODEL_MIN_TDCX)
		return tdx_model_check_entropy(m);
	tdcs = m->ops->map(m->ctx, td->tdcx_pa[TDX_MODEL_TDCX_TDCS], PAGE_BYTES);
	return tdcs->op_state == TDX_TD_UNINITIALIZED ? TDX_SUCCESS :
		refuse1(m, TDX_OP_STATE_INCORRECT, "the TD's state is %", tdcs->op_state);
}

u64 tdx_model_mng_addcx(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_td *td = call->td;
	u64 *page = m->ops->map(m->ctx, call->page.pa, PAGE_BYTES);
	u64 status;

	if (!page)
		return refuse1(m, TDX_OPERAND_ADDR_RANGE_ERROR | TDX_OPERAND_ID_RCX,
			       "no memory at %", call->page.pa);
	fill_tdcx(page, td->nr_tdcx);
	status = check_number_of_tdcx(m, td);
	if (status)
		return status;

	tdx_model_take_page(m, &call->page, TDX_PAGE_TDCX, call->tdr.pa);
	td->tdcx_pa[td->nr_tdcx++] = call->page.pa;
	td->chldcnt++;
	return TDX_SUCCESS;
}

u64 tdx_model_mng_vpflushdone(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_td *td = call->td;

	if (td->lifecycle != TDX_TD_HKID_ASSIGNED && td->lifecycle != TDX_TD_KEYS_CONFIGURED)
		return refuse_lifecycle(m, td);
	if (td->nr_tdcx >= TDX_MODEL_MIN_TDCX)
		call->tdcs = m->ops->map(m->ctx, td->tdcx_pa[TDX_MODEL_TDCX_TDCS], PAGE_BYTES);
	if (tdx_model_is_initialized(call) && call->tdcs->nr_assoc_vcpus)
		return refuse1(m, TDX_FLUSHVP_NOT_DONE, "% vCPUs are associated",
			       call->tdcs->nr_assoc_vcpus);

	m->keyids[td->hkid] = (struct tdx_model_keyid) {
		.state = TDX_MODEL_KEYID_FLUSHED,
		.dirty_pkgs = BIT(m->config.nr_pkgs) - 1,
	};
	td->lifecycle = TDX_TD_BLOCKED;
	return TDX_SUCCESS;
}

u64 tdx_model_mng_key_freeid_check(struct tdx_model *m, struct tdx_model_call *call)
{
	return call->td->lifecycle == TDX_TD_BLOCKED ? TDX_SUCCESS : refuse_lifecycle(m, call->td);
}

u64 tdx_model_mng_key_freeid(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_keyid *keyid = &m->keyids[call->td->hkid];

	if (keyid->dirty_pkgs)
		return refuse1(m, TDX_WBCACHE_NOT_COMPLETE,
			       "caches of packages % are not written back", keyid->dirty_pkgs);
	keyid->state = TDX_MODEL_KEYID_FREE;
	call->td->lifecycle = TDX_TD_TEARDOWN;
	return TDX_SUCCESS;
}

/* Does nothing since 1.5; its earlier behaviour is not known. */
u64 tdx_model_mng_key_reclaimid(struct tdx_model *m, struct tdx_model_call *call)
{
	return TDX_SUCCESS;
}
