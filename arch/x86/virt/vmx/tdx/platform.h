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

enum tdx_platform_state {
	TDX_PLATFORM_UNSUPPORTED,	/* by the CPU, or by the hypervisor above Linux */
	TDX_PLATFORM_BIOS_DISABLED,	/* as a whole or in part */
	TDX_PLATFORM_OFF,		/* tdx_host=off */
	TDX_PLATFORM_ENABLED,		/* TDX guests can be run, according to the MSRs */
};

/**
 * struct tdx_platform - TDX as the BIOS configured it
 * @state:		 whether TDX can be used
 * @reason:		 why not, as text, unless @state is TDX_PLATFORM_ENABLED
 * @misconfigured:	 the BIOS enabled TDX, but something that TDX needs is missing
 * @first_private_keyid: the KeyID that protects the module's own metadata
 * @nr_private_keyids:	 KeyIDs that only TDX can use, the first included
 * @keyid_shift:	 the first bit of the KeyID in a physical address
 */
struct tdx_platform {
	enum tdx_platform_state state;
	bool misconfigured;
	const char *reason;
	u32 first_private_keyid;
	u32 nr_private_keyids;
	unsigned int keyid_shift;
};

/* The first private KeyID is the module's own. */
static inline u32 tdx_platform_td_keyids(const struct tdx_platform *platform)
{
	return platform->nr_private_keyids ? platform->nr_private_keyids - 1 : 0;
}

struct tdx_platform tdx_platform_decode(const struct tdx_platform_msrs *msrs);
const char *tdx_platform_difference(const struct tdx_platform_msrs *a,
				    const struct tdx_platform_msrs *b);
int tdx_platform_check_cpus(struct tdx_cause *cause);
void tdx_platform_detect(void);
const struct tdx_platform *tdx_platform(void);

#endif /* _X86_VIRT_TDX_PLATFORM_H */
