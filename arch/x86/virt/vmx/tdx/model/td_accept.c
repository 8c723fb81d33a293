// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: leaves of TDCALL for private pages.
 *
 * TDX Module ABI specification, TDG.MEM.PAGE.*; Base Architecture Specification, "TD Private
 * Memory Management".
 */
#include "td_run.h"

#define MAX_ACCEPT_LEVEL	1
#define MAX_ATTR_LEVEL		2

/* Extended exit qualification, besides its type */
#define EXTENDED_WANTED_SHIFT	32
#define EXTENDED_LEVEL_SHIFT	35
#define EXTENDED_STATE_SHIFT	38
#define EXTENDED_IS_LEAF	BIT_ULL(46)

#define QUALIFICATION_FOUND_SHIFT 3

/* The host has to provide the page: the exit says what there is instead. */
static enum tdx_model_outcome leave(struct tdx_model_entry *e, u64 type,
				    const struct tdx_model_sept_operand *sept)
{
	u64 extended = type | (u64)sept->wanted_level << EXTENDED_WANTED_SHIFT |
		       (u64)sept->level << EXTENDED_LEVEL_SHIFT |
		       (u64)tdx_model_sept_state_number(sept->value) << EXTENDED_STATE_SHIFT;

	if (sept->value & SEPT_LEAF)
		extended |= EXTENDED_IS_LEAF;
	return tdx_model_leave_at(e, TDX_MODEL_WRITE |
				  (sept->value & SEPT_RWX) << QUALIFICATION_FOUND_SHIFT,
				  sept->gpa, extended);
}

/* Address and level in RCX */
static bool get_gpa(struct tdx_model_entry *e, unsigned int max_level,
		    struct tdx_model_sept_operand *sept)
{
	u64 rcx = *tdx_model_gpr(e, TDX_MODEL_RCX);

	sept->gpa = rcx & ~TDX_GPA_LEVEL_MASK;
	sept->wanted_level = rcx & TDX_GPA_LEVEL_MASK;
	return !(rcx & TDX_GPA_RESERVED) && sept->wanted_level <= max_level &&
	       !(sept->gpa & (sept_bytes(sept->wanted_level) - 1)) &&
	       !(sept->gpa >> tdx_model_shared_bit(e->tdcs));
}

static void *map_part(struct tdx_model_entry *e, u64 hpa)
{
	return e->m->ops->map(e->m->ctx, hpa, PAGE_BYTES);
}

/*
 * Clears a page in parts of 4 KB.  When an interrupt arrives, the number of parts is in the
 * entry, and the guest executes TDCALL again.
 */
static enum tdx_model_outcome clear(struct tdx_model_entry *e, struct tdx_model_sept_operand *sept)
{
	u64 end = sept_page(sept->value, sept->level) + sept_bytes(sept->level);
	u64 value = sept->value;

	if (!sept->level) {
		memset(map_part(e, value & SEPT_HPA), 0, PAGE_BYTES);
	} else {
		while ((value & SEPT_HPA) + PAGE_BYTES < end) {
			memset(map_part(e, value & SEPT_HPA), 0, PAGE_BYTES);
			value += SEPT_ACCEPTED_PART;
			if (!tdx_model_interrupt_is_pending(e->m))
				continue;
			__atomic_store_n(sept->entry, value, __ATOMIC_RELEASE);
			return TDX_MODEL_RESTARTED;
		}
		memset(map_part(e, value & SEPT_HPA), 0, PAGE_BYTES);
		value &= ~SEPT_ACCEPTED;
	}
	value = (value & ~SEPT_PENDING) | SEPT_RWX;
	__atomic_store_n(sept->entry, value, __ATOMIC_RELEASE);
	return tdx_model_tdcall_status(e, TDX_SUCCESS);
}

/* With the entry locked; both ways of success release the lock. */
static enum tdx_model_outcome accept_entry(struct tdx_model_entry *e,
					   struct tdx_model_sept_operand *sept)
{
	enum tdx_model_sept_state state = tdx_model_sept_state(sept->value);
	enum tdx_model_outcome outcome;

	if (state == TDX_MODEL_SEPT_PENDING)
		return clear(e, sept);
	if (state == TDX_MODEL_SEPT_MAPPED)
		outcome = tdx_model_tdcall_status(e, TDX_PAGE_ALREADY_ACCEPTED | sept->level);
	else if (state == TDX_MODEL_SEPT_NL_MAPPED || state == TDX_MODEL_SEPT_NL_BLOCKED)
		outcome = tdx_model_tdcall_status(e, TDX_PAGE_SIZE_MISMATCH | sept->level);
	else
		outcome = leave(e, EXTENDED_ACCEPT, sept);
	tdx_model_sept_unlock(sept->entry);
	return outcome;
}

enum tdx_model_outcome tdx_model_tdg_mem_page_accept(struct tdx_model_entry *e)
{
	struct tdx_model_sept_operand sept;

	if (!get_gpa(e, MAX_ACCEPT_LEVEL, &sept))
		return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
	tdx_model_sept_walk(e->m, e->call, &sept, sept.wanted_level);
	if (sept.level != sept.wanted_level) {
		if (tdx_model_sept_state(sept.value) == TDX_MODEL_SEPT_MAPPED)
			return tdx_model_tdcall_status(e, TDX_PAGE_ALREADY_ACCEPTED | sept.level);
		return leave(e, EXTENDED_ACCEPT, &sept);
	}
	if (!tdx_model_sept_try_lock(sept.entry, &sept.value))
		return tdx_model_tdcall_status(e, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	return accept_entry(e, &sept);
}

static bool has_attributes(u64 value)
{
	enum tdx_model_sept_state state = tdx_model_sept_state(value);

	return state == TDX_MODEL_SEPT_MAPPED || state == TDX_MODEL_SEPT_PENDING;
}

static enum tdx_model_outcome show_attributes(struct tdx_model_entry *e,
					      const struct tdx_model_sept_operand *sept)
{
	bool is_pending = tdx_model_sept_state(sept->value) == TDX_MODEL_SEPT_PENDING;

	*tdx_model_gpr(e, TDX_MODEL_RCX) = (sept->gpa & ~(sept_bytes(sept->level) - 1)) |
					   sept->level | (is_pending ? TDX_ATTR_GPA_PENDING : 0);
	*tdx_model_gpr(e, TDX_MODEL_RDX) = is_pending ? 0 : TDX_ATTR_L1_RWX;
	return tdx_model_tdcall_status(e, TDX_SUCCESS);
}

static enum tdx_model_outcome refuse_attributes(struct tdx_model_entry *e, u64 status)
{
	*tdx_model_gpr(e, TDX_MODEL_RCX) = 0;
	*tdx_model_gpr(e, TDX_MODEL_RDX) = 0;
	return tdx_model_tdcall_status(e, status);
}

enum tdx_model_outcome tdx_model_tdg_mem_page_attr_rd(struct tdx_model_entry *e)
{
	struct tdx_model_sept_operand sept;
	u64 value;

	if (!get_gpa(e, 0, &sept))
		return refuse_attributes(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
	tdx_model_sept_walk(e->m, e->call, &sept, 0);
	if (!has_attributes(sept.value))
		return tdx_model_leave_at(e, TDX_MODEL_READ, sept.gpa, 0);
	if (!tdx_model_sept_try_lock(sept.entry, &value))
		return refuse_attributes(e, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	tdx_model_sept_unlock(sept.entry);
	return show_attributes(e, &sept);
}

/* There are no L2 VMs, whose attributes could be written. */
enum tdx_model_outcome tdx_model_tdg_mem_page_attr_wr(struct tdx_model_entry *e)
{
	struct tdx_model_sept_operand sept;
	u64 value;

	if (*tdx_model_gpr(e, TDX_MODEL_RDX))
		return refuse_attributes(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX);
	if (*tdx_model_gpr(e, TDX_MODEL_R8))
		return refuse_attributes(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8);
	if (!get_gpa(e, MAX_ATTR_LEVEL, &sept))
		return refuse_attributes(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
	tdx_model_sept_walk(e->m, e->call, &sept, sept.wanted_level);
	if (sept.level == sept.wanted_level &&
	    tdx_model_sept_state(sept.value) == TDX_MODEL_SEPT_NL_MAPPED)
		return refuse_attributes(e, TDX_PAGE_SIZE_MISMATCH | sept.level);
	if (sept.level != sept.wanted_level || !has_attributes(sept.value))
		return leave(e, EXTENDED_ATTRIBUTES, &sept);
	if (!tdx_model_sept_try_lock(sept.entry, &value))
		return refuse_attributes(e, TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	tdx_model_sept_unlock(sept.entry);
	return show_attributes(e, &sept);
}
