// SPDX-License-Identifier: GPL-2.0-only
/* The instruction information of a VM exit. */

/* SDM vol. 3, "Information for VM exits due to instruction execution" */
#include "vm/vm_insn_info.h"

#define REG1_SHIFT		3
#define ADDRESS_SIZE_SHIFT	7
#define REGISTER_OPERAND	BIT(10)
#define OPERAND_32_BIT		BIT(11)
#define SEGMENT_SHIFT		15
#define INDEX_SHIFT		18
#define NO_INDEX		BIT(22)
#define BASE_SHIFT		23
#define NO_BASE			BIT(27)
#define REG2_SHIFT		28
#define INSTRUCTION_SHIFT	28

#define MODRM_REG(insn)		((insn)->modrm >> 3 & 3)

static u32 memory_operand(const struct insn *insn)
{
	u32 info = insn->scale | (u32)insn->address_size << ADDRESS_SIZE_SHIFT |
		   (u32)insn->segment << SEGMENT_SHIFT;

	info |= insn->index == NO_REGISTER ? NO_INDEX : (u32)insn->index << INDEX_SHIFT;
	info |= insn->base == NO_REGISTER ? NO_BASE : (u32)insn->base << BASE_SHIFT;
	return info;
}

static u32 operand(const struct insn *insn)
{
	return insn->mem ? memory_operand(insn) : REGISTER_OPERAND | (u32)insn->rm << REG1_SHIFT;
}

u32 vm_insn_info_vmx(const struct insn *insn)
{
	if (!insn->mem && insn->opcode == 0x01)
		return 0;
	return operand(insn) | (u32)insn->reg << REG2_SHIFT;
}

u32 vm_insn_info_table(const struct vcpu *vcpu, const struct insn *insn)
{
	bool wide = vcpu_64bit_code(vcpu) || vcpu->vmcb.cs.attributes & SVM_SEG_DB;
	u32 info = operand(insn) | (u32)MODRM_REG(insn) << INSTRUCTION_SHIFT;

	return wide == !(insn->prefixes & PREFIX_66) ? info | OPERAND_32_BIT : info;
}

u32 vm_insn_info_string(const struct insn *insn)
{
	return (u32)insn->address_size << ADDRESS_SIZE_SHIFT |
	       (u32)insn->segment << SEGMENT_SHIFT;
}
