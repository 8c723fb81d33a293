// SPDX-License-Identifier: GPL-2.0-only
/* Checks of a VM entry: the guest state, except for segment registers. */
#include "vm/vm_check.h"
#include "vm/vm_fields.h"
#include "vm/vm_segments.h"

#define DEBUGCTL_BTF		BIT_ULL(1)
#define DEBUGCTL_BITS		3		/* LBR BTF */

#define RIGHTS_L		BIT_ULL(13)
#define RIGHTS_DPL(rights)	((rights) >> 5 & 3)

#define ACTIVITY_ACTIVE		0

#define BLOCKED_BY_STI		BIT_ULL(0)
#define BLOCKED_BY_MOV_SS	BIT_ULL(1)
#define BLOCKED_BY_NMI		BIT_ULL(3)
/* SMIs and enclaves do not exist here. */
#define BLOCKING_BITS		(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS | BLOCKED_BY_NMI)

#define PENDING_SINGLE_STEP	BIT_ULL(14)
#define PENDING_BITS		(0xf | BIT_ULL(12) | PENDING_SINGLE_STEP)

#define LINK_NONE		(~0ULL)

/* Bit 5 is reserved, too, but QEMU sets it in memory, as if it were an accessed bit. */
#define PDPTE_RESERVED		0xfff00000000001c6ULL
#define NR_PDPTES		4
#define PAE_CR3_ALIGN		32ULL

static bool in_64bit_mode(const struct vm_check *check)
{
	return at_entry(check, ENTRY_GUEST_IA32E) &&
	       field(check, VMCS_GUEST_CS_ACCESS_RIGHTS) & RIGHTS_L;
}

/* The valid event that the entry injects has this type. */
static bool injects(const struct vm_check *check, enum event_type type)
{
	const u64 info = field(check, VMCS_ENTRY_INTERRUPTION_INFO);

	return info & EVENT_VALID && EVENT_TYPE(info) == type;
}

static const char *check_control_registers(const struct vm_check *check)
{
	const u64 cr0 = field(check, VMCS_GUEST_CR0), cr4 = field(check, VMCS_GUEST_CR4);
	u64 fixed = VMX_CR0_FIXED0;

	if (secondary(check, SECONDARY_UNRESTRICTED_GUEST))
		fixed &= ~(X86_CR0_PE | X86_CR0_PG);
	if (~cr0 & fixed || cr0 & ~(u64)VMX_CR0_FIXED1)
		return "CR0";
	if (cr0 & X86_CR0_PG && !(cr0 & X86_CR0_PE))
		return "CR0.PG without PE";
	if (!(cr4 & X86_CR4_VMXE) || cr4 & ~check->cr4_allowed)
		return "CR4";
	if (!physical(field(check, VMCS_GUEST_CR3), 1))
		return "CR3";
	if (at_entry(check, ENTRY_GUEST_IA32E))
		return cr0 & X86_CR0_PG && cr4 & X86_CR4_PAE ?
		       NULL : "IA-32e mode without paging or PAE";
	return cr4 & X86_CR4_PCIDE ? "CR4.PCIDE outside IA-32e mode" : NULL;
}

static const char *check_msrs(const struct vm_check *check)
{
	const u64 efer = field(check, VMCS_GUEST_EFER);

	if (at_entry(check, ENTRY_LOAD_DEBUG_CONTROLS)) {
		if (field(check, VMCS_GUEST_DEBUGCTL) & ~(u64)DEBUGCTL_BITS)
			return "DEBUGCTL";
		if (field(check, VMCS_GUEST_DR7) >> 32)
			return "DR7";
	}
	if (!canonical(check, field(check, VMCS_GUEST_SYSENTER_ESP)) ||
	    !canonical(check, field(check, VMCS_GUEST_SYSENTER_EIP)))
		return "SYSENTER address";
	if (at_entry(check, ENTRY_LOAD_PAT) && !pat_valid(field(check, VMCS_GUEST_PAT)))
		return "PAT";
	if (!at_entry(check, ENTRY_LOAD_EFER))
		return NULL;
	if (efer_reserved(efer))
		return "reserved bits of EFER";
	if (!(efer & EFER_LMA) != !at_entry(check, ENTRY_GUEST_IA32E))
		return "EFER.LMA";
	if (field(check, VMCS_GUEST_CR0) & X86_CR0_PG && !(efer & EFER_LMA) != !(efer & EFER_LME))
		return "EFER.LME with paging";
	return NULL;
}

static const char *check_descriptor_tables(const struct vm_check *check)
{
	if (!canonical(check, field(check, VMCS_GUEST_GDTR_BASE)) ||
	    !canonical(check, field(check, VMCS_GUEST_IDTR_BASE)))
		return "base of GDTR or IDTR";
	if (field(check, VMCS_GUEST_GDTR_LIMIT) >> 16 || field(check, VMCS_GUEST_IDTR_LIMIT) >> 16)
		return "limit of GDTR or IDTR";
	return NULL;
}

static const char *check_rip_rflags(const struct vm_check *check)
{
	const u64 rip = field(check, VMCS_GUEST_RIP), rflags = field(check, VMCS_GUEST_RFLAGS);

	if (in_64bit_mode(check) ? !canonical(check, rip) : rip >> 32)
		return "RIP";
	if (rflags & X86_EFLAGS_RESERVED || !(rflags & X86_EFLAGS_FIXED))
		return "reserved bits of RFLAGS";
	if (rflags & X86_EFLAGS_VM && (at_entry(check, ENTRY_GUEST_IA32E) ||
				       !(field(check, VMCS_GUEST_CR0) & X86_CR0_PE)))
		return "RFLAGS.VM in another mode";
	if (injects(check, EVENT_EXTERNAL) && !(rflags & X86_EFLAGS_IF))
		return "interrupt while RFLAGS.IF is clear";
	return NULL;
}

/* IA32_VMX_MISC offers no others. */
static const char *check_activity(const struct vm_check *check)
{
	return field(check, VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_ACTIVE ? NULL : "activity state";
}

/* An NMI while STI blocks is optional on hardware; @qualification is for it. */
static const char *check_interruptibility(const struct vm_check *check, u64 *qualification)
{
	const u64 blocked = field(check, VMCS_GUEST_INTERRUPTIBILITY);
	const bool virtual_nmis = field(check, VMCS_PIN_CONTROLS) & PIN_VIRTUAL_NMIS;

	if (blocked & ~(u64)BLOCKING_BITS)
		return "reserved bits of the interruptibility state";
	if (blocked & BLOCKED_BY_STI && blocked & BLOCKED_BY_MOV_SS)
		return "blocking by STI and by MOV SS";
	if (blocked & BLOCKED_BY_STI && !(field(check, VMCS_GUEST_RFLAGS) & X86_EFLAGS_IF))
		return "blocking by STI while RFLAGS.IF is clear";
	if (injects(check, EVENT_EXTERNAL) && blocked & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS))
		return "interrupt while it is blocked";
	if (!injects(check, EVENT_NMI))
		return NULL;
	if (blocked & BLOCKED_BY_MOV_SS || (virtual_nmis && blocked & BLOCKED_BY_NMI))
		return "NMI while it is blocked";
	if (!(blocked & BLOCKED_BY_STI))
		return NULL;
	*qualification = VM_ENTRY_FAILS_NMI;
	return "NMI while STI blocks events";
}

static const char *check_pending_debug(const struct vm_check *check)
{
	const u64 pending = field(check, VMCS_GUEST_PENDING_DEBUG);
	const bool steps = field(check, VMCS_GUEST_RFLAGS) & X86_EFLAGS_TF &&
			   !(field(check, VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

	if (pending & ~(u64)PENDING_BITS)
		return "reserved bits of the pending debug exceptions";
	if (!(field(check, VMCS_GUEST_INTERRUPTIBILITY) & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)))
		return NULL;
	if (!(pending & PENDING_SINGLE_STEP) != !steps)
		return "pending single step";
	return NULL;
}

static const char *check_link_pointer(const struct vm_check *check)
{
	const u64 link = field(check, VMCS_LINK_POINTER);
	u32 revision;

	if (link == LINK_NONE)
		return NULL;
	if (!physical(link, VMCS_BYTES) || link == check->vmcs_pa ||
	    !check->read(check->context, link, &revision, sizeof(revision)) ||
	    revision != VMCS_REVISION)
		return "VMCS link pointer";
	return NULL;
}

static const char *check_pdptes(const struct vm_check *check)
{
	u64 pdptes[NR_PDPTES], cr3 = field(check, VMCS_GUEST_CR3);

	if (!(field(check, VMCS_GUEST_CR0) & X86_CR0_PG) ||
	    !(field(check, VMCS_GUEST_CR4) & X86_CR4_PAE) || at_entry(check, ENTRY_GUEST_IA32E))
		return NULL;
	if (secondary(check, SECONDARY_EPT)) {
		for (unsigned int i = 0; i < NR_PDPTES; i++)
			pdptes[i] = field(check, VMCS_GUEST_PDPTE0 + 2 * i);
	} else if (!check->read(check->context, (u32)cr3 & ~(PAE_CR3_ALIGN - 1), pdptes,
				sizeof(pdptes))) {
		return "PDPTEs that cannot be read";
	}
	for (unsigned int i = 0; i < NR_PDPTES; i++)
		if (pdptes[i] & PTE_P && pdptes[i] & PDPTE_RESERVED)
			return "reserved bits of a PDPTE";
	return NULL;
}

static const char *check_registers(const struct vm_check *check)
{
	static const char *(*const checks[])(const struct vm_check *) = {
		check_control_registers, check_msrs, check_descriptor_tables, check_rip_rflags,
		check_activity,
	};
	const char *rule = NULL;

	for (unsigned int i = 0; i < ARRAY_LEN(checks) && !rule; i++)
		rule = checks[i](check);
	return rule;
}

bool vm_check_guest(const struct vm_check *check, struct vm_refusal *why)
{
	*why = (struct vm_refusal){ NULL, NULL, VM_ENTRY_FAILS_OTHER };
	why->rule = check_registers(check);
	if (!why->rule)
		why->rule = vm_check_segments(check, &why->segment);
	if (!why->rule)
		why->rule = check_interruptibility(check, &why->qualification);
	if (!why->rule)
		why->rule = check_pending_debug(check);
	if (why->rule)
		return false;
	why->rule = check_link_pointer(check);
	why->qualification = VM_ENTRY_FAILS_LINK_POINTER;
	if (why->rule)
		return false;
	why->rule = check_pdptes(check);
	why->qualification = VM_ENTRY_FAILS_PDPTES;
	return !why->rule;
}
