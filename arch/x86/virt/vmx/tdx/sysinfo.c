// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading the TDX module's version, limits and convertible memory.
 *
 * All that is required comes from TDH.SYS.INFO, which every generation of the
 * module supports.  TDH.SYS.RD, which was added in 1.5, is for optional data.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/printk.h>

#include <asm/tdx_abi_td.h>

#include "cause.h"
#include "error.h"
#include "seamcall.h"
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

static u64 read_field(u64 field_id, u64 *value)
{
	struct tdx_regs regs = { .rdx = field_id };
	u64 status = tdx_seamcall(TDH_SYS_RD, &regs);

	*value = regs.r8;
	return status;
}

/* Returns 0 if the module does not have the field. */
static u64 read_optional_field(u64 field_id)
{
	u64 value;

	return tdx_status_failed(read_field(field_id, &value)) ? 0 : value;
}

static int read_needed_field(u64 field_id, u64 *value, struct tdx_cause *cause)
{
	return tdx_explain(cause, TDH_SYS_RD, read_field(field_id, value));
}

/* Without this field, the number is only limited by the size of TD_PARAMS.MAX_VCPUS. */
static unsigned int max_vcpus(const struct tdx_sysinfo_struct *raw)
{
	u64 value;

	if (!raw->sys_rd || tdx_status_failed(read_field(TDX_MD_MAX_VCPUS_PER_TD, &value)))
		return U16_MAX;
	return value;
}

static void take_td_limits(struct tdx_sysinfo *info, const struct tdx_sysinfo_struct *raw)
{
	info->td_limits = (struct tdx_td_limits) {
		.nr_tdcx    = DIV_ROUND_UP(raw->tdcs_base_size, PAGE_SIZE),
		.nr_tdvpx   = DIV_ROUND_UP(raw->tdvps_base_size, PAGE_SIZE) - 1,
		.max_vcpus  = max_vcpus(raw),
		.topology   = info->features0 & TDX_FEATURES0_ENUM_TOPOLOGY,
		.no_rbp_mod = info->features0 & TDX_FEATURES0_NO_RBP_MOD,
	};
}

static void take_td_params(struct tdx_sysinfo *info, const struct tdx_sysinfo_struct *raw)
{
	info->td_params = (struct tdx_td_params_limits) {
		.attributes_fixed0 = raw->attributes_fixed0,
		.attributes_fixed1 = raw->attributes_fixed1,
		.xfam_fixed0	   = raw->xfam_fixed0,
		.xfam_fixed1	   = raw->xfam_fixed1,
		.nr_cpuid_configs  = raw->num_cpuid_config,
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
	info->attributes = raw->attributes;
	info->vendor_id = raw->vendor_id;
	info->tdmr_limits = (struct tdmr_limits) {
		.max_tdmrs		= raw->max_tdmrs,
		.max_reserved_per_tdmr	= raw->max_reserved_per_tdmr,
		.pamt_entry_size	= raw->pamt_entry_size,
	};
	take_td_params(info, raw);

	if (raw->sys_rd) {
		info->update_version = read_optional_field(TDX_MD_UPDATE_VERSION);
		info->features0 = read_optional_field(TDX_MD_TDX_FEATURES0);
	}
	take_td_limits(info, raw);
}

static struct tdx_td_cpuid to_td_cpuid(const struct tdx_cpuid_config *raw)
{
	return (struct tdx_td_cpuid) {
		.leaf	 = raw->leaf,
		.subleaf = raw->subleaf,
		.eax	 = raw->eax,
		.ebx	 = raw->ebx,
		.ecx	 = raw->ecx,
		.edx	 = raw->edx,
	};
}

static int read_cpuid_config(unsigned int i, struct tdx_td_cpuid *config, struct tdx_cause *cause)
{
	u64 leaf, eax_ebx, ecx_edx;
	int ret;

	ret = read_needed_field(TDX_MD_CPUID_CONFIG_LEAVES + i, &leaf, cause) ?:
	      read_needed_field(TDX_MD_CPUID_CONFIG_VALUES + 2 * i, &eax_ebx, cause) ?:
	      read_needed_field(TDX_MD_CPUID_CONFIG_VALUES + 2 * i + 1, &ecx_edx, cause);
	if (ret)
		return ret;

	*config = (struct tdx_td_cpuid) {
		.leaf	 = lower_32_bits(leaf),
		.subleaf = upper_32_bits(leaf),
		.eax	 = lower_32_bits(eax_ebx),
		.ebx	 = upper_32_bits(eax_ebx),
		.ecx	 = lower_32_bits(ecx_edx),
		.edx	 = upper_32_bits(ecx_edx),
	};
	return 0;
}

/*
 * TDH.SYS.INFO has room for 37 entries, and is preferred if they suffice: its
 * values are then those that TDH.MNG.INIT accepts, in all modules.
 */
static int take_cpuid_configs(struct tdx_sysinfo *info, const struct tdx_sysinfo_struct *raw,
			      struct tdx_cause *cause)
{
	u32 i, nr = raw->num_cpuid_config;
	int ret = 0;

	if (nr > ARRAY_SIZE(info->cpuid_configs) ||
	    (nr > ARRAY_SIZE(raw->cpuid_config) && !raw->sys_rd))
		return tdx_cause(cause, -EINVAL,
				 "the module reports %u configurable CPUID leaves, but Linux supports only %zu",
				 nr, raw->sys_rd ? ARRAY_SIZE(info->cpuid_configs) :
						   ARRAY_SIZE(raw->cpuid_config));

	for (i = 0; i < nr && !ret; i++) {
		if (nr <= ARRAY_SIZE(raw->cpuid_config))
			info->cpuid_configs[i] = to_td_cpuid(&raw->cpuid_config[i]);
		else
			ret = read_cpuid_config(i, &info->cpuid_configs[i], cause);
	}
	return ret;
}

/* A CMR is within the 52 bits of a physical address, and does not wrap. */
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

static int check_td_limits(const struct tdx_td_limits *limits, struct tdx_cause *cause)
{
	if (limits->nr_tdcx - 1 < TDX_MAX_TDCX_PAGES && limits->nr_tdvpx < TDX_MAX_TDVPS_PAGES)
		return 0;
	return tdx_cause(cause, -EINVAL,
			 "the module needs %u TDCX and %u TDVPX pages for a TD and a vCPU, which Linux does not support",
			 limits->nr_tdcx, limits->nr_tdvpx);
}

/* Two lines for as many CMRs as there can be, of less than LOG_LINE_MAX. */
#define CMRS_PER_LINE	16
#define CMR_TEXT	40

static void announce_cmrs(const struct tdx_sysinfo *info)
{
	char line[CMRS_PER_LINE * CMR_TEXT];
	unsigned int i, length = 0;

	for (i = 0; i < info->nr_cmrs; i++) {
		length += scnprintf(line + length, sizeof(line) - length, "%s[0x%llx, 0x%llx)",
				    length ? " " : "", info->cmrs[i].base,
				    info->cmrs[i].base + info->cmrs[i].size);
		if ((i + 1) % CMRS_PER_LINE && i + 1 < info->nr_cmrs)
			continue;
		pr_info("CMR: %s\n", line);
		length = 0;
	}
}

/* Needed to analyze failures, and as input of tdmr_layout. */
static void announce(const struct tdx_sysinfo *info)
{
	const struct tdmr_limits *limits = &info->tdmr_limits;

	pr_info("module version %u.%u.%02u, build %u of %u; takes %u TDMRs with %u reserved areas, %u bytes per PAMT entry\n",
		info->major_version, info->minor_version, info->update_version,
		info->build_num, info->build_date, limits->max_tdmrs,
		limits->max_reserved_per_tdmr, limits->pamt_entry_size);
	announce_cmrs(info);
	if (info->attributes & TDX_SYSINFO_ATTR_DEBUG)
		pr_warn("this is a debug module: it does not protect TDX guests from the host\n");
}

/**
 * tdx_sysinfo_read - read the module's version, limits and convertible memory
 * @info:  the result; must not be moved afterwards
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
		      check_limits(&info->tdmr_limits, cause) ?:
		      check_td_limits(&info->td_limits, cause) ?:
		      take_cpuid_configs(info, &page->info, cause);
	}
	free_page((unsigned long)page);
	if (info->known)
		announce(info);
	return ret;
}
