/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Secure EPTs of the software TDX module: entries, and the walk to one.
 *
 * There is no migration in this model, so that entries have only some of the states.
 */
#ifndef _X86_VIRT_TDX_MODEL_SEPT_H
#define _X86_VIRT_TDX_MODEL_SEPT_H

#include <linux/types.h>

#include <asm/tdx_abi_td.h>

/* Bits of an entry */
#define SEPT_RWX		7ULL
#define SEPT_MEMORY_TYPE	(6ULL << 3 | BIT_ULL(6))	/* write-back, ignore PAT */
#define SEPT_LEAF		BIT_ULL(7)		/* also of 4 KB */
#define SEPT_LOCKED		BIT_ULL(11)
#define SEPT_ACCEPTED		0x1ff000ULL		/* of a pending page of 2 MB: parts */
#define SEPT_ACCEPTED_PART	0x1000ULL		/* that the guest has accepted */
#define SEPT_HPA		0xffffffffff000ULL	/* without KeyID */
#define SEPT_BLOCKED		BIT_ULL(55)
#define SEPT_PENDING		BIT_ULL(56)
#define SEPT_SUPPRESS_VE	BIT_ULL(63)
#define SEPT_FREE		0x80e0000000000000ULL

#define SEPT_NR_ENTRIES		512
#define SEPT_LEVEL_BITS		9
#define SEPT_MAX_LEVEL		4	/* of entries, in five levels */

enum tdx_model_sept_state {
	TDX_MODEL_SEPT_FREE,
	TDX_MODEL_SEPT_NL_MAPPED,
	TDX_MODEL_SEPT_NL_BLOCKED,
	TDX_MODEL_SEPT_MAPPED,
	TDX_MODEL_SEPT_BLOCKED,
	TDX_MODEL_SEPT_PENDING,
	TDX_MODEL_SEPT_PEND_BLOCKED,
	TDX_MODEL_NR_SEPT_STATES,
};

/* An entry to which a walk came */
struct tdx_model_sept_operand {
	u64 gpa;
	unsigned int wanted_level;
	unsigned int level;	/* lower levels were not reached */
	u64 *entry;
	u64 value;		/* without SEPT_LOCKED */
	bool locked;
};

struct tdx_model;
struct tdx_model_call;
struct tdx_model_lock_rule;
struct tdx_model_tdcs;

static inline u64 sept_bytes(unsigned int level)
{
	return BIT_ULL(12 + SEPT_LEVEL_BITS * level);
}

/* The page that an entry refers to, without what has been accepted of it */
static inline u64 sept_page(u64 value, unsigned int level)
{
	u64 hpa = value & SEPT_HPA;

	return value & SEPT_PENDING && level ? hpa & ~SEPT_ACCEPTED : hpa;
}

enum tdx_model_sept_state tdx_model_sept_state(u64 value);
enum tdx_sept_state tdx_model_sept_state_number(u64 value);
bool tdx_model_sept_try_lock(u64 *entry, u64 *value);
void tdx_model_sept_unlock(u64 *entry);
void tdx_model_sept_set(struct tdx_model_call *call, u64 value);
void tdx_model_sept_set_table(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sept_unblocked(u64 value);
void tdx_model_sept_fill(u64 *page);
void tdx_model_sept_walk(struct tdx_model *m, const struct tdx_model_call *call,
			 struct tdx_model_sept_operand *sept, unsigned int wanted);
unsigned int tdx_model_top_level(const struct tdx_model_tdcs *tdcs);
unsigned int tdx_model_shared_bit(const struct tdx_model_tdcs *tdcs);
void *tdx_model_sept_contents(struct tdx_model *m, struct tdx_model_call *call, u64 bytes);
void tdx_model_sept_describe(struct tdx_model_call *call);
u64 tdx_model_sept_refuse(struct tdx_model *m, struct tdx_model_call *call, u64 status,
			  const char *text);

/* Operands */
u64 tdx_model_gpa_operand(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_private_gpa(struct tdx_model *m, struct tdx_model_call *call, u64 gpa);
u64 tdx_model_sept_entry(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_lock_rule *rule);
u64 tdx_model_sept_page(struct tdx_model *m, struct tdx_model_call *call,
			const struct tdx_model_lock_rule *rule);

/* TLB tracking (mem_range.c) */
u64 tdx_model_check_tracked(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand);

#endif /* _X86_VIRT_TDX_MODEL_SEPT_H */
