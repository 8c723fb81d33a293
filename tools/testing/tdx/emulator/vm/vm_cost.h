/* SPDX-License-Identifier: GPL-2.0-only */
/* What the host executes between a VM exit and the next VM entry. */
#ifndef _TDX_EMU_VM_COST_H
#define _TDX_EMU_VM_COST_H

#include "vm/vm.h"

/**
 * vm_cost_entry() - a VM entry begins: log what its CPU did since the last VM exit
 * @cpu:	that of the caller
 */
void vm_cost_entry(const struct cpu *cpu);

/**
 * vm_cost_exit() - a VM exit is complete
 * @cpu:	that of the caller
 * @exit:	the exit
 */
void vm_cost_exit(const struct cpu *cpu, const struct vm_exit *exit);

#endif /* _TDX_EMU_VM_COST_H */
