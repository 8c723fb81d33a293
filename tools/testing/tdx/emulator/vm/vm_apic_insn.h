/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions of a VM's vCPU that access the virtual APIC. */
#ifndef _TDX_EMU_VM_APIC_INSN_H
#define _TDX_EMU_VM_APIC_INSN_H

#include "cpu/decode.h"
#include "vm/vm.h"

/**
 * vm_apic_is_page() - test for the APIC-access page
 * @vm:		run
 * @pa:		physical address to which the EPT leads
 *
 * Return: true if accesses there are to be passed to vm_apic_access().
 */
bool vm_apic_is_page(const struct vm *vm, u64 pa);

/**
 * vm_apic_access() - the guest accesses the APIC-access page
 * @vm:		run of the vCPU, after a nested page fault
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the access was virtualized.
 */
bool vm_apic_access(struct vm *vm, struct vm_exit *exit);

/**
 * vm_apic_msr() - RDMSR or WRMSR for which the MSR bitmap has no exit
 * @vm:		run of the vCPU at the instruction
 * @insn:	the instruction
 * @msr:	the MSR
 * @exits:	becomes true if there is an exit
 * @exit:	becomes the exit, if there is one
 *
 * Return: false if the MSR is not one of the virtual APIC: it is accessed as others are.
 */
bool vm_apic_msr(struct vm *vm, const struct insn *insn, u32 msr, bool *exits,
		 struct vm_exit *exit);

/**
 * vm_apic_cr8_write() - MOV to CR8 of a guest with a TPR shadow
 * @vm:		run of the vCPU at the instruction
 * @insn:	the instruction
 * @value:	to be written
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit.
 */
bool vm_apic_cr8_write(struct vm *vm, const struct insn *insn, u64 value, struct vm_exit *exit);

#endif /* _TDX_EMU_VM_APIC_INSN_H */
