/* SPDX-License-Identifier: GPL-2.0-only */
/* The registers of a virtual local APIC, and what a CPU with VMX does to them without exits. */
#ifndef _TDX_EMU_VAPIC_H
#define _TDX_EMU_VAPIC_H

#include "lib/x86.h"

/* Offsets in the page; a register has the first 4 bytes of every 16. */
#define VAPIC_ID		0x20
#define VAPIC_TPR		0x80
#define VAPIC_PPR		0xa0
#define VAPIC_EOI		0xb0
#define VAPIC_ISR		0x100
#define VAPIC_IRR		0x200
#define VAPIC_ICR_LOW		0x300
#define VAPIC_ICR_HIGH		0x310
#define VAPIC_SELF_IPI		0x3f0

/* The x2APIC register at an offset in the page, and the other way round */
#define VAPIC_FIRST_MSR		0x800
#define VAPIC_LAST_MSR		0x8ff
#define VAPIC_MSR(offset)	(VAPIC_FIRST_MSR + (offset) / 16)
#define VAPIC_OFFSET(msr)	(((msr) - VAPIC_FIRST_MSR) * 16)

/**
 * struct vapic - the registers of a virtual local APIC
 * @page:	virtual-APIC page
 * @rvi:	the highest request
 * @svi:	the highest interrupt in service; 0 if there is none
 */
struct vapic {
	u8 *page;
	u8 *rvi, *svi;
};

/* Posted-interrupt descriptor: SDM vol. 3, "Posted-Interrupt Processing" */
struct vapic_posted {
	u64 requests[4];
	u64 control;		/* bit 0: ON, outstanding notification */
};

/* How a WRMSR ends */
enum vapic_write {
	VAPIC_DONE,
	VAPIC_FAULTS,		/* #GP */
	VAPIC_EXITS,		/* an exit by an APIC write */
};

/**
 * vapic_read() - get a register
 * @apic:	the virtual APIC
 * @offset:	in the page, of 32 bits
 *
 * Return: its value.
 */
u32 vapic_read(const struct vapic *apic, unsigned int offset);

/**
 * vapic_write() - set a register, without an effect on others
 * @apic:	the virtual APIC
 * @offset:	in the page, of 32 bits
 * @value:	to be set
 */
void vapic_write(const struct vapic *apic, unsigned int offset, u32 value);

/**
 * vapic_update_ppr() - PPR virtualization
 * @apic:	the virtual APIC; its TPR or the interrupt in service has changed
 */
void vapic_update_ppr(const struct vapic *apic);

/**
 * vapic_end() - EOI virtualization
 * @apic:	the virtual APIC
 *
 * Return: the interrupt that was in service, and is not any more.
 */
u8 vapic_end(const struct vapic *apic);

/**
 * vapic_read_msr() - read a register of the x2APIC
 * @apic:	the virtual APIC
 * @msr:	VAPIC_FIRST_MSR to VAPIC_LAST_MSR
 *
 * Return: its value.
 */
u64 vapic_read_msr(const struct vapic *apic, u32 msr);

/**
 * vapic_write_msr() - write TPR, EOI or SELF IPI of the x2APIC
 * @apic:	the virtual APIC
 * @msr:	the register; all others fault
 * @value:	to be written
 *
 * Return: how the WRMSR ends.
 */
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
 * vapic_request_one() - request an interrupt
 * @apic:	the virtual APIC
 * @vector:	of the interrupt
 */
void vapic_request_one(const struct vapic *apic, u8 vector);

/**
 * vapic_take_posted() - posted-interrupt processing, except for the EOI of the notification
 * @apic:	the virtual APIC
 * @posted:	the descriptor, which other CPUs write at the same time
 */
void vapic_take_posted(const struct vapic *apic, struct vapic_posted *posted);

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
