// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: operands of leaves, by the numbers that statuses have for
 * them.
 */
#include "internal.h"

u64 *tdx_model_register(struct tdx_regs *regs, unsigned int operand)
{
	static const u8 offsets[TDX_MODEL_NR_REGISTERS] = {
		[TDX_OPERAND_ID_RCX] = TDX_REGS_RCX, [TDX_OPERAND_ID_RDX] = TDX_REGS_RDX,
		[TDX_OPERAND_ID_RBX] = TDX_REGS_RBX, [TDX_OPERAND_ID_RSI] = TDX_REGS_RSI,
		[TDX_OPERAND_ID_RDI] = TDX_REGS_RDI, [TDX_OPERAND_ID_R8] = TDX_REGS_R8,
		[TDX_OPERAND_ID_R9] = TDX_REGS_R9, [TDX_OPERAND_ID_R10] = TDX_REGS_R10,
		[TDX_OPERAND_ID_R11] = TDX_REGS_R11, [TDX_OPERAND_ID_R12] = TDX_REGS_R12,
		[TDX_OPERAND_ID_R13] = TDX_REGS_R13, [TDX_OPERAND_ID_R14] = TDX_REGS_R14,
		[TDX_OPERAND_ID_R15] = TDX_REGS_R15,
	};

	return (u64 *)((u8 *)regs + offsets[operand]);
}

static u64 value_of(struct tdx_model_call *call, unsigned int operand)
{
	return *tdx_model_register(&call->in, operand);
}

u64 tdx_model_shared_operand(struct tdx_model *m, struct tdx_model_call *call,
			     unsigned int operand, u64 bytes, u64 alignment)
{
	u64 pa = value_of(call, operand);

	if (!tdx_model_shared_hpa(m, pa, bytes, alignment))
		return refuse1(m, TDX_OPERAND_INVALID | operand,
			       "% is no aligned, shared address", pa);
	return TDX_SUCCESS;
}

u64 tdx_model_write_operand(struct tdx_model *m, struct tdx_model_call *call,
			    unsigned int operand, const void *buf, u64 bytes)
{
	u64 pa = value_of(call, operand);

	if (!tdx_model_write(m, pa, buf, bytes))
		return refuse1(m, TDX_OPERAND_INVALID | operand, "no memory at %", pa);
	return TDX_SUCCESS;
}

u64 tdx_model_tdmr_operand(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand)
{
	u64 base = value_of(call, operand);
	unsigned int i;

	for (i = 0; i < m->nr_tdmrs; i++) {
		if (m->tdmrs[i].info.base == base) {
			call->tdmr = &m->tdmrs[i];
			return TDX_SUCCESS;
		}
	}
	return refuse1(m, TDX_OPERAND_INVALID | operand, "no TDMR begins at %", base);
}
