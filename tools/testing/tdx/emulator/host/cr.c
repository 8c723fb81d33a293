// SPDX-License-Identifier: GPL-2.0-only
/* Control registers: values that are read, and writes that are allowed. */
#include "cpu/walk.h"
#include "host/cpuid.h"
#include "host/cr.h"
#include "machine/platform.h"

#define OPCODE_MOV_FROM_CR	0x20	/* else it is SMSW */
#define OPCODE_MOV_TO_CR	0x22

#define CR3_RESERVED		(~0ULL << PLATFORM_PHYS_BITS)

/* VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR OSXMMEXCPT */
#define CR4_ALWAYS	0x7ffULL

/* Bits that a feature allows: bit @cpuid_bit of register @reg of leaf 1 or 7. */
static const struct {
	u64 cr4;
	u8 leaf, reg, cpuid_bit;
} gated[] = {
	{ X86_CR4_VMXE, 1, 2, 5 },
	{ X86_CR4_PCIDE, 1, 2, 17 },
	{ X86_CR4_OSXSAVE, 1, 2, 26 },
	{ X86_CR4_FSGSBASE, 7, 1, 0 },
	{ X86_CR4_SMEP, 7, 1, 7 },
	{ X86_CR4_SMAP, 7, 1, 20 },
	{ X86_CR4_UMIP, 7, 2, 2 },
	{ X86_CR4_PKE, 7, 2, 3 },
	{ X86_CR4_LA57, 7, 2, 16 },
	{ X86_CR4_PKS, 7, 2, 31 },
};

u64 cr4_allowed(void)
{
	u64 allowed = CR4_ALWAYS;
	unsigned int i;
	u32 regs[4];

	for (i = 0; i < ARRAY_LEN(gated); i++) {
		cpuid_guest(&this_cpu()->host, gated[i].leaf, 0, regs);
		if (regs[gated[i].reg] & BIT_ULL(gated[i].cpuid_bit))
			allowed |= gated[i].cr4;
	}
	return allowed;
}

unsigned int linear_bits(void)
{
	return cr4_allowed() & X86_CR4_LA57 ? 57 : 48;
}

static u64 read_cr(const struct vcpu *vcpu, unsigned int number)
{
	switch (number) {
	case 0:
		return vcpu->vmcb.cr0;
	case 2:
		return vcpu->vmcb.cr2;
	case 3:
		return vcpu->vmcb.cr3;
	case 4:
		return vcpu_cr4(vcpu);
	default:
		return native_read_cr8();
	}
}

/* A register gets CR0 in the operand size, memory always gets 16 bits. */
bool cr_smsw(struct vcpu *vcpu, const struct insn *insn, u64 cr0)
{
	bool wide = vcpu_64bit_code(vcpu) || vcpu->vmcb.cs.attributes & SVM_SEG_DB;
	u64 *reg = &vcpu->gpr[insn->rm];

	if (insn->mem)
		return guest_write(vcpu, insn->linear, &cr0, sizeof(u16));
	if (insn->rex & REX_W)
		*reg = cr0;
	else if (wide == !(insn->prefixes & PREFIX_66))
		*reg = (u32)cr0;
	else
		*reg = (*reg & ~0xffffULL) | (u16)cr0;
	return true;
}

void cr_read_exit(struct vcpu *vcpu, const struct insn *insn)
{
	if (insn->opcode == OPCODE_MOV_FROM_CR)
		vcpu->gpr[insn->rm] = read_cr(vcpu, insn->reg);
	else if (!cr_smsw(vcpu, insn, vcpu->vmcb.cr0))
		return;
	vcpu_skip_insn(vcpu, insn->length);
}

bool cr3_write_refused(struct vcpu *vcpu, const struct insn *insn)
{
	if (insn->map != MAP_0F || insn->opcode != OPCODE_MOV_TO_CR || insn->reg != 3 ||
	    !(vcpu->gpr[insn->rm] & CR3_RESERVED))
		return false;
	vcpu_inject_error(vcpu, VECTOR_GP, 0);
	return true;
}

static bool cr4_valid(const struct vcpu *vcpu, u64 value)
{
	u64 changed = value ^ vcpu_cr4(vcpu);

	if (value & ~cr4_allowed())
		return false;
	if (vcpu_long_mode(vcpu) && (!(value & X86_CR4_PAE) || changed & X86_CR4_LA57))
		return false;
	/* CR4.VMXE is fixed to 1 in VMX operation */
	return !vcpu->cpu->vmx.on || value & X86_CR4_VMXE;
}

void cr4_write_exit(struct vcpu *vcpu, const struct insn *insn)
{
	u64 value = vcpu->gpr[insn->rm];

	if (!vcpu_64bit_code(vcpu))
		value = (u32)value;
	if (!cr4_valid(vcpu, value)) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return;
	}
	vcpu_set_cr4(vcpu, value);
	vcpu_skip_insn(vcpu, insn->length);
}
