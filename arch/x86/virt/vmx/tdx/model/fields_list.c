// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: lists of metadata fields.
 *
 * According to "Metadata List" of the public ABI specification.  This is the
 * only format in the model that was not seen in the output of a module.  A list
 * has a header (bits 15:0: total bytes, bits 31:16: number of sequences) and
 * sequences: the id of the first field with the number of fields that follow,
 * and values of 8 bytes each.
 */
#include "fields.h"

#define LIST_HEADER_BYTES	8
#define LIST_SEQUENCES_SHIFT	16
#define ID_LAST_ELEMENT_SHIFT	34
#define ID_LAST_FIELD_SHIFT	38

struct metadata_list {
	u64 pa;
	u64 *guest_page;	/* instead of @pa, for a guest */
	unsigned int bytes, capacity;
	unsigned int nr_sequences;
	bool unmapped;
};

static void list_add(struct tdx_model *m, struct metadata_list *list, u64 value)
{
	if (list->guest_page)
		list->guest_page[list->bytes / sizeof(value)] = value;
	else if (!tdx_model_write(m, list->pa + list->bytes, &value, sizeof(value)))
		list->unmapped = true;
	list->bytes += sizeof(value);
}

/*
 * Adds a sequence of as many ids of a field as there is room for, beginning
 * with @index.  Whole fields only.  Returns the index of the first id that is
 * left.
 */
static unsigned int list_add_sequence(struct tdx_model *m, struct metadata_list *list,
				      const struct tdx_model_field *field, unsigned int index)
{
	unsigned int elements = field->elements ?: 1;
	unsigned int room = (list->capacity - list->bytes) / sizeof(u64);
	unsigned int nr = (field->nr_ids - index) / elements, end;

	if (room <= elements)
		return index;
	if (nr > (room - 1) / elements)
		nr = (room - 1) / elements;
	end = index + nr * elements;

	list_add(m, list, (field->id + index) | (u64)(elements - 1) << ID_LAST_ELEMENT_SHIFT |
			  (u64)(nr - 1) << ID_LAST_FIELD_SHIFT);
	for (; index < end; index++)
		list_add(m, list, tdx_model_field_value(m, NULL, field, index));
	list->nr_sequences++;
	return end;
}

/* Returns the id that the next list begins with. */
static u64 write_list(struct tdx_model *m, const struct tdx_model_fields *fields,
		      struct metadata_list *list, struct tdx_model_field_id at)
{
	unsigned int i = at.field, index = at.index, bytes;

	list->bytes = LIST_HEADER_BYTES;
	for (; i < fields->nr; i = tdx_model_existing_field(m, fields, i + 1), index = 0) {
		if (list->guest_page && !fields->field[i].guest_reads)
			continue;
		index = list_add_sequence(m, list, &fields->field[i], index);
		if (index < fields->field[i].nr_ids)
			break;
	}
	bytes = list->bytes;
	list->bytes = 0;
	list_add(m, list, bytes | (u64)list->nr_sequences << LIST_SEQUENCES_SHIFT);
	return i < fields->nr ? fields->field[i].id + index : TDX_MD_FIELD_ID_NONE;
}

/**
 * tdx_model_write_field_list - write a list of metadata fields
 * @m:      the module
 * @fields: the table
 * @pa:     physical address of the list
 * @bytes:  maximal length of the list
 * @at:     the id to begin with
 * @next:   the id that the next list begins with, or TDX_MD_FIELD_ID_NONE
 *
 * Context: On the logical processor that runs the leaf.
 * Return: False if there is no memory.
 */
bool tdx_model_write_field_list(struct tdx_model *m, const struct tdx_model_fields *fields, u64 pa,
				unsigned int bytes, struct tdx_model_field_id at, u64 *next)
{
	struct metadata_list list = { .pa = pa, .capacity = bytes };

	*next = write_list(m, fields, &list, at);
	return !list.unmapped;
}

/**
 * tdx_model_write_guest_list - write a list of the metadata fields that a guest can read
 * @m:      the module
 * @fields: the table
 * @page:   the guest's page
 * @at:     the id to begin with
 *
 * Context: On the logical processor that runs the leaf.
 * Return: The id that the next list begins with, or TDX_MD_FIELD_ID_NONE.
 */
u64 tdx_model_write_guest_list(struct tdx_model *m, const struct tdx_model_fields *fields,
			       void *page, struct tdx_model_field_id at)
{
	struct metadata_list list = {
		.guest_page = page, .capacity = m->config.metadata_list_bytes ?: PAGE_BYTES,
	};

	return write_list(m, fields, &list, at);
}
