// SPDX-License-Identifier: GPL-2.0-only
#include "cpuid.h"
#include "cr.h"

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
		cpuid_guest(this_cpu(), gated[i].leaf, 0, regs);
		if (regs[gated[i].reg] & BIT_ULL(gated[i].cpuid_bit))
			allowed |= gated[i].cr4;
	}
	return allowed;
}

void cr4_read_exit(struct cpu *cpu, const struct insn *insn)
{
	cpu->gpr[insn->rm] = cpu_cr4(cpu);
	cpu_skip_insn(cpu, insn->length);
}

static bool cr4_valid(const struct cpu *cpu, u64 value)
{
	u64 changed = value ^ cpu_cr4(cpu);

	if (value & ~cr4_allowed())
		return false;
	if (cpu_long_mode(cpu) && (!(value & X86_CR4_PAE) || changed & X86_CR4_LA57))
		return false;
	/* CR4.VMXE is fixed to 1 in VMX operation */
	return !cpu->vmx.on || value & X86_CR4_VMXE;
}

void cr4_write_exit(struct cpu *cpu, const struct insn *insn)
{
	u64 value = cpu->gpr[insn->rm];

	if (!cpu_64bit_code(cpu))
		value = (u32)value;
	if (!cr4_valid(cpu, value)) {
		cpu_inject_error(cpu, VECTOR_GP, 0);
		return;
	}
	cpu->vmcb.cr4 = value & ~X86_CR4_VMXE;
	cpu->cr4_vmxe = value & X86_CR4_VMXE;
	cpu_skip_insn(cpu, insn->length);
}
