/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting and resetting CPUs. */
#ifndef _TDX_EMU_SMP_H
#define _TDX_EMU_SMP_H

#include "cpu/cpu.h"
#include "machine/memmap.h"

/*
 * Copy the trampoline for APs below 1 MB and remove its page from @linux_map.
 * It is at the end of low memory, because a crash kernel needs the rest to be
 * contiguous.
 */
void smp_init(struct memmap *linux_map, const u8 *trampoline, u64 bytes);

/* The trampoline's page. */
u64 smp_trampoline(void);

/*
 * Called before and after the guest runs.  Other CPUs can reset this CPU only
 * in between, so that no lock of the emulator is lost.
 */
void smp_enter_guest(struct cpu *cpu);
void smp_leave_guest(struct cpu *cpu);

/*
 * A CPU that waits for a SIPI, or has not reached the trampoline yet, ignores
 * other interrupts.  QEMU's CPU does not: an NMI, or a second interrupt at the
 * wrong moment, makes it start the BIOS, which resets the machine.  So no IPIs
 * are sent to such a CPU.  A CPU does not enter this state while IPIs are
 * locked.
 */
void smp_lock_ipis(void);
void smp_unlock_ipis(void);
bool smp_takes_ipis(const struct cpu *cpu);

/* The calling CPU, @cpu, is about to enter the guest for the first time since it was reset. */
void smp_started(struct cpu *cpu);

/* Do nothing until another CPU resets the calling one. */
void __noreturn smp_halt(struct cpu *cpu);

/* @command is the value for the lower half of the ICR, without the destination. */
void smp_send_ipi(const struct cpu *target, u32 command);

/* Send an INIT or start-up IPI from the calling CPU, @self, to @target. */
void smp_send_init(struct cpu *self, struct cpu *target);
void smp_send_sipi(struct cpu *target, u8 vector);

/*
 * Called at VMXOFF, to take an INIT that VMX operation has blocked.  May not
 * return.
 */
void smp_take_latched_init(struct cpu *cpu);

#endif /* _TDX_EMU_SMP_H */
