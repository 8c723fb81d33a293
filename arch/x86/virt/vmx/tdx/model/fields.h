/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of metadata fields of the software TDX module, and their common code.
 */
#ifndef _X86_VIRT_TDX_MODEL_FIELDS_H
#define _X86_VIRT_TDX_MODEL_FIELDS_H

#include "internal.h"

/* Values that both TDH.SYS.INFO and metadata fields report. */
#define VENDOR_INTEL			0x8086
#define TDCS_BASE_SIZE			0x6000
#define TDVPS_BASE_SIZE			0x6000
#define TDVPS_1_0_SIZE			0x5000
#define ATTRIBUTES_FIXED0		0x8000000070000001ULL
#define XFAM_FIXED0			0x61ae7ULL
#define XFAM_FIXED1			0x3ULL
#define PLATFORM_FMS			0x806f8	/* family, model, stepping */

/* One or more consecutive ids, and the source of their values. */
struct tdx_model_field {
	u64 id;
	u16 nr_ids;
	u16 elements;	/* of each field, if there are several */
	enum tdx_model_generation since;
	/* One of these: a function, a member of the config or a constant. */
	u64 (*read)(const struct tdx_model *m, unsigned int i);
	u16 offset, bytes;
	u64 value;
};

/* In the order of TDH.SYS.RD. */
struct tdx_model_fields {
	const struct tdx_model_field *field;
	unsigned int nr;
};

extern const struct tdx_model_fields tdx_model_sys_fields;

#define TDX_MODEL_NR_CPUID_CONFIGS	6

extern const struct tdx_cpuid_config tdx_model_cpuid_configs[TDX_MODEL_NR_CPUID_CONFIGS];

/* An id: indexes of the field and of the id in it. */
struct tdx_model_field_id {
	unsigned int field, index;
};

unsigned int tdx_model_existing_field(const struct tdx_model *m,
				      const struct tdx_model_fields *fields, unsigned int i);
bool tdx_model_find_field(const struct tdx_model *m, const struct tdx_model_fields *fields, u64 id,
			  struct tdx_model_field_id *at);
u64 tdx_model_next_field_id(const struct tdx_model *m, const struct tdx_model_fields *fields,
			    struct tdx_model_field_id at);
u64 tdx_model_field_value(const struct tdx_model *m, const struct tdx_model_field *field,
			  unsigned int index);
bool tdx_model_write_field_list(struct tdx_model *m, const struct tdx_model_fields *fields, u64 pa,
				unsigned int bytes, struct tdx_model_field_id at, u64 *next);

#endif /* _X86_VIRT_TDX_MODEL_FIELDS_H */
