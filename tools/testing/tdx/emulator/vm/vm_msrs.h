/* SPDX-License-Identifier: GPL-2.0-only */
/* The lists of MSRs that VM entries and VM exits load and store. */
#ifndef _TDX_EMU_VM_MSRS_H
#define _TDX_EMU_VM_MSRS_H

#include "vm/vm.h"

/**
 * vm_msrs_load() - load the guest's MSRs
 * @vm:		run that begins, with the guest's state
 * @exit:	becomes the exit if one cannot be loaded
 *
 * Return: false if there is an exit.
 */
bool vm_msrs_load(struct vm *vm, struct vm_exit *exit);

/**
 * vm_msrs_store() - store the guest's MSRs
 * @vm:		run that has ended, with the guest's registers in the CPU
 */
void vm_msrs_store(struct vm *vm);

/**
 * vm_msrs_load_host() - load the host's MSRs
 * @vm:		run that has ended, with the host's state
 */
void vm_msrs_load_host(struct vm *vm);

#endif /* _TDX_EMU_VM_MSRS_H */
