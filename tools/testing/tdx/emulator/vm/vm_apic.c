// SPDX-License-Identifier: GPL-2.0-only
/* APIC virtualization for an ordinary VM, as its VMCS asks for it. */

/* SDM vol. 3, "APIC Virtualization and Virtual Interrupts". */
#include <linux/string.h>

#include "host/vmx_caps.h"
#include "vm/vm.h"

#define REGISTER_BYTES		4	/* of every 16 */

#define ICR_VECTOR		0xffU
#define ICR_VECTOR_CLASS	0xf0U
#define ICR_SHORTHAND		(3U << 18)
#define ICR_SELF		BIT(18)
/* Reserved ones, delivery status and mode, trigger mode; not destination mode and level */
#define ICR_NOT_SELF		0xfff3b700U

static bool delivers(const struct vm_apic *apic)
{
	return apic->secondary & SECONDARY_VIRTUAL_INTERRUPTS;
}

void vm_apic_load(struct vm_apic *apic, const struct vmcs *vmcs, u8 *page)
{
	u16 status = vmcs_read(vmcs, VMCS_GUEST_INTERRUPT_STATUS);
	unsigned int i;

	apic->primary = vmcs_read(vmcs, VMCS_PRIMARY_CONTROLS);
	apic->secondary = apic->primary & PRIMARY_SECONDARY ?
			  vmcs_read(vmcs, VMCS_SECONDARY_CONTROLS) : 0;
	apic->threshold = vmcs_read(vmcs, VMCS_TPR_THRESHOLD) & 0xf;
	for (i = 0; i < 4; i++)
		apic->eoi_exits[i] = vmcs_read(vmcs, VMCS_EOI_EXIT_BITMAP0 + 2 * i);
	apic->rvi = status;
	apic->svi = status >> 8;
	apic->regs = (struct vapic){ vm_apic_has_tpr(apic) ? page : NULL, &apic->rvi, &apic->svi };
	if (delivers(apic))
		vapic_update_ppr(&apic->regs);
}

void vm_apic_store(const struct vm_apic *apic, struct vmcs *vmcs)
{
	if (delivers(apic))
		vmcs_write(vmcs, VMCS_GUEST_INTERRUPT_STATUS, apic->rvi | apic->svi << 8);
}

bool vm_apic_has_tpr(const struct vm_apic *apic)
{
	return apic->primary & PRIMARY_TPR_SHADOW;
}

bool vm_apic_has_interrupts(const struct vm_apic *apic)
{
	return delivers(apic) && !(apic->primary & PRIMARY_INTERRUPT_WINDOW);
}

bool vm_apic_has_page(const struct vm_apic *apic)
{
	return apic->secondary & SECONDARY_APIC_ACCESSES;
}

static enum vm_apic_result trap(struct vm_apic_exit *exit, u32 reason,
				u64 qualification)
{
	*exit = (struct vm_apic_exit){ reason, qualification };
	return VM_APIC_TRAPS;
}

static bool is_below_threshold(const struct vm_apic *apic)
{
	return vapic_tpr_class(&apic->regs) < apic->threshold;
}

bool vm_apic_is_low(const struct vm_apic *apic)
{
	return !delivers(apic) && vm_apic_has_tpr(apic) && vm_apic_has_page(apic) &&
	       is_below_threshold(apic);
}

/* TPR virtualization.  Requests are evaluated whenever the vCPU goes on. */
static enum vm_apic_result write_tpr(const struct vm_apic *apic, u8 value,
				     struct vm_apic_exit *exit)
{
	vapic_write(&apic->regs, VAPIC_TPR, value);
	if (delivers(apic))
		vapic_update_ppr(&apic->regs);
	else if (is_below_threshold(apic))
		return trap(exit, VM_EXIT_TPR_BELOW_THRESHOLD, 0);
	return VM_APIC_DONE;
}

static enum vm_apic_result write_eoi(const struct vm_apic *apic, struct vm_apic_exit *exit)
{
	u8 vector;

	vapic_write(&apic->regs, VAPIC_EOI, 0);
	vector = vapic_end(&apic->regs);
	if (apic->eoi_exits[vector / 64] & BIT_ULL(vector % 64))
		return trap(exit, VM_EXIT_VIRTUALIZED_EOI, vector);
	return VM_APIC_DONE;
}

enum vm_apic_result vm_apic_write_cr8(const struct vm_apic *apic, u64 value,
				      struct vm_apic_exit *exit)
{
	return value > 0xf ? VM_APIC_FAULTS : write_tpr(apic, value << 4, exit);
}

static bool is_virtual_msr(const struct vm_apic *apic, u32 msr)
{
	return apic->secondary & SECONDARY_X2APIC_MODE && msr >= VAPIC_FIRST_MSR &&
	       msr <= VAPIC_LAST_MSR;
}

enum vm_apic_result vm_apic_read_msr(const struct vm_apic *apic, u32 msr, u64 *value)
{
	if (!is_virtual_msr(apic, msr))
		return VM_APIC_NORMAL;
	if (!(apic->secondary & SECONDARY_APIC_REGISTERS) && msr != VAPIC_MSR(VAPIC_TPR))
		return VM_APIC_NORMAL;
	*value = vapic_read_msr(&apic->regs, msr);
	return VM_APIC_DONE;
}

enum vm_apic_result vm_apic_write_msr(const struct vm_apic *apic, u32 msr, u64 value,
				      struct vm_apic_exit *exit)
{
	if (!is_virtual_msr(apic, msr))
		return VM_APIC_NORMAL;
	if (msr == VAPIC_MSR(VAPIC_TPR))
		return value > 0xff ? VM_APIC_FAULTS : write_tpr(apic, value, exit);
	if (!delivers(apic))
		return VM_APIC_NORMAL;
	if (msr == VAPIC_MSR(VAPIC_EOI))
		return value ? VM_APIC_FAULTS : write_eoi(apic, exit);
	if (msr != VAPIC_MSR(VAPIC_SELF_IPI))
		return VM_APIC_NORMAL;
	switch (vapic_write_msr(&apic->regs, msr, value)) {
	case VAPIC_FAULTS:
		return VM_APIC_FAULTS;
	case VAPIC_EXITS:
		return trap(exit, VM_EXIT_APIC_WRITE, VAPIC_SELF_IPI);
	default:
		return VM_APIC_DONE;
	}
}

/* With APIC-register virtualization; PPR and the timer's current count are not among them. */
static const struct {
	u16 first, last;
	bool can_write;
} registers[] = {
	{ 0x020, 0x020, true },		/* ID */
	{ 0x030, 0x030, false },	/* version */
	{ 0x080, 0x080, true },		/* TPR */
	{ 0x0b0, 0x0b0, true },		/* EOI */
	{ 0x0d0, 0x0f0, true },		/* LDR, DFR, SVR */
	{ 0x100, 0x270, false },	/* ISR, TMR, IRR */
	{ 0x280, 0x280, true },		/* ESR */
	{ 0x300, 0x380, true },		/* ICR, LVT, initial count */
	{ 0x3e0, 0x3e0, true },		/* divide configuration */
};

static bool is_register(unsigned int offset, bool write)
{
	unsigned int reg = offset & ~0xfU, i;

	for (i = 0; i < ARRAY_LEN(registers); i++) {
		if (reg >= registers[i].first && reg <= registers[i].last)
			return !write || registers[i].can_write;
	}
	return false;
}

static bool is_virtualized(const struct vm_apic *apic, const struct vm_apic_access *access)
{
	bool write = access->type == VM_APIC_WRITES;
	unsigned int offset = access->offset;

	if (!vm_apic_has_tpr(apic) || (access->type != VM_APIC_READS && !write) ||
	    !access->bytes || offset % 16 + access->bytes > REGISTER_BYTES)
		return false;
	if (apic->secondary & SECONDARY_APIC_REGISTERS)
		return is_register(offset, write);
	return offset == VAPIC_TPR ||
	       (write && delivers(apic) && (offset == VAPIC_EOI || offset == VAPIC_ICR_LOW));
}

enum vm_apic_result vm_apic_exit(const struct vm_apic_access *access, struct vm_apic_exit *exit)
{
	u64 offset = access->type == VM_APIC_WALKS ? 0 : access->offset;

	*exit = (struct vm_apic_exit){ VM_EXIT_APIC_ACCESS, offset | (u64)access->type << 12 };
	return VM_APIC_EXITS;
}

enum vm_apic_result vm_apic_read(const struct vm_apic *apic, const struct vm_apic_access *access,
				 u32 *value, struct vm_apic_exit *exit)
{
	if (!is_virtualized(apic, access))
		return vm_apic_exit(access, exit);
	*value = 0;
	memcpy(value, apic->regs.page + access->offset, access->bytes);
	return VM_APIC_DONE;
}

/* An IPI to itself, by the shorthand, of fixed mode and edge-triggered */
static bool is_self_ipi(u32 icr)
{
	return (icr & ICR_SHORTHAND) == ICR_SELF && !(icr & ICR_NOT_SELF) &&
	       icr & ICR_VECTOR_CLASS;
}

/* APIC-write emulation */
static enum vm_apic_result written(const struct vm_apic *apic, unsigned int offset,
				   struct vm_apic_exit *exit)
{
	u32 icr;

	switch (offset) {
	case VAPIC_TPR:
		return write_tpr(apic, vapic_read(&apic->regs, VAPIC_TPR), exit);
	case VAPIC_EOI:
		if (delivers(apic))
			return write_eoi(apic, exit);
		break;
	case VAPIC_ICR_LOW:
		icr = vapic_read(&apic->regs, VAPIC_ICR_LOW);
		if (!delivers(apic) || !is_self_ipi(icr))
			break;
		vapic_request_one(&apic->regs, icr & ICR_VECTOR);
		return VM_APIC_DONE;
	case VAPIC_ICR_HIGH ... VAPIC_ICR_HIGH + REGISTER_BYTES - 1:
		vapic_write(&apic->regs, VAPIC_ICR_HIGH,
			    vapic_read(&apic->regs, VAPIC_ICR_HIGH) & 0xff000000);
		return VM_APIC_DONE;
	}
	return trap(exit, VM_EXIT_APIC_WRITE, offset);
}

enum vm_apic_result vm_apic_write(const struct vm_apic *apic, const struct vm_apic_access *access,
				  u32 value, struct vm_apic_exit *exit)
{
	if (!is_virtualized(apic, access))
		return vm_apic_exit(access, exit);
	memcpy(apic->regs.page + access->offset, &value, access->bytes);
	return written(apic, access->offset, exit);
}
