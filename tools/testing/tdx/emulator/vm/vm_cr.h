/* SPDX-License-Identifier: GPL-2.0-only */
/* Control and debug registers of a VM's vCPU. */
#ifndef _TDX_EMU_VM_CR_H
#define _TDX_EMU_VM_CR_H

#include "cpu/decode.h"
#include "vm/vm.h"

/**
 * vm_cr0() - get CR0 as the guest reads it
 * @vm:		run
 *
 * Return: bits of the read shadow where the guest/host mask has ones, else CR0.
 */
static inline u64 vm_cr0(const struct vm *vm)
{
	return (vm->cr0_shadow & vm->cr0_mask) | (vm->vcpu->vmcb.cr0 & ~vm->cr0_mask);
}

/**
 * vm_cr4() - get CR4 as the guest reads it
 * @vm:		run
 *
 * Return: bits of the read shadow where the guest/host mask has ones, else CR4.
 */
static inline u64 vm_cr4(const struct vm *vm)
{
	return (vm->cr4_shadow & vm->cr4_mask) | (vcpu_cr4(vm->vcpu) & ~vm->cr4_mask);
}

/**
 * vm_cr_access() - an access to a control register was intercepted
 * @vm:		run of the vCPU at the instruction
 * @insn:	MOV to or from a control register, CLTS, LMSW or SMSW
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the instruction was emulated.
 */
bool vm_cr_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit);

/**
 * vm_dr_access() - an access to a debug register was intercepted
 * @vm:		run of the vCPU at the instruction
 * @insn:	MOV to or from a debug register
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the instruction was emulated.
 */
bool vm_dr_access(struct vm *vm, const struct insn *insn, struct vm_exit *exit);

#endif /* _TDX_EMU_VM_CR_H */
