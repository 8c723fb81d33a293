/* SPDX-License-Identifier: GPL-2.0-only */
/* Checks of a VM entry, which it fails without an effect: SDM vol. 3, "VM Entries". */
#ifndef _TDX_EMU_VM_CHECK_H
#define _TDX_EMU_VM_CHECK_H

#include "host/vmcs.h"

/**
 * struct vm_check - what a VM entry checks
 * @vmcs:	the current VMCS
 * @vmcs_pa:	its physical address
 * @cr4_allowed:	bits of CR4 that may be set
 * @linear_bits:	of an address, by the CPU's features: 48 or 57
 * @read:	reads memory of the host; returns false if it cannot
 * @context:	for @read
 */
struct vm_check {
	const struct vmcs *vmcs;
	u64 vmcs_pa;
	u64 cr4_allowed;
	unsigned int linear_bits;
	bool (*read)(void *context, u64 pa, void *buf, unsigned int bytes);
	void *context;
};

/* Exit qualifications of an entry that fails by the guest state */
#define VM_ENTRY_FAILS_OTHER		0
#define VM_ENTRY_FAILS_PDPTES		2
#define VM_ENTRY_FAILS_NMI		3
#define VM_ENTRY_FAILS_LINK_POINTER	4

/**
 * struct vm_refusal - why an entry fails
 * @rule:	as text, for the log
 * @segment:	the register that breaks it, or NULL
 * @qualification:	exit qualification, for vm_check_guest()
 */
struct vm_refusal {
	const char *rule;
	const char *segment;
	u64 qualification;
};

/**
 * vm_check_controls() - check the control fields
 * @check:	the entry
 * @why:	is written if they are not valid
 *
 * Return: false for VM-instruction error 7.
 */
bool vm_check_controls(const struct vm_check *check, struct vm_refusal *why);

/**
 * vm_check_host() - check the host state
 * @check:	the entry, by a CPU in 64-bit mode; its controls are valid
 * @why:	is written if it is not valid
 *
 * Return: false for VM-instruction error 8.
 */
bool vm_check_host(const struct vm_check *check, struct vm_refusal *why);

/**
 * vm_check_guest() - check the guest state
 * @check:	the entry; its controls are valid
 * @why:	is written if it is not valid
 *
 * Return: false for exit reason 33.
 */
bool vm_check_guest(const struct vm_check *check, struct vm_refusal *why);

/**
 * struct vm_msr - an entry of the lists of MSRs that are loaded or stored
 * @index:	the MSR, as in ECX
 * @reserved:	0
 * @value:	as in EDX:EAX
 */
struct vm_msr {
	u32 index;
	u32 reserved;
	u64 value;
};

/**
 * vm_msr_loadable() - may a VM entry or exit load an MSR from a list?
 * @msr:	the list's entry
 *
 * Return: false if that fails: exit reason 34, or VMX abort 4.  WRMSR may still refuse the value.
 */
bool vm_msr_loadable(const struct vm_msr *msr);

/**
 * vm_msr_storable() - may a VM exit store an MSR to a list?
 * @msr:	the list's entry
 *
 * Return: false for VMX abort 1.  RDMSR may still refuse the index.
 */
bool vm_msr_storable(const struct vm_msr *msr);

#endif /* _TDX_EMU_VM_CHECK_H */
