// SPDX-License-Identifier: GPL-2.0-only
/* Checks of a VM entry: controls, and MSRs of the lists. */
#include "vm/ept.h"
#include "vm/vm_check.h"
#include "vm/vm_fields.h"

#define MSR_SMM_MONITOR_CTL	0x9b
#define MSR_SMBASE		0x9e
#define MSR_X2APIC(msr)		((msr) >> 8 == 8)

#define VAPIC_TPR		0x80
#define MAX_INSTRUCTION_LENGTH	15

/* #DF #TS #NP #SS #GP #PF #AC push an error code. */
#define ERROR_CODE_VECTORS	(BIT_ULL(8) | 0x1fULL << 10 | BIT_ULL(17))
#define NR_EXCEPTION_VECTORS	32

/* SDM "VM-Execution Control Fields" in "Checks on VMX Controls", in their order */
static const char *check_bits(const struct vm_check *check)
{
	if (!vmx_controls_valid(VMX_PIN, field(check, VMCS_PIN_CONTROLS)))
		return "bits of the pin-based controls";
	if (!vmx_controls_valid(VMX_PRIMARY, field(check, VMCS_PRIMARY_CONTROLS)))
		return "bits of the primary controls";
	if (primary(check, PRIMARY_SECONDARY) &&
	    !vmx_controls_valid(VMX_SECONDARY, field(check, VMCS_SECONDARY_CONTROLS)))
		return "bits of the secondary controls";
	if (!vmx_controls_valid(VMX_EXIT, field(check, VMCS_EXIT_CONTROLS)))
		return "bits of the exit controls";
	if (!vmx_controls_valid(VMX_ENTRY, field(check, VMCS_ENTRY_CONTROLS)))
		return "bits of the entry controls";
	return NULL;
}

static const char *check_execution(const struct vm_check *check)
{
	const u64 pin = field(check, VMCS_PIN_CONTROLS);

	if (field(check, VMCS_CR3_TARGET_COUNT) > VMX_CR3_TARGETS)
		return "number of CR3 targets";
	if (primary(check, PRIMARY_IO_BITMAPS) &&
	    !(physical(field(check, VMCS_IO_BITMAP_A), PAGE_SIZE) &&
	      physical(field(check, VMCS_IO_BITMAP_B), PAGE_SIZE)))
		return "address of an I/O bitmap";
	if (primary(check, PRIMARY_MSR_BITMAPS) &&
	    !physical(field(check, VMCS_MSR_BITMAP), PAGE_SIZE))
		return "address of the MSR bitmap";
	if (!(pin & PIN_NMI_EXITING) && pin & PIN_VIRTUAL_NMIS)
		return "virtual NMIs without NMI exits";
	if (!(pin & PIN_VIRTUAL_NMIS) && primary(check, PRIMARY_NMI_WINDOW))
		return "NMI-window exits without virtual NMIs";
	if (secondary(check, SECONDARY_VPID) && !field(check, VMCS_VPID))
		return "VPID of 0";
	if (secondary(check, SECONDARY_UNRESTRICTED_GUEST) && !secondary(check, SECONDARY_EPT))
		return "unrestricted guest without EPT";
	return NULL;
}

static const char *check_tpr_threshold(const struct vm_check *check)
{
	const u64 threshold = field(check, VMCS_TPR_THRESHOLD);
	u8 tpr;

	if (secondary(check, SECONDARY_VIRTUAL_INTERRUPTS))
		return NULL;
	if (threshold & ~0xfULL)
		return "reserved bits of the TPR threshold";
	if (secondary(check, SECONDARY_APIC_ACCESSES))
		return NULL;
	if (!check->read(check->context, field(check, VMCS_VIRTUAL_APIC_ADDR) + VAPIC_TPR, &tpr,
			 sizeof(tpr)))
		return "virtual-APIC page that cannot be read";
	return threshold > tpr >> 4 ? "TPR threshold above the virtual TPR" : NULL;
}

static const char *check_virtual_apic(const struct vm_check *check)
{
	if (secondary(check, SECONDARY_APIC_ACCESSES) &&
	    !physical(field(check, VMCS_APIC_ACCESS_ADDR), PAGE_SIZE))
		return "APIC-access address";
	if (secondary(check, SECONDARY_X2APIC_MODE) && secondary(check, SECONDARY_APIC_ACCESSES))
		return "virtual x2APIC mode with APIC accesses";
	if (!primary(check, PRIMARY_TPR_SHADOW))
		return secondary(check, SECONDARY_X2APIC_MODE | SECONDARY_APIC_REGISTERS |
				 SECONDARY_VIRTUAL_INTERRUPTS) ?
		       "APIC virtualization without a TPR shadow" : NULL;
	if (!physical(field(check, VMCS_VIRTUAL_APIC_ADDR), PAGE_SIZE))
		return "virtual-APIC address";
	return check_tpr_threshold(check);
}

static const char *check_virtual_interrupts(const struct vm_check *check)
{
	const u64 pin = field(check, VMCS_PIN_CONTROLS);

	if (secondary(check, SECONDARY_VIRTUAL_INTERRUPTS) &&
	    !(pin & PIN_EXTERNAL_INTERRUPT_EXITING))
		return "virtual-interrupt delivery without external-interrupt exits";
	if (!(pin & PIN_POSTED_INTERRUPTS))
		return NULL;
	if (!secondary(check, SECONDARY_VIRTUAL_INTERRUPTS))
		return "posted interrupts without virtual-interrupt delivery";
	if (!at_exit(check, EXIT_ACK_INTERRUPT))
		return "posted interrupts that are not acknowledged";
	if (field(check, VMCS_POSTED_INTERRUPT_VECTOR) > 0xff)
		return "posted-interrupt notification vector";
	if (!physical(field(check, VMCS_POSTED_INTERRUPT_DESC_ADDR), 64))
		return "address of the posted-interrupt descriptor";
	return NULL;
}

static const char *check_ept_pointer(const struct vm_check *check)
{
	const u64 eptp = field(check, VMCS_EPT_POINTER), caps = vmx_ept_vpid_cap();
	const u64 levels = EPTP_LEVELS(eptp);

	if (!secondary(check, SECONDARY_EPT))
		return NULL;
	if ((eptp & EPTP_MEMORY_TYPE) != EPT_MEMORY_WRITE_BACK)
		return "memory type of the EPT pointer";
	if (levels != 4 && !(levels == 5 && caps & EPT_CAP_5_LEVELS))
		return "levels of the EPT pointer";
	if (eptp & EPTP_ACCESSED_DIRTY && !(caps & EPT_CAP_ACCESSED_DIRTY))
		return "accessed and dirty flags of the EPT pointer";
	if (eptp & 0xf80 || !physical(eptp & PAGE_MASK, PAGE_SIZE))
		return "reserved bits of the EPT pointer";
	return NULL;
}

/* A list of MSRs has 16 bytes for each. */
static bool list_valid(const struct vm_check *check, enum vmcs_field count,
		       enum vmcs_field address)
{
	const u64 nr = field(check, count), pa = field(check, address);

	return !nr || (physical(pa, sizeof(struct vm_msr)) &&
		       physical(pa + nr * sizeof(struct vm_msr) - 1, 1));
}

static const char *check_lists(const struct vm_check *check)
{
	if (!(field(check, VMCS_PIN_CONTROLS) & PIN_PREEMPTION_TIMER) &&
	    at_exit(check, EXIT_SAVE_PREEMPTION_TIMER))
		return "preemption timer that is saved and not active";
	if (!list_valid(check, VMCS_EXIT_MSR_STORE_COUNT, VMCS_EXIT_MSR_STORE_ADDR))
		return "list of MSRs that an exit stores";
	if (!list_valid(check, VMCS_EXIT_MSR_LOAD_COUNT, VMCS_EXIT_MSR_LOAD_ADDR))
		return "list of MSRs that an exit loads";
	if (!list_valid(check, VMCS_ENTRY_MSR_LOAD_COUNT, VMCS_ENTRY_MSR_LOAD_ADDR))
		return "list of MSRs that an entry loads";
	return NULL;
}

static bool pushes_error_code(const struct vm_check *check, u64 info)
{
	if (secondary(check, SECONDARY_UNRESTRICTED_GUEST) &&
	    !(field(check, VMCS_GUEST_CR0) & X86_CR0_PE))
		return false;
	return EVENT_TYPE(info) == EVENT_EXCEPTION && BIT_ULL(EVENT_VECTOR(info)) & ERROR_CODE_VECTORS;
}

static bool has_instruction_length(enum event_type type)
{
	return type == EVENT_SOFTWARE_INTERRUPT || type == EVENT_PRIVILEGED_EXCEPTION ||
	       type == EVENT_SOFTWARE_EXCEPTION;
}

static const char *check_event(const struct vm_check *check)
{
	const u64 info = field(check, VMCS_ENTRY_INTERRUPTION_INFO);
	const u64 length = field(check, VMCS_ENTRY_INSTRUCTION_LENGTH);
	const enum event_type type = EVENT_TYPE(info);

	if (!(info & EVENT_VALID))
		return NULL;
	/* Other events need the monitor trap flag, which is not offered. */
	if (type == EVENT_RESERVED_TYPE || type == EVENT_OTHER)
		return "type of the event";
	if ((type == EVENT_NMI && EVENT_VECTOR(info) != VECTOR_NMI) ||
	    (type == EVENT_EXCEPTION && EVENT_VECTOR(info) >= NR_EXCEPTION_VECTORS))
		return "vector of the event";
	if (!(info & EVENT_ERROR_CODE) != !pushes_error_code(check, info))
		return "error code of the event";
	if (info & EVENT_RESERVED)
		return "reserved bits of the event";
	if (info & EVENT_ERROR_CODE && field(check, VMCS_ENTRY_EXCEPTION_ERROR_CODE) >> 16)
		return "bits of the error code";
	if (has_instruction_length(type) && (!length || length > MAX_INSTRUCTION_LENGTH))
		return "instruction length of the event";
	return NULL;
}

bool vm_check_controls(const struct vm_check *check, struct vm_refusal *why)
{
	static const char *(*const checks[])(const struct vm_check *) = {
		check_bits, check_execution, check_virtual_apic, check_virtual_interrupts,
		check_ept_pointer, check_lists, check_event,
	};

	*why = (struct vm_refusal){ NULL, NULL, VM_ENTRY_FAILS_OTHER };
	for (unsigned int i = 0; i < ARRAY_LEN(checks) && !why->rule; i++)
		why->rule = checks[i](check);
	return !why->rule;
}

bool vm_msr_loadable(const struct vm_msr *msr)
{
	return msr->index != MSR_FS_BASE && msr->index != MSR_GS_BASE && !MSR_X2APIC(msr->index) &&
	       msr->index != MSR_SMM_MONITOR_CTL && !msr->reserved;
}

bool vm_msr_storable(const struct vm_msr *msr)
{
	return msr->index != MSR_SMBASE && !MSR_X2APIC(msr->index) && !msr->reserved;
}
