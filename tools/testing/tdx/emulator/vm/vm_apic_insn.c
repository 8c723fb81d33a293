// SPDX-License-Identifier: GPL-2.0-only
/* Instructions of a VM's vCPU that access the virtual APIC. */

/*
 * Of the instructions that access the page, operating systems use MOV, MOVZX and XCHG.  Others
 * are not virtualized: they exit, as if the access was too wide.
 */
#include "vm/vm_apic_insn.h"

/* From memory to a register, the other way, or both; from an immediate operand */
enum move { LOAD, STORE, EXCHANGE, STORE_IMM };

#define OPERAND_SIZE		0	/* of the instruction */

static const struct {
	enum opcode_map map;
	u8 opcode;
	enum move move;
	u8 bytes;
} moves[] = {
	{ MAP_ONE_BYTE, 0x86, EXCHANGE, 1 },
	{ MAP_ONE_BYTE, 0x87, EXCHANGE, OPERAND_SIZE },
	{ MAP_ONE_BYTE, 0x88, STORE, 1 },
	{ MAP_ONE_BYTE, 0x89, STORE, OPERAND_SIZE },
	{ MAP_ONE_BYTE, 0x8a, LOAD, 1 },
	{ MAP_ONE_BYTE, 0x8b, LOAD, OPERAND_SIZE },
	{ MAP_ONE_BYTE, 0xa0, LOAD, 1 },
	{ MAP_ONE_BYTE, 0xa1, LOAD, OPERAND_SIZE },
	{ MAP_ONE_BYTE, 0xa2, STORE, 1 },
	{ MAP_ONE_BYTE, 0xa3, STORE, OPERAND_SIZE },
	{ MAP_ONE_BYTE, 0xc6, STORE_IMM, 1 },
	{ MAP_ONE_BYTE, 0xc7, STORE_IMM, OPERAND_SIZE },
	{ MAP_0F, 0xb6, LOAD, 1 },
	{ MAP_0F, 0xb7, LOAD, 2 },
};

/**
 * struct apic_insn - an instruction that moves a value from or to the page
 * @insn:	the instruction
 * @move:	what it does
 * @bytes:	of the access
 * @extends:	a register that is loaded gets as many bytes as operands have
 */
struct apic_insn {
	struct insn insn;
	enum move move;
	u8 bytes;
	bool extends;
};

static u8 operand_bytes(const struct vcpu *vcpu, const struct insn *insn)
{
	bool wide = vcpu_64bit_code(vcpu) || vcpu->vmcb.cs.attributes & SVM_SEG_DB;

	if (insn->rex & REX_W)
		return 8;
	return wide != !!(insn->prefixes & PREFIX_66) ? 4 : 2;
}

static bool find_move(const struct vcpu *vcpu, unsigned int offset, struct apic_insn *found)
{
	const struct insn *insn = &found->insn;
	unsigned int i;

	if (!decode(vcpu, &found->insn) || !insn->mem || insn->linear % PAGE_SIZE != offset)
		return false;
	for (i = 0; i < ARRAY_LEN(moves); i++) {
		if (moves[i].map != insn->map || moves[i].opcode != insn->opcode)
			continue;
		found->move = moves[i].move;
		found->bytes = moves[i].bytes ? moves[i].bytes : operand_bytes(vcpu, insn);
		found->extends = insn->map == MAP_0F;
		return true;
	}
	return false;
}

/* Without REX, registers 4 to 7 are the second bytes of the first four: AH and so on. */
static bool is_second_byte(const struct apic_insn *i)
{
	return i->bytes == 1 && !i->extends && !i->insn.rex && i->insn.reg >= 4;
}

static u64 get_register(const struct vcpu *vcpu, const struct apic_insn *i)
{
	if (is_second_byte(i))
		return vcpu->gpr[i->insn.reg - 4] >> 8;
	return vcpu->gpr[i->insn.reg];
}

/* 32 bits clear the upper half; 8 and 16 leave the rest of the register alone. */
static void set_register(struct vcpu *vcpu, const struct apic_insn *i, u32 value)
{
	unsigned int bytes = i->extends ? operand_bytes(vcpu, &i->insn) : i->bytes;
	u64 *reg = &vcpu->gpr[i->insn.reg];

	if (is_second_byte(i)) {
		reg -= 4;
		*reg = (*reg & ~0xff00ULL) | (u64)(value & 0xff) << 8;
	} else if (bytes >= 4) {
		*reg = value;
	} else {
		*reg = (*reg & ~(BIT_ULL(8 * bytes) - 1)) | value;
	}
}

static enum vm_apic_result move(struct vm *vm, const struct apic_insn *i, unsigned int offset,
				struct vm_apic_exit *exit)
{
	struct vm_apic_access access = { VM_APIC_READS, offset, i->bytes };
	enum vm_apic_result result = VM_APIC_DONE;
	u64 stored = i->move == STORE_IMM ? i->insn.imm : get_register(vm->vcpu, i);
	u32 loaded = 0;

	if (i->move == LOAD || i->move == EXCHANGE)
		result = vm_apic_read(&vm->apic, &access, &loaded, exit);
	if (result == VM_APIC_DONE && i->move != LOAD) {
		access.type = VM_APIC_WRITES;
		result = vm_apic_write(&vm->apic, &access, stored, exit);
	}
	if (result != VM_APIC_EXITS && (i->move == LOAD || i->move == EXCHANGE))
		set_register(vm->vcpu, i, loaded);
	return result;
}

/* The trap of a step comes behind the exit, when the host lets the guest go on. */
static void skip_before_exit(struct vm *vm, const struct insn *insn)
{
	struct vmcb *v = &vm->vcpu->vmcb;
	u64 dr6 = v->dr6;

	vcpu_skip_insn(vm->vcpu, insn->length);
	if (!(v->rflags & X86_EFLAGS_TF))
		return;
	v->event_inject = 0;
	v->dr6 = dr6;
	vm->step_pending = true;
}

/* True if there is an exit.  One behind the instruction has no instruction length. */
static bool finish(struct vm *vm, const struct insn *insn, enum vm_apic_result result,
		   const struct vm_apic_exit *why, struct vm_exit *exit)
{
	switch (result) {
	case VM_APIC_FAULTS:
		vcpu_inject_error(vm->vcpu, VECTOR_GP, 0);
		return false;
	case VM_APIC_EXITS:
		*exit = (struct vm_exit){
			.reason = why->reason,
			.qualification = why->qualification,
			.length = insn->length,
		};
		return true;
	case VM_APIC_TRAPS:
		*exit = (struct vm_exit){
			.reason = why->reason,
			.qualification = why->qualification,
		};
		skip_before_exit(vm, insn);
		return true;
	default:
		vcpu_skip_insn(vm->vcpu, insn->length);
		return false;
	}
}

bool vm_apic_is_page(const struct vm *vm, u64 pa)
{
	return vm_apic_has_page(&vm->apic) &&
	       (pa & PAGE_MASK) == vmcs_read(vm->vmcs, VMCS_APIC_ACCESS_ADDR);
}

static enum vm_apic_type access_type(const struct vmcb *v)
{
	if (v->exit_info1 & SVM_NPF_WALK)
		return VM_APIC_WALKS;
	if (v->event_inject & SVM_EVENT_VALID)
		return VM_APIC_DELIVERS;
	if (v->exit_info1 & SVM_NPF_FETCH)
		return VM_APIC_FETCHES;
	return v->exit_info1 & SVM_NPF_WRITE ? VM_APIC_WRITES : VM_APIC_READS;
}

bool vm_apic_access(struct vm *vm, struct vm_exit *exit)
{
	const struct vmcb *v = &vm->vcpu->vmcb;
	struct vm_apic_access access = {
		.type = access_type(v),
		.offset = v->exit_info2 % PAGE_SIZE,
	};
	struct apic_insn i = { .insn.length = 0 };
	enum vm_apic_result result;
	struct vm_apic_exit why;

	if (access.type <= VM_APIC_WRITES && find_move(vm->vcpu, access.offset, &i))
		result = move(vm, &i, access.offset, &why);
	else
		result = vm_apic_exit(&access, &why);
	return finish(vm, &i.insn, result, &why, exit);
}

bool vm_apic_msr(struct vm *vm, const struct insn *insn, u32 msr, bool *exits,
		 struct vm_exit *exit)
{
	struct vcpu *vcpu = vm->vcpu;
	u64 value = (u64)(u32)vcpu->gpr[RDX] << 32 | (u32)vcpu->gpr[RAX];
	bool write = vcpu->vmcb.exit_info1;
	enum vm_apic_result result;
	struct vm_apic_exit why;

	result = write ? vm_apic_write_msr(&vm->apic, msr, value, &why) :
			 vm_apic_read_msr(&vm->apic, msr, &value);
	if (result == VM_APIC_NORMAL)
		return false;
	if (!write) {
		vcpu->gpr[RAX] = (u32)value;
		vcpu->gpr[RDX] = value >> 32;
	}
	*exits = finish(vm, insn, result, &why, exit);
	return true;
}

bool vm_apic_cr8_write(struct vm *vm, const struct insn *insn, u64 value, struct vm_exit *exit)
{
	enum vm_apic_result result;
	struct vm_apic_exit why;

	result = vm_apic_write_cr8(&vm->apic, value, &why);
	return finish(vm, insn, result, &why, exit);
}
