// SPDX-License-Identifier: GPL-2.0-only
/* VMX instructions in root operation. */
#include <linux/string.h>

#include "cpu/walk.h"
#include "host/cr.h"
#include "host/vmcs.h"
#include "host/vmx.h"
#include "host/vmx_caps.h"
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

static bool protected_64bit(const struct vcpu *vcpu)
{
	return vcpu->vmcb.cr0 & X86_CR0_PE && !(vcpu->vmcb.rflags & X86_EFLAGS_VM) &&
	       vcpu_64bit_code(vcpu);
}

bool vmx_root_check(struct vcpu *vcpu)
{
	if (!vcpu->cpu->vmx.on || !protected_64bit(vcpu)) {
		vcpu_inject(vcpu, VECTOR_UD);
		return false;
	}
	if (vcpu->vmcb.cpl) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return false;
	}
	return true;
}

void vmx_succeed(struct vcpu *vcpu)
{
	vcpu->vmcb.rflags &= ~X86_EFLAGS_ARITH;
}

void vmx_fail_invalid(struct vcpu *vcpu)
{
	vmx_succeed(vcpu);
	vcpu->vmcb.rflags |= X86_EFLAGS_CF;
}

/*
 * The VMCS at @pa; NULL if the host does not own the memory, which was
 * reported.
 */
static struct vmcs *vmcs_at(struct vcpu *vcpu, u64 pa, enum access access)
{
	u64 at;

	return guest_phys(vcpu, pa, access, &at) ? phys(at) : NULL;
}

/* false if the host does not own the current VMCS any more, which was reported. */
static bool fail_valid(struct vcpu *vcpu, enum vm_error error)
{
	struct vmcs *vmcs;

	if (vcpu->cpu->vmx.current_vmcs_pa == VMCS_NONE) {
		vmx_fail_invalid(vcpu);
		return true;
	}
	vmcs = vmcs_at(vcpu, vcpu->cpu->vmx.current_vmcs_pa, ACCESS_WRITE);
	if (!vmcs)
		return false;
	vmx_succeed(vcpu);
	vcpu->vmcb.rflags |= X86_EFLAGS_ZF;
	vmcs_write(vmcs, VMCS_INSTRUCTION_ERROR, error);
	return true;
}

/* Set the result of a VMX instruction and skip it. */
static void finish(struct vcpu *vcpu, const struct insn *insn, enum vm_error error)
{
	if (!error)
		vmx_succeed(vcpu);
	else if (!fail_valid(vcpu, error))
		return;
	vcpu_skip_insn(vcpu, insn->length);
}

static void finish_invalid(struct vcpu *vcpu, const struct insn *insn)
{
	vmx_fail_invalid(vcpu);
	vcpu_skip_insn(vcpu, insn->length);
}

/* Memory that was hot-added is valid, too: the BIOS's map is not checked. */
static bool vmcs_address_valid(u64 pa)
{
	return !(pa % VMCS_BYTES) && phys_reachable(pa, VMCS_BYTES);
}

void vmx_vmxon(struct vcpu *vcpu, const struct insn *insn)
{
	const struct vmcs *region;
	u64 pa, cr4 = vcpu_cr4(vcpu);

	if (!(cr4 & X86_CR4_VMXE) || !protected_64bit(vcpu)) {
		vcpu_inject(vcpu, VECTOR_UD);
		return;
	}
	/* IA32_FEATURE_CONTROL always allows VMXON, see msr.c. */
	if (vcpu->vmcb.cpl || (!vcpu->cpu->vmx.on && ~vcpu->vmcb.cr0 & VMX_CR0_FIXED0)) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return;
	}
	if (vcpu->cpu->vmx.on) {
		finish(vcpu, insn, VMERR_VMXON_IN_VMX_ROOT);
		return;
	}
	if (!guest_read(vcpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa)) {
		finish_invalid(vcpu, insn);
		return;
	}
	region = vmcs_at(vcpu, pa, ACCESS_READ);
	if (!region)
		return;
	if (region->revision != VMCS_REVISION) {
		finish_invalid(vcpu, insn);
		return;
	}
	vcpu->cpu->vmx = (struct vmx_state){ true, pa, VMCS_NONE };
	if (options.log_level >= LOG_CPUS)
		log_line("[cpu %u] VMXON 0x%llx", vcpu->cpu->index, pa);
	finish(vcpu, insn, 0);
}

void vmx_vmxoff(struct vcpu *vcpu, const struct insn *insn)
{
	if (!vmx_root_check(vcpu))
		return;
	vcpu->cpu->vmx = (struct vmx_state){ .current_vmcs_pa = VMCS_NONE };
	if (options.log_level >= LOG_CPUS)
		log_line("[cpu %u] VMXOFF", vcpu->cpu->index);
	finish(vcpu, insn, 0);
	smp_take_latched_init(vcpu->cpu);
}

void vmx_vmclear(struct vcpu *vcpu, const struct insn *insn)
{
	enum vm_error error = 0;
	u64 pa;

	if (!vmx_root_check(vcpu) || !guest_read(vcpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa))
		error = VMERR_VMCLEAR_ADDRESS;
	else if (pa == vcpu->cpu->vmx.vmxon_pa)
		error = VMERR_VMCLEAR_VMXON_POINTER;
	else if (pa == vcpu->cpu->vmx.current_vmcs_pa)
		vcpu->cpu->vmx.current_vmcs_pa = VMCS_NONE;
	finish(vcpu, insn, error);
}

static enum vm_error load_vmcs(struct vcpu *vcpu, u64 pa, const struct vmcs *vmcs)
{
	if (pa == vcpu->cpu->vmx.vmxon_pa)
		return VMERR_VMPTRLD_VMXON_POINTER;
	if (vmcs->revision != VMCS_REVISION)
		return VMERR_VMPTRLD_REVISION;
	vcpu->cpu->vmx.current_vmcs_pa = pa;
	return 0;
}

void vmx_vmptrld(struct vcpu *vcpu, const struct insn *insn)
{
	const struct vmcs *vmcs;
	u64 pa;

	if (!vmx_root_check(vcpu) || !guest_read(vcpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa)) {
		finish(vcpu, insn, VMERR_VMPTRLD_ADDRESS);
		return;
	}
	vmcs = vmcs_at(vcpu, pa, ACCESS_READ);
	if (vmcs)
		finish(vcpu, insn, load_vmcs(vcpu, pa, vmcs));
}

void vmx_vmptrst(struct vcpu *vcpu, const struct insn *insn)
{
	if (!vmx_root_check(vcpu) ||
	    !guest_write(vcpu, insn->linear, &vcpu->cpu->vmx.current_vmcs_pa, sizeof(u64)))
		return;
	finish(vcpu, insn, 0);
}

/*
 * The current VMCS, for an instruction that names a field of it.  NULL if there
 * is no such VMCS or field; then the instruction is complete.
 */
static struct vmcs *vmcs_with_field(struct vcpu *vcpu, const struct insn *insn, u64 encoding,
				    enum access access)
{
	struct vmcs *vmcs;

	if (vcpu->cpu->vmx.current_vmcs_pa == VMCS_NONE) {
		finish_invalid(vcpu, insn);
		return NULL;
	}
	vmcs = vmcs_at(vcpu, vcpu->cpu->vmx.current_vmcs_pa, access);
	if (!vmcs || vmcs_has_field(encoding))
		return vmcs;
	finish(vcpu, insn, VMERR_UNSUPPORTED_FIELD);
	return NULL;
}

void vmx_vmread(struct vcpu *vcpu, const struct insn *insn)
{
	u64 encoding = vcpu->gpr[insn->reg], value;
	const struct vmcs *vmcs;

	if (!vmx_root_check(vcpu))
		return;
	vmcs = vmcs_with_field(vcpu, insn, encoding, ACCESS_READ);
	if (!vmcs)
		return;
	value = vmcs_read(vmcs, encoding);
	if (!insn->mem)
		vcpu->gpr[insn->rm] = value;
	else if (!guest_write(vcpu, insn->linear, &value, sizeof(value)))
		return;
	finish(vcpu, insn, 0);
}

void vmx_vmwrite(struct vcpu *vcpu, const struct insn *insn)
{
	u64 encoding = vcpu->gpr[insn->reg], value;
	struct vmcs *vmcs;

	if (!vmx_root_check(vcpu))
		return;
	vmcs = vmcs_with_field(vcpu, insn, encoding, ACCESS_WRITE);
	if (!vmcs)
		return;
	value = vcpu->gpr[insn->rm];
	if (insn->mem && !guest_read(vcpu, insn->linear, &value, sizeof(value)))
		return;
	if (vmcs_type(encoding) == VMCS_TYPE_READ_ONLY) {
		finish(vcpu, insn, VMERR_READ_ONLY_FIELD);
		return;
	}
	vmcs_write(vmcs, encoding, value);
	finish(vcpu, insn, 0);
}

/* Checks operands only; translations are dropped by the caller. */
static void invalidate(struct vcpu *vcpu, const struct insn *insn, u64 types)
{
	u64 type = vcpu->gpr[insn->reg];
	u64 descriptor[2];

	if (!vmx_root_check(vcpu) ||
	    !guest_read(vcpu, insn->linear, descriptor, sizeof(descriptor)))
		return;
	if (type >= 64 || !(types & BIT_ULL(type)))
		finish(vcpu, insn, VMERR_INVALIDATION_OPERAND);
	else
		finish(vcpu, insn, 0);
}

void vmx_invept(struct vcpu *vcpu, const struct insn *insn)
{
	invalidate(vcpu, insn, INVEPT_TYPES);
}

void vmx_invvpid(struct vcpu *vcpu, const struct insn *insn)
{
	invalidate(vcpu, insn, INVVPID_TYPES);
}

/* Ordinary VMs are not supported: entry fails as with an invalid control field. */
void vmx_vmlaunch(struct vcpu *vcpu, const struct insn *insn)
{
	if (vmx_root_check(vcpu))
		finish(vcpu, insn, VMERR_ENTRY_CONTROLS);
}

/* VMLAUNCH always fails, so there is never a launched VMCS. */
void vmx_vmresume(struct vcpu *vcpu, const struct insn *insn)
{
	if (vmx_root_check(vcpu))
		finish(vcpu, insn, VMERR_VMRESUME_NOT_LAUNCHED);
}
