/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configuration of TDX by the BIOS: SEAMRR and the KeyID partitioning.
 */
#ifndef _X86_VIRT_TDX_PLATFORM_H
#define _X86_VIRT_TDX_PLATFORM_H

#include <linux/types.h>

struct tdx_cause;

/* The MSRs that are evaluated, as read on one CPU; 0 if one does not exist. */
struct tdx_platform_msrs {
	u64 mtrrcap;
	u64 seamrr_base;
	u64 seamrr_mask;
	u64 keyid_partitioning;
	u64 tsc_adjust;
};

/**
 * struct tdx_platform - TDX as the BIOS configured it
 * @enabled:		 TDX guests can be run, according to the MSRs
 * @reason:		 why not, as text, when @enabled is false
 * @misconfigured:	 the BIOS enabled a part of TDX, but not all of it
 * @first_private_keyid: the KeyID that protects the module's own metadata
 * @nr_private_keyids:	 KeyIDs that only TDX can use, the first included
 * @keyid_shift:	 the first bit of the KeyID in a physical address
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
