/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMX-preemption timer of a run. */
#ifndef _TDX_EMU_VM_TIMER_H
#define _TDX_EMU_VM_TIMER_H

#include "vm/vm.h"

/**
 * vm_timer_load() - start the timer of a VM entry
 * @vm:		run that begins, with its controls
 */
void vm_timer_load(struct vm *vm);

/**
 * vm_timer_store() - save the value of the timer if the host wants it
 * @vm:		run that ends
 */
void vm_timer_store(struct vm *vm);

/**
 * vm_timer_has_expired() - test for the end of the timer's time
 * @vm:		run
 *
 * Return: true if there is such a timer, and it has reached 0.
 */
bool vm_timer_has_expired(const struct vm *vm);

/**
 * vm_timer_arm() - let the timer interrupt the guest
 * @vm:		run that enters the guest
 */
void vm_timer_arm(struct vm *vm);

/**
 * vm_timer_disarm() - give the local APIC's timer back to the host
 * @vm:		run that has left the guest
 */
void vm_timer_disarm(struct vm *vm);

/**
 * vm_timer_is_interrupt() - is an interrupt that of the timer?
 * @vm:		run
 * @vector:	of the interrupt that has ended the last run of the guest
 *
 * Return: false if it is the host's.
 */
bool vm_timer_is_interrupt(const struct vm *vm, u8 vector);

#endif /* _TDX_EMU_VM_TIMER_H */
