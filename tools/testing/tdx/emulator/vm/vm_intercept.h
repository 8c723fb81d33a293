/* SPDX-License-Identifier: GPL-2.0-only */
/* What a VM's vCPU is intercepted for, by its controls. */
#ifndef _TDX_EMU_VM_INTERCEPT_H
#define _TDX_EMU_VM_INTERCEPT_H

#include "vm/vm.h"

/**
 * vm_intercept_init() - intercept all MSRs and ports of VMs
 *
 * Called by the boot CPU.
 */
void vm_intercept_init(void);

/**
 * vm_intercept() - set the intercepts of a run
 * @vm:		run that begins, with the guest's state
 */
void vm_intercept(struct vm *vm);

/**
 * vm_intercept_cr_reads() - intercept reads of control registers if they have to be modified
 * @vm:		run whose control registers have changed
 */
void vm_intercept_cr_reads(struct vm *vm);

/**
 * vm_intercepts_msr() - does an access to an MSR exit?
 * @vm:		run
 * @msr:	MSR
 * @write:	true for WRMSR
 *
 * Return: true if it does.
 */
bool vm_intercepts_msr(const struct vm *vm, u32 msr, bool write);

/**
 * vm_intercepts_port() - does an access to a port exit?
 * @vm:		run
 * @port:	first port of the access
 * @bytes:	of the access
 *
 * Return: true if it does.
 */
bool vm_intercepts_port(const struct vm *vm, u16 port, unsigned int bytes);

#endif /* _TDX_EMU_VM_INTERCEPT_H */
