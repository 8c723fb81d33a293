// SPDX-License-Identifier: GPL-2.0-only
/* VMX instructions in root operation. */
#include <linux/string.h>

#include "check/report.h"
#include "cpu/walk.h"
#include "host/cr.h"
#include "host/vmcs.h"
#include "host/vmx.h"
#include "host/vmx_caps.h"
#include "lib/log.h"
#include "machine/options.h"
#include "smp/smp.h"

#define INVEPT_SINGLE			1

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
static bool fail_valid(struct vcpu *vcpu, enum vmx_error error)
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

void vmx_finish(struct vcpu *vcpu, const struct insn *insn, enum vmx_error error)
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
		vmx_finish(vcpu, insn, VMERR_VMXON_IN_VMX_ROOT);
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
	vmx_finish(vcpu, insn, 0);
}

void vmx_vmxoff(struct vcpu *vcpu, const struct insn *insn)
{
	if (!vmx_root_check(vcpu))
		return;
	vcpu->cpu->vmx = (struct vmx_state){ .current_vmcs_pa = VMCS_NONE };
	if (options.log_level >= LOG_CPUS)
		log_line("[cpu %u] VMXOFF", vcpu->cpu->index);
	vmx_finish(vcpu, insn, 0);
	smp_take_latched_init(vcpu->cpu);
}

/* Its contents are arbitrary before the first VMCLEAR. */
static enum vmx_error clear_vmcs(struct vcpu *vcpu, u64 pa, struct vmcs *vmcs)
{
	vmcs->launched = 0;
	vmcs->active_on = 0;
	if (pa == vcpu->cpu->vmx.current_vmcs_pa)
		vcpu->cpu->vmx.current_vmcs_pa = VMCS_NONE;
	return 0;
}

void vmx_vmclear(struct vcpu *vcpu, const struct insn *insn)
{
	enum vmx_error error;
	struct vmcs *vmcs;
	u64 pa;

	if (!vmx_root_check(vcpu) || !guest_read(vcpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa)) {
		error = VMERR_VMCLEAR_ADDRESS;
	} else if (pa == vcpu->cpu->vmx.vmxon_pa) {
		error = VMERR_VMCLEAR_VMXON_POINTER;
	} else {
		vmcs = vmcs_at(vcpu, pa, ACCESS_WRITE);
		if (!vmcs)
			return;
		error = clear_vmcs(vcpu, pa, vmcs);
	}
	vmx_finish(vcpu, insn, error);
}

/* Hardware would go on with what the two CPUs have cached. */
static void activate(const struct cpu *cpu, u64 pa, struct vmcs *vmcs)
{
	unsigned int other = vmcs->active_on - 1;

	if (vmcs->active_on && other != cpu->index && other < nr_cpus)
		report_fault("VMPTRLD of VMCS 0x%llx on CPU %u, but it is active on CPU %u: no VMCLEAR there",
			     pa, cpu->index, other);
	vmcs->active_on = cpu->index + 1;
}

static enum vmx_error load_vmcs(struct vcpu *vcpu, u64 pa, struct vmcs *vmcs)
{
	if (pa == vcpu->cpu->vmx.vmxon_pa)
		return VMERR_VMPTRLD_VMXON_POINTER;
	if (vmcs->revision != VMCS_REVISION)
		return VMERR_VMPTRLD_REVISION;
	activate(vcpu->cpu, pa, vmcs);
	vcpu->cpu->vmx.current_vmcs_pa = pa;
	return 0;
}

void vmx_vmptrld(struct vcpu *vcpu, const struct insn *insn)
{
	struct vmcs *vmcs;
	u64 pa;

	if (!vmx_root_check(vcpu) || !guest_read(vcpu, insn->linear, &pa, sizeof(pa)))
		return;
	if (!vmcs_address_valid(pa)) {
		vmx_finish(vcpu, insn, VMERR_VMPTRLD_ADDRESS);
		return;
	}
	vmcs = vmcs_at(vcpu, pa, ACCESS_WRITE);
	if (vmcs)
		vmx_finish(vcpu, insn, load_vmcs(vcpu, pa, vmcs));
}

void vmx_vmptrst(struct vcpu *vcpu, const struct insn *insn)
{
	if (!vmx_root_check(vcpu) ||
	    !guest_write(vcpu, insn->linear, &vcpu->cpu->vmx.current_vmcs_pa, sizeof(u64)))
		return;
	vmx_finish(vcpu, insn, 0);
}

struct vmcs *vmx_current(struct vcpu *vcpu, const struct insn *insn, enum access access)
{
	if (vcpu->cpu->vmx.current_vmcs_pa == VMCS_NONE) {
		finish_invalid(vcpu, insn);
		return NULL;
	}
	return vmcs_at(vcpu, vcpu->cpu->vmx.current_vmcs_pa, access);
}

/* The fields of page-modification logging, which is only shown, exist as long as it is. */
static bool has_field(u64 encoding)
{
	if (vmcs_has_field(encoding))
		return true;
	return !options.vms && (encoding == VMCS_GUEST_PML_INDEX || encoding == VMCS_PML_ADDRESS ||
				encoding == (VMCS_PML_ADDRESS | 1));
}

/*
 * The current VMCS, for an instruction that names a field of it.  NULL if there
 * is no such VMCS or field; then the instruction is complete.
 */
static struct vmcs *vmcs_with_field(struct vcpu *vcpu, const struct insn *insn, u64 encoding,
				    enum access access)
{
	struct vmcs *vmcs = vmx_current(vcpu, insn, access);

	if (!vmcs || has_field(encoding))
		return vmcs;
	vmx_finish(vcpu, insn, VMERR_UNSUPPORTED_FIELD);
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
	vmx_finish(vcpu, insn, 0);
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
		vmx_finish(vcpu, insn, VMERR_READ_ONLY_FIELD);
		return;
	}
	vmcs_write(vmcs, encoding, value);
	vmx_finish(vcpu, insn, 0);
}

/* Checks operands only; translations are dropped by the caller. */
static bool invalidate(struct vcpu *vcpu, const struct insn *insn, u64 types, u64 descriptor[2])
{
	u64 type = vcpu->gpr[insn->reg];
	bool valid = type < 64 && types & BIT_ULL(type);

	if (!vmx_root_check(vcpu) ||
	    !guest_read(vcpu, insn->linear, descriptor, 2 * sizeof(*descriptor)))
		return false;
	vmx_finish(vcpu, insn, valid ? 0 : VMERR_INVALIDATION_OPERAND);
	return valid;
}

bool vmx_invept(struct vcpu *vcpu, const struct insn *insn, u64 *eptp)
{
	bool single = vcpu->gpr[insn->reg] == INVEPT_SINGLE;
	u64 descriptor[2];

	if (!invalidate(vcpu, insn, INVEPT_TYPES, descriptor))
		return false;
	if (single)
		*eptp = descriptor[0];
	return true;
}

/* Translations are dropped at each entry. */
void vmx_invvpid(struct vcpu *vcpu, const struct insn *insn)
{
	u64 descriptor[2];

	invalidate(vcpu, insn, INVVPID_TYPES, descriptor);
}
