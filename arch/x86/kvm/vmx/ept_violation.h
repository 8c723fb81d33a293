/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EPT violations: what those of VMs and TDs have in common.
 */
#ifndef __KVM_X86_VMX_EPT_VIOLATION_H
#define __KVM_X86_VMX_EPT_VIOLATION_H

#include <linux/kvm_host.h>

#include <asm/vmx.h>

/**
 * vmx_ept_error_code - the error code for a page fault
 * @exit_qualification: of an EPT violation
 *
 * How the guest has found the address is not part of it.
 *
 * Return: PFERR_* of the access, and whether there is an entry.
 */
static inline u64 vmx_ept_error_code(unsigned long exit_qualification)
{
	u64 error_code;

	/* Is it a read fault? */
	error_code = (exit_qualification & EPT_VIOLATION_ACC_READ)
		     ? PFERR_USER_MASK : 0;
	/* Is it a write fault? */
	error_code |= (exit_qualification & EPT_VIOLATION_ACC_WRITE)
		      ? PFERR_WRITE_MASK : 0;
	/* Is it a fetch fault? */
	error_code |= (exit_qualification & EPT_VIOLATION_ACC_INSTR)
		      ? PFERR_FETCH_MASK : 0;
	/* ept page table entry is present? */
	error_code |= (exit_qualification & EPT_VIOLATION_RWX_MASK)
		      ? PFERR_PRESENT_MASK : 0;
	return error_code;
}

#endif /* __KVM_X86_VMX_EPT_VIOLATION_H */
