/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine that the guest sees, fixed before it starts. */
#ifndef _TDX_EMU_PLATFORM_H
#define _TDX_EMU_PLATFORM_H

#include "machine/memmap.h"
#include "machine/options.h"

#define PLATFORM_PHYS_BITS	52

/* IA32_SEAMRR_PHYS_MASK */
#define SEAMRR_LOCKED		BIT_ULL(10)
#define SEAMRR_ENABLED		BIT_ULL(11)

struct platform {
	struct memmap map;		/* as described to Linux */
	struct memmap memory;		/* RAM that the TDX module sees */
	unsigned int nr_lps;		/* enabled by the BIOS */
	unsigned int nr_packages;
	unsigned int package_shift;	/* APIC ID to package number */
	unsigned int thread_shift;	/* APIC ID to core number */
	unsigned int keyid_bits;
	u64 phys_limit;			/* end of physical addresses without KeyID bits */
	u64 seamrr_base, seamrr_size;
	unsigned int nr_cmrs;
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];

	/* Model specific registers, as read */
	u64 msr_seamrr_base, msr_seamrr_mask;
	u64 msr_keyid_partitioning;
	u64 msr_tme_capability, msr_tme_activate;
	u64 msr_mtrr_cap;
};

extern struct platform platform;

/*
 * Called after the options are parsed and the CPUs registered.  @map is the RAM
 * without the emulator's; it is changed to the map for Linux.
 */
void platform_init(struct memmap *map);

/* True if the range is memory, which may be reserved by the BIOS. */
bool platform_is_ram(u64 pa, u64 bytes);

/* True if the address is in the hole below 4 GB where devices are. */
bool platform_is_mmio(u64 pa);

/* Prints the first lines of the log. */
void platform_describe(void);

#endif /* _TDX_EMU_PLATFORM_H */
