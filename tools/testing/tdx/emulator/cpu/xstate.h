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
 * @area:	XSTATE_BYTES, aligned to 64, as XSAVE writes them; may be older than the
 *		registers while the CPU has the state
 * @xcr0:	XCR0; may be older, too
 */
struct xstate {
	u8 *area;
	u64 xcr0;
};

/**
 * xstate_reset() - the state of a CPU that was turned on
 * @state:	is not loaded
 */
void xstate_reset(struct xstate *state);

/**
 * xstate_reset_components() - reset a part of the state; XCR0 does not change
 * @state:	is not loaded
 * @components:	in the format of XCR0
 */
void xstate_reset_components(struct xstate *state, u64 components);

/**
 * xstate_set_xmm() - set SSE registers; other components do not change
 * @state:	is not loaded
 * @xmm:	XMM0 to XMM15
 */
void xstate_set_xmm(struct xstate *state, const u64 xmm[16][2]);

/**
 * xstate_get_xmm() - get SSE registers
 * @state:	was saved
 * @xmm:	becomes XMM0 to XMM15
 */
void xstate_get_xmm(const struct xstate *state, u64 xmm[16][2]);

/**
 * xstate_save() - copy the registers of the calling CPU, which do not change
 * @state:	takes the copy
 *
 * The emulator itself is compiled not to use these registers.
 */
void xstate_save(struct xstate *state);

/**
 * xstate_load() - replace the registers of the calling CPU
 * @state:	is what the CPU has afterwards
 */
void xstate_load(const struct xstate *state);

/**
 * xstate_xcr0() - read XCR0 of the calling CPU
 *
 * Return: its value.
 */
u64 xstate_xcr0(void);

/**
 * xstate_set_xcr0() - write XCR0 of the calling CPU
 * @value:	valid for the CPU
 */
void xstate_set_xcr0(u64 value);

#endif /* _TDX_EMU_XSTATE_H */
