/* SPDX-License-Identifier: GPL-2.0-only */
/* VMX instructions in root operation, without support for guests. */
#ifndef _TDX_EMU_VMX_H
#define _TDX_EMU_VMX_H

#include "cpu/decode.h"

/*
 * Check for VMX operation, 64-bit mode and privilege level 0.  Return false
 * after injecting #UD or #GP.
 */
bool vmx_root_check(struct vcpu *vcpu);

/* Set the flags for the result of a VMX instruction. */
void vmx_succeed(struct vcpu *vcpu);
void vmx_fail_invalid(struct vcpu *vcpu);

/* One function for each instruction; each skips the instruction or injects an exception. */
void vmx_vmxon(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmxoff(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmclear(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmptrld(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmptrst(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmread(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmwrite(struct vcpu *vcpu, const struct insn *insn);
void vmx_invept(struct vcpu *vcpu, const struct insn *insn);
void vmx_invvpid(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmlaunch(struct vcpu *vcpu, const struct insn *insn);
void vmx_vmresume(struct vcpu *vcpu, const struct insn *insn);

#endif /* _TDX_EMU_VMX_H */
