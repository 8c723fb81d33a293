// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: blocking private memory, and TLB tracking.
 *
 * TDX Module Base Architecture Specification, "TLB Tracking"; ABI specification,
 * TDH.MEM.RANGE.* and TDH.MEM.TRACK.
 */
#include "internal.h"

/* A table is a page of 4 KB, whatever it maps. */
static void find_mapped_page(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_page_operand *page = &call->mapped;

	page->pa = sept_page(call->sept.value, call->sept.level);
	page->level = call->sept.value & SEPT_LEAF ? call->sept.level : TDX_PAMT_4K;
	page->entry = tdx_model_find_entry(m, page->pa, page->level);
}

static u64 *bepoch(struct tdx_model *m, struct tdx_model_call *call)
{
	find_mapped_page(m, call);
	return &call->mapped.entry->bepoch;
}

/* Only the page's own PAMT entry is locked, and it is not checked. */
static u64 lock_mapped_page(struct tdx_model *m, struct tdx_model_call *call)
{
	find_mapped_page(m, call);
	return tdx_model_hold(call, &call->mapped.entry->lock, TDX_MODEL_EXCLUSIVE) ? TDX_SUCCESS :
		refuse1(m, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX, "the page % is in use",
			call->mapped.pa);
}

/* No vCPU runs that may have translations from before the epoch's end. */
static bool is_tracked(struct tdx_model_tdcs *tdcs, u64 epoch, u64 now)
{
	if (epoch + 1 == now)
		return !__atomic_load_n(&tdcs->refcount[epoch & 1], __ATOMIC_ACQUIRE);
	return epoch < now;
}

/**
 * tdx_model_check_tracked - check that no vCPU uses the entry any more
 * @m:       the module
 * @call:    the SEAMCALL, with the entry
 * @operand: for TDX_TLB_TRACKING_NOT_DONE
 *
 * Before the TD is runnable there is nothing to check.
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_tracked(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand)
{
	u64 epoch, now = __atomic_load_n(&call->tdcs->td_epoch, __ATOMIC_ACQUIRE);

	if (call->tdcs->op_state != TDX_TD_RUNNABLE)
		return TDX_SUCCESS;
	if (!(call->sept.value & SEPT_BLOCKED))
		return tdx_model_sept_refuse(m, call, TDX_GPA_RANGE_NOT_BLOCKED,
					     "the entry of % at level % is not blocked: %");
	epoch = __atomic_load_n(bepoch(m, call), __ATOMIC_RELAXED);
	if (is_tracked(call->tdcs, epoch, now))
		return TDX_SUCCESS;
	return refuse2(m, TDX_TLB_TRACKING_NOT_DONE | operand,
		       "blocked in epoch %, and the TD is in epoch %", epoch, now);
}

/**
 * tdx_model_lock_tracked_page - lock the page that the entry refers to, to take it away
 * @m:    the module
 * @call: the SEAMCALL, with the entry; the page is stored here
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_lock_tracked_page(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = lock_mapped_page(m, call);

	return status ?: tdx_model_check_tracked(m, call, TDX_OPERAND_ID_RCX);
}

u64 tdx_model_mem_range_block(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 value = call->sept.value;

	if (value & SEPT_BLOCKED) {
		tdx_model_sept_describe(call);
		return TDX_GPA_RANGE_ALREADY_BLOCKED | TDX_OPERAND_ID_RCX;
	}
	__atomic_store_n(bepoch(m, call), __atomic_load_n(&call->tdcs->td_epoch, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	/* The guest has to accept the page again. */
	if (value & SEPT_PENDING && call->sept.level)
		value &= ~SEPT_ACCEPTED;
	tdx_model_sept_set(call, (value & ~SEPT_RWX) | SEPT_BLOCKED);
	return TDX_SUCCESS;
}

u64 tdx_model_mem_range_unblock(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = tdx_model_check_tracked(m, call, TDX_OPERAND_ID_SEPT_TREE);

	if (!status)
		tdx_model_sept_set(call, tdx_model_sept_unblocked(call->sept.value));
	return status;
}

u64 tdx_model_mem_track(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_tdcs *tdcs = call->tdcs;
	u16 previous = __atomic_load_n(&tdcs->refcount[~tdcs->td_epoch & 1], __ATOMIC_ACQUIRE);

	if (previous)
		return refuse1(m, TDX_PREVIOUS_TLB_EPOCH_BUSY,
			       "% vCPUs run since the previous epoch", previous);
	__atomic_store_n(&tdcs->td_epoch, tdcs->td_epoch + 1, __ATOMIC_RELEASE);
	return TDX_SUCCESS;
}
