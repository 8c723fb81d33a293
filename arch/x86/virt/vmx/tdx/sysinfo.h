/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDX module's version, limits and convertible memory.
 */
#ifndef _X86_VIRT_TDX_SYSINFO_H
#define _X86_VIRT_TDX_SYSINFO_H

#include <asm/tdx_host.h>

#include "tdmr/tdmr.h"

/* Far more than any known module has. */
#define TDX_MAX_CPUID_CONFIGS	128

struct tdx_cause;

/**
 * struct tdx_sysinfo - the module's version, limits and convertible memory
 * @known:	    the rest was read from the module, as far as it was usable
 * @major_version:  of the module
 * @minor_version:  of the module
 * @update_version: of the module; 0 if the module is too old to report it
 * @build_num:	    of the module
 * @build_date:	    of the module, yyyymmdd as a decimal number
 * @attributes:	    of the module: TDX_SYSINFO_ATTR_DEBUG
 * @vendor_id:	    vendor of the module, as a PCI vendor ID
 * @features0:	    TDX_FEATURES0; 0 if the module is too old to report it
 * @tdmr_limits:    limits of TDH.SYS.CONFIG
 * @td_limits:	    resources of a TD
 * @td_params:	    limits of TDH.MNG.INIT
 * @cpuid_configs:  the array that @td_params points to
 * @nr_cmrs:	    used entries of @cmrs
 * @cmrs:	    convertible memory, sorted, as the module reported it
 */
struct tdx_sysinfo {
	bool known;
	u16 major_version;
	u16 minor_version;
	u16 update_version;
	u16 build_num;
	u32 build_date;
	u32 attributes;
	u32 vendor_id;
	u64 features0;
	struct tdmr_limits tdmr_limits;
	struct tdx_td_limits td_limits;
	struct tdx_td_params_limits td_params;
	struct tdx_td_cpuid cpuid_configs[TDX_MAX_CPUID_CONFIGS];
	unsigned int nr_cmrs;
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
};

int tdx_sysinfo_read(struct tdx_sysinfo *info, struct tdx_cause *cause);

#endif /* _X86_VIRT_TDX_SYSINFO_H */
