// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TDH.SYS.INIT, and TDH.SYS.LP.INIT on each logical processor.
 */
#include "platform.h"

/* MSRs that have to be equal on all logical processors. */
static const u32 recorded_msrs[TDX_MODEL_NR_RECORDED_MSRS] = {
	MSR_TSC_ADJUST, MSR_KEYID_PARTITIONING, MSR_ARCH_CAPABILITIES,
	MSR_TME_ACTIVATE, MSR_SEAMRR_BASE, MSR_SEAMRR_MASK,
};

static void zero_outputs(struct tdx_model_regs *regs)
{
	regs->rcx = 0;
	regs->rdx = 0;
	regs->r8 = 0;
	regs->r9 = 0;
	regs->r10 = 0;
}

u64 tdx_model_sys_init(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 attributes = regs->rcx, status;
	unsigned int i;

	zero_outputs(regs);
	if (attributes)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "reserved attributes % are set", attributes);
	if (!tdx_model_try_exclusive(&m->global_lock))
		return refuse(m, TDX_SYS_BUSY, "the global lock is taken");

	if (tdx_model_state(m) != TDX_MODEL_INIT_PENDING)
		status = refuse1(m, TDX_SYS_INIT_NOT_PENDING, "module state is %", tdx_model_state(m));
	else
		status = tdx_model_check_platform(m, regs);

	if (!status) {
		for (i = 0; i < TDX_MODEL_NR_RECORDED_MSRS; i++)
			m->recorded_msrs[i] = tdx_model_read_msr(m, recorded_msrs[i]);
		tdx_model_enter_state(m, TDX_MODEL_INIT_DONE);
	}
	tdx_model_unlock(&m->global_lock);
	return status;
}

static u64 check_lp(struct tdx_model *m, struct tdx_model_regs *regs)
{
	struct tdx_model_regs details = {};
	unsigned int i;
	u64 value, status;

	if (tdx_model_state(m) != TDX_MODEL_INIT_DONE)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_PENDING, "module state is %", tdx_model_state(m));
	if (lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_DONE, "logical processor %", this_lp(m));

	for (i = 0; i < TDX_MODEL_NR_RECORDED_MSRS; i++) {
		value = tdx_model_read_msr(m, recorded_msrs[i]);
		if (value != m->recorded_msrs[i])
			return refuse3(m, TDX_INCONSISTENT_MSR | recorded_msrs[i],
				       "MSR % is % here and % where TDH.SYS.INIT ran",
				       recorded_msrs[i], value, m->recorded_msrs[i]);
	}

	/* Unlike TDH.SYS.INIT this leaf has R9 and R10 not as outputs. */
	status = tdx_model_check_cpuid(m, &details);
	regs->rcx = details.rcx;
	regs->rdx = details.rdx;
	regs->r8 = details.r8;
	if (status)
		return refuse1(m, TDX_INCONSISTENT_CPUID_FIELD, "CPUID leaf|subleaf %", regs->rcx);
	return tdx_model_check_entropy(m);
}

u64 tdx_model_sys_lp_init(struct tdx_model *m, struct tdx_model_regs *regs)
{
	u64 status;

	regs->rcx = 0;
	regs->rdx = 0;
	regs->r8 = 0;
	if (this_lp(m) >= m->config.nr_lps)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_PENDING,
			       "logical processor % was not there when the platform booted",
			       this_lp(m));
	if (!tdx_model_try_shared(&m->global_lock))
		return refuse(m, TDX_SYS_BUSY, "the global lock is taken");

	status = check_lp(m, regs);
	if (!status) {
		lp_state(m)->init_done = true;
		__atomic_fetch_add(&m->nr_lps_init_done, 1, __ATOMIC_RELAXED);
	}
	tdx_model_unlock(&m->global_lock);
	return status;
}
