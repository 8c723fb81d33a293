/* SPDX-License-Identifier: GPL-2.0-only */
/* A VMCS with which a VM entry works, and changes of it. */
#ifndef _TDX_VALID_VMCS_H
#define _TDX_VALID_VMCS_H

#include "emulator/host/vmcs.h"
#include "emulator/host/vmx_caps.h"

#define PIN_DEFAULT		0x16ULL
#define PRIMARY_DEFAULT		0x04006172ULL
#define EXIT_DEFAULT		0x00036dfbULL
#define ENTRY_DEFAULT		0x000011fbULL

#define VALID_PIN		(PIN_DEFAULT | PIN_EXTERNAL_INTERRUPT_EXITING | \
				 PIN_NMI_EXITING | PIN_VIRTUAL_NMIS)
#define VALID_PRIMARY		(PRIMARY_DEFAULT | PRIMARY_SECONDARY)
#define VALID_SECONDARY		(SECONDARY_EPT | SECONDARY_VPID | SECONDARY_UNRESTRICTED_GUEST)
#define RESTRICTED		(SECONDARY_EPT | SECONDARY_VPID)
#define VALID_EXIT		(EXIT_DEFAULT | EXIT_HOST_64BIT | EXIT_LOAD_PAT | EXIT_LOAD_EFER)
#define VALID_ENTRY		(ENTRY_DEFAULT | ENTRY_LOAD_DEBUG_CONTROLS | ENTRY_GUEST_IA32E | \
				 ENTRY_LOAD_PAT | ENTRY_LOAD_EFER)
#define ENTRY_32BIT		(VALID_ENTRY & ~ENTRY_GUEST_IA32E)

#define VALID_CR0		0x80000031ULL
#define VALID_CR4		0x2020ULL		/* PAE VMXE */
#define CR4_ALLOWED		0x3727ffULL
#define VALID_EFER		0xd01ULL
#define VALID_PAT		0x0007040600070406ULL
#define NON_CANONICAL		0x0000800000000000ULL
#define BEYOND_PHYSICAL		BIT_ULL(52)

/* Access rights */
#define CODE_64			0xa09bULL
#define CODE_32			0xc09bULL
#define DATA_32			0xc093ULL
#define BUSY_TSS		0x8bULL
#define UNUSABLE		0x10000ULL

#define VMCS_PA			0x5000ULL
#define VIRTUAL_APIC_PA		0x6000ULL
#define LINKED_PA		0x7000ULL
#define PDPTES_PA		0x8020ULL

#define MAX_WRITES		10

/**
 * struct vmcs_write - a field and its value; @number is 1 + the encoding, 0 ends a list
 */
struct vmcs_write {
	u32 number;
	u64 value;
};

/* An element of a list of writes */
#define W(field, value)		{ VMCS_##field + 1, value }

/* The fields that a VMCS of zeros lacks for a guest in 64-bit mode */
static const struct vmcs_write valid_fields[] = {
	W(PIN_CONTROLS, VALID_PIN),
	W(PRIMARY_CONTROLS, VALID_PRIMARY),
	W(SECONDARY_CONTROLS, VALID_SECONDARY),
	W(EXIT_CONTROLS, VALID_EXIT),
	W(ENTRY_CONTROLS, VALID_ENTRY),
	W(VPID, 1),
	W(EPT_POINTER, 0x1e | 0x9000),
	W(LINK_POINTER, ~0ULL),
	W(VIRTUAL_APIC_ADDR, VIRTUAL_APIC_PA),
	W(HOST_CR0, VALID_CR0), W(HOST_CR3, 0x1000), W(HOST_CR4, VALID_CR4),
	W(HOST_CS_SELECTOR, 0x10), W(HOST_SS_SELECTOR, 0x18), W(HOST_TR_SELECTOR, 0x40),
	W(HOST_PAT, VALID_PAT), W(HOST_EFER, VALID_EFER),
	W(HOST_RIP, 0xffffffff81000000),
	W(GUEST_CR0, VALID_CR0), W(GUEST_CR3, 0x1000), W(GUEST_CR4, VALID_CR4),
	W(GUEST_PAT, VALID_PAT), W(GUEST_EFER, VALID_EFER),
	W(GUEST_RIP, 0xffffffff81000000), W(GUEST_RFLAGS, 2),
	W(GUEST_CS_SELECTOR, 0x10), W(GUEST_CS_LIMIT, 0xffffffff),
	W(GUEST_CS_ACCESS_RIGHTS, CODE_64),
	W(GUEST_SS_LIMIT, 0xffffffff), W(GUEST_SS_ACCESS_RIGHTS, DATA_32),
	W(GUEST_DS_LIMIT, 0xffffffff), W(GUEST_DS_ACCESS_RIGHTS, DATA_32),
	W(GUEST_ES_ACCESS_RIGHTS, UNUSABLE),
	W(GUEST_FS_ACCESS_RIGHTS, UNUSABLE),
	W(GUEST_GS_ACCESS_RIGHTS, UNUSABLE),
	W(GUEST_LDTR_ACCESS_RIGHTS, UNUSABLE),
	W(GUEST_TR_SELECTOR, 0x40), W(GUEST_TR_LIMIT, 0x67),
	W(GUEST_TR_ACCESS_RIGHTS, BUSY_TSS),
	{ 0 },
};

static inline void write_fields(struct vmcs *vmcs, const struct vmcs_write *writes)
{
	for (; writes->number; writes++)
		vmcs_write(vmcs, writes->number - 1, writes->value);
}

#endif /* _TDX_VALID_VMCS_H */
