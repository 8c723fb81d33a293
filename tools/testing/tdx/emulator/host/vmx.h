/* SPDX-License-Identifier: GPL-2.0-only */
/* VMX instructions in root operation. */
#ifndef _TDX_EMU_VMX_H
#define _TDX_EMU_VMX_H

#include "cpu/decode.h"
#include "cpu/walk.h"

/* VM-instruction error numbers, SDM vol. 3 */
enum vmx_error {
	VMERR_VMCLEAR_ADDRESS		= 2,
	VMERR_VMCLEAR_VMXON_POINTER	= 3,
	VMERR_VMLAUNCH_NOT_CLEAR	= 4,
	VMERR_VMRESUME_NOT_LAUNCHED	= 5,
	VMERR_ENTRY_CONTROLS		= 7,
	VMERR_ENTRY_HOST_STATE		= 8,
	VMERR_VMPTRLD_ADDRESS		= 9,
	VMERR_VMPTRLD_VMXON_POINTER	= 10,
	VMERR_VMPTRLD_REVISION		= 11,
	VMERR_UNSUPPORTED_FIELD		= 12,
	VMERR_READ_ONLY_FIELD		= 13,
	VMERR_VMXON_IN_VMX_ROOT		= 15,
	VMERR_INVALIDATION_OPERAND	= 28,
};

/*
 * Check for VMX operation, 64-bit mode and privilege level 0.  Return false
 * after injecting #UD or #GP.
 */
bool vmx_root_check(struct vcpu *vcpu);

/* Set the flags for the result of a VMX instruction. */
void vmx_succeed(struct vcpu *vcpu);
void vmx_fail_invalid(struct vcpu *vcpu);

/*
 * The current VMCS.  NULL if there is none, or if it is in memory that the host
 * does not own; then the instruction is complete.
 */
struct vmcs *vmx_current(struct vcpu *vcpu, const struct insn *insn, enum access access);

/* Set the result of a VMX instruction and skip it; 0 is success. */
void vmx_finish(struct vcpu *vcpu, const struct insn *insn, enum vmx_error error);

/* One function for each instruction; each skips the instruction or injects an exception. */
void vmx_vmxon(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmxoff(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmclear(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmptrld(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmptrst(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmread(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmwrite(struct vcpu *vcpu, const struct insn *insn);
void vmx_invvpid(struct vcpu *vcpu, const struct insn *insn);

/* @eptp becomes the EPT pointer of a single context.  Returns false if it has failed. */
bool vmx_invept(struct vcpu *vcpu, const struct insn *insn, u64 *eptp);

#endif /* _TDX_EMU_VMX_H */
