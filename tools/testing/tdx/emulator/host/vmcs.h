/* SPDX-License-Identifier: GPL-2.0-only */
/* The VMCS: its fields, as VMREAD and VMWRITE name them, and where they are in its page. */
#ifndef _TDX_EMU_VMCS_H
#define _TDX_EMU_VMCS_H

#include <linux/build_bug.h>
#include <linux/types.h>

#include "lib/x86.h"

#define VMCS_REVISION		0x11
#define VMCS_BYTES		4096
/* Of all fields, for the capability MSR. */
#define VMCS_MAX_INDEX		0x17

/* Encodings of the SDM, vol. 3, appendix B: all the fields that this CPU has. */
enum vmcs_field {
	/* 16-bit controls */
	VMCS_VPID				= 0x0000,
	VMCS_POSTED_INTERRUPT_VECTOR		= 0x0002,

	/* 16-bit guest state */
	VMCS_GUEST_ES_SELECTOR			= 0x0800,
	VMCS_GUEST_CS_SELECTOR			= 0x0802,
	VMCS_GUEST_SS_SELECTOR			= 0x0804,
	VMCS_GUEST_DS_SELECTOR			= 0x0806,
	VMCS_GUEST_FS_SELECTOR			= 0x0808,
	VMCS_GUEST_GS_SELECTOR			= 0x080a,
	VMCS_GUEST_LDTR_SELECTOR		= 0x080c,
	VMCS_GUEST_TR_SELECTOR			= 0x080e,
	VMCS_GUEST_INTERRUPT_STATUS		= 0x0810,
	VMCS_GUEST_PML_INDEX			= 0x0812,

	/* 16-bit host state */
	VMCS_HOST_ES_SELECTOR			= 0x0c00,
	VMCS_HOST_CS_SELECTOR			= 0x0c02,
	VMCS_HOST_SS_SELECTOR			= 0x0c04,
	VMCS_HOST_DS_SELECTOR			= 0x0c06,
	VMCS_HOST_FS_SELECTOR			= 0x0c08,
	VMCS_HOST_GS_SELECTOR			= 0x0c0a,
	VMCS_HOST_TR_SELECTOR			= 0x0c0c,

	/* 64-bit controls */
	VMCS_IO_BITMAP_A			= 0x2000,
	VMCS_IO_BITMAP_B			= 0x2002,
	VMCS_MSR_BITMAP				= 0x2004,
	VMCS_EXIT_MSR_STORE_ADDR		= 0x2006,
	VMCS_EXIT_MSR_LOAD_ADDR			= 0x2008,
	VMCS_ENTRY_MSR_LOAD_ADDR		= 0x200a,
	VMCS_EXECUTIVE_VMCS			= 0x200c,
	VMCS_PML_ADDRESS			= 0x200e,
	VMCS_TSC_OFFSET				= 0x2010,
	VMCS_VIRTUAL_APIC_ADDR			= 0x2012,
	VMCS_APIC_ACCESS_ADDR			= 0x2014,
	VMCS_POSTED_INTERRUPT_DESC_ADDR		= 0x2016,
	VMCS_EPT_POINTER			= 0x201a,
	VMCS_EOI_EXIT_BITMAP0			= 0x201c,
	VMCS_EOI_EXIT_BITMAP1			= 0x201e,
	VMCS_EOI_EXIT_BITMAP2			= 0x2020,
	VMCS_EOI_EXIT_BITMAP3			= 0x2022,

	/* 64-bit exit information */
	VMCS_GUEST_PHYSICAL_ADDRESS		= 0x2400,

	/* 64-bit guest state */
	VMCS_LINK_POINTER			= 0x2800,
	VMCS_GUEST_DEBUGCTL			= 0x2802,
	VMCS_GUEST_PAT				= 0x2804,
	VMCS_GUEST_EFER				= 0x2806,
	VMCS_GUEST_PDPTE0			= 0x280a,
	VMCS_GUEST_PDPTE1			= 0x280c,
	VMCS_GUEST_PDPTE2			= 0x280e,
	VMCS_GUEST_PDPTE3			= 0x2810,

	/* 64-bit host state */
	VMCS_HOST_PAT				= 0x2c00,
	VMCS_HOST_EFER				= 0x2c02,

	/* 32-bit controls */
	VMCS_PIN_CONTROLS			= 0x4000,
	VMCS_PRIMARY_CONTROLS			= 0x4002,
	VMCS_EXCEPTION_BITMAP			= 0x4004,
	VMCS_PF_ERROR_CODE_MASK			= 0x4006,
	VMCS_PF_ERROR_CODE_MATCH		= 0x4008,
	VMCS_CR3_TARGET_COUNT			= 0x400a,
	VMCS_EXIT_CONTROLS			= 0x400c,
	VMCS_EXIT_MSR_STORE_COUNT		= 0x400e,
	VMCS_EXIT_MSR_LOAD_COUNT		= 0x4010,
	VMCS_ENTRY_CONTROLS			= 0x4012,
	VMCS_ENTRY_MSR_LOAD_COUNT		= 0x4014,
	VMCS_ENTRY_INTERRUPTION_INFO		= 0x4016,
	VMCS_ENTRY_EXCEPTION_ERROR_CODE		= 0x4018,
	VMCS_ENTRY_INSTRUCTION_LENGTH		= 0x401a,
	VMCS_TPR_THRESHOLD			= 0x401c,
	VMCS_SECONDARY_CONTROLS			= 0x401e,
	VMCS_PLE_GAP				= 0x4020,
	VMCS_PLE_WINDOW				= 0x4022,

	/* 32-bit exit information */
	VMCS_INSTRUCTION_ERROR			= 0x4400,
	VMCS_EXIT_REASON			= 0x4402,
	VMCS_EXIT_INTERRUPTION_INFO		= 0x4404,
	VMCS_EXIT_INTERRUPTION_ERROR_CODE	= 0x4406,
	VMCS_IDT_VECTORING_INFO			= 0x4408,
	VMCS_IDT_VECTORING_ERROR_CODE		= 0x440a,
	VMCS_EXIT_INSTRUCTION_LENGTH		= 0x440c,
	VMCS_EXIT_INSTRUCTION_INFO		= 0x440e,

	/* 32-bit guest state */
	VMCS_GUEST_ES_LIMIT			= 0x4800,
	VMCS_GUEST_CS_LIMIT			= 0x4802,
	VMCS_GUEST_SS_LIMIT			= 0x4804,
	VMCS_GUEST_DS_LIMIT			= 0x4806,
	VMCS_GUEST_FS_LIMIT			= 0x4808,
	VMCS_GUEST_GS_LIMIT			= 0x480a,
	VMCS_GUEST_LDTR_LIMIT			= 0x480c,
	VMCS_GUEST_TR_LIMIT			= 0x480e,
	VMCS_GUEST_GDTR_LIMIT			= 0x4810,
	VMCS_GUEST_IDTR_LIMIT			= 0x4812,
	VMCS_GUEST_ES_ACCESS_RIGHTS		= 0x4814,
	VMCS_GUEST_CS_ACCESS_RIGHTS		= 0x4816,
	VMCS_GUEST_SS_ACCESS_RIGHTS		= 0x4818,
	VMCS_GUEST_DS_ACCESS_RIGHTS		= 0x481a,
	VMCS_GUEST_FS_ACCESS_RIGHTS		= 0x481c,
	VMCS_GUEST_GS_ACCESS_RIGHTS		= 0x481e,
	VMCS_GUEST_LDTR_ACCESS_RIGHTS		= 0x4820,
	VMCS_GUEST_TR_ACCESS_RIGHTS		= 0x4822,
	VMCS_GUEST_INTERRUPTIBILITY		= 0x4824,
	VMCS_GUEST_ACTIVITY_STATE		= 0x4826,
	VMCS_GUEST_SMBASE			= 0x4828,
	VMCS_GUEST_SYSENTER_CS			= 0x482a,
	VMCS_PREEMPTION_TIMER			= 0x482e,

	/* 32-bit host state */
	VMCS_HOST_SYSENTER_CS			= 0x4c00,

	/* natural-width controls */
	VMCS_CR0_MASK				= 0x6000,
	VMCS_CR4_MASK				= 0x6002,
	VMCS_CR0_SHADOW				= 0x6004,
	VMCS_CR4_SHADOW				= 0x6006,
	VMCS_CR3_TARGET_VALUE0			= 0x6008,
	VMCS_CR3_TARGET_VALUE1			= 0x600a,
	VMCS_CR3_TARGET_VALUE2			= 0x600c,
	VMCS_CR3_TARGET_VALUE3			= 0x600e,

	/* natural-width exit information */
	VMCS_EXIT_QUALIFICATION			= 0x6400,
	VMCS_IO_RCX				= 0x6402,
	VMCS_IO_RSI				= 0x6404,
	VMCS_IO_RDI				= 0x6406,
	VMCS_IO_RIP				= 0x6408,
	VMCS_GUEST_LINEAR_ADDRESS		= 0x640a,

	/* natural-width guest state */
	VMCS_GUEST_CR0				= 0x6800,
	VMCS_GUEST_CR3				= 0x6802,
	VMCS_GUEST_CR4				= 0x6804,
	VMCS_GUEST_ES_BASE			= 0x6806,
	VMCS_GUEST_CS_BASE			= 0x6808,
	VMCS_GUEST_SS_BASE			= 0x680a,
	VMCS_GUEST_DS_BASE			= 0x680c,
	VMCS_GUEST_FS_BASE			= 0x680e,
	VMCS_GUEST_GS_BASE			= 0x6810,
	VMCS_GUEST_LDTR_BASE			= 0x6812,
	VMCS_GUEST_TR_BASE			= 0x6814,
	VMCS_GUEST_GDTR_BASE			= 0x6816,
	VMCS_GUEST_IDTR_BASE			= 0x6818,
	VMCS_GUEST_DR7				= 0x681a,
	VMCS_GUEST_RSP				= 0x681c,
	VMCS_GUEST_RIP				= 0x681e,
	VMCS_GUEST_RFLAGS			= 0x6820,
	VMCS_GUEST_PENDING_DEBUG		= 0x6822,
	VMCS_GUEST_SYSENTER_ESP			= 0x6824,
	VMCS_GUEST_SYSENTER_EIP			= 0x6826,

	/* natural-width host state */
	VMCS_HOST_CR0				= 0x6c00,
	VMCS_HOST_CR3				= 0x6c02,
	VMCS_HOST_CR4				= 0x6c04,
	VMCS_HOST_FS_BASE			= 0x6c06,
	VMCS_HOST_GS_BASE			= 0x6c08,
	VMCS_HOST_TR_BASE			= 0x6c0a,
	VMCS_HOST_GDTR_BASE			= 0x6c0c,
	VMCS_HOST_IDTR_BASE			= 0x6c0e,
	VMCS_HOST_SYSENTER_ESP			= 0x6c10,
	VMCS_HOST_SYSENTER_EIP			= 0x6c12,
	VMCS_HOST_RSP				= 0x6c14,
	VMCS_HOST_RIP				= 0x6c16,
};

/* Bits 11:10 and 14:13 of an encoding. */
enum vmcs_type {
	VMCS_TYPE_CONTROL,
	VMCS_TYPE_READ_ONLY,
	VMCS_TYPE_GUEST,
	VMCS_TYPE_HOST,
};

enum vmcs_width {
	VMCS_WIDTH_16,
	VMCS_WIDTH_64,
	VMCS_WIDTH_32,
	VMCS_WIDTH_NATURAL,
};

/**
 * struct vmcs - the page of a VMCS, in memory of the host
 *
 * The layout after the first two words is specific to this CPU.
 *
 * @revision:	VMCS_REVISION, written by the host
 * @abort:	VMX-abort indicator
 * @launched:	VMLAUNCH has worked since the last VMCLEAR
 * @active_on:	1 + the index of the CPU on which it is active; 0: on none
 * @fields:	by type and width, and then by index
 */
struct vmcs {
	u32 revision;
	u32 abort;
	u32 launched;
	u32 active_on;
	u64 fields[16][VMCS_MAX_INDEX + 1];
};

static_assert(sizeof(struct vmcs) <= VMCS_BYTES);

static inline enum vmcs_type vmcs_type(u64 encoding)
{
	return encoding >> 10 & 3;
}

static inline enum vmcs_width vmcs_width(u64 encoding)
{
	return encoding >> 13 & 3;
}

/**
 * vmcs_has_field() - is there such a field?
 * @encoding:	as an operand of VMREAD: any value; bit 0 is the high half of a field of 64 bits
 */
bool vmcs_has_field(u64 encoding);

/**
 * vmcs_read() - read a field of a VMCS
 * @vmcs:	may have been written by anybody
 * @field:	exists; with bit 0 the high half of a field of 64 bits
 */
u64 vmcs_read(const struct vmcs *vmcs, enum vmcs_field field);

/**
 * vmcs_write() - write a field of a VMCS, also one that is read-only to VMWRITE
 * @vmcs:	the VMCS
 * @field:	exists; with bit 0 the high half of a field of 64 bits
 * @value:	is truncated to the width of the field
 */
void vmcs_write(struct vmcs *vmcs, enum vmcs_field field, u64 value);

#endif /* _TDX_EMU_VMCS_H */
