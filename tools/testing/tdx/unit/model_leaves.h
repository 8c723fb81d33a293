/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expectations for each leaf of the software TDX module.
 */
#ifndef TDX_UNIT_MODEL_LEAVES_H
#define TDX_UNIT_MODEL_LEAVES_H

#include "model/leaves.h"
#include "model_layouts.h"

#define NONE		(~0ULL)

/* Stages of the module, as seen from a logical processor. */
enum stage {
	PENDING,	/* INIT_PENDING */
	LP_MISSING,	/* INIT_DONE, on the only processor that lacks LP.INIT */
	LP_DONE,	/* the same from another processor */
	INIT_DONE,	/* and all logical processors */
	CONFIG_DONE,	/* in a package without the key */
	KEY_DONE,	/* in the package that has the key */
	READY,
	SHUTDOWN,
	NR_STAGES,
};

/* The lock that another logical processor holds. */
enum held {
	FREE, GLOBAL_EXCLUSIVE, GLOBAL_SHARED, TDMR_EXCLUSIVE, NR_HELD,
};

struct expected_leaf {
	u64 leaf;
	enum tdx_model_generation since;
	/* A call that can only be refused for the state, with memory from prepare_config(). */
	struct tdx_regs good;
	u16 outputs;		/* bits, numbered as TDX_OPERAND_ID_* */
	bool interruptible;
	struct {
		u8 operand;
		u16 bytes;
	} writes[2];		/* to the host's memory */
	u64 status[NR_STAGES];
	/*
	 * While another processor holds a lock; in a stage where it would succeed, if there
	 * is one.
	 */
	enum stage stage;
	u64 locked[NR_HELD];
	/* Success leads from these module states, as bits, to another; 0: it never does. */
	u8 from;
	enum tdx_model_state to;
};

extern const struct expected_leaf expected_leaves[];
extern const unsigned int nr_expected_leaves;

/* In each stage, of a leaf that the module does not have. */
extern const u64 no_leaf_status[NR_STAGES];

/* NULL: there should be no such leaf. */
const struct expected_leaf *expected_leaf(u64 number);

/* The module state after a leaf that succeeded in @state. */
enum tdx_model_state expected_state(const struct model_machine *m, u64 leaf,
				    enum tdx_model_state state);

/* What TDH.SYS.CONFIG reads: the legal pair. */
void prepare_config(struct model_machine *m);

#endif
