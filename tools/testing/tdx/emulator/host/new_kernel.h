/* SPDX-License-Identifier: GPL-2.0-only */
/* Detection of kexec: the beginning of a new kernel. */
#ifndef _TDX_EMU_NEW_KERNEL_H
#define _TDX_EMU_NEW_KERNEL_H

#include "cpu/cpu.h"

/* The guest is about to execute CPUID: is this the beginning of a new kernel? */
void new_kernel_watch(struct vcpu *vcpu);

/* The guest is about to call the module. */
void new_kernel_seamcall(struct vcpu *vcpu);

#endif /* _TDX_EMU_NEW_KERNEL_H */
