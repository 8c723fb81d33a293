/* SPDX-License-Identifier: GPL-2.0-only */
/* Translations of VMs' guest-physical addresses, as the TLB of each CPU has them. */
#ifndef _TDX_EMU_VM_MAP_H
#define _TDX_EMU_VM_MAP_H

#include "vm/vm.h"

/* Nested page tables of one CPU: 2 GB in pages of 4 KB. */
#define VM_MAP_TABLES	1024

/**
 * vm_map_use() - give a vCPU that is about to run the translations of its CPU
 * @vm:		run that begins
 */
void vm_map_use(struct vm *vm);

/**
 * vm_map_fault() - the guest has accessed what is not mapped
 * @vm:		run
 * @exit:	becomes the exit, if there is one
 *
 * Return: true if there is an exit; else the guest goes on.
 */
bool vm_map_fault(struct vm *vm, struct vm_exit *exit);

/**
 * vm_map_flush() - drop translations
 * @cpu:	the calling CPU
 * @eptp:	EPT pointer of those to be dropped, VM_MAP_NO_EPT or VM_MAP_ALL
 */
void vm_map_flush(const struct cpu *cpu, u64 eptp);

#define VM_MAP_ALL	(~0ULL)
/* Those of VMs without EPT; no EPT pointer has this value. */
#define VM_MAP_NO_EPT	(~1ULL)

#endif /* _TDX_EMU_VM_MAP_H */
