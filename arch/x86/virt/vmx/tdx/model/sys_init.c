// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TDH.SYS.INIT, and TDH.SYS.LP.INIT on each logical processor.
 */
#include "platform.h"

/* MSRs that have to be equal on all logical processors. */
enum {
	TSC_ADJUST, KEYID_PARTITIONING, ARCH_CAPABILITIES, TME_ACTIVATE, SEAMRR_BASE, SEAMRR_MASK
};

static const u32 recorded_msrs[TDX_MODEL_NR_RECORDED_MSRS] = {
	[TSC_ADJUST] = MSR_TSC_ADJUST,
	[KEYID_PARTITIONING] = MSR_KEYID_PARTITIONING,
	[ARCH_CAPABILITIES] = MSR_ARCH_CAPABILITIES,
	[TME_ACTIVATE] = MSR_TME_ACTIVATE,
	[SEAMRR_BASE] = MSR_SEAMRR_BASE,
	[SEAMRR_MASK] = MSR_SEAMRR_MASK,
};

/**
 * tdx_model_record_msrs - record MSRs that have to be equal on all logical processors
 * @m: the module
 *
 * Context: On the logical processor that runs TDH.SYS.INIT.
 */
void tdx_model_record_msrs(struct tdx_model *m)
{
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_RECORDED_MSRS; i++)
		m->recorded_msrs[i] = tdx_model_read_msr(m, recorded_msrs[i]);
}

/**
 * tdx_model_native_arch_capabilities - the CPUs' IA32_ARCH_CAPABILITIES
 * @m: the module
 *
 * Context: Any, once TDH.SYS.INIT has run.
 * Return: The value.
 */
u64 tdx_model_native_arch_capabilities(const struct tdx_model *m)
{
	return m->recorded_msrs[ARCH_CAPABILITIES];
}

/**
 * tdx_model_check_tsc_adjust - check IA32_TSC_ADJUST against its value at TDH.SYS.INIT
 * @m: the module
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_check_tsc_adjust(struct tdx_model *m)
{
	u64 value = tdx_model_read_msr(m, MSR_TSC_ADJUST);

	return value == m->recorded_msrs[TSC_ADJUST] ? TDX_SUCCESS :
		refuse2(m, TDX_INCONSISTENT_MSR | MSR_TSC_ADJUST,
			"IA32_TSC_ADJUST is % here and % where TDH.SYS.INIT ran", value,
			m->recorded_msrs[TSC_ADJUST]);
}

u64 tdx_model_sys_init_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->in.rcx)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX,
			       "reserved attributes % are set", call->in.rcx);
	return TDX_SUCCESS;
}

u64 tdx_model_sys_init(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status;

	if (tdx_model_state(m) != TDX_MODEL_INIT_PENDING)
		return refuse1(m, TDX_SYS_INIT_NOT_PENDING, "module state is %", tdx_model_state(m));
	status = tdx_model_check_platform(m, call->out);
	if (status)
		return status;

	tdx_model_record_platform(m);
	tdx_model_enter_state(m, TDX_MODEL_INIT_DONE);
	return TDX_SUCCESS;
}

static u64 check_lp(struct tdx_model *m, struct tdx_regs *out)
{
	struct tdx_regs details = {};
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

	/* Unlike for TDH.SYS.INIT, R9 and R10 are not outputs of this leaf. */
	status = tdx_model_check_cpuid(m, &details);
	out->rcx = details.rcx;
	out->rdx = details.rdx;
	out->r8 = details.r8;
	if (status)
		return refuse1(m, TDX_INCONSISTENT_CPUID_FIELD, "CPUID leaf|subleaf %", out->rcx);
	return tdx_model_check_entropy(m);
}

u64 tdx_model_sys_lp_init_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (this_lp(m) >= m->config.nr_lps)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_PENDING,
			       "logical processor % was not there when the platform booted",
			       this_lp(m));
	return TDX_SUCCESS;
}

u64 tdx_model_sys_lp_init(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status = check_lp(m, call->out);

	if (!status) {
		lp_state(m)->init_done = true;
		__atomic_fetch_add(&m->nr_lps_init_done, 1, __ATOMIC_RELAXED);
	}
	return status;
}
