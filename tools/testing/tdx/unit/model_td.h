/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDs in the software TDX module, in the stages of their lifecycle.
 */
#ifndef TDX_UNIT_MODEL_TD_H
#define TDX_UNIT_MODEL_TD_H

#include "model/internal.h"
#include "model_leaves.h"

/* Stages of the TD at TDR_PA and its vCPU at TDVPR_PA, in order */
enum td_stage {
	NO_TD,
	CREATED,
	HALF_KEYED,	/* on the package of logical processor 0 */
	KEYED,
	TDCX_5,
	TDCX_6,
	INITIALIZED,
	VP_CREATED,
	VP_5,		/* pages */
	VP_6,
	VP_READY,	/* on logical processor 0 */
	VP_FLUSHED,
	BLOCKED,	/* TDH.MNG.VPFLUSHDONE */
	WB_1,		/* caches of the package of logical processor 0 */
	WB_2,
	TEARDOWN,
	NR_TD_STAGES,
};

#define TD_KEYID	33
#define LP_1		3		/* on the other package, in a machine of 4 */
#define TDCX_PA(i)	(TDR_PA + K(4) * (1 + (i)))
#define TDVPS_PA(i)	(TDVPR_PA + K(4) * (i))

/* READY, with TDMR 1, from 1 GB to 3 GB, initialized */
void td_machine_init(struct model_machine *m);

/* Load a module and bring a TD to a stage.  False if a step fails. */
bool td_bring_to(struct model_machine *m, enum td_stage stage);

/* SEAMCALL with two operands on a logical processor */
u64 td_call(struct model_machine *m, unsigned int lp, u64 leaf, u64 rcx, u64 rdx);

/* Valid operands for a leaf */
struct tdx_model_regs td_good_call(u64 leaf);

/* Write valid TD_PARAMS to PARAMS_PA. */
struct tdx_td_params *td_params(struct model_machine *m);

/* State of the module */
struct tdx_model_td *td_of(struct model_machine *m);
struct tdx_model_tdcs *tdcs_of(struct model_machine *m);
struct tdx_model_vcpu *vcpu_of(struct model_machine *m);
struct tdx_model_pamt_entry *entry_of(struct model_machine *m, u64 pa, enum tdx_pamt_level level);

/* Count pages of TDs in PAMTs, in 4 KB; @locked: one is locked */
u64 td_count_pages(const struct model_machine *m, bool *locked);

#endif
