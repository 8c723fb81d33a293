/* SPDX-License-Identifier: GPL-2.0-only */
/* The floating point and vector registers of a vCPU while another one has the CPU's. */
#ifndef _TDX_EMU_XSTATE_H
#define _TDX_EMU_XSTATE_H

#include "cpu/layout.h"

/* The standard format of XSAVE up to PKRU, the last component that QEMU has. */
#define XSTATE_BYTES	2752

/**
 * struct xstate - the extended state of a vCPU
 *
 * @area:	as XSAVE writes it; not valid while the CPU has the state
 * @xcr0:	XCR0; neither
 */
struct xstate {
	u8 area[XSTATE_BYTES] __aligned(64);
	u64 xcr0;
};

/**
 * xstate_reset() - the state of a CPU that was turned on
 * @state:	is not loaded
 */
void xstate_reset(struct xstate *state);

/**
 * xstate_switch() - give the registers of the calling CPU to another vCPU
 * @from:	takes the state that the CPU has
 * @to:		is what the CPU has afterwards
 *
 * The emulator itself is compiled not to use these registers.
 */
void xstate_switch(struct xstate *from, struct xstate *to);

#endif /* _TDX_EMU_XSTATE_H */
