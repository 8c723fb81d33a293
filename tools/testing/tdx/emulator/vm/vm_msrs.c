// SPDX-License-Identifier: GPL-2.0-only
/* The lists of MSRs that VM entries and VM exits load and store. */
#include "cpu/crash.h"
#include "cpu/walk.h"
#include "host/msr.h"
#include "memory/host_map.h"
#include "vm/vm_check.h"
#include "vm/vm_msrs.h"

/* The host has to own the list, which may have more than a page. */
static struct vm_msr *entry_at(const struct vm *vm, enum vmcs_field address, unsigned int i)
{
	u64 pa = vmcs_read(vm->vmcs, address) + i * sizeof(struct vm_msr);

	if (!phys_reachable(pa, sizeof(struct vm_msr)) || !host_map_has(pa))
		crash_guest(&vm->vcpu->cpu->host, "a list of MSRs is in memory that is not the host's");
	return phys(pa);
}

/* The qualification is the number of the entry, counted from 1. */
bool vm_msrs_load(struct vm *vm, struct vm_exit *exit)
{
	unsigned int i, count = vmcs_read(vm->vmcs, VMCS_ENTRY_MSR_LOAD_COUNT);
	const struct vm_msr *entry;

	for (i = 0; i < count; i++) {
		entry = entry_at(vm, VMCS_ENTRY_MSR_LOAD_ADDR, i);
		if (vm_msr_loadable(entry) && msr_write(vm->vcpu, entry->index, entry->value))
			continue;
		*exit = (struct vm_exit){
			.reason = VM_EXIT_MSR_LOADING | VM_EXIT_FAILED_ENTRY,
			.qualification = i + 1,
		};
		return false;
	}
	return true;
}

/* A CPU would end in a VMX abort. */
static void __noreturn give_up(const struct vm *vm)
{
	crash_guest(&vm->vcpu->cpu->host, "an MSR in a list of a VM exit cannot be accessed");
}

void vm_msrs_store(struct vm *vm)
{
	unsigned int i, count = vmcs_read(vm->vmcs, VMCS_EXIT_MSR_STORE_COUNT);
	struct vm_msr *entry;

	for (i = 0; i < count; i++) {
		entry = entry_at(vm, VMCS_EXIT_MSR_STORE_ADDR, i);
		if (!vm_msr_storable(entry) || !msr_read(vm->vcpu, entry->index, &entry->value))
			give_up(vm);
	}
}

void vm_msrs_load_host(struct vm *vm)
{
	unsigned int i, count = vmcs_read(vm->vmcs, VMCS_EXIT_MSR_LOAD_COUNT);
	const struct vm_msr *entry;

	for (i = 0; i < count; i++) {
		entry = entry_at(vm, VMCS_EXIT_MSR_LOAD_ADDR, i);
		if (!vm_msr_loadable(entry) ||
		    !msr_write(&vm->vcpu->cpu->host, entry->index, entry->value))
			give_up(vm);
	}
}
