// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: secure EPTs.
 *
 * TDX Module Base Architecture Specification, "TD Private Memory Management"; ABI
 * specification, TDH.MEM.SEPT.*.
 */
#include "internal.h"

/* RCX shows these bits of an entry. */
#define SHOWN_OF_LEAF	(SEPT_RWX | SEPT_MEMORY_TYPE | SEPT_LEAF | SEPT_HPA | SEPT_SUPPRESS_VE)
#define SHOWN_OF_TABLE	(SEPT_RWX | SEPT_LEAF)

/**
 * tdx_model_sept_state - the state of an entry
 * @value: the entry
 *
 * Context: Any.
 * Return: The state.
 */
enum tdx_model_sept_state tdx_model_sept_state(u64 value)
{
	if ((value & SEPT_FREE) == SEPT_FREE)
		return TDX_MODEL_SEPT_FREE;
	if (!(value & SEPT_LEAF))
		return value & SEPT_BLOCKED ? TDX_MODEL_SEPT_NL_BLOCKED : TDX_MODEL_SEPT_NL_MAPPED;
	if (value & SEPT_PENDING)
		return value & SEPT_BLOCKED ? TDX_MODEL_SEPT_PEND_BLOCKED : TDX_MODEL_SEPT_PENDING;
	return value & SEPT_BLOCKED ? TDX_MODEL_SEPT_BLOCKED : TDX_MODEL_SEPT_MAPPED;
}

/**
 * tdx_model_sept_try_lock - lock an entry
 * @entry: the entry
 * @value: its value, without the lock, is stored here
 *
 * Context: Any.
 * Return: False if it is locked.
 */
bool tdx_model_sept_try_lock(u64 *entry, u64 *value)
{
	u64 old = __atomic_fetch_or(entry, SEPT_LOCKED, __ATOMIC_ACQ_REL);

	*value = old & ~SEPT_LOCKED;
	return !(old & SEPT_LOCKED);
}

/**
 * tdx_model_sept_unlock - unlock an entry
 * @entry: the entry
 *
 * Context: On the logical processor that locked it.
 */
void tdx_model_sept_unlock(u64 *entry)
{
	__atomic_fetch_and(entry, ~SEPT_LOCKED, __ATOMIC_RELEASE);
}

/**
 * tdx_model_sept_set - change the entry of the SEAMCALL
 * @call:  the SEAMCALL
 * @value: the new value; a lock is kept
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_sept_set(struct tdx_model_call *call, u64 value)
{
	call->sept.value = value;
	__atomic_store_n(call->sept.entry, value | (call->sept.locked ? SEPT_LOCKED : 0),
			 __ATOMIC_RELEASE);
}

/**
 * tdx_model_sept_unblocked - the value of an entry after it is unblocked
 * @value: an entry that is not free
 *
 * Context: Any.
 * Return: The value.
 */
u64 tdx_model_sept_unblocked(u64 value)
{
	value &= ~SEPT_BLOCKED;
	return value & SEPT_PENDING ? value : value | SEPT_RWX;
}

/**
 * tdx_model_sept_fill - fill a secure EPT page with free entries
 * @page: the page
 *
 * Context: Any.
 */
void tdx_model_sept_fill(u64 *page)
{
	unsigned int i;

	for (i = 0; i < SEPT_NR_ENTRIES; i++)
		page[i] = SEPT_FREE;
}

/**
 * tdx_model_sept_state_number - the number of an entry's state
 * @value: the entry
 *
 * Context: Any.
 * Return: The number that host and guest see.
 */
enum tdx_sept_state tdx_model_sept_state_number(u64 value)
{
	static const u8 numbers[TDX_MODEL_NR_SEPT_STATES] = {
		[TDX_MODEL_SEPT_FREE]		= TDX_SEPT_FREE,
		[TDX_MODEL_SEPT_NL_MAPPED]	= TDX_SEPT_NL_MAPPED,
		[TDX_MODEL_SEPT_NL_BLOCKED]	= TDX_SEPT_NL_BLOCKED,
		[TDX_MODEL_SEPT_MAPPED]		= TDX_SEPT_MAPPED,
		[TDX_MODEL_SEPT_BLOCKED]	= TDX_SEPT_BLOCKED,
		[TDX_MODEL_SEPT_PENDING]	= TDX_SEPT_PENDING,
		[TDX_MODEL_SEPT_PEND_BLOCKED]	= TDX_SEPT_PEND_BLOCKED,
	};

	return numbers[tdx_model_sept_state(value)];
}

/**
 * tdx_model_sept_describe - show the entry to which the walk came in RCX and RDX
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_sept_describe(struct tdx_model_call *call)
{
	u64 value = call->sept.value;

	if (tdx_model_sept_state(value) == TDX_MODEL_SEPT_FREE)
		call->out->rcx = SEPT_SUPPRESS_VE;
	else
		call->out->rcx = value & (value & SEPT_LEAF ? SHOWN_OF_LEAF : SHOWN_OF_TABLE);
	call->out->rdx = call->sept.level |
			 tdx_model_sept_state_number(value) << TDX_SEPT_STATE_SHIFT;
}

/**
 * tdx_model_sept_refuse - end a leaf because of an entry, which is shown in RCX and RDX
 * @m:      the module
 * @call:   the SEAMCALL
 * @status: status of the leaf
 * @text:   why; see tdx_model_refuse() for the GPA, the level and the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: @status, with RCX as operand.
 */
u64 tdx_model_sept_refuse(struct tdx_model *m, struct tdx_model_call *call, u64 status,
			  const char *text)
{
	tdx_model_sept_describe(call);
	return refuse3(m, status | TDX_OPERAND_ID_RCX, text, call->sept.gpa, call->sept.level,
		       call->sept.value);
}

/**
 * tdx_model_top_level - level of the entries in the root of an EPT
 * @tdcs: the TD
 *
 * Context: Any.
 * Return: The level, of the secure and of the shared EPT.
 */
unsigned int tdx_model_top_level(const struct tdx_model_tdcs *tdcs)
{
	return tdcs->eptp_controls >> TDX_EPTP_LEVELS_SHIFT & 7;
}

/**
 * tdx_model_shared_bit - the SHARED bit of guest physical addresses
 * @tdcs: the TD
 *
 * Context: Any.
 * Return: Its number; it is the highest bit of an address.
 */
unsigned int tdx_model_shared_bit(const struct tdx_model_tdcs *tdcs)
{
	return tdcs->config_flags & TDX_CONFIG_FLAG_GPAW ? 51 : 47;
}

/**
 * tdx_model_private_gpa - check that an address is a private one of the TD
 * @m:    the module
 * @call: the SEAMCALL
 * @gpa:  the address, of RCX
 *
 * Context: On the logical processor that runs the leaf, with the TDR locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_private_gpa(struct tdx_model *m, struct tdx_model_call *call, u64 gpa)
{
	return gpa >> tdx_model_shared_bit(call->tdcs) ?
		refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			"% is no private guest address", gpa) : TDX_SUCCESS;
}

/**
 * tdx_model_gpa_operand - check the guest address and level in RCX
 * @m:    the module
 * @call: the SEAMCALL; the address and level are stored here
 *
 * Context: On the logical processor that runs the leaf, with the TDR locked.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_gpa_operand(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_leaf *leaf = call->leaf;
	u64 rcx = call->in.rcx, gpa = rcx & ~TDX_GPA_LEVEL_MASK;
	unsigned int level = rcx & TDX_GPA_LEVEL_MASK;

	if (rcx & TDX_GPA_RESERVED || level < leaf->min_level || level > leaf->max_level ||
	    level > tdx_model_top_level(call->tdcs) || gpa & (sept_bytes(level) - 1))
		return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "guest address % at level %", gpa, level);
	call->sept.gpa = gpa;
	call->sept.wanted_level = level;
	return tdx_model_private_gpa(m, call, gpa);
}

/**
 * tdx_model_sept_walk - find the entry of a guest address
 * @m:      the module
 * @call:   the SEAMCALL, with the TD
 * @sept:   has the address; the entry is stored here
 * @wanted: the level of the entry; the walk ends earlier at one that does not map a table
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_sept_walk(struct tdx_model *m, const struct tdx_model_call *call,
			 struct tdx_model_sept_operand *sept, unsigned int wanted)
{
	u64 table = call->td->tdcx_pa[TDX_MODEL_TDCX_SEPT_ROOT], i;

	for (sept->level = tdx_model_top_level(call->tdcs); ; sept->level--) {
		i = sept->gpa / sept_bytes(sept->level) % SEPT_NR_ENTRIES;
		sept->entry = m->ops->map(m->ctx, table + i * sizeof(u64), sizeof(u64));
		sept->value = __atomic_load_n(sept->entry, __ATOMIC_ACQUIRE) & ~SEPT_LOCKED;
		if (sept->level == wanted ||
		    tdx_model_sept_state(sept->value) != TDX_MODEL_SEPT_NL_MAPPED)
			break;
		table = sept->value & SEPT_HPA;
	}
}

/* The value is read again with the lock held. */
static u64 lock_entry(struct tdx_model *m, struct tdx_model_call *call,
		      const struct tdx_model_lock_rule *rule)
{
	if (rule->mode == TDX_MODEL_UNLOCKED)
		return TDX_SUCCESS;
	call->sept.locked = tdx_model_sept_try_lock(call->sept.entry, &call->sept.value);
	return call->sept.locked ? TDX_SUCCESS :
		tdx_model_sept_refuse(m, call, TDX_OPERAND_BUSY,
				      "the entry of % at level % is locked: %");
}

static bool is_legal(const struct tdx_model_call *call)
{
	return call->leaf->sept_states & BIT(tdx_model_sept_state(call->sept.value));
}

/**
 * tdx_model_sept_entry - find the entry of a guest address and level, and lock it
 * @m:    the module
 * @call: the SEAMCALL, with address and level; the entry is stored here
 * @rule: lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_sept_entry(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_lock_rule *rule)
{
	u64 status;

	tdx_model_sept_walk(m, call, &call->sept, call->sept.wanted_level);
	if (call->sept.level != call->sept.wanted_level)
		return tdx_model_sept_refuse(m, call, TDX_EPT_WALK_FAILED,
					     "the walk to % ends at level %, at the entry %");
	status = lock_entry(m, call, rule);
	if (!status && !is_legal(call))
		status = tdx_model_sept_refuse(m, call, TDX_EPT_ENTRY_STATE_INCORRECT,
					       "the entry of % at level % is %");
	return status;
}

/**
 * tdx_model_sept_page - find the entry that maps a page, of any size, and lock it
 * @m:    the module
 * @call: the SEAMCALL, with the address; the entry is stored here
 * @rule: lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_sept_page(struct tdx_model *m, struct tdx_model_call *call,
			const struct tdx_model_lock_rule *rule)
{
	u64 status = TDX_SUCCESS;

	tdx_model_sept_walk(m, call, &call->sept, 0);
	if (is_legal(call))
		status = lock_entry(m, call, rule);
	if (!status && !is_legal(call))
		status = tdx_model_sept_refuse(m, call, TDX_EPT_ENTRY_NOT_PRESENT,
					       "% is not mapped at level %, but by %");
	return status;
}

/**
 * tdx_model_sept_contents - access memory at the guest address of the SEAMCALL
 * @m:     the module
 * @call:  the SEAMCALL, with the entry that maps the address
 * @bytes: the size, aligned like the address
 *
 * Context: On the logical processor that runs the leaf, with the entry locked.
 * Return: The memory.
 */
void *tdx_model_sept_contents(struct tdx_model *m, struct tdx_model_call *call, u64 bytes)
{
	u64 offset = call->sept.gpa & (sept_bytes(call->sept.level) - 1);

	return m->ops->map(m->ctx, (call->sept.value & SEPT_HPA) + offset, bytes);
}

/* Pages are outputs of version 1, too. */
u64 tdx_model_mem_sept_add_check(struct tdx_model *m, struct tdx_model_call *call)
{
	unsigned int i;
	u64 pa;

	for (i = TDX_OPERAND_ID_R8; call->version && i <= TDX_OPERAND_ID_R11; i++) {
		pa = *tdx_model_register(&call->in, i);
		if (call->version == 1 && pa != TDX_NULL_PA)
			pa &= ~TDX_UNUSED_PA;
		*tdx_model_register(call->out, i) = pa;
	}
	return tdx_model_flag_operand(m, call);
}

/* Version 1 also has operands for the secure EPTs of L2 VMs, which this model has not. */
static u64 check_l2_pages(struct tdx_model *m, struct tdx_model_call *call)
{
	unsigned int i;
	u64 pa;

	for (i = TDX_OPERAND_ID_R9; call->version && i <= TDX_OPERAND_ID_R11; i++) {
		pa = *tdx_model_register(&call->in, i);
		if (pa != TDX_NULL_PA)
			return refuse1(m, TDX_OPERAND_INVALID | i,
				       "the page % is for an L2 VM that the TD has not", pa);
	}
	return TDX_SUCCESS;
}

static u64 lock_new_table(struct tdx_model *m, struct tdx_model_call *call, void **page)
{
	const struct tdx_model_lock_rule rule = {
		.mode = TDX_MODEL_EXCLUSIVE, .operand = TDX_OPERAND_ID_R8,
	};
	u64 pa = call->in.r8 & ~TDX_UNUSED_PA;
	u64 status = tdx_model_page_operand(m, call, &rule, pa, TDX_PAGE_NDA, &call->page);

	return status ?: tdx_model_map_new_page(m, call, TDX_OPERAND_ID_R8, page);
}

/**
 * tdx_model_sept_set_table - let the entry of the SEAMCALL refer to its page
 * @m:    the module
 * @call: the SEAMCALL, with the page, which has all its entries
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_sept_set_table(struct tdx_model *m, struct tdx_model_call *call)
{
	tdx_model_take_page(m, &call->page, TDX_PAGE_EPT, call->tdr.pa);
	__atomic_fetch_add(&call->td->chldcnt, 1, __ATOMIC_RELAXED);
	tdx_model_sept_set(call, call->page.pa | SEPT_RWX | SEPT_SUPPRESS_VE);
}

static u64 add_table(struct tdx_model *m, struct tdx_model_call *call)
{
	void *page;
	u64 status = lock_new_table(m, call, &page);

	if (!status)
		status = check_l2_pages(m, call);
	if (status)
		return status;
	tdx_model_sept_fill(page);
	tdx_model_sept_set_table(m, call);
	if (call->version)
		call->out->r8 = TDX_NULL_PA;
	return TDX_SUCCESS;
}

u64 tdx_model_mem_sept_add(struct tdx_model *m, struct tdx_model_call *call)
{
	bool exists = tdx_model_sept_state(call->sept.value) == TDX_MODEL_SEPT_NL_MAPPED;
	bool no_page = call->in.r8 == TDX_NULL_PA;
	u64 status;

	if (no_page && !call->version)
		return refuse(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8, "no page in R8");
	if (exists ? !no_page && !(call->in.rdx & TDX_SEPT_ADD_ALLOW_EXISTING) : no_page)
		return tdx_model_sept_refuse(m, call, TDX_EPT_ENTRY_STATE_INCORRECT,
					     "the entry of % at level % is %");
	if (!exists)
		return add_table(m, call);
	status = check_l2_pages(m, call);
	if (!status && call->version && !no_page)
		call->out->r8 |= TDX_UNUSED_PA;
	return status;
}

/* R8 is an output only if it is asked for. */
u64 tdx_model_mem_sept_rd_begin(struct tdx_model *m, struct tdx_model_call *call)
{
	call->out->r8 = call->in.r8;
	return TDX_SUCCESS;
}

u64 tdx_model_mem_sept_rd_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->in.rdx & TDX_FLAG && !(call->tdcs->attributes & TDX_TD_ATTR_DEBUG))
		return refuse(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
			      "attributes for L2 VMs are shown of a debug TD only");
	return tdx_model_gpa_operand(m, call);
}

u64 tdx_model_mem_sept_rd(struct tdx_model *m, struct tdx_model_call *call)
{
	tdx_model_sept_describe(call);
	/* There are no attributes without L2 VMs. */
	if (call->in.rdx & TDX_FLAG)
		call->out->r8 = 0;
	return TDX_SUCCESS;
}

/**
 * tdx_model_no_l2_pages - show that pages of L2 VMs were not removed
 * @m:    the module
 * @call: the SEAMCALL
 *
 * Context: On the logical processor that runs the leaf, before any check.
 * Return: TDX_SUCCESS.
 */
u64 tdx_model_no_l2_pages(struct tdx_model *m, struct tdx_model_call *call)
{
	unsigned int i;

	for (i = TDX_OPERAND_ID_R9; call->version && i <= TDX_OPERAND_ID_R11; i++)
		*tdx_model_register(call->out, i) = TDX_NULL_PA;
	return TDX_SUCCESS;
}

static bool is_empty(const u64 *table)
{
	unsigned int i;

	for (i = 0; i < SEPT_NR_ENTRIES; i++)
		if (__atomic_load_n(&table[i], __ATOMIC_RELAXED) != SEPT_FREE)
			return false;
	return true;
}

u64 tdx_model_mem_sept_remove(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 pa = call->sept.value & SEPT_HPA;

	if (!is_empty(m->ops->map(m->ctx, pa, PAGE_BYTES)))
		return tdx_model_sept_refuse(m, call, TDX_EPT_PAGE_NOT_FREE,
					     "the page for % at level % is not empty: %");
	tdx_model_give_page_back(m, &call->mapped);
	__atomic_fetch_sub(&call->td->chldcnt, 1, __ATOMIC_RELAXED);
	tdx_model_sept_set(call, SEPT_FREE);
	call->out->rcx = pa;
	return TDX_SUCCESS;
}
