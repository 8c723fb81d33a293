/* SPDX-License-Identifier: GPL-2.0-only */
/* Posted interrupts of an ordinary VM. */
#ifndef _TDX_EMU_VM_POSTED_H
#define _TDX_EMU_VM_POSTED_H

#include "vm/vm.h"

/**
 * vm_posted_take() - posted-interrupt processing
 * @vm:		run
 * @vector:	of the interrupt that has ended the last run of the guest, and was acknowledged
 *
 * Return: false if it is not the notification of posted interrupts, but the host's; else the
 * vCPU goes on.
 */
bool vm_posted_take(struct vm *vm, u8 vector);

#endif /* _TDX_EMU_VM_POSTED_H */
