// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: information about the module.
 *
 * TDX Module ABI specification, TDH.SYS.INFO, TDH.SYS.RD, TDH.SYS.RDALL and "Global
 * Metadata".
 */
#include "fields.h"
#include "platform.h"

static void compose_cpuid(struct tdx_model *m)
{
	struct tdx_sysinfo_struct *info = &m->sysinfo;
	unsigned int i;

	info->xfam_fixed0 = tdx_model_xfam_fixed0(m);
	for (i = 0; i < TDX_MODEL_NR_CPUID_CONFIGS; i++)
		info->cpuid_config[i] = tdx_model_configurable_cpuid(m, i, true);
}

/**
 * tdx_model_record_platform - record the CPU's features
 * @m: the module
 *
 * Context: On the logical processor that runs TDH.SYS.INIT, or as if it had.
 */
void tdx_model_record_platform(struct tdx_model *m)
{
	tdx_model_record_msrs(m);
	tdx_model_record_cpuid(m);
	compose_cpuid(m);
}

/**
 * tdx_model_compose_sysinfo - fill in the output of TDH.SYS.INFO
 * @m: the module
 *
 * Done once, as it is too large for the stack; what depends on the CPU is added by
 * tdx_model_record_platform().
 *
 * Context: When a module is loaded.
 */
void tdx_model_compose_sysinfo(struct tdx_model *m)
{
	struct tdx_sysinfo_struct *info = &m->sysinfo;
	const struct tdx_model_config *config = &m->config;
	bool is_1_0 = config->generation == TDX_MODEL_1_0;

	info->vendor_id = VENDOR_INTEL;
	info->build_date = config->build_date;
	info->build_num = config->build_num;
	info->minor_version = config->minor_version;
	info->major_version = config->major_version;
	info->sys_rd = !is_1_0;
	info->max_tdmrs = config->max_tdmrs;
	info->max_reserved_per_tdmr = config->max_reserved_per_tdmr;
	info->pamt_entry_size = config->pamt_entry_size;
	info->tdcs_base_size = TDCS_BASE_SIZE;
	info->tdvps_base_size = is_1_0 ? TDVPS_1_0_SIZE : TDVPS_BASE_SIZE;
	info->attributes_fixed0 = ATTRIBUTES_FIXED0;
	info->xfam_fixed1 = XFAM_FIXED1;
	info->num_cpuid_config = TDX_MODEL_NR_CPUID_CONFIGS;
}

u64 tdx_model_sys_info(struct tdx_model *m, struct tdx_model_call *call)
{
	u64 status;

	if (!lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_DONE, "logical processor %", this_lp(m));
	status = tdx_model_shared_operand(m, call, TDX_OPERAND_ID_RCX, sizeof(m->sysinfo),
					  TDX_TDSYSINFO_ALIGNMENT);
	if (status)
		return status;
	if (call->in.rdx < sizeof(m->sysinfo))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX,
			       "% bytes are too few", call->in.rdx);
	status = tdx_model_shared_operand(m, call, TDX_OPERAND_ID_R8, sizeof(m->config.cmrs),
					  TDX_CMR_ARRAY_ALIGNMENT);
	if (status)
		return status;
	if (call->in.r9 < TDX_NR_CMRS)
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R9,
			       "% entries are too few", call->in.r9);

	status = tdx_model_write_operand(m, call, TDX_OPERAND_ID_RCX, &m->sysinfo,
					 sizeof(m->sysinfo));
	if (!status)
		status = tdx_model_write_operand(m, call, TDX_OPERAND_ID_R8, m->config.cmrs,
						 sizeof(m->config.cmrs));
	if (status)
		return status;
	call->out->rdx = sizeof(m->sysinfo);
	call->out->r9 = TDX_NR_CMRS;
	return TDX_SUCCESS;
}

u64 tdx_model_sys_rd(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_fields *fields = &tdx_model_sys_fields;
	struct tdx_model_field_id at;
	u64 id = call->in.rdx;

	call->out->rdx = TDX_MD_FIELD_ID_NONE;
	if (!lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_DONE, "logical processor %", this_lp(m));

	if (id == TDX_MD_FIELD_ID_NONE) {
		call->out->rdx = fields->field[0].id;
		return TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	if (!tdx_model_find_field(m, fields, id, &at))
		return refuse1(m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", id);

	call->out->rdx = tdx_model_next_field_id(m, fields, at);
	call->out->r8 = tdx_model_field_value(m, NULL, &fields->field[at.field], at.index);
	return TDX_SUCCESS;
}

/*
 * After a full list, the next one begins with the first field that was left
 * out, which may be inside a sequence.  An id inside a field of several
 * elements stands for the whole field.
 */
u64 tdx_model_sys_rdall(struct tdx_model *m, struct tdx_model_call *call)
{
	const struct tdx_model_fields *fields = &tdx_model_sys_fields;
	struct tdx_model_field_id at = {};
	u64 pa = call->in.rdx, id = call->in.r8, status;

	call->out->r8 = TDX_MD_FIELD_ID_NONE;
	if (!lp_state(m)->init_done)
		return refuse1(m, TDX_SYS_LP_INIT_NOT_DONE, "logical processor %", this_lp(m));
	status = tdx_model_shared_operand(m, call, TDX_OPERAND_ID_RDX, PAGE_BYTES, PAGE_BYTES);
	if (status)
		return status;
	if (id != TDX_MD_FIELD_ID_NONE && !tdx_model_find_field(m, fields, id, &at))
		return refuse1(m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", id);

	at.index -= at.index % (fields->field[at.field].elements ?: 1);
	if (!tdx_model_write_field_list(m, fields, pa, m->config.metadata_list_bytes ?: PAGE_BYTES,
					at, &id))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX, "no memory at %", pa);
	call->out->r8 = id;
	if (id != TDX_MD_FIELD_ID_NONE)
		return refuse1(m, TDX_METADATA_LIST_OVERFLOW, "the list goes on with %", id);
	return TDX_SUCCESS;
}
