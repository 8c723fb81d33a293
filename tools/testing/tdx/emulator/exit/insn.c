// SPDX-License-Identifier: GPL-2.0-only
/* Emulation of instructions that QEMU's CPU does not have. */
#include "cpu/decode.h"
#include "exit/direct_store.h"
#include "exit/insn.h"
#include "host/sysenter.h"
#include "host/vmx.h"
#include "seam/seamcall.h"
#include "td/td_map.h"
#include "vm/vm_entry.h"
#include "vm/vm_map.h"

/* A TD uses EPTs, too; it does not matter which of them is meant. */
static void invept(struct vcpu *vcpu, const struct insn *insn)
{
	u64 eptp = VM_MAP_ALL;

	if (vmx_invept(vcpu, insn, &eptp))
		vm_map_flush(vcpu->cpu, eptp);
	td_map_flush(vcpu->cpu);
}

/* Which VPID or address is meant does not matter. */
static void invvpid(struct vcpu *vcpu, const struct insn *insn)
{
	vmx_invvpid(vcpu, insn);
	vm_map_flush(vcpu->cpu, VM_MAP_NO_EPT);
}

/* Bits of ModRM that select an instruction. */
enum operand {
	NO_OPERAND,	/* the whole ModRM byte */
	MEMORY,		/* reg; the operand is memory */
	REG_AND_MEMORY,	/* none: a register and a memory operand */
	REG_AND_ANY,	/* none: a register and any operand */
};

static const struct {
	enum opcode_map map;
	u8 opcode;
	u8 prefix;
	enum operand operand;
	u8 modrm;
	void (*emulate)(struct vcpu *vcpu, const struct insn *insn);
} known[] = {
	{ MAP_0F, 0x01, PREFIX_66, NO_OPERAND, 0xcf, seamcall_exit },
	{ MAP_0F, 0x01, PREFIX_NONE, NO_OPERAND, 0xc2, vm_launch },
	{ MAP_0F, 0x01, PREFIX_NONE, NO_OPERAND, 0xc3, vm_resume },
	{ MAP_0F, 0x01, PREFIX_NONE, NO_OPERAND, 0xc4, vmx_vmxoff },
	{ MAP_0F, 0xc7, PREFIX_F3, MEMORY, 6, vmx_vmxon },
	{ MAP_0F, 0xc7, PREFIX_66, MEMORY, 6, vmx_vmclear },
	{ MAP_0F, 0xc7, PREFIX_NONE, MEMORY, 6, vmx_vmptrld },
	{ MAP_0F, 0xc7, PREFIX_NONE, MEMORY, 7, vmx_vmptrst },
	{ MAP_0F, 0x78, PREFIX_NONE, REG_AND_ANY, 0, vmx_vmread },
	{ MAP_0F, 0x79, PREFIX_NONE, REG_AND_ANY, 0, vmx_vmwrite },
	{ MAP_0F38, 0x80, PREFIX_66, REG_AND_MEMORY, 0, invept },
	{ MAP_0F38, 0x81, PREFIX_66, REG_AND_MEMORY, 0, invvpid },
	{ MAP_0F38, 0xf8, PREFIX_66, REG_AND_MEMORY, 0, direct_store_exit },
	{ MAP_0F, 0x34, PREFIX_NONE, NO_OPERAND, 0, sysenter },
};

static bool operand_matches(const struct insn *insn, enum operand operand, u8 modrm)
{
	switch (operand) {
	case NO_OPERAND:
		return insn->modrm == modrm;
	case MEMORY:
		return insn->mem && (insn->modrm >> 3 & 7) == modrm;
	case REG_AND_MEMORY:
		return insn->mem;
	default:
		return true;
	}
}

void insn_ud_exit(struct vcpu *vcpu)
{
	struct insn insn;
	unsigned int i;

	if (decode(vcpu, &insn) && !insn.lock) {
		for (i = 0; i < ARRAY_LEN(known); i++) {
			if (known[i].map != insn.map || known[i].opcode != insn.opcode ||
			    known[i].prefix != insn.prefixes ||
			    !operand_matches(&insn, known[i].operand, known[i].modrm))
				continue;
			known[i].emulate(vcpu, &insn);
			return;
		}
	}
	vcpu_inject(vcpu, VECTOR_UD);
}
