// SPDX-License-Identifier: GPL-2.0-only
/* Instructions that a TD executes without an exit on a CPU with VMX. */
#include "cpu/cpu.h"
#include "host/cr.h"
#include "host/movdir64b.h"
#include "host/sysenter.h"
#include "td/td_apic.h"
#include "td/td_insn.h"

#define MSR_TSC			0x10
#define MSR_TSC_AUX		0xc0000103

#define OPCODE_RDTSCP		0x01
#define OPCODE_MOV_FROM_CR	0x20
#define OPCODE_MOV_FROM_DR	0x21
#define OPCODE_SYSENTER		0x34
#define OPCODE_MOVDIR64B	0xf8

#define CR4_DE			BIT_ULL(3)
#define DR6_FIXED		0xffff0ff0ULL
#define DR6_WRITABLE		0xe00fULL
#define DR7_WRITABLE		0xffff23ffULL

#define PF_PRESENT		BIT(0)
#define PF_WRITE		BIT(1)
#define PF_USER			BIT(2)
#define PF_RESERVED		BIT(3)
#define PF_FETCH		BIT(4)

static void gp_fault(struct vcpu *vcpu)
{
	vcpu_inject_error(vcpu, VECTOR_GP, 0);
}

static u64 edx_eax(const struct vcpu *vcpu)
{
	return (u64)(u32)vcpu->gpr[RDX] << 32 | (u32)vcpu->gpr[RAX];
}

static void set_edx_eax(struct vcpu *vcpu, u64 value)
{
	vcpu->gpr[RAX] = (u32)value;
	vcpu->gpr[RDX] = value >> 32;
}

static u64 guest_tsc(const struct vcpu *vcpu, const struct tdx_model_run *run)
{
	u64 host = native_rdtsc() + vcpu->cpu->tsc_adjust;

	return (u64)((__uint128_t)host * run->tsc_multiplier >> 48) + run->tsc_offset;
}

/* The exit codes do not distinguish them: QEMU intercepts RDTSCP as RDTSC. */
static bool tsc_insn(struct vcpu *vcpu, const struct insn *insn, const struct tdx_model_run *run)
{
	if (insn->opcode == OPCODE_RDTSCP)
		vcpu->gpr[RCX] = (u32)native_rdmsr(MSR_TSC_AUX);
	set_edx_eax(vcpu, guest_tsc(vcpu, run));
	vcpu_skip_insn(vcpu, insn->length);
	return true;
}

static bool read_msr(struct vcpu *vcpu, const struct insn *insn, const struct tdx_model_run *run,
		     const struct vapic *apic)
{
	u32 msr = vcpu->gpr[RCX];

	if (msr == MSR_TSC)
		set_edx_eax(vcpu, guest_tsc(vcpu, run));
	else if (td_apic_has_msr(msr))
		set_edx_eax(vcpu, vapic_read_msr(apic, msr));
	else
		return false;
	vcpu_skip_insn(vcpu, insn->length);
	return true;
}

/* A self IPI with a reserved vector has no effect here. */
static bool write_msr(struct vcpu *vcpu, const struct insn *insn, const struct vapic *apic)
{
	u32 msr = vcpu->gpr[RCX];

	if (!td_apic_has_msr(msr))
		return false;
	if (vapic_write_msr(apic, msr, edx_eax(vcpu)) == VAPIC_FAULTS)
		gp_fault(vcpu);
	else
		vcpu_skip_insn(vcpu, insn->length);
	return true;
}

static bool msr_insn(struct vcpu *vcpu, const struct insn *insn, const struct tdx_model_run *run,
		     const struct vapic *apic)
{
	if (vcpu->vmcb.exit_info1)
		return write_msr(vcpu, insn, apic);
	return read_msr(vcpu, insn, run, apic);
}

static bool cr8_write(struct vcpu *vcpu, const struct insn *insn, const struct vapic *apic)
{
	if (vapic_write_cr8(apic, vcpu->gpr[insn->rm]))
		vcpu_skip_insn(vcpu, insn->length);
	else
		gp_fault(vcpu);
	return true;
}

static bool cr_read(struct vcpu *vcpu, const struct insn *insn, const struct vapic *apic)
{
	if (insn->opcode == OPCODE_MOV_FROM_CR && insn->reg == 8) {
		vcpu->gpr[insn->rm] = vapic_tpr_class(apic);
		vcpu_skip_insn(vcpu, insn->length);
	} else {
		cr_read_exit(vcpu, insn);
	}
	return true;
}

static u64 read_dr(const struct vcpu *vcpu, unsigned int number,
		   const struct tdx_model_guest *guest)
{
	switch (number) {
	case 4:
	case 6:
		return vcpu->vmcb.dr6;
	case 5:
	case 7:
		return guest->dr7;
	default:
		return guest->dr[number];
	}
}

/* Breakpoints are kept, but never match. */
static bool write_dr(struct vcpu *vcpu, unsigned int number, struct tdx_model_guest *guest,
		     u64 value)
{
	if (number < 4) {
		guest->dr[number] = value;
		return true;
	}
	if (value >> 32)
		return false;
	if (number & 1)
		guest->dr7 = (value & DR7_WRITABLE) | DR7_RESET;
	else
		vcpu->vmcb.dr6 = (value & DR6_WRITABLE) | DR6_FIXED;
	return true;
}

static bool dr_insn(struct vcpu *vcpu, const struct insn *insn, struct tdx_model_guest *guest)
{
	if (insn->reg > 7 || (insn->reg >> 1 == 2 && vcpu->vmcb.cr4 & CR4_DE)) {
		vcpu_inject(vcpu, VECTOR_UD);
		return true;
	}
	if (insn->opcode == OPCODE_MOV_FROM_DR) {
		vcpu->gpr[insn->rm] = read_dr(vcpu, insn->reg, guest);
	} else if (!write_dr(vcpu, insn->reg, guest, vcpu->gpr[insn->rm])) {
		gp_fault(vcpu);
		return true;
	}
	vcpu_skip_insn(vcpu, insn->length);
	return true;
}

bool td_insn_native(struct vcpu *vcpu, const struct insn *insn, const struct tdx_model_run *run,
		    const struct vapic *apic)
{
	u32 code = vcpu->vmcb.exit_code;

	switch (code) {
	case SVM_EXIT_RDTSC:
	case SVM_EXIT_RDTSCP:
		return tsc_insn(vcpu, insn, run);
	case SVM_EXIT_MSR:
		return msr_insn(vcpu, insn, run, apic);
	case SVM_EXIT_READ_CR0:
	case SVM_EXIT_READ_CR4:
		return cr_read(vcpu, insn, apic);
	case SVM_EXIT_WRITE_CR8:
		return cr8_write(vcpu, insn, apic);
	}
	if (code >= SVM_EXIT_READ_DR0 && code < SVM_EXIT_WRITE_DR0 + 16)
		return dr_insn(vcpu, insn, run->guest);
	return false;
}

void td_insn_emulate(struct vcpu *vcpu, const struct insn *insn)
{
	if (insn->map == MAP_0F38 && insn->opcode == OPCODE_MOVDIR64B && insn->mem &&
	    insn->prefixes == PREFIX_66 && !insn->lock && vcpu_64bit_code(vcpu))
		movdir64b(vcpu, insn);
	else if (insn->map == MAP_0F && insn->opcode == OPCODE_SYSENTER && !insn->lock)
		sysenter(vcpu, insn);
	else
		vcpu_inject(vcpu, VECTOR_UD);
}

void td_insn_reserved_address(struct vcpu *vcpu, const struct tdx_model_access *access)
{
	u32 error = PF_PRESENT | PF_RESERVED;

	if (access->rights & TDX_MODEL_WRITE)
		error |= PF_WRITE;
	if (access->rights & TDX_MODEL_EXECUTE)
		error |= PF_FETCH;
	if (vcpu->vmcb.cpl == 3)
		error |= PF_USER;
	vcpu->vmcb.cr2 = access->gla;
	vcpu_inject_error(vcpu, VECTOR_PF, error);
}
