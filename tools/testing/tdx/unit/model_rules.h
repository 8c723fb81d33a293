/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Order of the checks of a leaf of the software TDX module: a valid call is made invalid
 * in one or two ways, of which the first decides.
 */
#ifndef TDX_UNIT_MODEL_RULES_H
#define TDX_UNIT_MODEL_RULES_H

#include "model_td.h"

#define RCX(status)	(TDX_##status | TDX_OPERAND_ID_RCX)
#define RDX(status)	(TDX_##status | TDX_OPERAND_ID_RDX)
#define R8(status)	(TDX_##status | TDX_OPERAND_ID_R8)
#define BUSY(name)	(TDX_OPERAND_BUSY | TDX_OPERAND_ID_##name)

/* A call that a test makes invalid */
struct attempt {
	struct model_machine *m;
	struct tdx_model_regs regs;
};

struct rule {
	unsigned int step;	/* order; rules with the same step are alternatives */
	void (*spoil)(struct attempt *a);
	u64 status;
};

#define NR_RULES	40

struct order {
	u64 leaf;
	unsigned int stage;	/* in which the call is valid */
	u64 rcx;		/* instead of that of td_good_call(), unless 0 */
	struct rule rules[NR_RULES];
};

/* Prepares a valid call. */
typedef struct attempt (*begin_t)(struct model_machine *m, const struct order *order);

/*
 * The valid call succeeds, and fails with each rule broken; and with each two of them, as the
 * first one says.  False, and a message, if not.  @nr_pairs is increased.
 */
bool rules_hold(struct model_machine *m, const struct order *order, begin_t begin);
bool rules_hold_in_pairs(struct model_machine *m, const struct order *order, begin_t begin,
			 unsigned int *nr_pairs);

#define SPOIL(name, statement) \
	static void name(struct attempt *a) { statement; }

/* Ways to spoil a call: operands, locks of PAMT entries, and the state of the TD */
void rcx_unaligned(struct attempt *a);
void rcx_keyid(struct attempt *a);
void rcx_bit_52(struct attempt *a);
void rcx_outside(struct attempt *a);
void rdx_unaligned(struct attempt *a);
void rdx_keyid(struct attempt *a);
void rdx_outside(struct attempt *a);
void gb_locked(struct attempt *a);
void mb_locked(struct attempt *a);
void tdr_locked(struct attempt *a);
void tdr_shared(struct attempt *a);
void page_locked(struct attempt *a);
void page_shared(struct attempt *a);
void op_state_locked(struct attempt *a);
void tdr_type(struct attempt *a);
void page_type(struct attempt *a);
void fatal(struct attempt *a);
void hkid_assigned(struct attempt *a);
void blocked(struct attempt *a);
void tdcx_missing(struct attempt *a);
void runnable(struct attempt *a);
void uninitialized(struct attempt *a);

/* Rules of the TDR, from step n on */
#define TDR_RCX(n) \
	{ n, rcx_unaligned, RCX(OPERAND_INVALID) }, { n, rcx_keyid, RCX(OPERAND_INVALID) }, \
	{ n, rcx_bit_52, RCX(OPERAND_INVALID) }, \
	{ n + 1, rcx_outside, RCX(OPERAND_ADDR_RANGE_ERROR) }, \
	{ n + 2, gb_locked, BUSY(RCX) }, { n + 3, mb_locked, BUSY(RCX) }, \
	{ n + 4, tdr_locked, BUSY(RCX) }, { n + 5, tdr_type, RCX(PAGE_METADATA_INCORRECT) }
#define TDR_RDX(n) \
	{ n, rdx_unaligned, RDX(OPERAND_INVALID) }, { n, rdx_keyid, RDX(OPERAND_INVALID) }, \
	{ n + 1, rdx_outside, RDX(OPERAND_ADDR_RANGE_ERROR) }, \
	{ n + 2, gb_locked, BUSY(RDX) }, { n + 4, tdr_locked, BUSY(RDX) }, \
	{ n + 5, tdr_type, RDX(PAGE_METADATA_INCORRECT) }
/* Rules of the TD's state, from step n on */
#define STATE(n) \
	{ n, fatal, TDX_TD_FATAL }, { n + 1, hkid_assigned, TDX_TD_KEYS_NOT_CONFIGURED }, \
	{ n + 1, blocked, TDX_TD_KEYS_NOT_CONFIGURED }, \
	{ n + 2, tdcx_missing, TDX_TDCS_NOT_ALLOCATED }

#endif
