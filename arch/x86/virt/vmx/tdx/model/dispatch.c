// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: dispatcher, module state and locks.
 *
 * TDX Module Base Architecture Specification, "Intel TDX Module Lifecycle";
 * TDX Module ABI specification, "SEAMCALL Instruction (Common)".
 */
#include "internal.h"

#define MSR_INTR_PENDING	0x9a

bool tdx_model_try_exclusive(struct tdx_model_lock *lock)
{
	int expected = 0;

	return __atomic_compare_exchange_n(&lock->holders, &expected, -1, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool tdx_model_try_shared(struct tdx_model_lock *lock)
{
	int holders = __atomic_load_n(&lock->holders, __ATOMIC_RELAXED);

	while (holders >= 0)
		if (__atomic_compare_exchange_n(&lock->holders, &holders, holders + 1, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

void tdx_model_unlock(struct tdx_model_lock *lock)
{
	if (__atomic_load_n(&lock->holders, __ATOMIC_RELAXED) < 0)
		__atomic_store_n(&lock->holders, 0, __ATOMIC_RELEASE);
	else
		__atomic_fetch_sub(&lock->holders, 1, __ATOMIC_RELEASE);
}

static char *put_hex(char *to, const char *end, u64 value)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 60;

	while (shift && !(value >> shift))
		shift -= 4;
	for (; shift >= 0 && to < end; shift -= 4)
		*to++ = digits[value >> shift & 15];
	return to;
}

u64 tdx_model_refuse(struct tdx_model *m, u64 status, const char *text, u64 a, u64 b, u64 c)
{
	char *to = lp_state(m)->why, *end = to + sizeof(lp_state(m)->why) - 1;
	u64 values[] = { a, b, c };
	unsigned int i = 0;

	for (; *text && to < end; text++) {
		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if (to < end - 2) {
			*to++ = '0';
			*to++ = 'x';
		}
		to = put_hex(to, end, i < 3 ? values[i++] : 0);
	}
	*to = '\0';
	return status;
}

/* Leaves that take a version other than 0, and since when. */
static bool version_1_exists(const struct tdx_model *m, u64 leaf)
{
	switch (leaf) {
	case TDH_MEM_SEPT_ADD:
	case TDH_MEM_SEPT_REMOVE:
	case TDH_MEM_PAGE_PROMOTE:
	case TDH_MNG_RD:
	case TDH_VP_RD:
		return m->config.generation >= TDX_MODEL_1_5;
	case TDH_VP_INIT:
		return m->config.generation >= TDX_MODEL_1_5_06;
	case TDH_SYS_INIT:
		return m->config.generation >= TDX_MODEL_2_0;
	default:
		return false;
	}
}

static bool allowed_before_ready(const struct tdx_model *m, u64 leaf)
{
	switch (leaf) {
	case TDH_SYS_INFO:
	case TDH_SYS_INIT:
	case TDH_SYS_LP_INIT:
	case TDH_SYS_CONFIG:
	case TDH_SYS_KEY_CONFIG:
	case TDH_SYS_LP_SHUTDOWN:
		return true;
	case TDH_SYS_RD:
	case TDH_SYS_RDALL:
	case TDH_SYS_UPDATE:
		return m->config.generation >= TDX_MODEL_1_5;
	case TDH_SYS_DISABLE:
		return m->config.generation >= TDX_MODEL_2_0;
	default:
		return false;
	}
}

/* From 1.5 on this does nothing; before, the module cannot be used any more. */
static u64 sys_lp_shutdown(struct tdx_model *m)
{
	if (m->config.generation == TDX_MODEL_1_0) {
		lp_state(m)->shut_down = true;
		/* For good, whatever state a leaf enters that is at work elsewhere. */
		__atomic_fetch_or(&m->lps_inside, TDX_MODEL_CLOSED, __ATOMIC_RELAXED);
		tdx_model_enter_state(m, TDX_MODEL_SHUTDOWN);
	}
	return TDX_SUCCESS;
}

/*
 * Shuts the door if nobody else is in.  Who comes later finds it shut, for the reason
 * @why, so that no other leaf is at work in a module that is shut down or disabled.
 */
static bool close_door(struct tdx_model *m, int why)
{
	int only_this_lp = 1;

	return __atomic_compare_exchange_n(&m->lps_inside, &only_this_lp, 1 | why, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static u64 sys_shutdown(struct tdx_model *m, struct tdx_model_regs *regs)
{
	const struct tdx_model_config *config = &m->config;
	u16 oldest = config->no_downgrade ? config->module_hv : config->min_update_hv;
	u64 status = TDX_SUCCESS;

	if (regs->rcx < oldest || regs->rcx > config->module_hv)
		return refuse3(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "handoff version % is not one of % to %", regs->rcx, oldest,
			       config->module_hv);
	if (!tdx_model_try_exclusive(&m->global_lock))
		return refuse(m, TDX_SYS_BUSY, "the global lock is taken");
	if (close_door(m, TDX_MODEL_CLOSED)) {
		tdx_model_leave_handoff(m, regs->rcx);
		tdx_model_enter_state(m, TDX_MODEL_SHUTDOWN);
	} else {
		status = refuse(m, TDX_SYS_BUSY, "another logical processor is in the module");
	}
	tdx_model_unlock(&m->global_lock);
	return status;
}

static u64 check_update(struct tdx_model *m)
{
	const struct tdx_model_handoff *handoff = &m->handoff;

	if (tdx_model_state(m) != TDX_MODEL_INIT_DONE || m->nr_lps_init_done != m->config.nr_lps)
		return refuse3(m, TDX_SYS_STATE_INCORRECT,
			       "module state is %, % of % logical processors are initialised",
			       tdx_model_state(m), m->nr_lps_init_done, m->config.nr_lps);
	if (!handoff->valid)
		return refuse(m, TDX_SYS_INVALID_HANDOFF, "no handoff data was left");
	if (handoff->version < m->config.min_update_hv || handoff->version > m->config.module_hv)
		return refuse3(m, TDX_SYS_INVALID_HANDOFF,
			       "handoff data is of version %, this module takes % to %",
			       handoff->version, m->config.min_update_hv, m->config.module_hv);
	return TDX_SUCCESS;
}

static u64 sys_update(struct tdx_model *m)
{
	u64 status;

	if (!tdx_model_try_exclusive(&m->global_lock))
		return refuse(m, TDX_SYS_BUSY, "the global lock is taken");
	status = check_update(m);
	if (!status) {
		tdx_model_take_handoff(m);
		tdx_model_enter_state(m, TDX_MODEL_READY);
	}
	tdx_model_unlock(&m->global_lock);
	return status;
}

static bool interrupt_is_pending(struct tdx_model *m)
{
	u64 value;

	return m->ops->rdmsr(m->ctx, MSR_INTR_PENDING, &value) && value;
}

/* As the P-SEAMLDR leaves it. */
static void begin_anew(struct tdx_model *m)
{
	unsigned int i;

	for (i = 0; i < TDX_MODEL_MAX_LPS; i++) {
		m->lps[i].init_done = false;
		m->lps[i].shut_down = false;
	}
	m->nr_lps_init_done = 0;
	memset(m->keyid_reserved, 0, sizeof(m->keyid_reserved));
	memset(m->pkg_key_configured, 0, sizeof(m->pkg_key_configured));
	m->global_keyid = 0;
	m->nr_tdmrs = 0;
	tdx_model_enter_state(m, TDX_MODEL_INIT_PENDING);
}

/* Each call gets on, by a TDMR at least, whatever interrupts it. */
static u64 disable(struct tdx_model *m)
{
	tdx_model_enter_state(m, TDX_MODEL_DISABLING);
	tdx_model_drop_handoff(m);
	while (m->nr_tdmrs) {
		tdx_model_drop_last_tdmr(m);
		if (m->nr_tdmrs && interrupt_is_pending(m))
			return refuse1(m, TDX_INTERRUPTED_RESUMABLE, "% TDMRs are left",
				       m->nr_tdmrs);
	}
	begin_anew(m);
	return TDX_SUCCESS;
}

/*
 * Gives all memory back and forgets all that was configured.  No source that is known
 * tells what other leaves answer meanwhile: here, that the module is busy while this
 * one runs, and not ready when it was interrupted.
 */
static u64 sys_disable(struct tdx_model *m)
{
	u64 status;

	if (!tdx_model_try_exclusive(&m->global_lock))
		return refuse(m, TDX_SYS_BUSY, "the global lock is taken");
	if (close_door(m, TDX_MODEL_ALONE)) {
		status = disable(m);
		__atomic_fetch_and(&m->lps_inside, ~TDX_MODEL_ALONE, __ATOMIC_RELEASE);
	} else {
		status = refuse(m, TDX_SYS_BUSY, "another logical processor is in the module");
	}
	tdx_model_unlock(&m->global_lock);
	return status;
}

static u64 run_leaf(struct tdx_model *m, struct tdx_model_regs *regs, u64 leaf)
{
	switch (leaf) {
	case TDH_SYS_INIT:
		return tdx_model_sys_init(m, regs);
	case TDH_SYS_LP_INIT:
		return tdx_model_sys_lp_init(m, regs);
	case TDH_SYS_INFO:
		return tdx_model_sys_info(m, regs);
	case TDH_SYS_CONFIG:
		return tdx_model_sys_config(m, regs);
	case TDH_SYS_KEY_CONFIG:
		return tdx_model_sys_key_config(m, regs);
	case TDH_SYS_TDMR_INIT:
		return tdx_model_sys_tdmr_init(m, regs);
	case TDH_SYS_LP_SHUTDOWN:
		return sys_lp_shutdown(m);
	}

	if (m->config.generation >= TDX_MODEL_1_5)
		switch (leaf) {
		case TDH_SYS_RD:
			return tdx_model_sys_rd(m, regs);
		case TDH_SYS_RDALL:
			return tdx_model_sys_rdall(m, regs);
		case TDH_SYS_SHUTDOWN:
			return sys_shutdown(m, regs);
		case TDH_SYS_UPDATE:
			return sys_update(m);
		}
	if (m->config.generation >= TDX_MODEL_2_0 && leaf == TDH_SYS_DISABLE)
		return sys_disable(m);

	return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX,
		       "leaf % does not exist, or not in this model", leaf);
}

/* @inside is what lps_inside was before this logical processor came. */
static u64 dispatch(struct tdx_model *m, struct tdx_model_regs *regs, int inside)
{
	enum tdx_model_state state = inside & TDX_MODEL_CLOSED ? TDX_MODEL_SHUTDOWN :
								 tdx_model_state(m);
	u64 leaf = regs->rax & TDX_LEAF_NUMBER_MASK;
	u64 version = (regs->rax & TDX_LEAF_VERSION_MASK) >> TDX_LEAF_VERSION_SHIFT;

	if (regs->rax & ~(TDX_LEAF_NUMBER_MASK | TDX_LEAF_VERSION_MASK))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX,
			       "reserved bits are set in RAX %", regs->rax);
	if (version > 1 || (version == 1 && !version_1_exists(m, leaf)))
		return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX,
			       "leaf % has no version %", leaf, version);
	if (inside & TDX_MODEL_ALONE)
		return refuse(m, TDX_SYS_BUSY, "another logical processor disables the module");
	if (state == TDX_MODEL_DISABLING && leaf != TDH_SYS_DISABLE && leaf != TDH_SYS_LP_SHUTDOWN)
		return refuse(m, TDX_SYS_NOT_READY, "TDH.SYS.DISABLE has begun");
	if (state == TDX_MODEL_SHUTDOWN && leaf != TDH_SYS_LP_SHUTDOWN)
		return refuse(m, TDX_SYS_SHUTDOWN, "the module was shut down");
	if (state != TDX_MODEL_READY && state != TDX_MODEL_SHUTDOWN &&
	    !allowed_before_ready(m, leaf))
		return refuse2(m, TDX_SYS_NOT_READY, "leaf % in module state %", leaf, state);
	return run_leaf(m, regs, leaf);
}

/* Then every index that comes from the config is below the length of its array. */
static bool has_room_for(const struct tdx_model_config *config)
{
	unsigned int i, nr_pkgs = 0;
	u64 seen = 0;

	if (!config->nr_lps || config->nr_lps > TDX_MODEL_MAX_LPS ||
	    config->nr_pkgs > TDX_MODEL_MAX_PKGS || config->max_tdmrs > TDX_MODEL_MAX_TDMRS ||
	    config->max_reserved_per_tdmr > TDX_TDMR_NR_RESERVED ||
	    config->pamt_entry_size > TDX_MODEL_MAX_PAMT_ENTRY ||
	    config->metadata_list_bytes > PAGE_BYTES)
		return false;
	for (i = 0; i < config->nr_lps; i++) {
		if (config->pkg_of_lp[i] >= config->nr_pkgs)
			return false;
		nr_pkgs += !(seen & BIT_ULL(config->pkg_of_lp[i]));
		seen |= BIT_ULL(config->pkg_of_lp[i]);
	}
	return nr_pkgs == config->nr_pkgs;
}

bool tdx_model_load(struct tdx_model *m, const struct tdx_model_config *config,
		    const struct tdx_model_ops *ops, void *ctx)
{
	if (!has_room_for(config))
		return false;

	memset(m, 0, sizeof(*m));
	m->config = *config;
	m->ops = ops;
	m->ctx = ctx;
	tdx_model_compose_sysinfo(m);
	return true;
}

bool tdx_model_update(struct tdx_model *m, const struct tdx_model_config *config)
{
	if (tdx_model_state(m) != TDX_MODEL_SHUTDOWN && !(m->lps_inside & TDX_MODEL_CLOSED))
		return false;
	if (!has_room_for(config))
		return false;

	m->config = *config;
	memset(&m->sysinfo, 0, sizeof(m->sysinfo));
	tdx_model_compose_sysinfo(m);
	m->lps_inside = 0;
	begin_anew(m);
	return true;
}

void tdx_model_find_in_state(struct tdx_model *m, enum tdx_model_state state)
{
	unsigned int i;

	m->state = state;
	if (state == TDX_MODEL_INIT_PENDING)
		return;
	for (i = 0; i < m->config.nr_lps; i++)
		m->lps[i].init_done = true;
	m->nr_lps_init_done = m->config.nr_lps;
	for (i = 0; i < m->config.nr_pkgs && state >= TDX_MODEL_READY; i++)
		m->pkg_key_configured[i] = true;
}

void tdx_model_seamcall(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 leaf = regs->rax & TDX_LEAF_NUMBER_MASK;
	int inside = __atomic_fetch_add(&m->lps_inside, 1, __ATOMIC_ACQUIRE);

	if (leaf >= TDX_MODEL_NR_LEAVES)
		leaf = TDX_MODEL_NR_LEAVES - 1;

	lp_state(m)->why[0] = '\0';
	regs->rax = dispatch(m, regs, inside);
	__atomic_fetch_sub(&m->lps_inside, 1, __ATOMIC_RELEASE);

	__atomic_fetch_add(&m->nr_seamcalls, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&m->nr_by_leaf[leaf], 1, __ATOMIC_RELAXED);
	if (regs->rax & TDX_STATUS_ERROR)
		__atomic_fetch_add(&m->nr_failed_by_leaf[leaf], 1, __ATOMIC_RELAXED);
}

const char *tdx_model_why(struct tdx_model *m)
{
	return lp_state(m)->why;
}
