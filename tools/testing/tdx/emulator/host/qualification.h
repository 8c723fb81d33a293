/* SPDX-License-Identifier: GPL-2.0-only */
/* Exit qualifications of instructions, as a CPU with VMX has them. */
#ifndef _TDX_EMU_QUALIFICATION_H
#define _TDX_EMU_QUALIFICATION_H

#include "cpu/decode.h"

/**
 * qualification_of_io() - exit qualification of an I/O instruction
 * @info:	first exit information of the VMCB
 * @insn:	the instruction
 *
 * Return: the exit qualification.
 */
u64 qualification_of_io(u64 info, const struct insn *insn);

/**
 * qualification_of_cr() - exit qualification of an access to a control register
 * @vcpu:	vCPU at the instruction
 * @insn:	MOV to or from a control register, CLTS or LMSW
 *
 * The operand of LMSW is read, and may cause an exception or not be reached.
 *
 * Return: the exit qualification.
 */
u64 qualification_of_cr(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_QUALIFICATION_H */
