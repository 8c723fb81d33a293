// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: measurement of a TD before it runs.
 *
 * TDX Module Base Architecture Specification, "Measurement and Attestation"; ABI
 * specification, TDH.MR.EXTEND and TDH.MR.FINALIZE.
 */
#include "internal.h"
#include "measure.h"

/* What is hashed for a leaf: its name, and the address. */
struct extension {
	char what[16];
	u64 gpa;
	u8 zeros[104];
};

static_assert(sizeof(struct extension) == TDX_MODEL_SHA384_BLOCK);
static_assert(TDX_MR_EXTEND_BYTES % TDX_MODEL_SHA384_BLOCK == 0);
static_assert(TDX_MODEL_SHA384_WORDS * sizeof(u64) == TDX_MR_BYTES);

/**
 * tdx_model_measure - add an event to the measurement
 * @tdcs: the TD
 * @what: name of the event
 * @gpa:  guest address that it concerns
 *
 * Context: On the logical processor that runs the leaf, with the TDR locked exclusively.
 */
void tdx_model_measure(struct tdx_model_tdcs *tdcs, const char *what, u64 gpa)
{
	struct extension extension = { .gpa = gpa };
	unsigned int i;

	for (i = 0; what[i]; i++)
		extension.what[i] = what[i];
	tdx_model_sha384_add(&tdcs->measurement, &extension, 1);
}

u64 tdx_model_mr_extend_check(struct tdx_model *m, struct tdx_model_call *call)
{
	if (call->in.rcx & (TDX_MR_EXTEND_BYTES - 1))
		return refuse1(m, TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX, "% is unaligned",
			       call->in.rcx);
	call->sept.gpa = call->in.rcx;
	return tdx_model_private_gpa(m, call, call->sept.gpa);
}

u64 tdx_model_mr_extend(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_tdcs *tdcs = call->tdcs;
	const void *chunk = tdx_model_sept_contents(m, call, TDX_MR_EXTEND_BYTES);

	tdx_model_measure(tdcs, TDX_MODEL_MEASURE_EXTEND, call->sept.gpa);
	tdx_model_sha384_add(&tdcs->measurement, chunk,
			     TDX_MR_EXTEND_BYTES / TDX_MODEL_SHA384_BLOCK);
	return TDX_SUCCESS;
}

u64 tdx_model_mr_finalize(struct tdx_model *m, struct tdx_model_call *call)
{
	struct tdx_model_tdcs *tdcs = call->tdcs;

	if (!tdcs->nr_vcpus)
		return refuse(m, TDX_NO_VCPUS, "no vCPU was initialized");
	tdx_model_sha384_end(&tdcs->measurement, tdcs->mrtd);
	tdcs->op_state = TDX_TD_RUNNABLE;
	return TDX_SUCCESS;
}

/**
 * tdx_model_mrtd - the measurement of a TD
 * @m:    the module
 * @tdr:  address of its TDR; the TD is initialized
 * @mrtd: the digest; zeros before TDH.MR.FINALIZE
 *
 * Context: On a logical processor, while no leaf changes the TD.
 */
void tdx_model_mrtd(const struct tdx_model *m, u64 tdr, u8 mrtd[TDX_MR_BYTES])
{
	const struct tdx_model_td *td = m->ops->map(m->ctx, tdr, PAGE_BYTES);
	const struct tdx_model_tdcs *tdcs =
		m->ops->map(m->ctx, td->tdcx_pa[TDX_MODEL_TDCX_TDCS], PAGE_BYTES);

	memcpy(mrtd, tdcs->mrtd, TDX_MR_BYTES);
}
