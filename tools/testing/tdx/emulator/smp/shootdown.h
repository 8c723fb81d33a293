/* SPDX-License-Identifier: GPL-2.0-only */
/* Making all CPUs forget the nested translations that they hold. */
#ifndef _TDX_EMU_SHOOTDOWN_H
#define _TDX_EMU_SHOOTDOWN_H

#include "cpu/cpu.h"

/*
 * When this returns no CPU uses what the nested page table was before the call.
 * Ends the run if one does not come out of the guest.
 */
void shootdown(const struct cpu *self);

/* The guest sends an NMI to @target, which shall not take it for one of ours; IPIs are locked. */
void shootdown_guest_nmi(struct cpu *target);

/* An NMI ended the guest's turn: one of ours, or one for the guest. */
void shootdown_nmi_exit(struct cpu *cpu);

#endif /* _TDX_EMU_SHOOTDOWN_H */
