// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: dispatching a SEAMCALL to its leaf.
 *
 * TDX Module Base Architecture Specification, "Intel TDX Module Lifecycle";
 * TDX Module ABI specification, "SEAMCALL Instruction (Common)".
 */
#include "internal.h"

static void clear_outputs(struct tdx_model_call *call)
{
	u16 outputs = call->leaf->outputs | (call->version ? call->leaf->outputs_1 : 0);
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_REGISTERS; i++)
		if (outputs & BIT(i))
			*tdx_model_register(call->out, i) = 0;
}

static u64 refuse_version(struct tdx_model *m, u64 number, u64 version)
{
	return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX, "leaf % has no version %",
		       number, version);
}

/* The common part of all leaves: outputs, checks and locks. */
static u64 run_leaf(struct tdx_model *m, const struct tdx_model_leaf *leaf,
		    struct tdx_model_regs *regs, unsigned int version)
{
	struct tdx_model_call call = {
		.leaf = leaf, .version = version, .in = regs->gpr, .out = &regs->gpr,
		.rbp = &regs->rbp,
	};
	u64 status = TDX_SUCCESS;

	clear_outputs(&call);
	if (leaf->check)
		status = leaf->check(m, &call);
	if (!status && version > 1)
		status = refuse_version(m, regs->rax & TDX_LEAF_NUMBER_MASK, version);
	if (!status)
		status = tdx_model_take_locks(m, &call);
	if (!status)
		status = leaf->run(m, &call);
	tdx_model_release_locks(&call);
	return status;
}

/* Also for leaves that do not exist. */
static u64 refuse_state(struct tdx_model *m, u64 number, enum tdx_model_state state)
{
	if (state == TDX_MODEL_SHUTDOWN)
		return refuse(m, TDX_SYS_SHUTDOWN, "the module was shut down");
	if (state == TDX_MODEL_DISABLING)
		return refuse(m, TDX_SYS_NOT_READY, "TDH.SYS.DISABLE has begun");
	return refuse2(m, TDX_SYS_NOT_READY, "leaf % in module state %", number, state);
}

static bool has(const struct tdx_model *m, u8 generations)
{
	return generations & BIT(m->config.generation);
}

static bool has_version(const struct tdx_model *m, const struct tdx_model_leaf *leaf, u64 version)
{
	if (!version)
		return true;
	return has(m, leaf->version_1) && (version == 1 || leaf->any_version);
}

/* @inside: value of lps_inside before this logical processor entered */
static u64 dispatch(struct tdx_model *m, struct tdx_model_regs *regs, int inside)
{
	enum tdx_model_state state = inside & TDX_MODEL_CLOSED ? TDX_MODEL_SHUTDOWN :
								 tdx_model_state(m);
	u64 number = regs->rax & TDX_LEAF_NUMBER_MASK;
	u64 version = (regs->rax & TDX_LEAF_VERSION_MASK) >> TDX_LEAF_VERSION_SHIFT;
	const struct tdx_model_leaf *leaf = tdx_model_leaf(number);

	if (regs->rax & ~(TDX_LEAF_NUMBER_MASK | TDX_LEAF_VERSION_MASK))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX,
			       "reserved bits are set in RAX %", regs->rax);
	if (!has_version(m, leaf, version))
		return refuse_version(m, number, version);
	if (inside & TDX_MODEL_ALONE)
		return refuse(m, TDX_SYS_BUSY, "another logical processor disables the module");
	if (!has(m, leaf->generations) || (leaf->runs_guest && !m->ops->guests))
		leaf = &tdx_model_no_leaf;
	if (!(leaf->states & BIT(state)))
		return refuse_state(m, number, state);
	if (!leaf->run)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX,
			       "leaf % does not exist, or not in this model", number);
	return run_leaf(m, leaf, regs, version);
}

/**
 * tdx_model_seamcall - one SEAMCALL on the calling logical processor
 * @m:    the module
 * @regs: inputs and outputs of the instruction; the status is in @regs->rax
 *
 * Context: Any.  Several logical processors may be in the module at the same
 *          time; locks are tried once.  Must not migrate while it runs.
 */
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
