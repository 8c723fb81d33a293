/* SPDX-License-Identifier: GPL-2.0-only */
/* Running a VM's vCPU until an exit that the host has to handle. */
#ifndef _TDX_EMU_VM_RUN_H
#define _TDX_EMU_VM_RUN_H

#include "vm/vm.h"

/**
 * vm_run() - run the guest
 * @vm:		run, with the guest's state
 * @exit:	becomes the exit
 */
void vm_run(struct vm *vm, struct vm_exit *exit);

#endif /* _TDX_EMU_VM_RUN_H */
