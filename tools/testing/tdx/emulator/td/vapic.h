/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtual local APIC of a vCPU: what a CPU with VMX does without exits. */
#ifndef _TDX_EMU_VAPIC_H
#define _TDX_EMU_VAPIC_H

#include "lib/x86.h"
#include "model/guest.h"

/**
 * struct vapic - the registers of a virtual local APIC
 * @page:	virtual-APIC page
 * @guest:	has the highest request and the highest interrupt in service
 */
struct vapic {
	u8 *page;
	struct tdx_model_guest *guest;
};

/* How a WRMSR ends */
enum vapic_write {
	VAPIC_DONE,
	VAPIC_FAULTS,		/* #GP */
	VAPIC_EXITS,		/* an exit by an APIC write */
};

/* x2APIC registers that a TD accesses without exits; others are the module's. */
bool vapic_has_msr(u32 msr);

u64 vapic_read_msr(const struct vapic *apic, u32 msr);
enum vapic_write vapic_write_msr(const struct vapic *apic, u32 msr, u64 value);

/* The task priority, as CR8 has it */
u8 vapic_tpr_class(const struct vapic *apic);
/* MOV to CR8; false for #GP */
bool vapic_write_cr8(const struct vapic *apic, u64 value);

/**
 * vapic_request() - request interrupts
 * @apic:	the virtual APIC
 * @vectors:	one bit for each vector
 */
void vapic_request(const struct vapic *apic, const u64 vectors[4]);

/**
 * vapic_is_pending() - is there an interrupt that the priority allows?
 * @apic:	the virtual APIC
 *
 * Return: true if one has to be delivered when the CPU takes interrupts.
 */
bool vapic_is_pending(const struct vapic *apic);

/**
 * vapic_deliver() - the CPU takes the interrupt that vapic_is_pending()
 * @apic:	the virtual APIC
 *
 * Return: its vector, which is in service from now on.
 */
u8 vapic_deliver(const struct vapic *apic);

#endif /* _TDX_EMU_VAPIC_H */
