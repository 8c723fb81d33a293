/* SPDX-License-Identifier: GPL-2.0-only */
/* Debug exceptions of a VM's vCPU: their causes, pending ones, steps of the emulator. */
#ifndef _TDX_EMU_VM_DEBUG_H
#define _TDX_EMU_VM_DEBUG_H

#include "vm/vm.h"

/**
 * vm_debug_load() - take what the VM entry has pending
 * @vm:		run that begins, with the guest's state
 * @vectoring:	the entry injects an event
 *
 * A debug exception that is due at once is injected.
 */
void vm_debug_load(struct vm *vm, bool vectoring);

/**
 * vm_debug_store() - save what is pending, and what blocks events
 * @vm:		run that ends
 * @exit:	the exit
 */
void vm_debug_store(struct vm *vm, const struct vm_exit *exit);

/**
 * vm_debug_step() - let the next run of the guest end behind one instruction
 * @vm:		run
 * @iret:	the instruction is IRET, and ends the blocking of NMIs
 */
void vm_debug_step(struct vm *vm, bool iret);

/**
 * vm_debug_step_shadow() - let the guest leave an interrupt shadow
 * @vm:		run of a vCPU whose next instruction is in the shadow
 *
 * An instruction that would save or load RFLAGS.TF is not stepped: the shadow ends before it.
 */
void vm_debug_step_shadow(struct vm *vm);

/**
 * vm_debug_end_step() - the instruction that was to be stepped has raised another exception
 * @vm:		run
 */
void vm_debug_end_step(struct vm *vm);

/**
 * vm_debug_end_emulated() - end a step if its instruction was emulated
 * @vm:		run that is about to enter the guest
 */
void vm_debug_end_emulated(struct vm *vm);

/**
 * vm_debug_prepare() - prepare RFLAGS and DR6 for VMRUN
 * @vm:		run that enters the guest; it has its intercepts
 */
void vm_debug_prepare(struct vm *vm);

/**
 * vm_debug_finish() - take back what vm_debug_prepare() has done
 * @vm:		run that has left the guest
 */
void vm_debug_finish(struct vm *vm);

/**
 * vm_debug_trapped() - the CPU has raised a debug exception, which was intercepted
 * @vm:		run
 *
 * Return: false if that was the end of a step, and the guest does not get it.
 */
bool vm_debug_trapped(struct vm *vm);

/**
 * vm_debug_deliver() - give the guest the debug exception that the CPU has raised
 * @vm:		run
 */
void vm_debug_deliver(struct vm *vm);

/**
 * vm_debug_causes() - causes of a debug exception that exits
 * @vm:		run; the exception was raised by the CPU, or by the emulator
 *
 * The guest's DR6 is as before it.
 *
 * Return: the exit qualification.
 */
u64 vm_debug_causes(struct vm *vm);

#endif /* _TDX_EMU_VM_DEBUG_H */
