// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: lookup of metadata fields by id, their order and
 * their values.
 */
#include "fields.h"

/* Bits of a field id that the leaves ignore. */
#define ID_IGNORED	(3ULL << 32 | BIT_ULL(50) | BIT_ULL(51) | 7ULL << 52 | BIT_ULL(63))

/**
 * tdx_model_field_value - the value of a metadata field
 * @m:     the module
 * @field: the field
 * @index: index of the id in the field
 *
 * Context: On the logical processor that runs the leaf.
 * Return: The value.
 */
u64 tdx_model_field_value(const struct tdx_model *m, const struct tdx_model_field *field,
			  unsigned int index)
{
	u64 value = field->value;

	if (field->read)
		return field->read(m, index);
	memcpy(&value, (const u8 *)&m->config + field->offset, field->bytes);
	return value;
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
		distance = (id & ~ID_IGNORED) - (field->id & ~ID_IGNORED);
		if (distance < field->nr_ids) {
			*at = (struct tdx_model_field_id) { i, distance };
			return true;
		}
		i++;
	}
	return false;
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
	unsigned int i;

	if (at.index + 1 < field->nr_ids)
		return field->id + at.index + 1;
	i = tdx_model_existing_field(m, fields, at.field + 1);
	return i < fields->nr ? fields->field[i].id : TDX_MD_FIELD_ID_NONE;
}
