// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: locks, which are tried once, and the locks of a
 * leaf.
 */
#include "internal.h"

static bool try_exclusive(struct tdx_model_lock *lock)
{
	int expected = 0;

	return __atomic_compare_exchange_n(&lock->holders, &expected, -1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool try_shared(struct tdx_model_lock *lock)
{
	int holders = __atomic_load_n(&lock->holders, __ATOMIC_RELAXED);

	while (holders >= 0)
		if (__atomic_compare_exchange_n(&lock->holders, &holders, holders + 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void unlock(struct tdx_model_lock *lock)
{
	if (__atomic_load_n(&lock->holders, __ATOMIC_RELAXED) < 0)
		__atomic_store_n(&lock->holders, 0, __ATOMIC_RELEASE);
	else
		__atomic_fetch_sub(&lock->holders, 1, __ATOMIC_RELEASE);
}

/* Finds a lock by the operand that it belongs to. */
static u64 find_lock(struct tdx_model *m, struct tdx_model_call *call,
		     const struct tdx_model_lock_rule *rule, struct tdx_model_lock **lock)
{
	u64 status;

	if (rule->kind == TDX_MODEL_GLOBAL_LOCK) {
		*lock = &m->global_lock;
		return TDX_SUCCESS;
	}
	status = tdx_model_tdmr_operand(m, call, rule->operand);
	if (!status)
		*lock = &call->tdmr->lock;
	return status;
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

static u64 refuse_busy(struct tdx_model *m, struct tdx_model_call *call,
		       const struct tdx_model_lock_rule *rule)
{
	if (rule->kind == TDX_MODEL_GLOBAL_LOCK)
		return refuse(m, busy_status(rule), "the global lock is taken");
	return refuse1(m, busy_status(rule), "another logical processor initializes the TDMR at %",
		       call->tdmr->info.base);
}

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
	struct tdx_model_lock *lock;
	u64 status;

	for (; rule < call->leaf->locks + TDX_MODEL_MAX_LOCKS && rule->kind; rule++) {
		status = find_lock(m, call, rule, &lock);
		if (status)
			return status;
		if (!(rule->mode == TDX_MODEL_SHARED ? try_shared(lock) : try_exclusive(lock)))
			return refuse_busy(m, call, rule);
		call->held[call->nr_held++] = lock;
	}
	return TDX_SUCCESS;
}

/**
 * tdx_model_release_locks - release the locks of tdx_model_take_locks()
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_release_locks(struct tdx_model_call *call)
{
	while (call->nr_held)
		unlock(call->held[--call->nr_held]);
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
