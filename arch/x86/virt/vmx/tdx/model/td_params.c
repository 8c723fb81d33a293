// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: TDH.MNG.INIT and TD_PARAMS.
 *
 * TDX Module ABI specification, "TD_PARAMS" and TDH.MNG.INIT.  The order of checks is
 * that of a real module; the first failure determines the status.
 */
#include "platform.h"
#include "td_cpuid.h"

#define ATTRIBUTES_ALLOWED	(TDX_TD_ATTR_DEBUG | TDX_TD_ATTR_SEPT_VE_DISABLE | \
				 TDX_TD_ATTR_MIGRATABLE | TDX_TD_ATTR_PKS | TDX_TD_ATTR_PERFMON)
#define CONFIG_FLAGS_ALLOWED	(TDX_CONFIG_FLAG_GPAW | TDX_CONFIG_FLAG_FLEXIBLE_PENDING_VE | \
				 TDX_CONFIG_FLAG_NO_RBP_MOD)
#define EPT_CAP_5_LEVELS	BIT_ULL(7)

/* Virtual IA32_ARCH_CAPABILITIES */
#define CAPS_CONFIGURABLE	0x1180010ULL
#define CAPS_RRSBA		BIT_ULL(19)
#define CAPS_TSX_CTRL		BIT_ULL(7)
#define CAPS_HIDDEN		(~0ULL << 25 | BIT_ULL(23) | BIT_ULL(22) | BIT_ULL(21) | \
				 BIT_ULL(18) | BIT_ULL(17) | BIT_ULL(16) | BIT_ULL(11) | \
				 BIT_ULL(10) | BIT_ULL(9))

#define HP_LOCK_TIMEOUT_US	1000000ULL

static u64 refuse_field(struct tdx_model *m, unsigned int operand, const char *text, u64 value)
{
	return refuse1(m, TDX_OPERAND_INVALID | operand, text, value);
}

static u64 check_reserved(struct tdx_model *m, const struct tdx_td_params *params,
			  const void *from, size_t bytes)
{
	const u8 *byte = from, *end = byte + bytes;

	for (; byte < end; byte++)
		if (*byte)
			return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
				       "byte % of TD_PARAMS is reserved",
				       byte - (const u8 *)params);
	return TDX_SUCCESS;
}

static u64 check_attributes(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_td_params *p)
{
	const u64 exclusive = TDX_TD_ATTR_DEBUG | TDX_TD_ATTR_PERFMON;

	if (p->attributes & ~ATTRIBUTES_ALLOWED ||
	    (p->attributes & TDX_TD_ATTR_MIGRATABLE && p->attributes & exclusive))
		return refuse_field(m, TDX_OPERAND_ID_ATTRIBUTES, "ATTRIBUTES cannot be %",
				    p->attributes);
	return TDX_SUCCESS;
}

static bool all_or_none(u64 xfam, u64 bits)
{
	return !(xfam & bits) || (xfam & bits) == bits;
}

static u64 check_xfam(struct tdx_model *m, struct tdx_model_call *call,
		      const struct tdx_td_params *p)
{
	if ((p->xfam & TDX_XFAM_FP_SSE) != TDX_XFAM_FP_SSE || p->xfam & ~tdx_model_xfam_fixed0(m) ||
	    (p->xfam & TDX_XFAM_AVX512 && !(p->xfam & TDX_XFAM_AVX)) ||
	    !all_or_none(p->xfam, TDX_XFAM_AVX512) || !all_or_none(p->xfam, TDX_XFAM_CET) ||
	    !all_or_none(p->xfam, TDX_XFAM_AMX))
		return refuse_field(m, TDX_OPERAND_ID_XFAM, "XFAM cannot be %", p->xfam);
	return TDX_SUCCESS;
}

static u64 check_max_vcpus(struct tdx_model *m, struct tdx_model_call *call,
			   const struct tdx_td_params *p)
{
	return p->max_vcpus ? TDX_SUCCESS :
		refuse_field(m, TDX_OPERAND_ID_MAX_VCPUS, "a TD for % vCPUs", 0);
}

static bool is_1_0(const struct tdx_model *m)
{
	return m->config.generation == TDX_MODEL_1_0;
}

/* Reserved in a module 1.0. */
static u64 check_l2_vms(struct tdx_model *m, struct tdx_model_call *call,
			const struct tdx_td_params *p)
{
	unsigned int needed = TDX_MODEL_MIN_TDCX + p->num_l2_vms;

	if (is_1_0(m))
		return TDX_SUCCESS;
	if (p->num_l2_vms > TDX_MODEL_MAX_L2_VMS)
		return refuse_field(m, TDX_OPERAND_ID_NUM_L2_VMS, "% L2 VMs", p->num_l2_vms);
	if (call->td->nr_tdcx < needed)
		return refuse2(m, TDX_TDCS_NOT_ALLOCATED, "the TD has % of % TDCX pages",
			       call->td->nr_tdcx, needed);
	return TDX_SUCCESS;
}

static u64 check_reserved_0(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_td_params *p)
{
	u64 status = TDX_SUCCESS;

	if (is_1_0(m))
		status = check_reserved(m, p, &p->num_l2_vms, 2);
	return status ?: check_reserved(m, p, p->reserved0, sizeof(p->reserved0));
}

static u64 check_config_flags(struct tdx_model *m, struct tdx_model_call *call,
			      const struct tdx_td_params *p)
{
	u64 allowed = is_1_0(m) ? TDX_CONFIG_FLAG_GPAW : CONFIG_FLAGS_ALLOWED;

	return p->config_flags & ~allowed ?
		refuse_field(m, TDX_OPERAND_ID_EXEC_CONTROLS, "CONFIG_FLAGS cannot be %",
			     p->config_flags) : TDX_SUCCESS;
}

static u64 check_eptp_controls(struct tdx_model *m, struct tdx_model_call *call,
			       const struct tdx_td_params *p)
{
	const u64 four = TDX_EPTP_WB | TDX_EPTP_4_LEVELS, five = TDX_EPTP_WB | TDX_EPTP_5_LEVELS;
	bool has_5_levels = tdx_model_read_msr(m, MSR_VMX_EPT_VPID_CAP) & EPT_CAP_5_LEVELS;

	if ((p->eptp_controls == five && has_5_levels) ||
	    (p->eptp_controls == four && !(p->config_flags & TDX_CONFIG_FLAG_GPAW)))
		return TDX_SUCCESS;
	return refuse2(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_EPTP_CONTROLS,
		       "EPTP_CONTROLS cannot be % with CONFIG_FLAGS %", p->eptp_controls,
		       p->config_flags);
}

static u64 check_tsc(struct tdx_model *m, struct tdx_model_call *call,
		     const struct tdx_td_params *p)
{
	if (p->tsc_frequency < TDX_TSC_MIN_UNITS || p->tsc_frequency > TDX_TSC_MAX_UNITS)
		return refuse_field(m, TDX_OPERAND_ID_TSC_FREQUENCY, "TSC_FREQUENCY cannot be %",
				    p->tsc_frequency);
	return tdx_model_check_tsc_adjust(m);
}

static u64 check_reserved_1(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_td_params *p)
{
	u64 status = check_reserved(m, p, p->reserved1, sizeof(p->reserved1));

	if (!status && p->msr_config_ctls & ~TDX_MSR_CONFIG_ARCH_CAPABILITIES)
		status = refuse_field(m, TDX_OPERAND_ID_RDX, "MSR_CONFIG_CTLS cannot be %",
				      p->msr_config_ctls);
	return status ?: check_reserved(m, p, p->reserved2, sizeof(p->reserved2));
}

static u64 check_cpuid(struct tdx_model *m, struct tdx_model_call *call,
		       const struct tdx_td_params *p)
{
	struct tdx_model_tdcs *tdcs = call->tdcs;

	tdcs->attributes = p->attributes;
	tdcs->xfam = p->xfam;
	tdcs->tsc_frequency = p->tsc_frequency;
	return tdx_model_configure_cpuid(m, tdcs, p, &call->out->rcx);
}

static u64 check_reserved_3(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_td_params *p)
{
	const struct tdx_cpuid_value *unused = &p->cpuid_config[TDX_MODEL_NR_CPUID_CONFIGS];

	return check_reserved(m, p, unused, (const u8 *)(p + 1) - (const u8 *)unused);
}

static u64 check_arch_capabilities(struct tdx_model *m, struct tdx_model_call *call,
				   const struct tdx_td_params *p)
{
	u64 allowed = p->msr_config_ctls & TDX_MSR_CONFIG_ARCH_CAPABILITIES ?
		      CAPS_CONFIGURABLE : 0;

	return p->ia32_arch_capabilities_config & ~allowed ?
		refuse_field(m, TDX_OPERAND_ID_IA32_ARCH_CAPABILITIES_CONFIG,
			     "IA32_ARCH_CAPABILITIES_CONFIG cannot be %",
			     p->ia32_arch_capabilities_config) : TDX_SUCCESS;
}

static u64 check_migration(struct tdx_model *m, struct tdx_model_call *call,
			   const struct tdx_td_params *p)
{
	if (p->attributes & TDX_TD_ATTR_MIGRATABLE && p->num_l2_vms)
		return refuse_field(m, TDX_OPERAND_ID_RDX, "a TD with % L2 VMs cannot migrate",
				    p->num_l2_vms);
	return TDX_SUCCESS;
}

/* IA32_ARCH_CAPABILITIES of the guest */
static u64 virtual_arch_capabilities(const struct tdx_model *m, const struct tdx_model_tdcs *tdcs,
				     u64 config)
{
	u64 native = tdx_model_native_arch_capabilities(m);
	u64 kept = ~(CAPS_HIDDEN | CAPS_CONFIGURABLE) | config;

	if (!(tdcs->cpuid[TDX_MODEL_CPUID_7_0].ebx & CPUID_7_EBX_RTM))
		kept &= ~CAPS_TSX_CTRL;
	return (native & kept) | ((native | config) & CAPS_RRSBA);
}

/* @to_hz / @from_hz with 48 fractional bits */
static u64 tsc_multiplier(u64 to_hz, u64 from_hz)
{
	u64 quotient = to_hz / from_hz, rest = to_hz % from_hz;
	int bit;

	for (bit = 0; bit < 48; bit++) {
		rest <<= 1;
		quotient = quotient << 1 | (rest >= from_hz);
		if (rest >= from_hz)
			rest -= from_hz;
	}
	return quotient;
}

/* The TSC of the TD starts at 0. */
static void set_tsc(struct tdx_model *m, struct tdx_model_tdcs *tdcs)
{
	u64 now = tdx_model_read_msr(m, MSR_TSC);

	tdcs->tsc_multiplier = tsc_multiplier((u64)tdcs->tsc_frequency * TDX_TSC_UNIT_HZ,
					      tdx_model_tsc_hz(m));
	tdcs->tsc_offset = -(u64)((__uint128_t)now * tdcs->tsc_multiplier >> 48);
}

static void init_tdcs(struct tdx_model *m, struct tdx_model_tdcs *tdcs,
		      const struct tdx_td_params *p)
{
	tdcs->nr_vcpus = 0;
	tdcs->nr_assoc_vcpus = 0;
	tdcs->eptp_controls = p->eptp_controls;
	tdcs->config_flags = p->config_flags;
	tdcs->td_ctls = !!(p->attributes & TDX_TD_ATTR_SEPT_VE_DISABLE);
	tdcs->max_vcpus = p->max_vcpus;
	tdcs->num_l2_vms = is_1_0(m) ? 0 : p->num_l2_vms;
	tdcs->hp_lock_timeout = HP_LOCK_TIMEOUT_US * (tdx_model_tsc_hz(m) / 1000000);
	tdcs->td_epoch = 1;
	tdx_model_sha384_begin(&tdcs->measurement);
	memcpy(tdcs->mrconfigid, p->mrconfigid, sizeof(p->mrconfigid));
	memcpy(tdcs->mrowner, p->mrowner, sizeof(p->mrowner));
	memcpy(tdcs->mrownerconfig, p->mrownerconfig, sizeof(p->mrownerconfig));
	tdcs->arch_capabilities = virtual_arch_capabilities(m, tdcs,
							    p->ia32_arch_capabilities_config);
	set_tsc(m, tdcs);
	tdx_model_lay_out_xbuff(m, tdcs);
	tdcs->op_state = TDX_TD_INITIALIZED;
}

u64 tdx_model_mng_init_check(struct tdx_model *m, struct tdx_model_call *call)
{
	return tdx_model_check_cpuid_limit(m);
}

static u64 check_params(struct tdx_model *m, struct tdx_model_call *call,
			const struct tdx_td_params *params)
{
	static u64 (* const checks[])(struct tdx_model *m, struct tdx_model_call *call,
				      const struct tdx_td_params *params) = {
		check_attributes,
		check_xfam,
		check_max_vcpus,
		check_l2_vms,
		check_reserved_0,
		check_config_flags,
		check_eptp_controls,
		check_tsc,
		check_reserved_1,
		check_cpuid,
		check_reserved_3,
		check_arch_capabilities,
		check_migration,
	};
	unsigned int i;
	u64 status = TDX_SUCCESS;

	for (i = 0; i < ARRAY_SIZE(checks) && !status; i++)
		status = checks[i](m, call, params);
	return status;
}

/* In the second TDCX page. */
#define COPY_OFFSET	2048

/*
 * TD_PARAMS is copied once, to be independent of changes by the host; into a TDCX page,
 * as it is too large for the stack.
 */
u64 tdx_model_mng_init(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 copy_pa = call->td->tdcx_pa[TDX_MODEL_TDCX_TDCS_2] + COPY_OFFSET;
	struct tdx_td_params *params;
	u64 status = tdx_model_shared_operand(m, call, TDX_OPERAND_ID_RDX, sizeof(*params),
					      TDX_TD_PARAMS_ALIGNMENT);

	if (status)
		return status;
	params = m->ops->map(m->ctx, copy_pa, sizeof(*params));
	status = tdx_model_read_operand(m, call, TDX_OPERAND_ID_RDX, params, sizeof(*params));
	if (!status)
		status = check_params(m, call, params);
	if (!status)
		init_tdcs(m, call->tdcs, params);
	return status;
}
