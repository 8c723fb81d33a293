/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The facts of each leaf of the software TDX module: for its dispatcher, and for
 * platforms and tests that would need lists of leaves otherwise.
 *
 * Numbers and names of leaves are in TDX_LEAF_LIST of abi.h.
 */
#ifndef _X86_VIRT_TDX_MODEL_LEAVES_H
#define _X86_VIRT_TDX_MODEL_LEAVES_H

#include "../regs.h"

#define TDX_MODEL_NR_REGISTERS	16	/* as many as an instruction can name */

struct tdx_model;
struct tdx_model_call;

/* Locks of the specification that a leaf can take. */
enum tdx_model_lock_kind {
	TDX_MODEL_NO_LOCK,
	TDX_MODEL_GLOBAL_LOCK,
	TDX_MODEL_TDMR_LOCK,
};

enum tdx_model_lock_mode {
	TDX_MODEL_SHARED,
	TDX_MODEL_EXCLUSIVE,
};

struct tdx_model_lock_rule {
	enum tdx_model_lock_kind kind;
	enum tdx_model_lock_mode mode;
	/* TDX_OPERAND_ID_*: of what is locked, also in OPERAND_BUSY; not of the global lock. */
	u8 operand;
};

#define TDX_MODEL_MAX_LOCKS	2	/* of one leaf */

struct tdx_model_leaf {
	/* Bits, numbered by enum tdx_model_generation: which have the leaf, and version 1 of it. */
	u8 generations;
	u8 version_1;
	/* Bits, numbered by enum tdx_model_state: in which the module begins the leaf. */
	u8 states;
	/* Bits, numbered as TDX_OPERAND_ID_*: which registers beside RAX it may change. */
	u16 outputs;
	/* It may write memory that has a private KeyID: PAMTs, pages of TDs. */
	bool writes_private;
	/* It may end with TDX_INTERRUPTED_RESUMABLE. */
	bool interruptible;
	/* In the order in which they are taken. */
	struct tdx_model_lock_rule locks[TDX_MODEL_MAX_LOCKS];
	/* What is checked before a lock is taken.  Optional. */
	u64 (*check)(struct tdx_model *m, struct tdx_model_call *call);
	u64 (*run)(struct tdx_model *m, struct tdx_model_call *call);
};

/* The leaf with a number; one that no generation has, if there is none.  Never NULL. */
const struct tdx_model_leaf *tdx_model_leaf(u64 number);

/* What a leaf answers when its first lock is taken; TDX_SUCCESS: it takes none. */
u64 tdx_model_busy_status(const struct tdx_model_leaf *leaf);

/* The register with a number, TDX_OPERAND_ID_RCX to TDX_OPERAND_ID_R15, but for RSP and RBP. */
u64 *tdx_model_register(struct tdx_regs *regs, unsigned int operand);

#endif /* _X86_VIRT_TDX_MODEL_LEAVES_H */
