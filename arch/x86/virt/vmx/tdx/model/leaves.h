/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Properties of each leaf of the software TDX module: for its dispatcher, and
 * for platforms and tests that would otherwise need lists of leaves.
 *
 * Numbers and names of leaves are in TDX_LEAF_LIST of abi.h.
 */
#ifndef _X86_VIRT_TDX_MODEL_LEAVES_H
#define _X86_VIRT_TDX_MODEL_LEAVES_H

#include "../regs.h"

#define TDX_MODEL_NR_REGISTERS	16	/* as many as an instruction can name */

struct tdx_model;
struct tdx_model_call;

/* Locks that a leaf can take according to the specification. */
enum tdx_model_lock_kind {
	TDX_MODEL_NO_LOCK,
	TDX_MODEL_GLOBAL_LOCK,
	TDX_MODEL_TDMR_LOCK,
	TDX_MODEL_KOT_LOCK,		/* all KeyIDs */
	TDX_MODEL_CACHE_WB_LOCK,	/* of the calling package */
	/* PAMT entry of a page, which has to be of the type in the name. */
	TDX_MODEL_FREE_PAGE_LOCK,
	TDX_MODEL_FREE_HPA_LOCK,	/* a free page, by an address with any KeyID */
	TDX_MODEL_FREE_MAPPING_LOCK,	/* a free page, of the size of the secure EPT entry */
	TDX_MODEL_ANY_PAGE_LOCK,	/* also a large one */
	TDX_MODEL_TDR_LOCK,
	TDX_MODEL_TDR_AND_FLAG_LOCK,	/* the lowest bit of the operand is a flag */
	TDX_MODEL_TDVPR_LOCK,
	TDX_MODEL_TDVPR_AND_FLAGS_LOCK,	/* bits 53:52 of the operand are flags */
	TDX_MODEL_OWNER_LOCK,		/* TDR of the vCPU */
	TDX_MODEL_OP_STATE_LOCK,	/* state of the TD, which is checked */
	TDX_MODEL_TD_EPOCH_LOCK,
	TDX_MODEL_SEPT_TREE_LOCK,
	/* An entry of the secure EPT, whose state is checked. */
	TDX_MODEL_SEPT_ENTRY_LOCK,	/* of a guest address and level */
	TDX_MODEL_SEPT_PAGE_LOCK,	/* that maps a page of any size */
	TDX_MODEL_NR_LOCK_KINDS,
};

enum tdx_model_lock_mode {
	TDX_MODEL_SHARED,
	TDX_MODEL_EXCLUSIVE,
	TDX_MODEL_EXCLUSIVE_IN_1,	/* shared in version 0 of the leaf */
	TDX_MODEL_UNLOCKED,		/* protected by the TDR's lock */
};

/**
 * struct tdx_model_lock_rule - a lock that a leaf takes
 * @kind:    the lock
 * @mode:    shared or exclusive
 * @operand: the operand that it belongs to, as TDX_OPERAND_ID_*, also used in
 *           OPERAND_BUSY; the global lock belongs to no operand
 * @check:   checks with the lock held, before the next one is taken; may be NULL
 */
struct tdx_model_lock_rule {
	enum tdx_model_lock_kind kind;
	enum tdx_model_lock_mode mode;
	u8 operand;
	u64 (*check)(struct tdx_model *m, struct tdx_model_call *call);
};

#define TDX_MODEL_MAX_LOCKS	5	/* in the row of a leaf */

/**
 * struct tdx_model_leaf - properties of a leaf
 * @generations:    generations that have it: bits by enum tdx_model_generation
 * @version_1:      generations that have version 1 of it
 * @states:         module states in which it can be called: bits by enum
 *                  tdx_model_state
 * @op_states:      the same of the TD's state: bits by enum tdx_td_op_state
 * @sept_states:    legal states of the secure EPT entry: bits by enum
 *                  tdx_model_sept_state
 * @min_level:      lowest level of that entry
 * @max_level:      highest one, if the TD's secure EPT has that
 * @outputs:        registers besides RAX that it may change: bits by
 *                  TDX_OPERAND_ID_*
 * @outputs_1:      additional outputs of versions above 0
 * @any_version:    versions above 1 are refused by the leaf, which has cleared its
 *                  outputs by then, and not by the dispatcher
 * @writes_private: it may write memory with a private KeyID: PAMTs, pages of TDs
 * @runs_guest:     it exists only on platforms that can run vCPUs of TDs
 * @interruptible:  it may end with TDX_INTERRUPTED_RESUMABLE or _RESTARTABLE
 * @locks:          in the order in which they are taken
 * @check:          checks before locks are taken; may be NULL
 * @run:            the rest, with the locks held and the outputs 0; NULL if not
 *                  in this model
 */
struct tdx_model_leaf {
	u8 generations;
	u8 version_1;
	u8 states;
	u8 op_states;
	u8 sept_states;
	u8 min_level, max_level;
	u16 outputs;
	u16 outputs_1;
	bool any_version;
	bool writes_private;
	bool runs_guest;
	bool interruptible;
	struct tdx_model_lock_rule locks[TDX_MODEL_MAX_LOCKS];
	u64 (*check)(struct tdx_model *m, struct tdx_model_call *call);
	u64 (*run)(struct tdx_model *m, struct tdx_model_call *call);
};

const struct tdx_model_leaf *tdx_model_leaf(u64 number);
u64 tdx_model_busy_status(const struct tdx_model_leaf *leaf);
u64 *tdx_model_register(struct tdx_regs *regs, unsigned int operand);

#endif /* _X86_VIRT_TDX_MODEL_LEAVES_H */
