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
 * The same without waiting: a CPU may execute a few more instructions with the old state.
 * With a thread for each CPU, the wait is for the threads of all others to be scheduled,
 * which takes long on a busy machine.
 */
void shootdown_start(const struct cpu *self);

/* Let the calling CPU leave the guest right after it has entered it the next time. */
void shootdown_self(struct cpu *self);

/*
 * Record that the guest sends an NMI to @target, which must not be mistaken for
 * the emulator's.  Called with IPIs locked.
 */
void shootdown_guest_nmi(struct cpu *target);

/*
 * Take the NMI that made the calling CPU exit, or that the emulator has already taken with an
 * interrupt.  Return false if it is the emulator's.
 */
bool shootdown_take_nmi(struct cpu *cpu);

#endif /* _TDX_EMU_SHOOTDOWN_H */
