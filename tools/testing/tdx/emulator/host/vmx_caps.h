/* SPDX-License-Identifier: GPL-2.0-only */
/* What VMX of this CPU can do: controls, and the capability MSRs that report them. */
#ifndef _TDX_EMU_VMX_CAPS_H
#define _TDX_EMU_VMX_CAPS_H

#include "lib/x86.h"

#define VMX_CR0_FIXED0			0x80000021
#define VMX_CR0_FIXED1			0xffffffff

/* Names of the SDM, vol. 3, "VM-Execution Control Fields" and later; only those that are used. */
#define PIN_EXTERNAL_INTERRUPT_EXITING	BIT_ULL(0)
#define PIN_NMI_EXITING			BIT_ULL(3)
#define PIN_VIRTUAL_NMIS		BIT_ULL(5)
#define PIN_PREEMPTION_TIMER		BIT_ULL(6)
#define PIN_POSTED_INTERRUPTS		BIT_ULL(7)

#define PRIMARY_INTERRUPT_WINDOW	BIT_ULL(2)
#define PRIMARY_TSC_OFFSETTING		BIT_ULL(3)
#define PRIMARY_HLT_EXITING		BIT_ULL(7)
#define PRIMARY_INVLPG_EXITING		BIT_ULL(9)
#define PRIMARY_MWAIT_EXITING		BIT_ULL(10)
#define PRIMARY_RDPMC_EXITING		BIT_ULL(11)
#define PRIMARY_RDTSC_EXITING		BIT_ULL(12)
#define PRIMARY_CR3_LOAD_EXITING	BIT_ULL(15)
#define PRIMARY_CR3_STORE_EXITING	BIT_ULL(16)
#define PRIMARY_CR8_LOAD_EXITING	BIT_ULL(19)
#define PRIMARY_CR8_STORE_EXITING	BIT_ULL(20)
#define PRIMARY_TPR_SHADOW		BIT_ULL(21)
#define PRIMARY_NMI_WINDOW		BIT_ULL(22)
#define PRIMARY_MOV_DR_EXITING		BIT_ULL(23)
#define PRIMARY_IO_EXITING		BIT_ULL(24)
#define PRIMARY_IO_BITMAPS		BIT_ULL(25)
#define PRIMARY_MONITOR_TRAP_FLAG	BIT_ULL(27)
#define PRIMARY_MSR_BITMAPS		BIT_ULL(28)
#define PRIMARY_MONITOR_EXITING		BIT_ULL(29)
#define PRIMARY_PAUSE_EXITING		BIT_ULL(30)
#define PRIMARY_SECONDARY		BIT_ULL(31)

#define SECONDARY_APIC_ACCESSES		BIT_ULL(0)
#define SECONDARY_EPT			BIT_ULL(1)
#define SECONDARY_DESC_TABLE_EXITING	BIT_ULL(2)
#define SECONDARY_RDTSCP		BIT_ULL(3)
#define SECONDARY_X2APIC_MODE		BIT_ULL(4)
#define SECONDARY_VPID			BIT_ULL(5)
#define SECONDARY_WBINVD_EXITING	BIT_ULL(6)
#define SECONDARY_UNRESTRICTED_GUEST	BIT_ULL(7)
#define SECONDARY_APIC_REGISTERS	BIT_ULL(8)
#define SECONDARY_VIRTUAL_INTERRUPTS	BIT_ULL(9)
#define SECONDARY_PAUSE_LOOP_EXITING	BIT_ULL(10)
#define SECONDARY_RDRAND_EXITING	BIT_ULL(11)
#define SECONDARY_RDSEED_EXITING	BIT_ULL(16)
#define SECONDARY_PML			BIT_ULL(17)

#define EXIT_SAVE_DEBUG_CONTROLS	BIT_ULL(2)
#define EXIT_HOST_64BIT			BIT_ULL(9)
#define EXIT_ACK_INTERRUPT		BIT_ULL(15)
#define EXIT_SAVE_PAT			BIT_ULL(18)
#define EXIT_LOAD_PAT			BIT_ULL(19)
#define EXIT_SAVE_EFER			BIT_ULL(20)
#define EXIT_LOAD_EFER			BIT_ULL(21)
#define EXIT_SAVE_PREEMPTION_TIMER	BIT_ULL(22)

#define ENTRY_LOAD_DEBUG_CONTROLS	BIT_ULL(2)
#define ENTRY_GUEST_IA32E		BIT_ULL(9)
#define ENTRY_LOAD_PAT			BIT_ULL(14)
#define ENTRY_LOAD_EFER			BIT_ULL(15)

/* IA32_VMX_MISC; the preemption timer counts down once in 2^PREEMPTION_RATE cycles of the TSC. */
#define VMX_PREEMPTION_RATE		5
#define VMX_CR3_TARGETS			4
#define VMX_MISC_SAVE_LMA		BIT_ULL(5)
#define VMX_MISC_HLT			BIT_ULL(6)
#define VMX_MISC_WAIT_FOR_SIPI		BIT_ULL(8)

/* IA32_VMX_EPT_VPID_CAP */
#define EPT_CAP_EXECUTE_ONLY		BIT_ULL(0)
#define EPT_CAP_4_LEVELS		BIT_ULL(6)
#define EPT_CAP_5_LEVELS		BIT_ULL(7)
#define EPT_CAP_WRITE_BACK		BIT_ULL(14)
#define EPT_CAP_2M			BIT_ULL(16)
#define EPT_CAP_1G			BIT_ULL(17)
#define EPT_CAP_INVEPT			BIT_ULL(20)
#define EPT_CAP_ACCESSED_DIRTY		BIT_ULL(21)
#define EPT_CAP_INVEPT_TYPES(types)	((types) << 24)
#define EPT_CAP_INVVPID			BIT_ULL(32)
#define EPT_CAP_INVVPID_TYPES(types)	((types) << 40)

/* One bit for each type of the operand: single-context, global; address, ..., without globals */
#define INVEPT_TYPES			(BIT_ULL(1) | BIT_ULL(2))
#define INVVPID_TYPES			(BIT_ULL(0) | BIT_ULL(1) | BIT_ULL(2) | BIT_ULL(3))

enum vmx_controls {
	VMX_PIN,
	VMX_PRIMARY,
	VMX_SECONDARY,
	VMX_EXIT,
	VMX_ENTRY,
};

/**
 * vmx_controls_valid() - may a control field have this value?
 * @which:	the field
 * @value:	as the VMCS has it
 *
 * Return: false if a bit is set that is not offered, or one is clear that must be set.
 */
bool vmx_controls_valid(enum vmx_controls which, u32 value);

/* IA32_VMX_EPT_VPID_CAP */
u64 vmx_ept_vpid_cap(void);

/**
 * vmx_cap_read() - read a capability MSR
 * @msr:	any MSR
 * @value:	the result
 *
 * Return: false if @msr is none of them.
 */
bool vmx_cap_read(u32 msr, u64 *value);

#endif /* _TDX_EMU_VMX_CAPS_H */
