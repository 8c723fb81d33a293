// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: metadata fields for the guest, TDG.VM.*, TDG.VP.RD, TDG.VP.WR and
 * TDG.SYS.*.
 *
 * TDX Module ABI specification, each leaf's section; "TD-Scope Metadata", "VCPU-Scope
 * Metadata".
 */
#include "fields.h"
#include "td_run.h"

#define ID_CONTEXT	(7ULL << 52)

/* The first id from an index on that the guest can read */
static u64 readable_id(const struct tdx_model *m, const struct tdx_model_fields *fields,
		       unsigned int i)
{
	i = tdx_model_existing_field(m, fields, i);
	while (i < fields->nr && !fields->field[i].guest_reads)
		i = tdx_model_existing_field(m, fields, i + 1);
	return i < fields->nr ? fields->field[i].id : TDX_MD_FIELD_ID_NONE;
}

static u64 next_id(const struct tdx_model *m, const struct tdx_model_fields *fields,
		   struct tdx_model_field_id at)
{
	if (at.index + 1 < fields->field[at.field].nr_ids)
		return tdx_model_next_field_id(m, fields, at);
	return readable_id(m, fields, at.field + 1);
}

/* Fields of L2 VMs are not those of this TD. */
static bool find(struct tdx_model_entry *e, const struct tdx_model_fields *fields, u64 id,
		 struct tdx_model_field_id *at)
{
	return tdx_model_find_field(e->m, fields, id, at) &&
	       fields->field[at->field].l2_vm <= e->tdcs->num_l2_vms;
}

/* The id is in RDX, and @next is set to the one that follows. */
static u64 read(struct tdx_model_entry *e, const struct tdx_model_fields *fields, u64 *next)
{
	u64 id = *tdx_model_gpr(e, TDX_MODEL_RDX);
	const struct tdx_model_field *field;
	struct tdx_model_field_id at;

	*tdx_model_gpr(e, TDX_MODEL_R8) = 0;
	*next = TDX_MD_FIELD_ID_NONE;
	if (!find(e, fields, id, &at))
		return refuse1(e->m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", id);
	field = &fields->field[at.field];
	if (!field->guest_reads)
		return refuse1(e->m, TDX_METADATA_FIELD_NOT_READABLE, "field id %", id);
	*tdx_model_gpr(e, TDX_MODEL_R8) = tdx_model_field_value(e->m, e->call, field, at.index);
	*next = next_id(e->m, fields, at);
	return TDX_SUCCESS;
}

/* RDX is the id, and then the one that follows. */
static enum tdx_model_outcome walk(struct tdx_model_entry *e,
				   const struct tdx_model_fields *fields)
{
	u64 *rdx = tdx_model_gpr(e, TDX_MODEL_RDX), next, status;

	if ((*rdx | ID_CONTEXT) == TDX_MD_FIELD_ID_NONE) {
		*tdx_model_gpr(e, TDX_MODEL_R8) = 0;
		*rdx = readable_id(e->m, fields, 0);
		return tdx_model_tdcall_status(e, TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT);
	}
	status = read(e, fields, &next);
	*rdx = next;
	return tdx_model_tdcall_status(e, status);
}

static u64 write(struct tdx_model_entry *e, const struct tdx_model_fields *fields)
{
	u64 id = *tdx_model_gpr(e, TDX_MODEL_RDX), value = *tdx_model_gpr(e, TDX_MODEL_R8);
	u64 mask = *tdx_model_gpr(e, TDX_MODEL_R9), old, status = TDX_SUCCESS;
	const struct tdx_model_field *field;
	struct tdx_model_field_id at;

	*tdx_model_gpr(e, TDX_MODEL_R8) = 0;
	if (!find(e, fields, id, &at))
		return refuse1(e->m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", id);
	field = &fields->field[at.field];
	if (!(field->guest_write_mask & mask))
		return refuse1(e->m, TDX_METADATA_FIELD_NOT_WRITABLE, "field id %", id);
	old = tdx_model_field_value(e->m, e->call, field, at.index);
	if ((value ^ old) & mask & ~field->guest_write_mask)
		return refuse1(e->m, TDX_METADATA_FIELD_VALUE_NOT_VALID, "field id %", id);
	mask &= field->guest_write_mask;
	value = (old & ~mask) | (value & mask);
	if (field->write)
		status = field->write(e->m, e->call, at.index, value);
	else
		tdx_model_store_field(e->m, e->call, field, at.index, value);
	if (!status)
		*tdx_model_gpr(e, TDX_MODEL_R8) = old;
	return status;
}

/* RCX would name another TD or vCPU. */
static bool rcx_is_bad(struct tdx_model_entry *e)
{
	return *tdx_model_gpr(e, TDX_MODEL_RCX);
}

static enum tdx_model_outcome refuse_rcx(struct tdx_model_entry *e)
{
	return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX);
}

enum tdx_model_outcome tdx_model_tdg_vm_rd(struct tdx_model_entry *e)
{
	u64 next;

	if (rcx_is_bad(e))
		return refuse_rcx(e);
	if (*tdx_model_gpr(e, TDX_MODEL_RAX) & TDX_LEAF_VERSION_MASK)
		return walk(e, &tdx_model_td_fields);
	return tdx_model_tdcall_status(e, read(e, &tdx_model_td_fields, &next));
}

enum tdx_model_outcome tdx_model_tdg_vm_wr(struct tdx_model_entry *e)
{
	if (rcx_is_bad(e))
		return refuse_rcx(e);
	return tdx_model_tdcall_status(e, write(e, &tdx_model_td_fields));
}

enum tdx_model_outcome tdx_model_tdg_vp_rd(struct tdx_model_entry *e)
{
	return rcx_is_bad(e) ? refuse_rcx(e) : walk(e, &tdx_model_vcpu_fields);
}

enum tdx_model_outcome tdx_model_tdg_vp_wr(struct tdx_model_entry *e)
{
	if (rcx_is_bad(e))
		return refuse_rcx(e);
	return tdx_model_tdcall_status(e, write(e, &tdx_model_vcpu_fields));
}

enum tdx_model_outcome tdx_model_tdg_sys_rd(struct tdx_model_entry *e)
{
	return walk(e, &tdx_model_sys_fields);
}

enum tdx_model_outcome tdx_model_tdg_sys_rdall(struct tdx_model_entry *e)
{
	u64 gpa = *tdx_model_gpr(e, TDX_MODEL_RDX), *r8 = tdx_model_gpr(e, TDX_MODEL_R8);
	struct tdx_model_guest_memory memory;
	struct tdx_model_field_id at = {};
	enum tdx_model_outcome outcome;

	if (gpa & (PAGE_BYTES - 1) || gpa >> tdx_model_shared_bit(e->tdcs))
		return tdx_model_tdcall_status(e, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX);
	outcome = tdx_model_guest_memory(e, gpa, TDX_MODEL_WRITE, &memory);
	if (outcome != TDX_MODEL_COMPLETED)
		return outcome;
	if (*r8 != TDX_MD_FIELD_ID_NONE && !find(e, &tdx_model_sys_fields, *r8, &at)) {
		*r8 = TDX_MD_FIELD_ID_NONE;
		return tdx_model_tdcall_status(e, TDX_METADATA_FIELD_ID_INCORRECT);
	}
	*r8 = tdx_model_write_guest_list(e->m, &tdx_model_sys_fields,
					 e->m->ops->map(e->m->ctx, memory.hpa, PAGE_BYTES), at);
	return tdx_model_tdcall_status(e, *r8 == TDX_MD_FIELD_ID_NONE ? TDX_SUCCESS :
					  TDX_METADATA_LIST_OVERFLOW);
}
