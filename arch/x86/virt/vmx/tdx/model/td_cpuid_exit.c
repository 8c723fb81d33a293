// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: the CPUID instruction of a guest.
 *
 * TDX Module Base Architecture Specification, "CPUID Virtualization".
 */
#include "td_cpuid.h"
#include "td_run.h"

#define LAST_BASIC_LEAF		0x23
#define SOFTWARE_LEAVES		4	/* 0x40000000 to 0x4fffffff, by the highest digit */
#define FIRST_EXTENDED_LEAF	0x80000000U

#define CPUID_1_EBX_APIC_ID_SHIFT	24
#define CPUID_1_ECX_OSXSAVE	BIT(27)
#define CPUID_7_EBX_TSX		(BIT(4) | BIT(11))
#define CPUID_7_ECX_OSPKE	BIT(4)
#define CPUID_80000001_EDX_SYSCALL BIT(11)
#define CR4_OSXSAVE		BIT_ULL(18)
#define CR4_PKE			BIT_ULL(22)
#define CPUID_CLEAR	BIT_ULL(1)
#define ACCESS_RIGHTS_DPL_SHIFT	5
#define ACCESS_RIGHTS_DPL	3

/* Leaves above those of the CPU show the last basic one. */
static u32 effective_leaf(const struct tdx_model *m, u32 leaf)
{
	if (leaf >> 28 == SOFTWARE_LEAVES || leaf <= LAST_BASIC_LEAF)
		return leaf;
	if (leaf < FIRST_EXTENDED_LEAF)
		return LAST_BASIC_LEAF;
	return leaf > m->cpuid[TDX_MODEL_CPUID_80000000].eax ? LAST_BASIC_LEAF : leaf;
}

static unsigned int find(u32 leaf, u32 subleaf)
{
	const struct tdx_model_cpuid_leaf *entry = tdx_model_cpuid_leaves;
	unsigned int i;

	for (i = 0; i < TDX_MODEL_NR_CPUID; i++, entry++)
		if (entry->leaf == leaf &&
		    (entry->subleaf == TDX_MODEL_NO_SUBLEAF || entry->subleaf == subleaf))
			break;
	return i;
}

/* The guest can ask for #VE, of all leaves or of one. */
static bool guest_wants_ve(const struct tdx_model_entry *e, unsigned int i)
{
	const struct tdx_model_vcpu *vcpu = e->vcpu;
	u32 ss = e->guest->segment[TDX_MODEL_SS].access_rights;

	if (ss >> ACCESS_RIGHTS_DPL_SHIFT & ACCESS_RIGHTS_DPL)
		return vcpu->cpuid_user_ve || vcpu->cpuid_control[i] & TDX_MODEL_CPUID_VE_USER;
	return vcpu->cpuid_supervisor_ve ||
	       vcpu->cpuid_control[i] & TDX_MODEL_CPUID_VE_SUPERVISOR;
}

static void set_bits(u32 *reg, u32 bits, bool value)
{
	*reg = value ? *reg | bits : *reg & ~bits;
}

/* Bits that depend on the state of the vCPU */
static void add_state(const struct tdx_model_entry *e, unsigned int i,
		      struct tdx_cpuid_value *value)
{
	const struct tdx_model_guest *guest = e->guest;

	switch (i) {
	case TDX_MODEL_CPUID_1:
		value->ebx = (value->ebx & (BIT(CPUID_1_EBX_APIC_ID_SHIFT) - 1)) |
			     e->vcpu->index << CPUID_1_EBX_APIC_ID_SHIFT;
		set_bits(&value->ecx, CPUID_1_ECX_OSXSAVE, guest->cr4 & CR4_OSXSAVE);
		break;
	case TDX_MODEL_CPUID_7_0:
		set_bits(&value->ecx, CPUID_7_ECX_OSPKE, guest->cr4 & CR4_PKE);
		if (guest->msr[TDX_MODEL_MSR_TSX_CTRL] & CPUID_CLEAR)
			value->ebx &= ~CPUID_7_EBX_TSX;
		break;
	case TDX_MODEL_CPUID_D_0:
		value->ebx = tdx_model_xsave_bytes(e->m, guest->xcr0);
		break;
	case TDX_MODEL_CPUID_D_1:
		value->ebx = tdx_model_compacted_bytes(e->m, guest->xcr0 | guest->xss);
		break;
	case TDX_MODEL_CPUID_80000001:
		set_bits(&value->edx, CPUID_80000001_EDX_SYSCALL, tdx_model_is_64bit(guest));
		break;
	}
}

/**
 * tdx_model_cpuid - CPUID of the guest
 * @e: the entry
 *
 * Context: On the logical processor that runs the leaf.
 * Return: How the guest continues.
 */
enum tdx_model_outcome tdx_model_cpuid(struct tdx_model_entry *e)
{
	u32 leaf = effective_leaf(e->m, *tdx_model_gpr(e, TDX_MODEL_RAX));
	unsigned int i = find(leaf, *tdx_model_gpr(e, TDX_MODEL_RCX));
	struct tdx_cpuid_value value;

	e->exit.qualification = 0;
	if (i == TDX_MODEL_NR_CPUID || tdx_model_cpuid_leaves[i].kind == TDX_MODEL_CPUID_VE ||
	    guest_wants_ve(e, i))
		return tdx_model_instruction_ve(e);
	value = e->tdcs->cpuid[i];
	add_state(e, i, &value);
	*tdx_model_gpr(e, TDX_MODEL_RAX) = value.eax;
	*tdx_model_gpr(e, TDX_MODEL_RBX) = value.ebx;
	*tdx_model_gpr(e, TDX_MODEL_RCX) = value.ecx;
	*tdx_model_gpr(e, TDX_MODEL_RDX) = value.edx;
	return TDX_MODEL_COMPLETED;
}
