// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: lookup of metadata fields by id, their order and
 * their values.
 */
#include "fields.h"

/* Bits of a field id that the leaves ignore. */
#define ID_CONTEXT	(7ULL << 52)
#define ID_IGNORED	(3ULL << 32 | BIT_ULL(50) | BIT_ULL(51) | ID_CONTEXT | BIT_ULL(63))

static unsigned int step(const struct tdx_model_field *field)
{
	return field->step ?: 1;
}

/* Address of a member */
static void *home_of(const struct tdx_model *m, const struct tdx_model_call *call,
		     const struct tdx_model_field *field, unsigned int index)
{
	u8 *home = (u8 *)&m->config;

	if (field->home == TDX_MODEL_OF_TD)
		home = (u8 *)call->td;
	else if (field->home == TDX_MODEL_OF_TDCS)
		home = (u8 *)call->tdcs;
	else if (field->home == TDX_MODEL_OF_VCPU)
		home = (u8 *)call->vcpu;
	return home + field->offset + index * field->bytes;
}

/**
 * tdx_model_field_value - the value of a metadata field
 * @m:     the module
 * @call:  the SEAMCALL, with the TD or vCPU; NULL for fields of the module
 * @field: the field
 * @index: index of the id in the field
 *
 * Context: On the logical processor that runs the leaf.
 * Return: The value, including bits that the host cannot read.
 */
u64 tdx_model_field_value(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_field *field, unsigned int index)
{
	const void *from;

	if (field->read)
		return field->read(m, index);
	if (field->read_td)
		return field->read_td(m, call, index);
	from = home_of(m, call, field, index);
	switch (field->bytes) {
	case 1:
		return __atomic_load_n((const u8 *)from, __ATOMIC_RELAXED);
	case 2:
		return __atomic_load_n((const u16 *)from, __ATOMIC_RELAXED);
	case 4:
		return __atomic_load_n((const u32 *)from, __ATOMIC_RELAXED);
	case 8:
		return __atomic_load_n((const u64 *)from, __ATOMIC_RELAXED);
	default:
		return field->value;
	}
}

/**
 * tdx_model_store_field - store the value of a metadata field in the member that has it
 * @m:     the module
 * @call:  the SEAMCALL, with the TD or vCPU
 * @field: the field
 * @index: index of the id in the field
 * @value: the value
 *
 * Other leaves may access members at the same time.
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_store_field(const struct tdx_model *m, struct tdx_model_call *call,
			   const struct tdx_model_field *field, unsigned int index, u64 value)
{
	void *to = home_of(m, call, field, index);

	switch (field->bytes) {
	case 1:
		__atomic_store_n((u8 *)to, value, __ATOMIC_RELAXED);
		break;
	case 2:
		__atomic_store_n((u16 *)to, value, __ATOMIC_RELAXED);
		break;
	case 4:
		__atomic_store_n((u32 *)to, value, __ATOMIC_RELAXED);
		break;
	default:
		__atomic_store_n((u64 *)to, value, __ATOMIC_RELAXED);
	}
}

/**
 * tdx_model_existing_field - find the first field that this generation has
 * @m:      the module
 * @fields: the table
 * @i:      the index to begin at
 *
 * Context: Any.
 * Return: Its index; the length of the table if there is none.
 */
unsigned int tdx_model_existing_field(const struct tdx_model *m,
				      const struct tdx_model_fields *fields, unsigned int i)
{
	while (i < fields->nr && m->config.generation < fields->field[i].since)
		i++;
	return i;
}

/**
 * tdx_model_find_field - find the field of an id
 * @m:      the module
 * @fields: the table
 * @id:     the id
 * @at:     the field, if there is one
 *
 * Context: Any.
 * Return: False if there is no such field.
 */
bool tdx_model_find_field(const struct tdx_model *m, const struct tdx_model_fields *fields, u64 id,
			  struct tdx_model_field_id *at)
{
	const struct tdx_model_field *field;
	unsigned int i = 0;
	u64 distance;

	while ((i = tdx_model_existing_field(m, fields, i)) < fields->nr) {
		field = &fields->field[i];
		distance = ((id | field->any_bits) & ~ID_IGNORED) - (field->id & ~ID_IGNORED);
		if (distance % step(field) == 0 && distance / step(field) < field->nr_ids) {
			*at = (struct tdx_model_field_id) { i, distance / step(field) };
			return true;
		}
		i++;
	}
	return false;
}

/* The first visible id from an index on, or TDX_MD_FIELD_ID_NONE */
static u64 visible_field_id(const struct tdx_model *m, const struct tdx_model_fields *fields,
			    unsigned int i)
{
	i = tdx_model_existing_field(m, fields, i);
	while (i < fields->nr && fields->field[i].access == TDX_MODEL_HIDDEN)
		i = tdx_model_existing_field(m, fields, i + 1);
	return i < fields->nr ? fields->field[i].id : TDX_MD_FIELD_ID_NONE;
}

/**
 * tdx_model_first_field_id - the first id that the host can read
 * @m:      the module
 * @fields: the table
 *
 * Context: Any.
 * Return: The id.
 */
u64 tdx_model_first_field_id(const struct tdx_model *m, const struct tdx_model_fields *fields)
{
	return visible_field_id(m, fields, 0);
}

/**
 * tdx_model_next_field_id - the id that follows another one
 * @m:      the module
 * @fields: the table
 * @at:     the other one
 *
 * Context: Any.
 * Return: The id, or TDX_MD_FIELD_ID_NONE.
 */
u64 tdx_model_next_field_id(const struct tdx_model *m, const struct tdx_model_fields *fields,
			    struct tdx_model_field_id at)
{
	const struct tdx_model_field *field = &fields->field[at.field];

	if (at.index + 1 < field->nr_ids)
		return field->id + (at.index + 1) * step(field);
	return visible_field_id(m, fields, at.field + 1);
}

static u64 find(struct tdx_model *m, struct tdx_model_call *call,
		const struct tdx_model_fields *fields, struct tdx_model_field_id *at)
{
	if (!tdx_model_find_field(m, fields, call->in.rdx, at) ||
	    fields->field[at->field].l2_vm > call->tdcs->num_l2_vms)
		return refuse1(m, TDX_METADATA_FIELD_ID_INCORRECT, "field id %", call->in.rdx);
	return TDX_SUCCESS;
}

/**
 * tdx_model_read_field - common part of TDH.MNG.RD and TDH.VP.RD
 * @m:      the module
 * @call:   the SEAMCALL, with the TD or vCPU
 * @fields: the table
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_read_field(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_fields *fields)
{
	const struct tdx_model_field *field;
	struct tdx_model_field_id at;
	u64 status;

	if (call->version && (call->in.rdx | ID_CONTEXT) == TDX_MD_FIELD_ID_NONE) {
		call->out->rdx = tdx_model_first_field_id(m, fields);
		return TDX_METADATA_FIRST_FIELD_ID_IN_CONTEXT;
	}
	status = find(m, call, fields, &at);
	if (status)
		return status;
	field = &fields->field[at.field];
	if (field->access != TDX_MODEL_READABLE)
		return refuse1(m, TDX_METADATA_FIELD_NOT_READABLE, "field id %", call->in.rdx);
	call->out->r8 = tdx_model_field_value(m, call, field, at.index) &
			(field->read_mask ?: ~0ULL);
	if (call->version)
		call->out->rdx = tdx_model_next_field_id(m, fields, at);
	return TDX_SUCCESS;
}

/* An address that was never written has all bits set; those outside the mask count as 0. */
static u64 bits_to_keep(u64 value, u64 write_mask)
{
	return value >> 63 ? value & write_mask : value;
}

/**
 * tdx_model_write_field - common part of TDH.MNG.WR and TDH.VP.WR
 * @m:      the module
 * @call:   the SEAMCALL, with the TD or vCPU
 * @fields: the table
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_write_field(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_fields *fields)
{
	u64 status, old, kept, new, value = call->in.r8, mask = call->in.r9;
	const struct tdx_model_field *field;
	struct tdx_model_field_id at;

	status = find(m, call, fields, &at);
	if (status)
		return status;
	field = &fields->field[at.field];
	if (!(field->write_mask & mask))
		return refuse2(m, TDX_METADATA_FIELD_NOT_WRITABLE, "field id %, mask %",
			       call->in.rdx, mask);
	old = tdx_model_field_value(m, call, field, at.index);
	kept = bits_to_keep(old, field->write_mask);
	if ((value ^ kept) & mask & ~field->write_mask)
		return refuse3(m, TDX_METADATA_FIELD_VALUE_NOT_VALID,
			       "field id %: only the bits % can be written, not %", call->in.rdx,
			       field->write_mask, value);
	mask &= field->write_mask;
	new = (kept & ~mask) | (value & mask);
	if (field->write)
		status = field->write(m, call, at.index, new);
	else
		tdx_model_store_field(m, call, field, at.index, new);
	if (!status)
		call->out->r8 = old & (field->read_mask ?: ~0ULL);
	return status;
}
