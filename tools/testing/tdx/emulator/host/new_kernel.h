/* SPDX-License-Identifier: GPL-2.0-only */
/* Kexec: the beginning of a new kernel, and the CPUs of the one before. */
#ifndef _TDX_EMU_NEW_KERNEL_H
#define _TDX_EMU_NEW_KERNEL_H

#include "cpu/cpu.h"

/*
 * Called before each CPUID of the guest, to detect the beginning of a new
 * kernel.
 */
void new_kernel_watch(struct vcpu *vcpu);

/*
 * Called before each write to CR4: kexec makes one before it copies the new kernel.  Waits
 * until the other CPUs have halted.
 */
void new_kernel_cr4_write(struct vcpu *vcpu);

/*
 * Called after an NMI of the emulator.  Does not return if the CPU had halted in a kernel that
 * is replaced.
 */
void new_kernel_after_nmi(struct vcpu *vcpu);

/* The number of kernels that have replaced another one. */
unsigned int new_kernel_number(void);

/* Called before each SEAMCALL, to detect those of a replaced kernel. */
void new_kernel_seamcall(struct vcpu *vcpu);

#endif /* _TDX_EMU_NEW_KERNEL_H */
