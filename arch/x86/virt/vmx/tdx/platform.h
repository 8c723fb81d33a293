/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BIOS made of the machine: SEAMRR and the KeyID partition.
 */
#ifndef _X86_VIRT_TDX_PLATFORM_H
#define _X86_VIRT_TDX_PLATFORM_H

#include <linux/types.h>

struct tdx_cause;

/* The MSRs that tell, as read on one CPU; one that does not exist reads 0. */
struct tdx_platform_msrs {
	u64 mtrrcap;
	u64 seamrr_base;
	u64 seamrr_mask;
	u64 keyid_partitioning;
	u64 tsc_adjust;
};

/**
 * struct tdx_platform - TDX as the BIOS configured it
 * @enabled:		 TDX guests can be run, as far as MSRs tell
 * @reason:		 why not, in words, when @enabled is false
 * @misconfigured:	 the BIOS enabled a part of TDX, but not all of it
 * @first_private_keyid: the KeyID that protects the module's own metadata
 * @nr_private_keyids:	 KeyIDs that only TDX can use, the first included
 * @keyid_shift:	 the bit of a physical address where its KeyID begins
 */
struct tdx_platform {
	bool enabled;
	bool misconfigured;
	const char *reason;
	u32 first_private_keyid;
	u32 nr_private_keyids;
	unsigned int keyid_shift;
};

struct tdx_platform tdx_platform_decode(const struct tdx_platform_msrs *msrs);
const char *tdx_platform_difference(const struct tdx_platform_msrs *a,
				    const struct tdx_platform_msrs *b);
int tdx_platform_check_cpus(struct tdx_cause *cause);
void tdx_platform_detect(void);
const struct tdx_platform *tdx_platform(void);

#endif /* _X86_VIRT_TDX_PLATFORM_H */
