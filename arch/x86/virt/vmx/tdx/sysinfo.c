// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading what the TDX module says of itself.
 *
 * Every generation of the module answers TDH.SYS.INFO, so that gives all that
 * is needed.  TDH.SYS.RD, which came with 1.5, adds what is good to know.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "cause.h"
#include "seamcall.h"
#include "status.h"
#include "sysinfo.h"

/* The two buffers of TDH.SYS.INFO, in one page so that they are physically contiguous. */
struct sysinfo_page {
	struct tdx_sysinfo_struct info;
	struct tdx_cmr_info cmrs[TDX_NR_CMRS] __aligned(TDX_CMR_ARRAY_ALIGNMENT);
};

static_assert(sizeof(struct sysinfo_page) <= PAGE_SIZE);

static int read_page(struct sysinfo_page *page, struct tdx_cause *cause)
{
	struct tdx_regs regs = {
		.rcx = __pa(&page->info),
		.rdx = sizeof(page->info),
		.r8 = __pa(page->cmrs),
		.r9 = ARRAY_SIZE(page->cmrs),
	};

	return tdx_explain(cause, TDH_SYS_INFO, tdx_seamcall(TDH_SYS_INFO, &regs));
}

/* A field that the module may not have: 0 then. */
static u64 read_optional_field(u64 field_id)
{
	struct tdx_regs regs = { .rdx = field_id };

	return tdx_status_failed(tdx_seamcall(TDH_SYS_RD, &regs)) ? 0 : regs.r8;
}

static void take_td_params(struct tdx_sysinfo *info, const struct tdx_sysinfo_struct *raw)
{
	u32 i, nr = min_t(u32, raw->num_cpuid_config, ARRAY_SIZE(info->cpuid_configs));

	for (i = 0; i < nr; i++)
		info->cpuid_configs[i] = (struct tdx_td_cpuid) {
			.leaf	 = raw->cpuid_config[i].leaf,
			.subleaf = raw->cpuid_config[i].subleaf,
			.eax	 = raw->cpuid_config[i].eax,
			.ebx	 = raw->cpuid_config[i].ebx,
			.ecx	 = raw->cpuid_config[i].ecx,
			.edx	 = raw->cpuid_config[i].edx,
		};

	info->td_params = (struct tdx_td_params_limits) {
		.attributes_fixed0 = raw->attributes_fixed0,
		.attributes_fixed1 = raw->attributes_fixed1,
		.xfam_fixed0	   = raw->xfam_fixed0,
		.xfam_fixed1	   = raw->xfam_fixed1,
		.nr_cpuid_configs  = nr,
		.cpuid_configs	   = info->cpuid_configs,
	};
}

static void take_info(struct tdx_sysinfo *info, const struct tdx_sysinfo_struct *raw)
{
	info->known = true;
	info->major_version = raw->major_version;
	info->minor_version = raw->minor_version;
	info->build_num = raw->build_num;
	info->build_date = raw->build_date;
	info->debug = raw->attributes & TDX_SYSINFO_ATTR_DEBUG;
	info->tdmr_limits = (struct tdmr_limits) {
		.max_tdmrs		= raw->max_tdmrs,
		.max_reserved_per_tdmr	= raw->max_reserved_per_tdmr,
		.pamt_entry_size	= raw->pamt_entry_size,
	};
	info->tdcs_size = raw->tdcs_base_size;
	info->tdvps_size = raw->tdvps_base_size;
	take_td_params(info, raw);

	if (!raw->sys_rd)
		return;
	info->update_version = read_optional_field(TDX_MD_UPDATE_VERSION);
	info->features0 = read_optional_field(TDX_MD_TDX_FEATURES0);
}

/* Nothing is behind the 52 bits of a physical address, and the end of a CMR does not wrap. */
static bool is_well_formed(const struct tdx_cmr_info *cmr, u64 behind)
{
	return cmr->base >= behind && PAGE_ALIGNED(cmr->base | cmr->size) &&
	       cmr->base < BIT_ULL(52) && cmr->size <= BIT_ULL(52) - cmr->base;
}

/* The module fills the whole table; an entry of size 0 ends the used part. */
static int take_cmrs(struct tdx_sysinfo *info, const struct tdx_cmr_info *cmrs,
		     struct tdx_cause *cause)
{
	u64 end = 0;
	unsigned int i;

	for (i = 0; i < TDX_NR_CMRS && cmrs[i].size; i++) {
		if (!is_well_formed(&cmrs[i], end))
			return tdx_cause(cause, -EINVAL,
					 "CMR %u (0x%llx, 0x%llx bytes) is unordered, unaligned or beyond 52 bits; update the BIOS",
					 i, cmrs[i].base, cmrs[i].size);
		end = cmrs[i].base + cmrs[i].size;
		info->cmrs[i] = cmrs[i];
		info->nr_cmrs = i + 1;
	}
	return i ? 0 : tdx_cause(cause, -EINVAL, "the module reports no convertible memory (CMR); update the BIOS");
}

static int check_limits(const struct tdmr_limits *limits, struct tdx_cause *cause)
{
	if (limits->max_tdmrs && limits->max_reserved_per_tdmr && limits->pamt_entry_size)
		return 0;
	return tdx_cause(cause, -EINVAL,
			 "the module reports unusable limits: %u TDMRs, %u reserved areas, %u bytes per PAMT entry",
			 limits->max_tdmrs, limits->max_reserved_per_tdmr,
			 limits->pamt_entry_size);
}

/**
 * tdx_sysinfo_read - read what the module says of itself
 * @info:  where to put it; must not move afterwards
 * @cause: says why, when the return value is not 0
 *
 * TDX Module ABI specification, TDH.SYS.INFO and TDH.SYS.RD.
 *
 * Context: Process context, may sleep.  On a CPU that did TDH.SYS.LP.INIT.
 * Return:
 * * 0	     - @info is complete
 * * -ENOMEM - no page for the module to write to
 * * -EINVAL - the module reports something that cannot be used
 * * others  - the SEAMCALL failed: see tdx_status_errno()
 */
int tdx_sysinfo_read(struct tdx_sysinfo *info, struct tdx_cause *cause)
{
	struct sysinfo_page *page = (void *)get_zeroed_page(GFP_KERNEL);
	int ret;

	if (!page)
		return tdx_cause(cause, -ENOMEM, "no memory");

	*info = (struct tdx_sysinfo) {};
	ret = read_page(page, cause);
	if (!ret) {
		take_info(info, &page->info);
		ret = take_cmrs(info, page->cmrs, cause) ?:
		      check_limits(&info->tdmr_limits, cause);
	}
	free_page((unsigned long)page);
	return ret;
}
