// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TD and vCPU operands, and checks of their state.
 *
 * TDX Module Base Architecture Specification, "TD Lifecycle"; ABI specification, "TD
 * State Checks".
 */
#include "internal.h"

static u64 lock_tdr(struct tdx_model *m, struct tdx_model_call *call,
		    const struct tdx_model_lock_rule *rule, u64 pa)
{
	u64 status = tdx_model_page_operand(m, call, rule, pa, TDX_PAGE_TDR, &call->tdr);

	if (!status)
		call->td = m->ops->map(m->ctx, call->tdr.pa, PAGE_BYTES);
	return status;
}

/**
 * tdx_model_tdr_operand - lock a TDR page
 * @m:    the module
 * @call: the SEAMCALL; the TD is stored here
 * @rule: register and lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_tdr_operand(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_lock_rule *rule)
{
	return lock_tdr(m, call, rule, *tdx_model_register(&call->in, rule->operand));
}

/**
 * tdx_model_tdr_and_flag_operand - lock a TDR page; the lowest bit of its address is a flag
 * @m:    the module
 * @call: the SEAMCALL; the TD is stored here
 * @rule: register and lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_tdr_and_flag_operand(struct tdx_model *m, struct tdx_model_call *call,
				   const struct tdx_model_lock_rule *rule)
{
	u64 operand = *tdx_model_register(&call->in, rule->operand);

	return lock_tdr(m, call, rule, operand & ~TDX_FLAG);
}

/**
 * tdx_model_flag_operand - check the bits of RDX that are neither TDR nor flag
 * @m:    the module
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf, before the TDR is locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_flag_operand(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->in.rdx & TDX_FLAG_RESERVED)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
			       "reserved bits are set in RDX %", call->in.rdx);
	return TDX_SUCCESS;
}

static u64 lock_tdvpr(struct tdx_model *m, struct tdx_model_call *call,
		      const struct tdx_model_lock_rule *rule, u64 pa)
{
	u64 status = tdx_model_page_operand(m, call, rule, pa, TDX_PAGE_TDVPR, &call->tdvpr);

	if (!status)
		call->vcpu = m->ops->map(m->ctx, call->tdvpr.pa, PAGE_BYTES);
	return status;
}

/**
 * tdx_model_tdvpr_operand - lock a TDVPR page
 * @m:    the module
 * @call: the SEAMCALL; the vCPU is stored here
 * @rule: register and lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_tdvpr_operand(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_model_lock_rule *rule)
{
	return lock_tdvpr(m, call, rule, *tdx_model_register(&call->in, rule->operand));
}

/**
 * tdx_model_tdvpr_and_flags_operand - lock a TDVPR page; the operand also has flags
 * @m:    the module
 * @call: the SEAMCALL; the vCPU is stored here
 * @rule: register and lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_tdvpr_and_flags_operand(struct tdx_model *m, struct tdx_model_call *call,
				      const struct tdx_model_lock_rule *rule)
{
	u64 operand = *tdx_model_register(&call->in, rule->operand);

	return lock_tdvpr(m, call, rule, operand & ~TDX_VP_ENTER_FLAGS);
}

/**
 * tdx_model_owner_of_vcpu - lock the TDR of a vCPU
 * @m:    the module
 * @call: the SEAMCALL, with the vCPU; the TD is stored here
 * @rule: lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_owner_of_vcpu(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_model_lock_rule *rule)
{
	enum tdx_model_lock_mode mode = rule->mode;

	if (mode == TDX_MODEL_EXCLUSIVE_IN_1)
		mode = call->version ? TDX_MODEL_EXCLUSIVE : TDX_MODEL_SHARED;
	return tdx_model_lock_owner(m, call, &call->tdvpr, mode);
}

/**
 * tdx_model_check_fatal - check that the TD had no fatal error
 * @m:    the module
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf, with the TDR locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_fatal(struct tdx_model *m, struct tdx_model_call *call)
{
	/* A vCPU may meet one at the same time. */
	return __atomic_load_n(&call->td->fatal, __ATOMIC_ACQUIRE) ?
		refuse(m, TDX_TD_FATAL, "the TD has met a fatal error") : TDX_SUCCESS;
}

/**
 * tdx_model_check_keys_configured - check that the TD has its key on all packages
 * @m:    the module
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf, with the TDR locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_keys_configured(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->td->lifecycle != TDX_TD_KEYS_CONFIGURED)
		return refuse1(m, TDX_TD_KEYS_NOT_CONFIGURED, "the TD's lifecycle state is %",
			       call->td->lifecycle);
	return TDX_SUCCESS;
}

/* Check that all pages of the TDCS were added. */
static u64 check_tdcs(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->td->nr_tdcx < TDX_MODEL_MIN_TDCX)
		return refuse2(m, TDX_TDCS_NOT_ALLOCATED, "the TD has % of % TDCX pages",
			       call->td->nr_tdcx, TDX_MODEL_MIN_TDCX);
	call->tdcs = m->ops->map(m->ctx, call->td->tdcx_pa[TDX_MODEL_TDCX_TDCS], PAGE_BYTES);
	return TDX_SUCCESS;
}

/**
 * tdx_model_op_state - check and lock the state of a TD
 * @m:    the module
 * @call: the SEAMCALL, with the TD; its TDCS is stored here
 * @rule: lock mode
 *
 * Context: On the logical processor that runs the leaf, with the TDR locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_op_state(struct tdx_model *m, struct tdx_model_call *call,
		       const struct tdx_model_lock_rule *rule)
{
	u64 status = tdx_model_check_fatal(m, call);

	if (!status)
		status = tdx_model_check_keys_configured(m, call);
	if (!status)
		status = check_tdcs(m, call);
	if (status)
		return status;
	if (rule->mode != TDX_MODEL_UNLOCKED &&
	    !tdx_model_hold(call, &call->tdcs->op_state_lock, rule->mode))
		return refuse(m, TDX_OPERAND_BUSY | TDX_OPERAND_ID_OP_STATE,
			      "the TD's state is locked");
	if (!tdx_model_is_one_of(call->leaf->op_states, call->tdcs->op_state))
		return refuse1(m, TDX_OP_STATE_INCORRECT, "the TD's state is %",
			       call->tdcs->op_state);
	return TDX_SUCCESS;
}

/**
 * tdx_model_is_initialized - check whether TDH.MNG.INIT has succeeded
 * @call: the SEAMCALL, with the TD, and its TDCS if there is one
 *
 * Context: On the logical processor that runs the leaf, with the TDR locked.
 * Return: True if it has.
 */
bool tdx_model_is_initialized(const struct tdx_model_call *call)
{
	return call->tdcs && call->td->nr_tdcx >= TDX_MODEL_MIN_TDCX &&
	       call->tdcs->op_state >= TDX_TD_INITIALIZED;
}

/**
 * tdx_model_min_tdvps_pages - number of pages of a vCPU in a TD without L2 VMs
 * @m: the module
 *
 * Context: Any.
 * Return: The number, TDVPR included.
 */
unsigned int tdx_model_min_tdvps_pages(const struct tdx_model *m)
{
	return m->config.generation == TDX_MODEL_1_0 ? 5 : 6;
}

/**
 * tdx_model_check_vcpu_pages - check that the vCPU has all its pages
 * @m:    the module
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf, with TDVPR and TDR locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_vcpu_pages(struct tdx_model *m, struct tdx_model_call *call)
{
	unsigned int needed = tdx_model_min_tdvps_pages(m);

	if (call->tdcs)
		needed += TDX_MODEL_PAGES_PER_L2_VM * call->tdcs->num_l2_vms;
	if (call->vcpu->nr_pages < needed)
		return refuse2(m, TDX_TDCX_NUM_INCORRECT, "the vCPU has % of % pages",
			       call->vcpu->nr_pages, needed);
	return TDX_SUCCESS;
}

/**
 * tdx_model_associate - associate the vCPU with the calling logical processor
 * @m:    the module
 * @call: the SEAMCALL
 *
 * The association remains until TDH.VP.FLUSH, even if the leaf fails later.
 *
 * Context: On the logical processor that runs the leaf, with TDVPR and TDR locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_associate(struct tdx_model *m, struct tdx_model_call *call)
{
	u32 lp = TDX_MODEL_NO_LP;

	if (__atomic_compare_exchange_n(&call->vcpu->assoc_lp, &lp, this_lp(m), false,
					__ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&call->tdcs->nr_assoc_vcpus, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&m->nr_associations, 1, __ATOMIC_RELAXED);
		/* Other vCPUs may have left translations of earlier epochs here. */
		if (m->ops->guests)
			m->ops->guests->flush(m->ctx, call->tdr.pa);
		return TDX_SUCCESS;
	}
	return lp == this_lp(m) ? TDX_SUCCESS :
		refuse1(m, TDX_VCPU_ASSOCIATED, "the vCPU is associated with logical processor %",
			lp);
}
