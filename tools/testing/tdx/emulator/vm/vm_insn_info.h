/* SPDX-License-Identifier: GPL-2.0-only */
/* The instruction information of a VM exit. */
#ifndef _TDX_EMU_VM_INSN_INFO_H
#define _TDX_EMU_VM_INSN_INFO_H

#include "cpu/decode.h"

/**
 * vm_insn_info_vmx() - instruction information of a VMX instruction
 * @insn:	the instruction
 *
 * Return: the VM-exit instruction-information field.
 */
u32 vm_insn_info_vmx(const struct insn *insn);

/**
 * vm_insn_info_table() - instruction information of an access to a descriptor-table register
 * @vcpu:	vCPU at the instruction
 * @insn:	LGDT, SLDT and the like
 *
 * Return: the VM-exit instruction-information field.
 */
u32 vm_insn_info_table(const struct vcpu *vcpu, const struct insn *insn);

/**
 * vm_insn_info_string() - instruction information of INS or OUTS
 * @insn:	the instruction, or IN or OUT
 *
 * Return: the VM-exit instruction-information field.
 */
u32 vm_insn_info_string(const struct insn *insn);

#endif /* _TDX_EMU_VM_INSN_INFO_H */
