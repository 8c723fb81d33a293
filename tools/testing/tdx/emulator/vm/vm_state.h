/* SPDX-License-Identifier: GPL-2.0-only */
/* The guest's state between VMCS and VMCB. */
#ifndef _TDX_EMU_VM_STATE_H
#define _TDX_EMU_VM_STATE_H

#include "vm/vm.h"

/**
 * vm_state_load() - give the vCPU the guest's state
 * @vm:		run that begins; the host's registers are in the VMCB of the host
 */
void vm_state_load(struct vm *vm);

/**
 * vm_state_store() - save the guest's state
 * @vm:		run that ends; the host gets the registers that are not switched
 */
void vm_state_store(struct vm *vm);

/**
 * vm_state_drop() - leave the guest's state in the VMCS alone
 * @vm:		run that ends at once; the host gets the registers that are not switched
 */
void vm_state_drop(struct vm *vm);

/**
 * vm_state_load_host() - give the host its state of the VMCS
 * @vm:		run that has ended
 */
void vm_state_load_host(struct vm *vm);

#endif /* _TDX_EMU_VM_STATE_H */
