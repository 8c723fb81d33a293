/* SPDX-License-Identifier: GPL-2.0-only */
/* Single steps that QEMU does not make. */
#ifndef _TDX_EMU_VM_STEP_H
#define _TDX_EMU_VM_STEP_H

#include "vm/vm.h"

/**
 * vm_step_sti() - step over an STI
 * @vm:		run that is about to enter the guest
 *
 * QEMU's next step ends behind the instruction that follows it.
 */
void vm_step_sti(struct vm *vm);

#endif /* _TDX_EMU_VM_STEP_H */
