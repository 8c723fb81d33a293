/* SPDX-License-Identifier: GPL-2.0-only */
/* Starting and resetting CPUs. */
#ifndef _TDX_EMU_SMP_H
#define _TDX_EMU_SMP_H

#include "cpu/cpu.h"
#include "machine/memmap.h"

/*
 * Put the trampoline for APs, of @bytes, below 1 MB and take its page from @linux_map;
 * at the very end of low memory, since a crash kernel wants the rest in one piece.
 */
void smp_init(struct memmap *linux_map, const u8 *trampoline, u64 bytes);

/* The trampoline's page. */
u64 smp_trampoline(void);

/*
 * Called around the guest's execution: only in between the CPU can be reset by another one,
 * so that no lock of the emulator is lost.
 */
void smp_enter_guest(struct cpu *cpu);
void smp_leave_guest(struct cpu *cpu);

/*
 * A CPU that waits for a SIPI, or has not arrived at the trampoline yet, ignores
 * other interrupts.  QEMU's does not: an NMI, or a second interrupt in the wrong
 * moment, has it begin at the BIOS, which resets the machine.  So such a CPU is
 * sent none; whether it is one does not change to that while IPIs are locked.
 */
void smp_lock_ipis(void);
void smp_unlock_ipis(void);
bool smp_takes_ipis(const struct cpu *cpu);

/* The calling CPU, @cpu, is about to enter the guest for the first time since it was reset. */
void smp_started(struct cpu *cpu);

/* @command is what to write to the lower half of the ICR; its destination is not looked at. */
void smp_send_ipi(const struct cpu *target, u32 command);

/* An INIT or start-up IPI from the calling CPU, @self, for @target. */
void smp_send_init(struct cpu *self, struct cpu *target);
void smp_send_sipi(struct cpu *target, u8 vector);

/* VMXOFF lets an INIT through that VMX operation has held back.  May not return. */
void smp_take_latched_init(struct cpu *cpu);

#endif /* _TDX_EMU_SMP_H */
