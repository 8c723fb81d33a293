/* SPDX-License-Identifier: GPL-2.0-only */
/* APIC virtualization for an ordinary VM, as its VMCS asks for it. */
#ifndef _TDX_EMU_VM_APIC_H
#define _TDX_EMU_VM_APIC_H

#include "cpu/vapic.h"
#include "host/vmcs.h"

/**
 * struct vm_apic - the virtual APIC of a vCPU that runs
 * @regs:	its registers; without a page if there is no TPR shadow
 * @rvi:	the highest request
 * @svi:	the highest interrupt in service
 * @primary:	primary controls
 * @secondary:	secondary controls; 0 if they are not activated
 * @threshold:	TPR threshold
 * @eoi_exits:	EOI-exit bitmap
 */
struct vm_apic {
	struct vapic regs;
	u8 rvi, svi;
	u32 primary, secondary;
	u8 threshold;
	u64 eoi_exits[4];
};

/* An exit by its basic reason */
struct vm_apic_exit {
	u32 reason;
	u64 qualification;
};

/* How an access ends */
enum vm_apic_result {
	VM_APIC_NORMAL,		/* as without APIC virtualization */
	VM_APIC_DONE,		/* it is virtualized */
	VM_APIC_FAULTS,		/* #GP */
	VM_APIC_TRAPS,		/* it is virtualized, then there is an exit */
	VM_APIC_EXITS,		/* an exit instead of it */
};

/* Types of accesses to the APIC-access page, as in an exit qualification */
enum vm_apic_type {
	VM_APIC_READS		= 0,
	VM_APIC_WRITES		= 1,
	VM_APIC_FETCHES		= 2,
	VM_APIC_DELIVERS	= 3,	/* an event, and reads or writes for that */
	VM_APIC_WALKS		= 15,	/* not from a linear address */
};

/**
 * struct vm_apic_access - an access to the APIC-access page
 * @type:	of the access
 * @offset:	in the page
 * @bytes:	its size; 0 if it is not known, when it is not virtualized
 */
struct vm_apic_access {
	enum vm_apic_type type;
	unsigned int offset, bytes;
};

/**
 * vm_apic_load() - get the state at a VM entry, with PPR virtualization
 * @apic:	the virtual APIC
 * @vmcs:	VMCS of the vCPU, which was checked
 * @page:	the page of the VMCS's virtual-APIC address; not used without a TPR shadow
 */
void vm_apic_load(struct vm_apic *apic, const struct vmcs *vmcs, u8 *page);

/**
 * vm_apic_store() - save the state at a VM exit
 * @apic:	the virtual APIC
 * @vmcs:	VMCS of the vCPU
 */
void vm_apic_store(const struct vm_apic *apic, struct vmcs *vmcs);

/**
 * vm_apic_is_low() - compare the TPR with its threshold at the end of a VM entry
 * @apic:	the virtual APIC
 *
 * Return: true if there is an exit before the first instruction.
 */
bool vm_apic_is_low(const struct vm_apic *apic);

/**
 * vm_apic_has_tpr() - test for a TPR shadow
 * @apic:	the virtual APIC
 *
 * Return: true if CR8 is that of the virtual APIC.
 */
bool vm_apic_has_tpr(const struct vm_apic *apic);

/**
 * vm_apic_has_interrupts() - test for virtual-interrupt delivery
 * @apic:	the virtual APIC
 *
 * Return: true if the guest gets its interrupts from the virtual APIC, and now, that is, the host
 * does not wait for an interrupt window.
 */
bool vm_apic_has_interrupts(const struct vm_apic *apic);

/**
 * vm_apic_write_cr8() - MOV to CR8 of a guest that vm_apic_has_tpr(), without an exit for CR8
 * @apic:	the virtual APIC
 * @value:	to be written
 * @exit:	the exit, if there is one
 *
 * Return: how it ends.
 */
enum vm_apic_result vm_apic_write_cr8(const struct vm_apic *apic, u64 value,
				      struct vm_apic_exit *exit);

/**
 * vm_apic_read_msr() - RDMSR for which the MSR bitmap has no exit
 * @apic:	the virtual APIC
 * @msr:	any MSR
 * @value:	what is read
 *
 * Return: how it ends.
 */
enum vm_apic_result vm_apic_read_msr(const struct vm_apic *apic, u32 msr, u64 *value);

/**
 * vm_apic_write_msr() - WRMSR for which the MSR bitmap has no exit
 * @apic:	the virtual APIC
 * @msr:	any MSR
 * @value:	to be written
 * @exit:	the exit, if there is one
 *
 * Return: how it ends.
 */
enum vm_apic_result vm_apic_write_msr(const struct vm_apic *apic, u32 msr, u64 value,
				      struct vm_apic_exit *exit);

/**
 * vm_apic_has_page() - test for an APIC-access page
 * @apic:	the virtual APIC
 *
 * Return: true if accesses to that page are to be passed to vm_apic_read() and vm_apic_write().
 */
bool vm_apic_has_page(const struct vm_apic *apic);

/**
 * vm_apic_exit() - describe the exit of an access to the APIC-access page
 * @access:	the access
 * @exit:	the exit
 *
 * Return: VM_APIC_EXITS.
 */
enum vm_apic_result vm_apic_exit(const struct vm_apic_access *access, struct vm_apic_exit *exit);

/**
 * vm_apic_read() - read from the APIC-access page
 * @apic:	the virtual APIC
 * @access:	the access, of any type
 * @value:	what is read
 * @exit:	the exit, if there is one
 *
 * Return: how it ends.
 */
enum vm_apic_result vm_apic_read(const struct vm_apic *apic, const struct vm_apic_access *access,
				 u32 *value, struct vm_apic_exit *exit);

/**
 * vm_apic_write() - write to the APIC-access page
 * @apic:	the virtual APIC
 * @access:	the access, of any type
 * @value:	to be written
 * @exit:	the exit, if there is one
 *
 * Return: how it ends.
 */
enum vm_apic_result vm_apic_write(const struct vm_apic *apic, const struct vm_apic_access *access,
				  u32 value, struct vm_apic_exit *exit);

#endif /* _TDX_EMU_VM_APIC_H */
