// SPDX-License-Identifier: GPL-2.0-only
/* An exit of a TD's vCPU from the guest in the module's format, which is that of VMX. */

#include "host/qualification.h"
#include "td/td_exit.h"

static const struct {
	u16 svm;
	u16 reason;
} reasons[] = {
	{ SVM_EXIT_WRITE_CR0, TDX_MODEL_EXIT_CR },
	{ SVM_EXIT_WRITE_CR4, TDX_MODEL_EXIT_CR },
	{ SVM_EXIT_RDPMC, TDX_MODEL_EXIT_RDPMC },
	{ SVM_EXIT_CPUID, TDX_MODEL_EXIT_CPUID },
	{ SVM_EXIT_INVD, TDX_MODEL_EXIT_INVD },
	{ SVM_EXIT_HLT, TDX_MODEL_EXIT_HLT },
	{ SVM_EXIT_IOIO, TDX_MODEL_EXIT_IO },
	{ SVM_EXIT_MSR, TDX_MODEL_EXIT_RDMSR },
	{ SVM_EXIT_WBINVD, TDX_MODEL_EXIT_WBINVD },
	{ SVM_EXIT_MONITOR, TDX_MODEL_EXIT_MONITOR },
	{ SVM_EXIT_MWAIT, TDX_MODEL_EXIT_MWAIT },
	{ SVM_EXIT_MWAIT_ARMED, TDX_MODEL_EXIT_MWAIT },
	{ SVM_EXIT_XSETBV, TDX_MODEL_EXIT_XSETBV },
};

static bool find_reason(u32 svm, u32 *reason)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(reasons); i++) {
		if (reasons[i].svm == svm) {
			*reason = reasons[i].reason;
			return true;
		}
	}
	return false;
}

/* QEMU 7.2 takes INVD for WBINVD. */
static bool is_invd(const struct insn *insn)
{
	return insn->map == MAP_0F && insn->opcode == 0x08;
}

bool td_exit_instruction(struct vcpu *vcpu, const struct insn *insn, struct tdx_model_exit *exit)
{
	const struct vmcb *v = &vcpu->vmcb;

	*exit = (struct tdx_model_exit){ .instruction_length = insn->length };
	if (!find_reason(v->exit_code, &exit->reason))
		return false;
	switch (exit->reason) {
	case TDX_MODEL_EXIT_CR:
		exit->qualification = qualification_of_cr(vcpu, insn);
		break;
	case TDX_MODEL_EXIT_IO:
		exit->qualification = qualification_of_io(v->exit_info1, insn);
		break;
	case TDX_MODEL_EXIT_RDMSR:
		if (v->exit_info1)
			exit->reason = TDX_MODEL_EXIT_WRMSR;
		break;
	case TDX_MODEL_EXIT_WBINVD:
		if (is_invd(insn))
			exit->reason = TDX_MODEL_EXIT_INVD;
		break;
	}
	return true;
}

/* ModRM bytes of 0F 01 */
static const struct {
	u8 prefix, modrm;
	bool privileged;	/* #GP otherwise */
	u16 reason;
} undefined[] = {
	{ PREFIX_66, 0xcc, true, TDX_MODEL_EXIT_TDCALL },
	{ PREFIX_66, 0xcf, false, TDX_MODEL_EXIT_SEAMCALL },
	{ PREFIX_NONE, 0xc1, false, TDX_MODEL_EXIT_VMCALL },
	{ PREFIX_NONE, 0xc5, true, TDX_MODEL_EXIT_PCONFIG },
	{ PREFIX_NONE, 0xd1, true, TDX_MODEL_EXIT_XSETBV },
};

bool td_exit_undefined(struct vcpu *vcpu, const struct insn *insn, struct tdx_model_exit *exit)
{
	unsigned int i;

	if (insn->map != MAP_0F || insn->opcode != 0x01 || insn->lock)
		return false;
	for (i = 0; i < ARRAY_LEN(undefined); i++) {
		if (undefined[i].prefix != insn->prefixes || undefined[i].modrm != insn->modrm)
			continue;
		if (undefined[i].reason == TDX_MODEL_EXIT_XSETBV &&
		    !(vcpu_cr4(vcpu) & X86_CR4_OSXSAVE))
			return false;
		if (undefined[i].privileged && vcpu->vmcb.cpl) {
			vcpu_inject_error(vcpu, VECTOR_GP, 0);
			return false;
		}
		*exit = (struct tdx_model_exit){ .reason = undefined[i].reason,
						 .instruction_length = insn->length };
		return true;
	}
	return false;
}
