// SPDX-License-Identifier: GPL-2.0-only
/* Switching the floating point and vector registers between vCPUs. */
#include <linux/string.h>

#include "cpu/entry.h"
#include "cpu/xstate.h"

#define CPUID_XSTATE	0xd

/* x87, SSE, AVX, MPX, AVX-512, PKRU: what fits into the area. */
#define XSTATE_MASK	0x2ffULL
#define XCR0_X87	BIT_ULL(0)

/* In the legacy region.  XRSTOR loads it whatever the header says. */
#define OFFSET_MXCSR	24
#define MXCSR_RESET	0x1f80

#define OFFSET_HEADER	512
#define HEADER_WORDS	8

static u64 supported_components(void)
{
	u32 regs[4];

	native_cpuid(CPUID_XSTATE, 0, regs);
	return ((u64)regs[3] << 32 | regs[0]) & XSTATE_MASK;
}

void xstate_reset(struct xstate *state)
{
	const u32 mxcsr = MXCSR_RESET;

	memset(state, 0, sizeof(*state));
	memcpy(&state->area[OFFSET_MXCSR], &mxcsr, sizeof(mxcsr));
	state->xcr0 = XCR0_X87;
}

/* XSAVE leaves most of the header alone, and XRSTOR wants that to be 0. */
static void save(struct xstate *state, u64 components)
{
	u64 *header = (u64 *)&state->area[OFFSET_HEADER];
	unsigned int i;

	for (i = 0; i < HEADER_WORDS; i++)
		header[i] = 0;
	asm volatile("xsave64 %0" : "+m"(state->area)
		     : "a"((u32)components), "d"((u32)(components >> 32)));
}

static void restore(const struct xstate *state, u64 components)
{
	asm volatile("xrstor64 %0" : : "m"(state->area),
		     "a"((u32)components), "d"((u32)(components >> 32)));
}

/* All components are moved, also those that a vCPU had enabled before. */
void xstate_switch(struct xstate *from, struct xstate *to)
{
	u64 cr4 = xstate_enable(), components = supported_components();

	from->xcr0 = xcr0_read();
	xcr0_write(components);
	save(from, components);
	restore(to, components);
	xcr0_write(to->xcr0);
	xstate_disable(cr4);
}
