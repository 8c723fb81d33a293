/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Expectations for each leaf of the software TDX module.
 */
#ifndef TDX_UNIT_MODEL_LEAVES_H
#define TDX_UNIT_MODEL_LEAVES_H

#include "model/leaves.h"
#include "model_layouts.h"

#define NONE		(~0ULL)

/* Operands of valid calls for TDs: a TD, a vCPU, a free page and TD_PARAMS. */
#define TDR_PA		G(1)
#define TDVPR_PA	(G(1) + K(32))
#define PAGE_PA		(G(1) + K(128))
#define PARAMS_PA	(BUFFER_PA + K(128))
#define SOURCE_PA	(BUFFER_PA + K(132))	/* of a private page */

/* A private page that can be added at this address, if there are secure EPT pages for it */
#define NEW_GPA		K(28)

/* Stages of the module, as seen from a logical processor. */
enum stage {
	PENDING,	/* INIT_PENDING */
	LP_MISSING,	/* INIT_DONE, on the only processor without LP.INIT */
	LP_DONE,	/* the same, on another processor */
	INIT_DONE,	/* LP.INIT is done on all processors */
	CONFIG_DONE,	/* on a package without the key */
	KEY_DONE,	/* on the package with the key */
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
	/* Only the state can cause a refusal; memory is set by prepare_config(). */
	struct tdx_regs good;
	u16 outputs;		/* bits, numbered as TDX_OPERAND_ID_* */
	u16 outputs_1;		/* and more in version 1 */
	bool any_version;	/* it is the leaf that refuses some */
	bool interruptible;
	struct {
		u8 operand;
		u16 bytes;
	} writes[2];		/* to the host's memory */
	u64 status[NR_STAGES];
	/*
	 * Expected while another processor holds a lock; in a stage in which
	 * the leaf would succeed, if there is one.
	 */
	enum stage stage;
	u64 locked[NR_HELD];
	/* States, as bits, from which success leads to state @to; 0 if it never does. */
	u8 from;
	enum tdx_model_state to;
};

extern const struct expected_leaf expected_leaves[];
extern const unsigned int nr_expected_leaves;

/* Statuses of a number without a leaf, in each stage. */
extern const u64 no_leaf_status[NR_STAGES];

/* Whether the table of leaves has one with this number for TDs: any but those of TDH.SYS. */
bool leaf_is_for_tds(unsigned int number);

/* NULL if there must be no such leaf. */
const struct expected_leaf *expected_leaf(u64 number);

/* The module state after success of a leaf in @state. */
enum tdx_model_state expected_state(const struct model_machine *m, u64 leaf,
				    enum tdx_model_state state);

/* Write the operands of TDH.SYS.CONFIG for the legal pair to memory. */
void prepare_config(struct model_machine *m);

#endif
