/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions of a VM's vCPU that were intercepted: those with an exit, and the others. */
#ifndef _TDX_EMU_VM_EXIT_H
#define _TDX_EMU_VM_EXIT_H

#include "cpu/decode.h"
#include "vm/vm.h"

/**
 * vm_exit_instruction() - handle an instruction that was intercepted
 * @vm:		run of the vCPU at the instruction
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the instruction was emulated.
 */
bool vm_exit_instruction(struct vm *vm, struct vm_exit *exit);

/**
 * vm_exit_undefined() - handle an instruction that has raised #UD on QEMU's CPU
 * @vm:		run of the vCPU at the instruction
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the guest goes on.
 */
bool vm_exit_undefined(struct vm *vm, struct vm_exit *exit);

#endif /* _TDX_EMU_VM_EXIT_H */
