// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: shutdown, handoff to the next module, and disabling.
 *
 * TDX Module ABI specification, TDH.SYS.LP.SHUTDOWN, TDH.SYS.SHUTDOWN, TDH.SYS.UPDATE
 * and TDH.SYS.DISABLE.
 */
#include "internal.h"

/* Does nothing from 1.5 on; before, the module cannot be used any more. */
u64 tdx_model_sys_lp_shutdown(struct tdx_model *m, struct tdx_model_call *call)
{
	if (m->config.generation == TDX_MODEL_1_0) {
		lp_state(m)->shut_down = true;
		/*
		 * Final, whatever state a leaf enters that runs on another
		 * processor.
		 */
		__atomic_fetch_or(&m->lps_inside, TDX_MODEL_CLOSED, __ATOMIC_RELAXED);
		tdx_model_enter_state(m, TDX_MODEL_SHUTDOWN);
	}
	return TDX_SUCCESS;
}

static void leave_handoff(struct tdx_model *m, u16 version)
{
	struct tdx_model_handoff *handoff = &m->handoff;

	handoff->valid = true;
	handoff->version = version;
	handoff->global_keyid = m->global_keyid;
	memcpy(handoff->keyids, m->keyids, sizeof(m->keyids));
	memcpy(handoff->pkg_key_configured, m->pkg_key_configured, sizeof(m->pkg_key_configured));
	handoff->nr_tdmrs = m->nr_tdmrs;
	memcpy(handoff->tdmrs, m->tdmrs, m->nr_tdmrs * sizeof(*m->tdmrs));
}

/*
 * Keeps other logical processors out, for the reason @why, if none of them is
 * in the module, so that no other leaf runs while the module is shut down or
 * disabled.
 */
static bool exclude_others(struct tdx_model *m, int why)
{
	int only_this_lp = 1;

	return __atomic_compare_exchange_n(&m->lps_inside, &only_this_lp, 1 | why, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

u64 tdx_model_sys_shutdown_check(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_config *config = &m->config;
	u16 oldest = config->no_downgrade ? config->module_hv : config->min_update_hv;
	u64 version = call->in.rcx;

	if (version < oldest || version > config->module_hv)
		return refuse3(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "handoff version % is not one of % to %", version, oldest,
			       config->module_hv);
	return TDX_SUCCESS;
}

u64 tdx_model_sys_shutdown(struct tdx_model *m, struct tdx_model_call *call)
{
	if (!exclude_others(m, TDX_MODEL_CLOSED))
		return refuse(m, TDX_SYS_BUSY, "another logical processor is in the module");
	leave_handoff(m, call->in.rcx);
	tdx_model_enter_state(m, TDX_MODEL_SHUTDOWN);
	return TDX_SUCCESS;
}

static void take_handoff(struct tdx_model *m)
{
	struct tdx_model_handoff *handoff = &m->handoff;
	unsigned int i;

	m->global_keyid = handoff->global_keyid;
	/* A TDH.SYS.CONFIG that failed meanwhile may have reserved one, too. */
	for (i = 0; i < TDX_MODEL_NR_KEYIDS; i++)
		if (handoff->keyids[i].state)
			m->keyids[i] = handoff->keyids[i];
	memcpy(m->pkg_key_configured, handoff->pkg_key_configured, sizeof(m->pkg_key_configured));
	m->nr_tdmrs = handoff->nr_tdmrs;
	memcpy(m->tdmrs, handoff->tdmrs, handoff->nr_tdmrs * sizeof(*m->tdmrs));
	__atomic_store_n(&handoff->valid, false, __ATOMIC_RELEASE);
}

static u64 check_update(struct tdx_model *m)
{
	const struct tdx_model_handoff *handoff = &m->handoff;

	if (tdx_model_state(m) != TDX_MODEL_INIT_DONE || m->nr_lps_init_done != m->config.nr_lps)
		return refuse3(m, TDX_SYS_STATE_INCORRECT,
			       "module state is %, % of % logical processors are initialized",
			       tdx_model_state(m), m->nr_lps_init_done, m->config.nr_lps);
	if (!handoff->valid)
		return refuse(m, TDX_SYS_INVALID_HANDOFF, "no handoff data was left");
	if (handoff->version < m->config.min_update_hv || handoff->version > m->config.module_hv)
		return refuse3(m, TDX_SYS_INVALID_HANDOFF,
			       "handoff data is of version %, this module takes % to %",
			       handoff->version, m->config.min_update_hv, m->config.module_hv);
	return TDX_SUCCESS;
}

u64 tdx_model_sys_update(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = check_update(m);

	if (!status) {
		take_handoff(m);
		tdx_model_enter_state(m, TDX_MODEL_READY);
	}
	return status;
}

/**
 * tdx_model_drop_handoff - release the handoff data of the previous module
 * @m: the module
 *
 * A module that is configured anew does not need it.
 *
 * Context: With the global lock held exclusively.
 */
void tdx_model_drop_handoff(struct tdx_model *m)
{
	if (m->handoff.valid) {
		tdx_model_forget_tds(m);
		tdx_model_own_pamts(m, m->handoff.tdmrs, m->handoff.nr_tdmrs, false);
	}
	__atomic_store_n(&m->handoff.valid, false, __ATOMIC_RELEASE);
}

/* Each call makes progress, by at least one TDMR, even if it is interrupted. */
static u64 disable(struct tdx_model *m)
{
	tdx_model_enter_state(m, TDX_MODEL_DISABLING);
	tdx_model_forget_tds(m);
	tdx_model_drop_handoff(m);
	while (m->nr_tdmrs) {
		tdx_model_own_pamts(m, &m->tdmrs[--m->nr_tdmrs], 1, false);
		if (m->nr_tdmrs && tdx_model_interrupt_is_pending(m))
			return refuse1(m, TDX_INTERRUPTED_RESUMABLE, "% TDMRs are left",
				       m->nr_tdmrs);
	}
	tdx_model_begin_anew(m);
	return TDX_SUCCESS;
}

/*
 * Returns all memory and resets all that was configured.  The status of other
 * leaves meanwhile is not documented: here, the module is busy while this leaf
 * runs, and not ready after it was interrupted.
 */
u64 tdx_model_sys_disable(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status;

	if (!exclude_others(m, TDX_MODEL_ALONE))
		return refuse(m, TDX_SYS_BUSY, "another logical processor is in the module");
	status = disable(m);
	__atomic_fetch_and(&m->lps_inside, ~TDX_MODEL_ALONE, __ATOMIC_RELEASE);
	return status;
}
