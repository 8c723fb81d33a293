// SPDX-License-Identifier: GPL-2.0-only
/* VMX capabilities: one table of the controls that are offered, and the MSRs made of it. */

/*
 * As long as no VM can run, the CPU shows what one of its model has, also if that does not work: so
 * the host chooses for TDs what it would choose there.
 */
#include "host/cr.h"
#include "host/vmcs.h"
#include "host/vmx_caps.h"
#include "machine/options.h"

/* size, write-back memory, INS/OUTS information, true controls */
#define VMX_BASIC		(VMCS_REVISION | (u64)VMCS_BYTES << 32 | 6ULL << 50 | \
				 BIT_ULL(54) | BIT_ULL(55))
#define VMX_MISC		(VMX_PREEMPTION_RATE | VMX_MISC_SAVE_LMA | VMX_CR3_TARGETS << 16)
#define VMX_MISC_SHOWN		(VMX_MISC_HLT | VMX_MISC_WAIT_FOR_SIPI)
#define EPT_VPID_CAP		(EPT_CAP_4_LEVELS | EPT_CAP_WRITE_BACK | EPT_CAP_2M | EPT_CAP_1G | \
				 EPT_CAP_INVEPT | EPT_CAP_ACCESSED_DIRTY | \
				 EPT_CAP_INVEPT_TYPES(INVEPT_TYPES) | EPT_CAP_INVVPID | \
				 EPT_CAP_INVVPID_TYPES(INVVPID_TYPES))

/* An MSR that a field does not have */
#define NO_MSR			0

/**
 * struct control_field - the bits of a control field
 * @msr:	without knowledge of the bits that may be clear since the first CPUs with VMX
 * @true_msr:	with it
 * @default1:	reserved bits that must be set, SDM vol. 3, appendix A.2
 * @clearable:	those of @default1 that the "true" MSR reports as a control after all
 * @offered:	controls that work
 * @shown:	controls that do not, and are shown only if no VM can run
 */
static const struct control_field {
	u32 msr, true_msr, default1, clearable, offered, shown;
} control_fields[] = {
	[VMX_PIN] = {
		.msr = 0x481,
		.true_msr = 0x48d,
		.default1 = 0x16,
		.offered = PIN_EXTERNAL_INTERRUPT_EXITING | PIN_NMI_EXITING | PIN_VIRTUAL_NMIS |
			   PIN_PREEMPTION_TIMER | PIN_POSTED_INTERRUPTS,
	},
	[VMX_PRIMARY] = {
		.msr = 0x482,
		.true_msr = 0x48e,
		.default1 = 0x0401e172,
		.clearable = PRIMARY_CR3_LOAD_EXITING | PRIMARY_CR3_STORE_EXITING,
		.offered = PRIMARY_INTERRUPT_WINDOW | PRIMARY_TSC_OFFSETTING |
			   PRIMARY_HLT_EXITING | PRIMARY_INVLPG_EXITING | PRIMARY_MWAIT_EXITING |
			   PRIMARY_RDPMC_EXITING | PRIMARY_RDTSC_EXITING |
			   PRIMARY_CR8_LOAD_EXITING | PRIMARY_CR8_STORE_EXITING |
			   PRIMARY_TPR_SHADOW | PRIMARY_NMI_WINDOW | PRIMARY_MOV_DR_EXITING |
			   PRIMARY_IO_EXITING | PRIMARY_IO_BITMAPS | PRIMARY_MSR_BITMAPS |
			   PRIMARY_MONITOR_EXITING | PRIMARY_PAUSE_EXITING | PRIMARY_SECONDARY,
		.shown = PRIMARY_MONITOR_TRAP_FLAG,
	},
	[VMX_SECONDARY] = {
		.msr = 0x48b,
		.true_msr = NO_MSR,
		.offered = SECONDARY_APIC_ACCESSES | SECONDARY_EPT | SECONDARY_DESC_TABLE_EXITING |
			   SECONDARY_RDTSCP | SECONDARY_X2APIC_MODE | SECONDARY_VPID |
			   SECONDARY_WBINVD_EXITING | SECONDARY_UNRESTRICTED_GUEST |
			   SECONDARY_APIC_REGISTERS | SECONDARY_VIRTUAL_INTERRUPTS,
		.shown = SECONDARY_PAUSE_LOOP_EXITING | SECONDARY_RDRAND_EXITING |
			 SECONDARY_RDSEED_EXITING | SECONDARY_PML,
	},
	[VMX_EXIT] = {
		.msr = 0x483,
		.true_msr = 0x48f,
		.default1 = 0x00036dff,
		.clearable = EXIT_SAVE_DEBUG_CONTROLS,
		.offered = EXIT_HOST_64BIT | EXIT_ACK_INTERRUPT | EXIT_SAVE_PAT | EXIT_LOAD_PAT |
			   EXIT_SAVE_EFER | EXIT_LOAD_EFER | EXIT_SAVE_PREEMPTION_TIMER,
	},
	[VMX_ENTRY] = {
		.msr = 0x484,
		.true_msr = 0x490,
		.default1 = 0x000011ff,
		.clearable = ENTRY_LOAD_DEBUG_CONTROLS,
		.offered = ENTRY_GUEST_IA32E | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER,
	},
};

bool vmx_controls_valid(enum vmx_controls which, u32 value)
{
	const struct control_field *field = &control_fields[which];

	return !(value & ~(field->default1 | field->offered)) &&
	       !(~value & field->default1 & ~field->clearable);
}

u64 vmx_ept_vpid_cap(void)
{
	return EPT_VPID_CAP | (options.ept_levels == EPT_5_LEVELS ? EPT_CAP_5_LEVELS : 0) |
	       (options.vms ? 0 : EPT_CAP_EXECUTE_ONLY);
}

/* The low half has the bits that must be set, the high half those that may be. */
static bool control_read(u32 msr, u64 *value)
{
	for (unsigned int i = 0; i < ARRAY_LEN(control_fields); i++) {
		const struct control_field *field = &control_fields[i];

		if (msr != field->msr && msr != field->true_msr)
			continue;
		*value = (u64)(field->default1 | field->offered |
			       (options.vms ? 0 : field->shown)) << 32 |
			 (field->default1 & ~(msr == field->true_msr ? field->clearable : 0));
		return true;
	}
	return false;
}

bool vmx_cap_read(u32 msr, u64 *value)
{
	switch (msr) {
	case 0x480:
		*value = VMX_BASIC;
		return true;
	case 0x485:
		*value = VMX_MISC | (options.vms ? 0 : VMX_MISC_SHOWN);
		return true;
	case 0x486:
		*value = VMX_CR0_FIXED0;
		return true;
	case 0x487:
		*value = VMX_CR0_FIXED1;
		return true;
	case 0x488:
		*value = X86_CR4_VMXE;
		return true;
	case 0x489:
		*value = cr4_allowed();
		return true;
	case 0x48a:
		*value = VMCS_MAX_INDEX << 1;
		return true;
	case 0x48c:
		*value = vmx_ept_vpid_cap();
		return true;
	case 0x491:		/* no VM functions */
		*value = 0;
		return true;
	default:
		return msr && control_read(msr, value);
	}
}
