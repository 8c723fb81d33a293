// SPDX-License-Identifier: GPL-2.0-only
/* Control and debug registers of a VM's vCPU. */
#include "host/cr.h"
#include "host/qualification.h"
#include "vm/vm_apic_insn.h"
#include "vm/vm_cr.h"
#include "vm/vm_intercept.h"

#define OPCODE_SMSW		0x01	/* LMSW, too */
#define OPCODE_CLTS		0x06
#define OPCODE_MOV_FROM_CR	0x20
#define OPCODE_MOV_FROM_DR	0x21
#define MODRM_REG_SMSW		4

#define X86_CR0_TS		BIT_ULL(3)
#define LMSW_BITS		0xfULL
#define CR0_RESERVED		(~0xe005003fULL)
#define CR4_DE			BIT_ULL(3)
#define CR8_BITS		0xfULL
#define DR6_FIXED		0xffff0ff0ULL
#define DR6_WRITABLE		0xe00fULL
#define DR7_WRITABLE		0xffff23ffULL

#define QUALIFICATION_DR_READ	BIT_ULL(4)
#define QUALIFICATION_GPR_SHIFT	8

static bool gp_fault(struct vm *vm)
{
	vcpu_inject_error(vm->vcpu, VECTOR_GP, 0);
	return false;
}

static bool skip(struct vm *vm, const struct insn *insn)
{
	vcpu_skip_insn(vm->vcpu, insn->length);
	return false;
}

static bool cr_exit(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	*exit = (struct vm_exit){
		.reason = VM_EXIT_CR,
		.qualification = qualification_of_cr(vm->vcpu, insn),
		.length = insn->length,
	};
	return true;
}

static u64 operand(const struct vm *vm, const struct insn *insn)
{
	u64 value = vm->vcpu->gpr[insn->rm];

	return vcpu_64bit_code(vm->vcpu) ? value : (u32)value;
}

/* In VMX operation CR0.NE is 1; unrestricted guests may clear the other fixed bits. */
static bool cr0_valid(const struct vm *vm, u64 value)
{
	const struct vmcb *v = &vm->vcpu->vmcb;
	bool paging = value & X86_CR0_PG, starts = paging && !(v->cr0 & X86_CR0_PG);

	if (value >> 32 || !(value & X86_CR0_NE) || (paging && !(value & X86_CR0_PE)) ||
	    (value & X86_CR0_NW && !(value & X86_CR0_CD)))
		return false;
	if (!paging && vcpu_64bit_code(vm->vcpu))
		return false;
	return !starts || !(vcpu_efer(vm->vcpu) & EFER_LME) || v->cr4 & X86_CR4_PAE;
}

static bool set_cr0(struct vm *vm, u64 value)
{
	struct vcpu *vcpu = vm->vcpu;
	u64 efer = vcpu_efer(vcpu);

	if (!cr0_valid(vm, value))
		return false;
	vcpu->vmcb.cr0 = (value & ~CR0_RESERVED) | X86_CR0_ET;
	vcpu->vmcb.efer &= ~EFER_LMA;
	if (efer & EFER_LME && value & X86_CR0_PG)
		vcpu->vmcb.efer |= EFER_LMA;
	vcpu_set_efer(vcpu, efer);
	return true;
}

static bool write_cr0(struct vm *vm, const struct insn *insn, u64 value, struct vm_exit *exit)
{
	u64 cr0 = vm->vcpu->vmcb.cr0;

	if ((value ^ vm->cr0_shadow) & vm->cr0_mask)
		return cr_exit(vm, insn, exit);
	if (!set_cr0(vm, (cr0 & vm->cr0_mask) | (value & ~vm->cr0_mask)))
		return gp_fault(vm);
	return skip(vm, insn);
}

static bool clts(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	if (vm->cr0_mask & X86_CR0_TS) {
		if (vm->cr0_shadow & X86_CR0_TS)
			return cr_exit(vm, insn, exit);
	} else {
		vm->vcpu->vmcb.cr0 &= ~X86_CR0_TS;
	}
	return skip(vm, insn);
}

/* It cannot clear CR0.PE, so only a write of 1 to that is compared. */
static bool lmsw(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	u64 qualification = qualification_of_cr(vm->vcpu, insn), cr0 = vm->vcpu->vmcb.cr0;
	u64 source = qualification >> 16 & LMSW_BITS, mask = vm->cr0_mask & LMSW_BITS;
	u64 differs = (source ^ vm->cr0_shadow) & mask;

	if (vm->vcpu->vmcb.event_inject & SVM_EVENT_VALID)
		return false;
	if (!(source & X86_CR0_PE))
		differs &= ~X86_CR0_PE;
	if (differs) {
		*exit = (struct vm_exit){ .reason = VM_EXIT_CR, .qualification = qualification,
					  .length = insn->length, .linear = insn->linear };
		return true;
	}
	source = (source & ~mask) | (cr0 & mask) | (cr0 & X86_CR0_PE);
	if (!set_cr0(vm, (cr0 & ~LMSW_BITS) | source))
		return gp_fault(vm);
	return skip(vm, insn);
}

static bool cr4_valid(const struct vm *vm, u64 value)
{
	u64 changed = value ^ vcpu_cr4(vm->vcpu);

	if (value & ~cr4_allowed() || !(value & X86_CR4_VMXE))
		return false;
	return !vcpu_long_mode(vm->vcpu) || (value & X86_CR4_PAE && !(changed & X86_CR4_LA57));
}

static bool write_cr4(struct vm *vm, const struct insn *insn, u64 value, struct vm_exit *exit)
{
	u64 cr4 = vcpu_cr4(vm->vcpu), next = (cr4 & vm->cr4_mask) | (value & ~vm->cr4_mask);

	if ((value ^ vm->cr4_shadow) & vm->cr4_mask)
		return cr_exit(vm, insn, exit);
	if (!cr4_valid(vm, next))
		return gp_fault(vm);
	vcpu_set_cr4(vm->vcpu, next);
	return skip(vm, insn);
}

static bool is_target(const struct vm *vm, u64 value)
{
	unsigned int i, count = vmcs_read(vm->vmcs, VMCS_CR3_TARGET_COUNT);

	for (i = 0; i < count && i < 4; i++) {
		if (vmcs_read(vm->vmcs, (enum vmcs_field)(VMCS_CR3_TARGET_VALUE0 + 2 * i)) ==
		    value)
			return true;
	}
	return false;
}

static bool write_cr3(struct vm *vm, const struct insn *insn, u64 value, struct vm_exit *exit)
{
	if (vm->primary & PRIMARY_CR3_LOAD_EXITING && !is_target(vm, value))
		return cr_exit(vm, insn, exit);
	vm->vcpu->vmcb.cr3 = value;
	return skip(vm, insn);
}

/* Without a TPR shadow, it is the CPU's own. */
static bool write_cr8(struct vm *vm, const struct insn *insn, u64 value, struct vm_exit *exit)
{
	if (vm->primary & PRIMARY_CR8_LOAD_EXITING)
		return cr_exit(vm, insn, exit);
	if (value & ~CR8_BITS)
		return gp_fault(vm);
	if (vm_apic_has_tpr(&vm->apic))
		return vm_apic_cr8_write(vm, insn, value, exit);
	native_write_cr8(value);
	return skip(vm, insn);
}

static u64 read_cr8(const struct vm *vm)
{
	return vm_apic_has_tpr(&vm->apic) ? vapic_tpr_class(&vm->apic.regs) : native_read_cr8();
}

static bool read_cr(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	u64 *to = &vm->vcpu->gpr[insn->rm];

	switch (insn->reg) {
	case 0:
		*to = vm_cr0(vm);
		break;
	case 2:
		*to = vm->vcpu->vmcb.cr2;
		break;
	case 3:
		if (vm->primary & PRIMARY_CR3_STORE_EXITING)
			return cr_exit(vm, insn, exit);
		*to = vm->vcpu->vmcb.cr3;
		break;
	case 4:
		*to = vm_cr4(vm);
		break;
	default:
		if (vm->primary & PRIMARY_CR8_STORE_EXITING)
			return cr_exit(vm, insn, exit);
		*to = read_cr8(vm);
	}
	return skip(vm, insn);
}

static bool write_cr(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	u64 value = operand(vm, insn);

	switch (insn->reg) {
	case 0:
		return write_cr0(vm, insn, value, exit);
	case 3:
		return write_cr3(vm, insn, value, exit);
	case 4:
		return write_cr4(vm, insn, value, exit);
	default:
		return write_cr8(vm, insn, value, exit);
	}
}

static bool machine_status_word(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	if ((insn->modrm >> 3 & 7) != MODRM_REG_SMSW)
		return lmsw(vm, insn, exit);
	return cr_smsw(vm->vcpu, insn, vm_cr0(vm)) && skip(vm, insn);
}

bool vm_cr_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	bool exits;

	switch (insn->opcode) {
	case OPCODE_SMSW:
		exits = machine_status_word(vm, insn, exit);
		break;
	case OPCODE_CLTS:
		exits = clts(vm, insn, exit);
		break;
	case OPCODE_MOV_FROM_CR:
		return read_cr(vm, insn, exit);
	default:
		exits = write_cr(vm, insn, exit);
	}
	vm_intercept_cr_reads(vm);
	return exits;
}

/* DR0 to DR3 are not intercepted without an exit. */
static u64 read_dr(const struct vm *vm, unsigned int number)
{
	return number & 1 ? vm->vcpu->vmcb.dr7 : vm->vcpu->vmcb.dr6;
}

static bool write_dr(struct vm *vm, unsigned int number, u64 value)
{
	if (value >> 32)
		return false;
	if (number & 1) {
		vm->vcpu->vmcb.dr7 = (value & DR7_WRITABLE) | DR7_RESET;
	} else {
		vm->dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
		vm->vcpu->vmcb.dr6 = vm->dr6;
	}
	return true;
}

bool vm_dr_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	bool read = insn->opcode == OPCODE_MOV_FROM_DR;

	if (vm->primary & PRIMARY_MOV_DR_EXITING) {
		*exit = (struct vm_exit){
			.reason = VM_EXIT_DR,
			.qualification = insn->reg | (read ? QUALIFICATION_DR_READ : 0) |
					 (u64)insn->rm << QUALIFICATION_GPR_SHIFT,
			.length = insn->length,
		};
		return true;
	}
	if (insn->reg >> 1 == 2 && vm->vcpu->vmcb.cr4 & CR4_DE) {
		vcpu_inject(vm->vcpu, VECTOR_UD);
		return false;
	}
	if (read)
		vm->vcpu->gpr[insn->rm] = read_dr(vm, insn->reg);
	else if (!write_dr(vm, insn->reg, operand(vm, insn)))
		return gp_fault(vm);
	return skip(vm, insn);
}
