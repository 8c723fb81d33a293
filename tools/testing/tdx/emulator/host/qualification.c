// SPDX-License-Identifier: GPL-2.0-only
/* Exit qualifications of instructions, as a CPU with VMX has them. */

/* SDM vol. 3, "Information for VM exits due to instruction execution". */
#include "cpu/walk.h"
#include "host/qualification.h"

/* Of MOV to and from CR, CLTS, LMSW */
#define CR_READ			BIT_ULL(4)
#define CR_CLTS			(2ULL << 4)
#define CR_LMSW			(3ULL << 4)
#define CR_LMSW_MEMORY		BIT_ULL(6)
#define CR_GPR_SHIFT		8
#define CR_LMSW_SOURCE_SHIFT	16

/* Of I/O */
#define IO_SIZE(bytes)		((bytes) - 1)
#define IO_IN			BIT_ULL(3)
#define IO_STRING		BIT_ULL(4)
#define IO_REP			BIT_ULL(5)
#define IO_IMMEDIATE		BIT_ULL(6)
#define IO_PORT_SHIFT		16

#define OPCODE_CLTS		0x06
#define OPCODE_MOV_FROM_CR	0x20
#define OPCODE_MOV_TO_CR	0x22
#define LAST_OPCODE_IMM_PORT	0xe7

u64 qualification_of_io(u64 info, const struct insn *insn)
{
	u64 qualification = IO_SIZE(SVM_IOIO_SIZE(info)) | SVM_IOIO_PORT(info) << IO_PORT_SHIFT;

	if (info & SVM_IOIO_IN)
		qualification |= IO_IN;
	if (info & SVM_IOIO_STRING)
		qualification |= IO_STRING;
	if (info & SVM_IOIO_REP)
		qualification |= IO_REP;
	if (!(info & SVM_IOIO_STRING) && insn->opcode <= LAST_OPCODE_IMM_PORT)
		qualification |= IO_IMMEDIATE;
	return qualification;
}

/* The CPU has read a source operand in memory before the exit. */
static u64 lmsw_qualification(struct vcpu *vcpu, const struct insn *insn)
{
	u64 source = vcpu->gpr[insn->rm] & 0xffff;

	if (!insn->mem)
		return CR_LMSW | source << CR_LMSW_SOURCE_SHIFT;
	source = 0;
	guest_read(vcpu, insn->linear, &source, sizeof(u16));
	return CR_LMSW | CR_LMSW_MEMORY | source << CR_LMSW_SOURCE_SHIFT;
}

u64 qualification_of_cr(struct vcpu *vcpu, const struct insn *insn)
{
	if (insn->opcode == OPCODE_MOV_TO_CR)
		return insn->reg | (u64)insn->rm << CR_GPR_SHIFT;
	if (insn->opcode == OPCODE_MOV_FROM_CR)
		return insn->reg | CR_READ | (u64)insn->rm << CR_GPR_SHIFT;
	if (insn->opcode == OPCODE_CLTS)
		return CR_CLTS;
	return lmsw_qualification(vcpu, insn);
}
