/* SPDX-License-Identifier: GPL-2.0-only */
/* Events of a VM's vCPU: injection, windows, virtual NMIs, exceptions and interrupts. */
#ifndef _TDX_EMU_VM_EVENT_H
#define _TDX_EMU_VM_EVENT_H

#include "vm/vm.h"

/**
 * vm_event_load() - inject the event of the VM entry
 * @vm:		run that begins, with the guest's state
 */
void vm_event_load(struct vm *vm);

/**
 * vm_event_store() - save the event whose delivery the exit has interrupted
 * @vm:		run that ends; RIP is that of the instruction that has caused the event
 * @exit:	the exit
 */
void vm_event_store(struct vm *vm, const struct vm_exit *exit);

/**
 * vm_event_before_run() - look for exits that need no instruction of the guest
 * @vm:		run that is about to enter the guest
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit.
 */
bool vm_event_before_run(struct vm *vm, struct vm_exit *exit);

/**
 * vm_event_prepare() - set intercepts that depend on events
 * @vm:		run that enters the guest
 */
void vm_event_prepare(struct vm *vm);

/**
 * vm_event_iret() - the guest is about to execute IRET
 * @vm:		run of the vCPU at the instruction
 */
void vm_event_iret(struct vm *vm);

/**
 * vm_event_iret_violates() - note that an EPT violation is that of an IRET which ends blocking
 * @vm:		run
 * @exit:	the exit, if that is one
 */
void vm_event_iret_violates(struct vm *vm, struct vm_exit *exit);

/**
 * vm_event_raise() - the guest raises an exception
 * @vm:		run
 * @vector:	of the exception, which the CPU has raised and intercepted
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the guest gets the exception.
 */
bool vm_event_raise(struct vm *vm, unsigned int vector, struct vm_exit *exit);

/**
 * vm_event_shutdown() - an exception could not be delivered, nor the double fault that it became
 * @vm:		run
 * @exit:	becomes the exit
 */
void vm_event_shutdown(struct vm *vm, struct vm_exit *exit);

/**
 * vm_event_software() - the guest executes INT n, INT3 or INTO
 * @vm:		run of the vCPU at the instruction
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the guest gets the event.
 */
bool vm_event_software(struct vm *vm, struct vm_exit *exit);

/**
 * vm_event_interrupt() - an interrupt or an NMI of the host has ended the run of the guest
 * @vm:		run
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit.
 */
bool vm_event_interrupt(struct vm *vm, struct vm_exit *exit);

#endif /* _TDX_EMU_VM_EVENT_H */
