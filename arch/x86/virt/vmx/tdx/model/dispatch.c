// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: from SEAMCALL to the leaf.
 *
 * TDX Module Base Architecture Specification, "Intel TDX Module Lifecycle";
 * TDX Module ABI specification, "SEAMCALL Instruction (Common)".
 */
#include "internal.h"

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
		return tdx_model_sys_lp_shutdown(m, regs);
	}

	if (m->config.generation >= TDX_MODEL_1_5)
		switch (leaf) {
		case TDH_SYS_RD:
			return tdx_model_sys_rd(m, regs);
		case TDH_SYS_RDALL:
			return tdx_model_sys_rdall(m, regs);
		case TDH_SYS_SHUTDOWN:
			return tdx_model_sys_shutdown(m, regs);
		case TDH_SYS_UPDATE:
			return tdx_model_sys_update(m, regs);
		}
	if (m->config.generation >= TDX_MODEL_2_0 && leaf == TDH_SYS_DISABLE)
		return tdx_model_sys_disable(m, regs);

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
