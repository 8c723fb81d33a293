/* SPDX-License-Identifier: GPL-2.0-only */
/* Detection of kexec: the beginning of a new kernel. */
#ifndef _TDX_EMU_NEW_KERNEL_H
#define _TDX_EMU_NEW_KERNEL_H

#include "cpu/cpu.h"

/*
 * Called before each CPUID of the guest, to detect the beginning of a new
 * kernel.
 */
void new_kernel_watch(struct vcpu *vcpu);

/* The number of kernels that have replaced another one. */
unsigned int new_kernel_number(void);

/* Called before each SEAMCALL, to detect those of a replaced kernel. */
void new_kernel_seamcall(struct vcpu *vcpu);

#endif /* _TDX_EMU_NEW_KERNEL_H */
