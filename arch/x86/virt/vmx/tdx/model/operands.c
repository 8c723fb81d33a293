// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: operands of leaves, by their ids in statuses.
 */
#include "internal.h"

/**
 * tdx_model_register - the register of an operand
 * @regs:    the registers
 * @operand: TDX_OPERAND_ID_RCX to TDX_OPERAND_ID_R15, except RSP and RBP
 *
 * Context: Any.
 * Return: A pointer into @regs.
 */
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

/**
 * tdx_model_shared_operand - check the address of a buffer in shared memory
 * @m:         the module
 * @call:      the SEAMCALL
 * @operand:   the register, as TDX_OPERAND_ID_*
 * @bytes:     length of the buffer
 * @alignment: of its address
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_shared_operand(struct tdx_model *m, struct tdx_model_call *call,
			     unsigned int operand, u64 bytes, u64 alignment)
{
	u64 pa = value_of(call, operand);

	if (!tdx_model_shared_hpa(m, pa, bytes, alignment))
		return refuse1(m, TDX_OPERAND_INVALID | operand,
			       "% is no aligned, shared address", pa);
	return TDX_SUCCESS;
}

/**
 * tdx_model_read_operand - read from a buffer whose address was checked
 * @m:       the module
 * @call:    the SEAMCALL
 * @operand: the register, as TDX_OPERAND_ID_*
 * @buf:     where to
 * @bytes:   how much
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_read_operand(struct tdx_model *m, struct tdx_model_call *call,
			   unsigned int operand, void *buf, u64 bytes)
{
	u64 pa = value_of(call, operand);

	if (!tdx_model_read(m, pa, buf, bytes))
		return refuse1(m, TDX_OPERAND_INVALID | operand, "no memory at %", pa);
	return TDX_SUCCESS;
}

/**
 * tdx_model_write_operand - write to a buffer whose address was checked
 * @m:       the module
 * @call:    the SEAMCALL
 * @operand: the register, as TDX_OPERAND_ID_*
 * @buf:     the source
 * @bytes:   number of bytes
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_write_operand(struct tdx_model *m, struct tdx_model_call *call,
			    unsigned int operand, const void *buf, u64 bytes)
{
	u64 pa = value_of(call, operand);

	if (!tdx_model_write(m, pa, buf, bytes))
		return refuse1(m, TDX_OPERAND_INVALID | operand, "no memory at %", pa);
	return TDX_SUCCESS;
}

/**
 * tdx_model_tdmr_operand - find the TDMR that begins at an address
 * @m:       the module
 * @call:    the SEAMCALL; @call->tdmr is set
 * @operand: the register, as TDX_OPERAND_ID_*
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
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
