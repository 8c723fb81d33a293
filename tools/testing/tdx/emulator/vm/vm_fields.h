/* SPDX-License-Identifier: GPL-2.0-only */
/* For checks of a VM entry: conditions on fields that several of them use. */
#ifndef _TDX_EMU_VM_FIELDS_H
#define _TDX_EMU_VM_FIELDS_H

#include "host/vmx_caps.h"
#include "machine/platform.h"
#include "vm/vm_check.h"

/* VM-entry interruption information */
#define EVENT_VALID			BIT_ULL(31)
#define EVENT_ERROR_CODE		BIT_ULL(11)
#define EVENT_RESERVED			0x7ffff000ULL
#define EVENT_VECTOR(info)		((info) & 0xff)
#define EVENT_TYPE(info)		((info) >> 8 & 7)

enum event_type {
	EVENT_EXTERNAL,
	EVENT_RESERVED_TYPE,
	EVENT_NMI,
	EVENT_EXCEPTION,
	EVENT_SOFTWARE_INTERRUPT,
	EVENT_PRIVILEGED_EXCEPTION,
	EVENT_SOFTWARE_EXCEPTION,
	EVENT_OTHER,
};

static inline u64 field(const struct vm_check *check, enum vmcs_field field)
{
	return vmcs_read(check->vmcs, field);
}

static inline bool primary(const struct vm_check *check, u64 control)
{
	return field(check, VMCS_PRIMARY_CONTROLS) & control;
}

static inline bool secondary(const struct vm_check *check, u64 control)
{
	return primary(check, PRIMARY_SECONDARY) &&
	       field(check, VMCS_SECONDARY_CONTROLS) & control;
}

static inline bool at_entry(const struct vm_check *check, u64 control)
{
	return field(check, VMCS_ENTRY_CONTROLS) & control;
}

static inline bool at_exit(const struct vm_check *check, u64 control)
{
	return field(check, VMCS_EXIT_CONTROLS) & control;
}

/* @align is a power of 2 */
static inline bool physical(u64 pa, u64 align)
{
	return !(pa & (align - 1)) && !(pa >> PLATFORM_PHYS_BITS);
}

static inline bool canonical(const struct vm_check *check, u64 linear)
{
	return is_canonical(linear, check->linear_bits);
}

static inline bool pat_valid(u64 pat)
{
	for (unsigned int i = 0; i < 8; i++, pat >>= 8)
		if ((u8)pat > 7 || (u8)pat == 2 || (u8)pat == 3)
			return false;
	return true;
}

static inline bool efer_reserved(u64 efer)
{
	return efer & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
}

#endif /* _TDX_EMU_VM_FIELDS_H */
