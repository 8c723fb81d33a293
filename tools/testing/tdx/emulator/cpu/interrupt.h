/* SPDX-License-Identifier: GPL-2.0-only */
/* Acknowledging an interrupt, which gives its vector. */
#ifndef _TDX_EMU_INTERRUPT_H
#define _TDX_EMU_INTERRUPT_H

#include "cpu/cpu.h"

/* Prepare the table of vectors; called by the boot CPU. */
void interrupt_init(void);

/**
 * interrupt_take() - take a pending interrupt through the emulator's own IDT
 * @cpu:	the calling CPU, which has left the guest because of the interrupt
 * @vector:	of the interrupt, which is in service in the local APIC from now on
 * @nmi:	an NMI was taken as well, or instead
 *
 * Return: false if there was no interrupt: it may be masked by now.
 */
bool interrupt_take(struct cpu *cpu, u8 *vector, bool *nmi);

/**
 * interrupt_drop_nmi() - take an NMI, if one is pending, through the IDT that ignores it
 *
 * Called by a CPU that is not in the guest.
 */
void interrupt_drop_nmi(void);

#endif /* _TDX_EMU_INTERRUPT_H */
