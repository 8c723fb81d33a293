// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: locks, which are tried once, and the locks of a
 * leaf.
 */
#include "internal.h"

/**
 * tdx_model_try_lock - take a lock exclusively
 * @lock: the lock
 *
 * Context: Any.
 * Return: False if it is held.
 */
bool tdx_model_try_lock(struct tdx_model_lock *lock)
{
	s16 expected = 0;

	return __atomic_compare_exchange_n(&lock->holders, &expected, -1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool try_shared(struct tdx_model_lock *lock)
{
	s16 holders = __atomic_load_n(&lock->holders, __ATOMIC_RELAXED);

	while (holders >= 0)
		if (__atomic_compare_exchange_n(&lock->holders, &holders, holders + 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

/**
 * tdx_model_unlock - release a shared or exclusive lock
 * @lock: the lock
 *
 * Context: Any.
 */
void tdx_model_unlock(struct tdx_model_lock *lock)
{
	if (__atomic_load_n(&lock->holders, __ATOMIC_RELAXED) < 0)
		__atomic_store_n(&lock->holders, 0, __ATOMIC_RELEASE);
	else
		__atomic_fetch_sub(&lock->holders, 1, __ATOMIC_RELEASE);
}

/**
 * tdx_model_hold - take a lock until the leaf ends
 * @call: the SEAMCALL
 * @lock: the lock
 * @mode: TDX_MODEL_SHARED or TDX_MODEL_EXCLUSIVE
 *
 * Context: On the logical processor that runs the leaf.
 * Return: False if the lock is held in a conflicting mode.
 */
bool tdx_model_hold(struct tdx_model_call *call, struct tdx_model_lock *lock,
		    enum tdx_model_lock_mode mode)
{
	if (call->nr_held == TDX_MODEL_MAX_HELD)
		return false;
	if (!(mode == TDX_MODEL_SHARED ? try_shared(lock) : tdx_model_try_lock(lock)))
		return false;
	call->held[call->nr_held++] = lock;
	return true;
}

/**
 * tdx_model_hold_alone - make a shared lock of the leaf exclusive
 * @lock: the lock
 *
 * Context: On the logical processor that runs the leaf.
 * Return: False if it is also held by another leaf.
 */
bool tdx_model_hold_alone(struct tdx_model_lock *lock)
{
	s16 expected = 1;

	return __atomic_compare_exchange_n(&lock->holders, &expected, -1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static u64 busy_status(const struct tdx_model_lock_rule *rule)
{
	switch (rule->kind) {
	case TDX_MODEL_NO_LOCK:
		return TDX_SUCCESS;
	case TDX_MODEL_GLOBAL_LOCK:
		return TDX_SYS_BUSY;
	default:
		return TDX_OPERAND_BUSY | rule->operand;
	}
}

static u64 take_global(struct tdx_model *m, struct tdx_model_call *call,
		       const struct tdx_model_lock_rule *rule)
{
	return tdx_model_hold(call, &m->global_lock, rule->mode) ? TDX_SUCCESS :
		refuse(m, busy_status(rule), "the global lock is taken");
}

static u64 take_tdmr(struct tdx_model *m, struct tdx_model_call *call,
		     const struct tdx_model_lock_rule *rule)
{
	u64 status = tdx_model_tdmr_operand(m, call, rule->operand);

	if (status || tdx_model_hold(call, &call->tdmr->lock, rule->mode))
		return status;
	return refuse1(m, busy_status(rule), "another logical processor initializes the TDMR at %",
		       call->tdmr->info.base);
}

static u64 take_kot(struct tdx_model *m, struct tdx_model_call *call,
		    const struct tdx_model_lock_rule *rule)
{
	return tdx_model_hold(call, &m->kot_lock, rule->mode) ? TDX_SUCCESS :
		refuse(m, busy_status(rule), "the table of KeyIDs is locked");
}

static u64 take_cache_wb(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_lock_rule *rule)
{
	return tdx_model_hold(call, &m->cache_wb[this_pkg(m)].lock, rule->mode) ? TDX_SUCCESS :
		refuse1(m, busy_status(rule), "the caches of package % are being written back",
			this_pkg(m));
}

static u64 take_free_page(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_lock_rule *rule)
{
	u64 pa = *tdx_model_register(&call->in, rule->operand);

	return tdx_model_page_operand(m, call, rule, pa, TDX_PAGE_NDA, &call->page);
}

static u64 take_free_hpa(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_lock_rule *rule)
{
	u64 pa = *tdx_model_register(&call->in, rule->operand);

	if (!(pa >> PA_BITS))
		pa = tdx_model_strip_keyid(m, pa);
	return tdx_model_page_operand(m, call, rule, pa, TDX_PAGE_NDA, &call->page);
}

static u64 take_td_epoch(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_lock_rule *rule)
{
	return tdx_model_hold(call, &call->tdcs->td_epoch_lock, rule->mode) ? TDX_SUCCESS :
		refuse(m, busy_status(rule), "the TD's epoch is locked");
}

static u64 take_sept_tree(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_lock_rule *rule)
{
	return tdx_model_hold(call, &call->tdcs->sept_lock, rule->mode) ? TDX_SUCCESS :
		refuse(m, busy_status(rule), "the TD's secure EPT is locked");
}

static u64 take_any_page(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_lock_rule *rule)
{
	return tdx_model_lock_page(m, call, rule->operand,
				   *tdx_model_register(&call->in, rule->operand), rule->mode, -1,
				   &call->page);
}

/* Functions that find and take each kind of lock */
static u64 (* const take[TDX_MODEL_NR_LOCK_KINDS])(struct tdx_model *m,
						   struct tdx_model_call *call,
						   const struct tdx_model_lock_rule *rule) = {
	[TDX_MODEL_GLOBAL_LOCK]		= take_global,
	[TDX_MODEL_TDMR_LOCK]		= take_tdmr,
	[TDX_MODEL_KOT_LOCK]		= take_kot,
	[TDX_MODEL_CACHE_WB_LOCK]	= take_cache_wb,
	[TDX_MODEL_FREE_PAGE_LOCK]	= take_free_page,
	[TDX_MODEL_FREE_HPA_LOCK]	= take_free_hpa,
	[TDX_MODEL_FREE_MAPPING_LOCK]	= tdx_model_free_mapping_operand,
	[TDX_MODEL_ANY_PAGE_LOCK]	= take_any_page,
	[TDX_MODEL_TDR_LOCK]		= tdx_model_tdr_operand,
	[TDX_MODEL_TDR_AND_FLAG_LOCK]	= tdx_model_tdr_and_flag_operand,
	[TDX_MODEL_TDVPR_LOCK]		= tdx_model_tdvpr_operand,
	[TDX_MODEL_TDVPR_AND_FLAGS_LOCK] = tdx_model_tdvpr_and_flags_operand,
	[TDX_MODEL_OWNER_LOCK]		= tdx_model_owner_of_vcpu,
	[TDX_MODEL_OP_STATE_LOCK]	= tdx_model_op_state,
	[TDX_MODEL_TD_EPOCH_LOCK]	= take_td_epoch,
	[TDX_MODEL_SEPT_TREE_LOCK]	= take_sept_tree,
	[TDX_MODEL_SEPT_ENTRY_LOCK]	= tdx_model_sept_entry,
	[TDX_MODEL_SEPT_PAGE_LOCK]	= tdx_model_sept_page,
};

/**
 * tdx_model_take_locks - take the locks of a leaf
 * @m:    the module
 * @call: the SEAMCALL
 *
 * In the order of its row; the operands that they belong to are also checked.
 * Locks have to be released by tdx_model_release_locks(), also after a failure.
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_take_locks(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_lock_rule *rule = call->leaf->locks;
	u64 status = TDX_SUCCESS;

	for (; rule < call->leaf->locks + TDX_MODEL_MAX_LOCKS && rule->kind && !status; rule++) {
		status = take[rule->kind](m, call, rule);
		if (!status && rule->check)
			status = rule->check(m, call);
	}
	return status;
}

/**
 * tdx_model_release_last_lock - release the lock that was taken last
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_release_last_lock(struct tdx_model_call *call)
{
	tdx_model_unlock(call->held[--call->nr_held]);
}

/**
 * tdx_model_release_locks - release the locks of tdx_model_take_locks()
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_release_locks(struct tdx_model_call *call)
{
	if (call->sept.locked)
		tdx_model_sept_unlock(call->sept.entry);
	while (call->nr_held)
		tdx_model_release_last_lock(call);
}

/**
 * tdx_model_busy_status - the status of a leaf if its first lock is taken
 * @leaf: the row
 *
 * Context: Any.
 * Return: The status; TDX_SUCCESS if it takes none.
 */
u64 tdx_model_busy_status(const struct tdx_model_leaf *leaf)
{
	return busy_status(&leaf->locks[0]);
}
