/* SPDX-License-Identifier: GPL-2.0-only */
/* INT n and INT3, and a race in QEMU that affects them. */
#ifndef _TDX_EMU_SOFTINT_H
#define _TDX_EMU_SOFTINT_H

#include "cpu/cpu.h"

/* The guest executed a software interrupt instruction. */
void softint_exit(struct vcpu *vcpu);

#endif /* _TDX_EMU_SOFTINT_H */
