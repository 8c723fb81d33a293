// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: the TDCALL instruction, and its leaves for the vCPU.
 *
 * TDX Module ABI specification, "TDCALL Instruction (Common)", TDG.VP.*.
 */
#include "td_run.h"

#define SYS_RD_AVAILABLE	BIT_ULL(0)	/* TDG.VP.INFO, R10 */
#define CPUIDVE_SUPERVISOR	BIT_ULL(0)
#define CPUIDVE_USER		BIT_ULL(1)

/**
 * tdx_model_gpr - a general register of the guest
 * @e: the entry
 * @i: the register
 *
 * Context: On the logical processor that runs the leaf.
 * Return: A pointer to its value.
 */
u64 *tdx_model_gpr(struct tdx_model_entry *e, enum tdx_model_gpr i)
{
	return &e->guest->gpr[i];
}

/**
 * tdx_model_tdcall_status - complete a TDCALL
 * @e:      the entry
 * @status: for RAX
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_MODEL_COMPLETED.
 */
enum tdx_model_outcome tdx_model_tdcall_status(struct tdx_model_entry *e, u64 status)
{
	*tdx_model_gpr(e, TDX_MODEL_RAX) = status;
	return TDX_MODEL_COMPLETED;
}

/* RAX and RCX have other uses, and RSP cannot be passed. */
static enum tdx_model_outcome vp_vmcall(struct tdx_model_entry *e)
{
	const struct tdx_model_to_host to_host = { .rax = e->exit.reason, .is_vmcall = true };
	u64 mask = *tdx_model_gpr(e, TDX_MODEL_RCX), reserved = TDX_VMCALL_MASK_RESERVED;

	if (e->tdcs->config_flags & TDX_CONFIG_FLAG_NO_RBP_MOD)
		reserved |= TDX_VMCALL_MASK_RBP;
	if (mask & reserved)
		return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
	e->vcpu->vmcall_mask = mask;
	tdx_model_skip_instruction(e);
	return tdx_model_leave(e, &to_host);
}

static enum tdx_model_outcome vp_info(struct tdx_model_entry *e)
{
	u32 nr_vcpus = __atomic_load_n(&e->tdcs->nr_vcpus, __ATOMIC_RELAXED);
	u64 *gpr = e->guest->gpr;

	gpr[TDX_MODEL_RCX] = tdx_model_shared_bit(e->tdcs) + 1;
	gpr[TDX_MODEL_RDX] = e->tdcs->attributes;
	gpr[TDX_MODEL_R8] = nr_vcpus | (u64)e->tdcs->max_vcpus << 32;
	gpr[TDX_MODEL_R9] = e->vcpu->index;
	gpr[TDX_MODEL_R10] = SYS_RD_AVAILABLE;
	gpr[TDX_MODEL_R11] = 0;
	return tdx_model_tdcall_status(e, TDX_SUCCESS);
}

static enum tdx_model_outcome vp_veinfo_get(struct tdx_model_entry *e)
{
	struct tdx_model_ve_info *info = &e->vcpu->ve_info;
	bool valid = info->valid;
	u64 *gpr = e->guest->gpr;

	gpr[TDX_MODEL_RCX] = valid ? info->reason : 0;
	gpr[TDX_MODEL_RDX] = valid ? info->qualification : 0;
	gpr[TDX_MODEL_R8] = valid ? info->gla : 0;
	gpr[TDX_MODEL_R9] = valid ? info->gpa : 0;
	gpr[TDX_MODEL_R10] = valid ? info->instruction_length |
				     (u64)info->instruction_info << 32 : 0;
	info->valid = 0;
	return tdx_model_tdcall_status(e, valid ? TDX_SUCCESS : TDX_NO_VALID_VE_INFO);
}

static enum tdx_model_outcome vp_cpuidve_set(struct tdx_model_entry *e)
{
	u64 flags = *tdx_model_gpr(e, TDX_MODEL_RCX);

	if (flags & ~(CPUIDVE_SUPERVISOR | CPUIDVE_USER))
		return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
	e->vcpu->cpuid_supervisor_ve = !!(flags & CPUIDVE_SUPERVISOR);
	e->vcpu->cpuid_user_ve = !!(flags & CPUIDVE_USER);
	return tdx_model_tdcall_status(e, TDX_SUCCESS);
}

/* No other TD is bound to this one. */
static enum tdx_model_outcome servtd(struct tdx_model_entry *e)
{
	return tdx_model_tdcall_status(e, TDX_SERVTD_NOT_BOUND);
}

/* There are no L2 VMs. */
static enum tdx_model_outcome vp_enter(struct tdx_model_entry *e)
{
	u64 gpa = *tdx_model_gpr(e, TDX_MODEL_RDX);
	bool is_bad = gpa & 0xff || gpa >> tdx_model_shared_bit(e->tdcs);

	return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | (is_bad ? TDX_OPERAND_ID_RDX :
									  TDX_OPERAND_ID_RCX));
}

static enum tdx_model_outcome vp_invept(struct tdx_model_entry *e)
{
	return tdx_model_tdcall_status(e, *tdx_model_gpr(e, TDX_MODEL_RCX) ?
					  TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX : TDX_SUCCESS);
}

static enum tdx_model_outcome vp_invvpid(struct tdx_model_entry *e)
{
	return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
}

static const struct {
	enum tdx_model_outcome (*run)(struct tdx_model_entry *e);
	u8 max_version;
} leaves[TDG_NR_LEAVES] = {
	[TDG_VP_VMCALL]		= { .run = vp_vmcall },
	[TDG_VP_INFO]		= { .run = vp_info },
	[TDG_MR_RTMR_EXTEND]	= { .run = tdx_model_tdg_mr_rtmr_extend },
	[TDG_VP_VEINFO_GET]	= { .run = vp_veinfo_get },
	[TDG_MR_REPORT]		= { .run = tdx_model_tdg_mr_report },
	[TDG_VP_CPUIDVE_SET]	= { .run = vp_cpuidve_set },
	[TDG_MEM_PAGE_ACCEPT]	= { .run = tdx_model_tdg_mem_page_accept },
	[TDG_VM_RD]		= { .run = tdx_model_tdg_vm_rd, .max_version = 1 },
	[TDG_VM_WR]		= { .run = tdx_model_tdg_vm_wr },
	[TDG_VP_RD]		= { .run = tdx_model_tdg_vp_rd },
	[TDG_VP_WR]		= { .run = tdx_model_tdg_vp_wr },
	[TDG_SYS_RD]		= { .run = tdx_model_tdg_sys_rd },
	[TDG_SYS_RDALL]		= { .run = tdx_model_tdg_sys_rdall },
	[TDG_SERVTD_RD]		= { .run = servtd },
	[TDG_SERVTD_WR]		= { .run = servtd },
	[TDG_MR_VERIFYREPORT]	= { .run = tdx_model_tdg_mr_verifyreport },
	[TDG_MEM_PAGE_ATTR_RD]	= { .run = tdx_model_tdg_mem_page_attr_rd },
	[TDG_MEM_PAGE_ATTR_WR]	= { .run = tdx_model_tdg_mem_page_attr_wr },
	[TDG_VP_ENTER]		= { .run = vp_enter },
	[TDG_VP_INVEPT]		= { .run = vp_invept },
	[TDG_VP_INVVPID]	= { .run = vp_invvpid },
};

/**
 * tdx_model_tdcall - run a TDCALL of the guest
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: How the guest continues.
 */
enum tdx_model_outcome tdx_model_tdcall(struct tdx_model_entry *e)
{
	u64 rax = *tdx_model_gpr(e, TDX_MODEL_RAX);
	u64 version = (rax & TDX_LEAF_VERSION_MASK) >> TDX_LEAF_VERSION_SHIFT;
	u64 number = rax & TDX_LEAF_NUMBER_MASK;

	if (!tdx_model_is_64bit(e->guest))
		return tdx_model_inject_gp(e);
	if (rax & ~(TDX_LEAF_NUMBER_MASK | TDX_LEAF_VERSION_MASK) || number >= TDG_NR_LEAVES ||
	    !leaves[number].run || version > leaves[number].max_version)
		return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RAX);
	return leaves[number].run(e);
}
