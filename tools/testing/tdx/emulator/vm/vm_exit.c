// SPDX-License-Identifier: GPL-2.0-only
/* Instructions of a VM's vCPU that were intercepted: those with an exit, and the others. */
#include "check/cache.h"
#include "cpu/crash.h"
#include "cpu/undefined.h"
#include "host/cr.h"
#include "host/movdir64b.h"
#include "host/msr.h"
#include "host/qualification.h"
#include "host/sysenter.h"
#include "vm/vm_apic_insn.h"
#include "vm/vm_cr.h"
#include "vm/vm_event.h"
#include "vm/vm_exit.h"
#include "vm/vm_insn_info.h"
#include "vm/vm_intercept.h"

#define OPCODE_INVD		0x08
#define OPCODE_SYSENTER		0x34
#define OPCODE_MOVDIR64B	0xf8
#define MODRM_XGETBV		0xd0
#define MODRM_XSETBV		0xd1
#define MODRM_RDTSCP		0xf9

static bool exit_with(enum vm_exit_reason reason, const struct insn *insn, struct vm_exit *exit)
{
	*exit = (struct vm_exit){ .reason = reason, .length = insn->length };
	return true;
}

static bool skip(struct vm *vm, const struct insn *insn)
{
	vcpu_skip_insn(vm->vcpu, insn->length);
	return false;
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

static bool msr_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	struct vcpu *vcpu = vm->vcpu;
	bool write = vcpu->vmcb.exit_info1, done, ends;
	u32 msr = vcpu->gpr[RCX];
	u64 value;

	if (vm_intercepts_msr(vm, msr, write))
		return exit_with(write ? VM_EXIT_WRMSR : VM_EXIT_RDMSR, insn, exit);
	if (vm_apic_msr(vm, insn, msr, &ends, exit))
		return ends;
	done = write ? msr_write(vcpu, msr, edx_eax(vcpu)) : msr_read(vcpu, msr, &value);
	if (!done) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return false;
	}
	if (!write)
		set_edx_eax(vcpu, value);
	return skip(vm, insn);
}

static bool io_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	const struct vmcb *v = &vm->vcpu->vmcb;

	if (!vm_intercepts_port(vm, SVM_IOIO_PORT(v->exit_info1), SVM_IOIO_SIZE(v->exit_info1)))
		crash_guest(vm->vcpu, "a VM uses a port that turns the machine off or the like");
	exit_with(VM_EXIT_IO, insn, exit);
	exit->qualification = qualification_of_io(v->exit_info1, insn);
	exit->length = v->exit_info2 - v->rip;
	exit->instruction = vm_insn_info_string(insn);
	return true;
}

static bool rdtsc(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	if (vm->primary & PRIMARY_RDTSC_EXITING)
		return exit_with(VM_EXIT_RDTSC, insn, exit);
	set_edx_eax(vm->vcpu, native_rdtsc() + vm->vcpu->vmcb.tsc_offset);
	return skip(vm, insn);
}

/* RDTSCP is intercepted if it exits, or if the guest does not have it. */
static bool tsc_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	if (insn->modrm != MODRM_RDTSCP)
		return rdtsc(vm, insn, exit);
	if (vm->secondary & SECONDARY_RDTSCP)
		return exit_with(VM_EXIT_RDTSCP, insn, exit);
	return vm_event_raise(vm, VECTOR_UD, exit);
}

static bool rdpmc(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	if (vm->primary & PRIMARY_RDPMC_EXITING)
		return exit_with(VM_EXIT_RDPMC, insn, exit);
	/* There are no counters */
	vcpu_inject_error(vm->vcpu, VECTOR_GP, 0);
	return false;
}

/* QEMU 7.2 takes INVD for WBINVD. */
static bool write_back(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	if (insn->opcode == OPCODE_INVD)
		return exit_with(VM_EXIT_INVD, insn, exit);
	if (vm->secondary & SECONDARY_WBINVD_EXITING)
		return exit_with(VM_EXIT_WBINVD, insn, exit);
	cache_exit(vm->vcpu, insn);
	return false;
}

static bool invlpg(const struct insn *insn, struct vm_exit *exit)
{
	exit_with(VM_EXIT_INVLPG, insn, exit);
	exit->qualification = insn->linear;
	return true;
}

static bool table_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	exit_with(insn->opcode ? VM_EXIT_GDTR_OR_IDTR : VM_EXIT_LDTR_OR_TR, insn, exit);
	exit->qualification = insn->displacement;
	exit->instruction = vm_insn_info_table(vm->vcpu, insn);
	return true;
}

static bool is_dr_exit(u32 code)
{
	return code >= SVM_EXIT_READ_DR0 && code < SVM_EXIT_WRITE_DR0 + 16;
}

static bool is_cr_exit(u32 code)
{
	return code < SVM_EXIT_READ_DR0;
}

static bool is_table_exit(u32 code)
{
	return code >= SVM_EXIT_READ_IDTR && code <= SVM_EXIT_WRITE_TR;
}

static bool dispatch(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	u32 code = vm->vcpu->vmcb.exit_code;

	switch (code) {
	case SVM_EXIT_CPUID:
		return exit_with(VM_EXIT_CPUID, insn, exit);
	case SVM_EXIT_HLT:
		return exit_with(VM_EXIT_HLT, insn, exit);
	case SVM_EXIT_MWAIT:
	case SVM_EXIT_MWAIT_ARMED:
		return exit_with(VM_EXIT_MWAIT, insn, exit);
	case SVM_EXIT_MONITOR:
		return exit_with(VM_EXIT_MONITOR, insn, exit);
	case SVM_EXIT_XSETBV:
		return exit_with(VM_EXIT_XSETBV, insn, exit);
	case SVM_EXIT_INVLPG:
		return invlpg(insn, exit);
	case SVM_EXIT_RDTSC:
	case SVM_EXIT_RDTSCP:
		return tsc_access(vm, insn, exit);
	case SVM_EXIT_RDPMC:
		return rdpmc(vm, insn, exit);
	case SVM_EXIT_MSR:
		return msr_access(vm, insn, exit);
	case SVM_EXIT_IOIO:
		return io_access(vm, insn, exit);
	case SVM_EXIT_INVD:
	case SVM_EXIT_WBINVD:
		return write_back(vm, insn, exit);
	case SVM_EXIT_PAUSE:
		return exit_with(VM_EXIT_PAUSE, insn, exit);
	}
	if (is_cr_exit(code))
		return vm_cr_access(vm, insn, exit);
	if (is_dr_exit(code))
		return vm_dr_access(vm, insn, exit);
	if (is_table_exit(code))
		return table_access(vm, insn, exit);
	crash_guest(vm->vcpu, "unexpected exit of a VM");
}

bool vm_exit_instruction(struct vm *vm, struct vm_exit *exit)
{
	struct insn insn;

	if (!decode(vm->vcpu, &insn) || insn.lock)
		return vm_event_raise(vm, VECTOR_UD, exit);
	return dispatch(vm, &insn, exit);
}

/* VMX instructions exit in 64-bit mode, and in protected mode; all have the reasons in a row. */
static const struct {
	enum opcode_map map;
	u8 opcode, prefix;
	u8 modrm;		/* without a memory operand: all of it; else the register field */
	bool mem;
	enum vm_exit_reason reason;
} vmx_insns[] = {
	{ MAP_0F, 0x01, PREFIX_NONE, 0xc1, false, VM_EXIT_VMCALL },
	{ MAP_0F, 0x01, PREFIX_NONE, 0xc2, false, VM_EXIT_VMLAUNCH },
	{ MAP_0F, 0x01, PREFIX_NONE, 0xc3, false, VM_EXIT_VMRESUME },
	{ MAP_0F, 0x01, PREFIX_NONE, 0xc4, false, VM_EXIT_VMXOFF },
	{ MAP_0F, 0x01, PREFIX_66, 0xcf, false, VM_EXIT_SEAMCALL },
	{ MAP_0F, 0xc7, PREFIX_66, 6, true, VM_EXIT_VMCLEAR },
	{ MAP_0F, 0xc7, PREFIX_NONE, 6, true, VM_EXIT_VMPTRLD },
	{ MAP_0F, 0xc7, PREFIX_NONE, 7, true, VM_EXIT_VMPTRST },
	{ MAP_0F, 0xc7, PREFIX_F3, 6, true, VM_EXIT_VMXON },
};

static bool find_vmx_insn(const struct insn *insn, enum vm_exit_reason *reason)
{
	u8 modrm = insn->mem ? insn->modrm >> 3 & 7 : insn->modrm;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(vmx_insns); i++) {
		if (vmx_insns[i].map == insn->map && vmx_insns[i].opcode == insn->opcode &&
		    vmx_insns[i].prefix == insn->prefixes && vmx_insns[i].mem == insn->mem &&
		    vmx_insns[i].modrm == modrm) {
			*reason = vmx_insns[i].reason;
			return true;
		}
	}
	if (insn->map == MAP_0F && insn->prefixes == PREFIX_NONE &&
	    (insn->opcode == 0x78 || insn->opcode == 0x79)) {
		*reason = insn->opcode == 0x78 ? VM_EXIT_VMREAD : VM_EXIT_VMWRITE;
		return true;
	}
	if (insn->map != MAP_0F38 || insn->prefixes != PREFIX_66 || !insn->mem ||
	    (insn->opcode != 0x80 && insn->opcode != 0x81))
		return false;
	*reason = insn->opcode == 0x80 ? VM_EXIT_INVEPT : VM_EXIT_INVVPID;
	return true;
}

/* Except for VMCALL, they do not exist where VMX operation cannot be entered. */
static bool vmx_insn_exits(const struct vcpu *vcpu, enum vm_exit_reason reason)
{
	if (reason == VM_EXIT_VMCALL)
		return true;
	return vcpu->vmcb.cr0 & X86_CR0_PE && !(vcpu->vmcb.rflags & X86_EFLAGS_VM) &&
	       (!vcpu_long_mode(vcpu) || vcpu_64bit_code(vcpu));
}

static bool vmx_insn(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	enum vm_exit_reason reason;

	if (!find_vmx_insn(insn, &reason) || !vmx_insn_exits(vm->vcpu, reason))
		return false;
	exit_with(reason, insn, exit);
	if (insn->mem)
		exit->qualification = insn->displacement;
	exit->instruction = vm_insn_info_vmx(insn);
	return true;
}

static bool is_0f01(const struct insn *insn, u8 modrm)
{
	return insn->map == MAP_0F && insn->opcode == 0x01 && insn->modrm == modrm &&
	       insn->prefixes == PREFIX_NONE;
}

static bool xsetbv(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	if (!vm->vcpu->vmcb.cpl)
		return exit_with(VM_EXIT_XSETBV, insn, exit);
	vcpu_inject_error(vm->vcpu, VECTOR_GP, 0);
	return false;
}

/* As QEMU's CPU does it: with ECX 1 what is in use, which is all of it. */
static bool xgetbv(struct vm *vm, const struct insn *insn)
{
	struct vcpu *vcpu = vm->vcpu;

	if ((u32)vcpu->gpr[RCX] > 1) {
		vcpu_inject_error(vcpu, VECTOR_GP, 0);
		return false;
	}
	set_edx_eax(vcpu, vm->xcr0);
	return skip(vm, insn);
}

/* Other instructions may need CR4.OSXSAVE, which the CPU gets for this run. */
static bool without_osxsave(struct vm *vm, const struct insn *insn, struct vm_exit *exit)
{
	struct vcpu *vcpu = vm->vcpu;

	if (is_0f01(insn, MODRM_XSETBV))
		return xsetbv(vm, insn, exit);
	if (is_0f01(insn, MODRM_XGETBV))
		return xgetbv(vm, insn);
	vcpu->cr4_kept = X86_CR4_VMXE;
	vcpu_set_cr4(vcpu, vcpu_cr4(vcpu));
	vm_intercept_cr_reads(vm);
	return false;
}

static bool emulate(struct vm *vm, const struct insn *insn)
{
	struct vcpu *vcpu = vm->vcpu;

	if (insn->map == MAP_0F38 && insn->opcode == OPCODE_MOVDIR64B && insn->mem &&
	    insn->prefixes == PREFIX_66 && vcpu_64bit_code(vcpu))
		movdir64b(vcpu, insn);
	else if (insn->map == MAP_0F && insn->opcode == OPCODE_SYSENTER && vcpu_long_mode(vcpu))
		sysenter(vcpu, insn);
	else
		return false;
	return true;
}

bool vm_exit_undefined(struct vm *vm, struct vm_exit *exit)
{
	struct insn insn;

	if (!decode_undefined(vm->vcpu, &insn))
		return false;
	if (!insn.lock && vmx_insn(vm, &insn, exit))
		return true;
	if (vm->vcpu->cr4_hidden & X86_CR4_OSXSAVE)
		return without_osxsave(vm, &insn, exit);
	if (!insn.lock && emulate(vm, &insn))
		return false;
	return vm_event_raise(vm, VECTOR_UD, exit);
}
