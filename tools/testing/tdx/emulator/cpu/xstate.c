// SPDX-License-Identifier: GPL-2.0-only
/* Saving and loading the floating point and vector registers of vCPUs. */
#include <linux/string.h>

#include "cpu/entry.h"
#include "cpu/xstate.h"

#define CPUID_XSTATE	0xd

/* x87, SSE, AVX, MPX, AVX-512, PKRU: what fits into the area. */
#define XSTATE_MASK	0x2ffULL
#define XCR0_X87	BIT_ULL(0)
#define XCR0_SSE	BIT_ULL(1)

/* In the legacy region.  XRSTOR loads it whatever the header says. */
#define OFFSET_MXCSR	24
#define MXCSR_RESET	0x1f80

#define FCW_RESET	0x37f
#define OFFSET_ST	32
#define OFFSET_XMM	160
#define OFFSET_HEADER	512
#define HEADER_WORDS	8

static u64 supported_components(void)
{
	u32 regs[4];

	native_cpuid(CPUID_XSTATE, 0, regs);
	return ((u64)regs[3] << 32 | regs[0]) & XSTATE_MASK;
}

static u64 *header_of(const struct xstate *state)
{
	return (u64 *)&state->area[OFFSET_HEADER];
}

void xstate_reset_components(struct xstate *state, u64 components)
{
	const u32 mxcsr = MXCSR_RESET;

	*header_of(state) &= ~components;
	if (components & XCR0_SSE)
		memcpy(&state->area[OFFSET_MXCSR], &mxcsr, sizeof(mxcsr));
}

void xstate_reset(struct xstate *state)
{
	memset(state->area, 0, XSTATE_BYTES);
	xstate_reset_components(state, XSTATE_MASK);
	state->xcr0 = XCR0_X87;
}

void xstate_set_xmm(struct xstate *state, const u64 xmm[16][2])
{
	memcpy(&state->area[OFFSET_XMM], xmm, 16 * sizeof(*xmm));
	*header_of(state) |= XCR0_SSE;
}

void xstate_get_xmm(const struct xstate *state, u64 xmm[16][2])
{
	if (*header_of(state) & XCR0_SSE)
		memcpy(xmm, &state->area[OFFSET_XMM], 16 * sizeof(*xmm));
	else
		memset(xmm, 0, 16 * sizeof(*xmm));
}

/* FCW is as after FNINIT, all else is 0; without MXCSR, which is in the middle. */
static bool x87_is_unused(const u8 *area)
{
	const u64 *words = (const u64 *)area;
	unsigned int i;
	u64 any = words[0] ^ FCW_RESET;

	any |= words[1] | words[2];
	for (i = OFFSET_ST / 8; i < OFFSET_XMM / 8; i++)
		any |= words[i];
	return !any;
}

/*
 * XSAVE leaves most of the header alone, and XRSTOR wants that to be 0.
 *
 * QEMU always reports x87 as in use, and under multi-threaded TCG an XRSTOR of it may
 * destroy state of the first CPU, so it is left out if that makes no difference.
 */
static void save(u8 *area, u64 components)
{
	u64 *header = (u64 *)&area[OFFSET_HEADER];
	unsigned int i;

	for (i = 0; i < HEADER_WORDS; i++)
		header[i] = 0;
	asm volatile("xsave64 %0" : "+m"(*(u8 (*)[XSTATE_BYTES])area)
		     : "a"((u32)components), "d"((u32)(components >> 32)));
	if (x87_is_unused(area))
		header[0] &= ~XCR0_X87;
}

static void restore(const u8 *area, u64 components)
{
	asm volatile("xrstor64 %0" : : "m"(*(const u8 (*)[XSTATE_BYTES])area),
		     "a"((u32)components), "d"((u32)(components >> 32)));
}

/* All components are moved, also those that a vCPU had enabled before. */
void xstate_save(struct xstate *state)
{
	u64 cr4 = xstate_enable(), components = supported_components();

	state->xcr0 = xcr0_read();
	xcr0_write(components);
	save(state->area, components);
	xcr0_write(state->xcr0);
	xstate_disable(cr4);
}

void xstate_load(const struct xstate *state)
{
	u64 cr4 = xstate_enable(), components = supported_components();

	xcr0_write(components);
	restore(state->area, components);
	xcr0_write(state->xcr0);
	xstate_disable(cr4);
}

u64 xstate_xcr0(void)
{
	u64 cr4 = xstate_enable(), value = xcr0_read();

	xstate_disable(cr4);
	return value;
}

void xstate_set_xcr0(u64 value)
{
	u64 cr4 = xstate_enable();

	xcr0_write(value);
	xstate_disable(cr4);
}
