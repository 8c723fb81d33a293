// SPDX-License-Identifier: GPL-2.0-only
/* Checks of a VM entry: the host state that the next exit will load. */
#include "vm/vm_check.h"
#include "vm/vm_fields.h"

#define SELECTOR_RPL_TI		7

/* SDM "Checks on Host Control Registers, MSRs, and SSP" */
static const char *check_registers(const struct vm_check *check)
{
	const u64 cr0 = field(check, VMCS_HOST_CR0), cr4 = field(check, VMCS_HOST_CR4);
	const u64 efer = field(check, VMCS_HOST_EFER);

	if (~cr0 & VMX_CR0_FIXED0 || cr0 & ~(u64)VMX_CR0_FIXED1)
		return "host CR0";
	if (!(cr4 & X86_CR4_VMXE) || cr4 & ~check->cr4_allowed)
		return "host CR4";
	if (!physical(field(check, VMCS_HOST_CR3), 1))
		return "host CR3";
	if (!canonical(check, field(check, VMCS_HOST_SYSENTER_ESP)) ||
	    !canonical(check, field(check, VMCS_HOST_SYSENTER_EIP)))
		return "host SYSENTER address";
	if (at_exit(check, EXIT_LOAD_PAT) && !pat_valid(field(check, VMCS_HOST_PAT)))
		return "host PAT";
	/* A CPU in 64-bit mode goes back to it. */
	if (at_exit(check, EXIT_LOAD_EFER) &&
	    (efer_reserved(efer) || ~efer & (EFER_LME | EFER_LMA)))
		return "host EFER";
	return NULL;
}

/* SDM "Checks on Host Segment and Descriptor-Table Registers" */
static const char *check_segments(const struct vm_check *check)
{
	for (u64 at = VMCS_HOST_ES_SELECTOR; at <= VMCS_HOST_TR_SELECTOR; at += 2)
		if (field(check, at) & SELECTOR_RPL_TI)
			return "RPL or TI of a host selector";
	if (!field(check, VMCS_HOST_CS_SELECTOR))
		return "host CS of 0";
	if (!field(check, VMCS_HOST_TR_SELECTOR))
		return "host TR of 0";
	for (u64 at = VMCS_HOST_FS_BASE; at <= VMCS_HOST_IDTR_BASE; at += 2)
		if (!canonical(check, field(check, at)))
			return "host base address";
	return NULL;
}

/* SDM "Checks Related to Address-Space Size" */
static const char *check_address_space(const struct vm_check *check)
{
	if (!at_exit(check, EXIT_HOST_64BIT))
		return "host that is in 64-bit mode and shall not be";
	if (!(field(check, VMCS_HOST_CR4) & X86_CR4_PAE))
		return "host CR4.PAE";
	if (!canonical(check, field(check, VMCS_HOST_RIP)))
		return "host RIP";
	return NULL;
}

bool vm_check_host(const struct vm_check *check, struct vm_refusal *why)
{
	static const char *(*const checks[])(const struct vm_check *) = {
		check_registers, check_segments, check_address_space,
	};

	*why = (struct vm_refusal){ NULL, NULL, VM_ENTRY_FAILS_OTHER };
	for (unsigned int i = 0; i < ARRAY_LEN(checks) && !why->rule; i++)
		why->rule = checks[i](check);
	return !why->rule;
}
