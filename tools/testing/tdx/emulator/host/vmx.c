// SPDX-License-Identifier: GPL-2.0-only
#include <linux/string.h>

#include "cpu/walk.h"
#include "host/cr.h"
#include "host/vmx.h"
#include "lib/log.h"
#include "machine/options.h"
#include "smp/smp.h"

/* VM-instruction error numbers, SDM vol. 3 */
enum vm_error {
	VMERR_VMCLEAR_ADDRESS		= 2,
	VMERR_VMCLEAR_VMXON_POINTER	= 3,
	VMERR_VMRESUME_NOT_LAUNCHED	= 5,
	VMERR_ENTRY_CONTROLS		= 7,
	VMERR_VMPTRLD_ADDRESS		= 9,
	VMERR_VMPTRLD_VMXON_POINTER	= 10,
	VMERR_VMPTRLD_REVISION		= 11,
	VMERR_UNSUPPORTED_FIELD		= 12,
	VMERR_READ_ONLY_FIELD		= 13,
	VMERR_VMXON_IN_VMX_ROOT		= 15,
	VMERR_INVALIDATION_OPERAND	= 28,
};

#define FIELD_VM_INSTRUCTION_ERROR	0x4400
#define FIELD_TYPE_READ_ONLY		1
#define FIELD_WIDTH_64			1

#define INVEPT_TYPES			(BIT_ULL(1) | BIT_ULL(2))
#define INVVPID_TYPES			(BIT_ULL(0) | BIT_ULL(1) | BIT_ULL(2) | BIT_ULL(3))

/* Our layout behind the two words that the architecture fixes. */
struct vmcs {
	u32 revision;
	u32 abort;
	u64 reserved;
	u64 fields[16][VMCS_MAX_INDEX + 1];
};

static_assert(sizeof(struct vmcs) <= VMCS_BYTES);

static bool protected_64bit(const struct cpu *cpu)
{
	return cpu->vmcb.cr0 & X86_CR0_PE && !(cpu->vmcb.rflags & X86_EFLAGS_VM) &&
	       cpu_64bit_code(cpu);
}

bool vmx_root_check(struct cpu *cpu)
{
	if (!cpu->vmx.on || !protected_64bit(cpu)) {
		cpu_inject(cpu, VECTOR_UD);
		return false;
	}
	if (cpu->vmcb.cpl) {
		cpu_inject_error(cpu, VECTOR_GP, 0);
		return false;
	}
	return true;
}

void vmx_succeed(struct cpu *cpu)
{
	cpu->vmcb.rflags &= ~X86_EFLAGS_ARITH;
}

void vmx_fail_invalid(struct cpu *cpu)
{
	vmx_succeed(cpu);
	cpu->vmcb.rflags |= X86_EFLAGS_CF;
}

/* The VMCS at @pa; NULL: it is not the host's memory, and that is answered. */
static struct vmcs *vmcs_at(struct cpu *cpu, u64 pa, enum access access)
{
	u64 at;

	return guest_phys(cpu, pa, access, &at) ? phys(at) : NULL;
}

/* The place of a field, NULL if there is no such field. */
static u64 *field_of(struct vmcs *vmcs, u64 encoding)
{
	unsigned int index = (encoding >> 1) & 0x1ff;
	unsigned int type = (encoding >> 10) & 3, width = (encoding >> 13) & 3;

	/* reserved bits, or the high half of what is not 64 bits wide */
	if (encoding & ~0x6fffULL || (encoding & 1 && width != FIELD_WIDTH_64))
		return NULL;
	return index > VMCS_MAX_INDEX ? NULL : &vmcs->fields[type * 4 + width][index];
}

/* false: the current VMCS is not the host's memory any more, and that is answered. */
static bool fail_valid(struct cpu *cpu, enum vm_error error)
{
	struct vmcs *vmcs;

	if (cpu->vmx.current_vmcs_pa == VMCS_NONE) {
		vmx_fail_invalid(cpu);
		return true;
	}
	vmcs = vmcs_at(cpu, cpu->vmx.current_vmcs_pa, ACCESS_WRITE);
	if (!vmcs)
		return false;
	vmx_succeed(cpu);
	cpu->vmcb.rflags |= X86_EFLAGS_ZF;
	*field_of(vmcs, FIELD_VM_INSTRUCTION_ERROR) = error;
	return true;
}

/* The result of an instruction that has run, and on behind it. */
static void finish(struct cpu *cpu, const struct insn *insn, enum vm_error error)
{
	if (!error)
		vmx_succeed(cpu);
	else if (!fail_valid(cpu, error))
		return;
	cpu_skip_insn(cpu, insn->length);
}

static void finish_invalid(struct cpu *cpu, const struct insn *insn)
{
	vmx_fail_invalid(cpu);
	cpu_skip_insn(cpu, insn->length);
}

/* Whatever is there: also memory that was added since the BIOS's map. */
static bool vmcs_address_valid(u64 pa)
{
	return !(pa % VMCS_BYTES) && phys_reachable(pa, VMCS_BYTES);
}

void vmx_vmxon(struct cpu *cpu, const struct insn *insn)
{
	const struct vmcs *region;
	u64 pa, cr4 = cpu_cr4(cpu);

	if (!(cr4 & X86_CR4_VMXE) || !protected_64bit(cpu)) {
		cpu_inject(cpu, VECTOR_UD);
		return;
	}
	/* The feature control register always allows VMXON, see msr.c. */
	if (cpu->vmcb.cpl || (!cpu->vmx.on && ~cpu->vmcb.cr0 & VMX_CR0_FIXED0)) {
		cpu_inject_error(cpu, VECTOR_GP, 0);
		return;
	}
	if (cpu->vmx.on) {
		finish(cpu, insn, VMERR_VMXON_IN_VMX_ROOT);
		return;
	}
	if (!guest_read(cpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa)) {
		finish_invalid(cpu, insn);
		return;
	}
	region = vmcs_at(cpu, pa, ACCESS_READ);
	if (!region)
		return;
	if (region->revision != VMCS_REVISION) {
		finish_invalid(cpu, insn);
		return;
	}
	cpu->vmx = (struct vmx_state){ true, pa, VMCS_NONE };
	if (options.log_level >= LOG_CPUS)
		log_line("[cpu %u] VMXON 0x%llx", cpu->index, pa);
	finish(cpu, insn, 0);
}

void vmx_vmxoff(struct cpu *cpu, const struct insn *insn)
{
	if (!vmx_root_check(cpu))
		return;
	cpu->vmx = (struct vmx_state){ .current_vmcs_pa = VMCS_NONE };
	if (options.log_level >= LOG_CPUS)
		log_line("[cpu %u] VMXOFF", cpu->index);
	finish(cpu, insn, 0);
	smp_take_latched_init(cpu);
}

void vmx_vmclear(struct cpu *cpu, const struct insn *insn)
{
	enum vm_error error = 0;
	u64 pa;

	if (!vmx_root_check(cpu) || !guest_read(cpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa))
		error = VMERR_VMCLEAR_ADDRESS;
	else if (pa == cpu->vmx.vmxon_pa)
		error = VMERR_VMCLEAR_VMXON_POINTER;
	else if (pa == cpu->vmx.current_vmcs_pa)
		cpu->vmx.current_vmcs_pa = VMCS_NONE;
	finish(cpu, insn, error);
}

static enum vm_error load_vmcs(struct cpu *cpu, u64 pa, const struct vmcs *vmcs)
{
	if (pa == cpu->vmx.vmxon_pa)
		return VMERR_VMPTRLD_VMXON_POINTER;
	if (vmcs->revision != VMCS_REVISION)
		return VMERR_VMPTRLD_REVISION;
	cpu->vmx.current_vmcs_pa = pa;
	return 0;
}

void vmx_vmptrld(struct cpu *cpu, const struct insn *insn)
{
	const struct vmcs *vmcs;
	u64 pa;

	if (!vmx_root_check(cpu) || !guest_read(cpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa)) {
		finish(cpu, insn, VMERR_VMPTRLD_ADDRESS);
		return;
	}
	vmcs = vmcs_at(cpu, pa, ACCESS_READ);
	if (vmcs)
		finish(cpu, insn, load_vmcs(cpu, pa, vmcs));
}

void vmx_vmptrst(struct cpu *cpu, const struct insn *insn)
{
	if (!vmx_root_check(cpu) ||
	    !guest_write(cpu, insn->linear, &cpu->vmx.current_vmcs_pa, sizeof(u64)))
		return;
	finish(cpu, insn, 0);
}

/*
 * The field of the current VMCS that @encoding names; NULL: there is no such VMCS or
 * field, and the instruction is over.
 */
static u64 *current_field(struct cpu *cpu, const struct insn *insn, u64 encoding,
			  enum access access)
{
	struct vmcs *vmcs;
	u64 *field;

	if (cpu->vmx.current_vmcs_pa == VMCS_NONE) {
		finish_invalid(cpu, insn);
		return NULL;
	}
	vmcs = vmcs_at(cpu, cpu->vmx.current_vmcs_pa, access);
	if (!vmcs)
		return NULL;
	field = field_of(vmcs, encoding);
	if (!field)
		finish(cpu, insn, VMERR_UNSUPPORTED_FIELD);
	return field;
}

void vmx_vmread(struct cpu *cpu, const struct insn *insn)
{
	u64 encoding = cpu->gpr[insn->reg], value;
	const u64 *field;

	if (!vmx_root_check(cpu))
		return;
	field = current_field(cpu, insn, encoding, ACCESS_READ);
	if (!field)
		return;
	value = encoding & 1 ? *field >> 32 : *field;
	if (!insn->mem)
		cpu->gpr[insn->rm] = value;
	else if (!guest_write(cpu, insn->linear, &value, sizeof(value)))
		return;
	finish(cpu, insn, 0);
}

/* What a field keeps of a value: as many bits as it is wide. */
static u64 fit(u64 encoding, u64 value)
{
	static const u64 mask[] = { 0xffff, ~0ULL, 0xffffffff, ~0ULL };

	return value & mask[(encoding >> 13) & 3];
}

void vmx_vmwrite(struct cpu *cpu, const struct insn *insn)
{
	u64 encoding = cpu->gpr[insn->reg], value;
	u64 *field;

	if (!vmx_root_check(cpu))
		return;
	field = current_field(cpu, insn, encoding, ACCESS_WRITE);
	if (!field)
		return;
	value = cpu->gpr[insn->rm];
	if (insn->mem && !guest_read(cpu, insn->linear, &value, sizeof(value)))
		return;
	if (((encoding >> 10) & 3) == FIELD_TYPE_READ_ONLY) {
		finish(cpu, insn, VMERR_READ_ONLY_FIELD);
		return;
	}
	if (encoding & 1)
		*field = (u32)*field | value << 32;
	else
		*field = fit(encoding, value);
	finish(cpu, insn, 0);
}

/* There is nothing to invalidate: no VM ever runs. */
static void invalidate(struct cpu *cpu, const struct insn *insn, u64 types)
{
	u64 type = cpu->gpr[insn->reg];
	u64 descriptor[2];

	if (!vmx_root_check(cpu) ||
	    !guest_read(cpu, insn->linear, descriptor, sizeof(descriptor)))
		return;
	if (type >= 64 || !(types & BIT_ULL(type)))
		finish(cpu, insn, VMERR_INVALIDATION_OPERAND);
	else
		finish(cpu, insn, 0);
}

void vmx_invept(struct cpu *cpu, const struct insn *insn)
{
	invalidate(cpu, insn, INVEPT_TYPES);
}

void vmx_invvpid(struct cpu *cpu, const struct insn *insn)
{
	invalidate(cpu, insn, INVVPID_TYPES);
}

/* An ordinary VM cannot run here: its entry always fails as for a bad control field. */
void vmx_vmlaunch(struct cpu *cpu, const struct insn *insn)
{
	if (vmx_root_check(cpu))
		finish(cpu, insn, VMERR_ENTRY_CONTROLS);
}

/* And so there never is a launched one. */
void vmx_vmresume(struct cpu *cpu, const struct insn *insn)
{
	if (vmx_root_check(cpu))
		finish(cpu, insn, VMERR_VMRESUME_NOT_LAUNCHED);
}
