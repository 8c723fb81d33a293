/* SPDX-License-Identifier: GPL-2.0-only */
/* Making all CPUs drop their nested translations. */
#ifndef _TDX_EMU_SHOOTDOWN_H
#define _TDX_EMU_SHOOTDOWN_H

#include "cpu/cpu.h"

/*
 * When this returns no CPU uses the old state of the nested page table.  Ends the run if a
 * CPU does not leave the guest.
 */
void shootdown(const struct cpu *self);

/*
 * The guest sends an NMI to @target, which must not be mistaken for the emulator's; IPIs
 * are locked.
 */
void shootdown_guest_nmi(struct cpu *target);

/* An NMI made the CPU leave the guest: the emulator's, or one for the guest. */
void shootdown_nmi_exit(struct cpu *cpu);

#endif /* _TDX_EMU_SHOOTDOWN_H */
