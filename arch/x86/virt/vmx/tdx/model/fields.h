/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables of metadata fields of the software TDX module, and their common code.
 */
#ifndef _X86_VIRT_TDX_MODEL_FIELDS_H
#define _X86_VIRT_TDX_MODEL_FIELDS_H

#include "internal.h"
#include "td_cpuid.h"

/* Values that both TDH.SYS.INFO and metadata fields report. */
#define VENDOR_INTEL			0x8086
#define TDCS_BASE_SIZE			0x6000
#define TDVPS_BASE_SIZE			0x6000
#define TDVPS_1_0_SIZE			0x5000
#define ATTRIBUTES_FIXED0		0x8000000070000001ULL
#define XFAM_FIXED1			0x3ULL
#define PLATFORM_FMS			0x806f8	/* family, model, stepping */

/* The structure that has the value of a field. */
enum tdx_model_field_home {
	TDX_MODEL_OF_CONFIG,
	TDX_MODEL_OF_TD,
	TDX_MODEL_OF_TDCS,
	TDX_MODEL_OF_VCPU,
};

/* Whether the host can read a field. */
enum tdx_model_field_access {
	TDX_MODEL_READABLE,
	TDX_MODEL_HIDDEN,
	TDX_MODEL_HIDDEN_IN_WALK,	/* no, but a walk returns its id */
};

/*
 * One or more consecutive ids, and the source of their values.
 *
 * @write_mask has the bits of a TD's or vCPU's field that the host may write.  @write checks
 * and stores a value; without it the value is stored as it is.  @guest_reads and
 * @guest_write_mask are the same for the guest, which may read fields that are hidden from the
 * host.
 */
struct tdx_model_field {
	u64 id;
	u16 nr_ids;
	u8 step;	/* from one id to the next; 0: one */
	u16 any_bits;	/* set in @id, ignored in the operand */
	u16 elements;	/* of each field, if there are several */
	enum tdx_model_generation since;
	/* One of these: a function, a member of a structure or a constant. */
	u64 (*read)(const struct tdx_model *m, unsigned int i);
	u64 (*read_td)(struct tdx_model *m, struct tdx_model_call *call, unsigned int i);
	enum tdx_model_field_home home;
	u16 offset, bytes;
	u64 value;
	enum tdx_model_field_access access;
	u8 l2_vm;	/* 0, or the field exists only in a TD with this L2 VM */
	u64 read_mask;	/* 0: all bits */
	u64 write_mask;
	bool guest_reads;
	u64 guest_write_mask;
	u64 (*write)(struct tdx_model *m, struct tdx_model_call *call, unsigned int i, u64 value);
};

/* Initializers of a field: the member that has its value, or that of the first id. */
#define TDX_MODEL_MEMBER(of, structure, member) \
	.home = (of), .offset = offsetof(structure, member), \
	.bytes = sizeof(((structure *)NULL)->member)
#define TDX_MODEL_TDR_FIELD(member) \
	TDX_MODEL_MEMBER(TDX_MODEL_OF_TD, struct tdx_model_td, member)
#define TDX_MODEL_TDCS_FIELD(member) \
	TDX_MODEL_MEMBER(TDX_MODEL_OF_TDCS, struct tdx_model_tdcs, member)

/* In the order of TDH.SYS.RD. */
struct tdx_model_fields {
	const struct tdx_model_field *field;
	unsigned int nr;
};

extern const struct tdx_model_fields tdx_model_sys_fields;
extern const struct tdx_model_fields tdx_model_td_fields;
extern const struct tdx_model_fields tdx_model_vcpu_fields;

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
u64 tdx_model_field_value(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_field *field, unsigned int index);
void tdx_model_store_field(const struct tdx_model *m, struct tdx_model_call *call,
			   const struct tdx_model_field *field, unsigned int index, u64 value);
u64 tdx_model_first_field_id(const struct tdx_model *m, const struct tdx_model_fields *fields);
u64 tdx_model_read_field(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_fields *fields);
u64 tdx_model_write_field(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_fields *fields);
bool tdx_model_write_field_list(struct tdx_model *m, const struct tdx_model_fields *fields, u64 pa,
				unsigned int bytes, struct tdx_model_field_id at, u64 *next);
u64 tdx_model_write_guest_list(struct tdx_model *m, const struct tdx_model_fields *fields,
			       void *page, struct tdx_model_field_id at);

#endif /* _X86_VIRT_TDX_MODEL_FIELDS_H */
