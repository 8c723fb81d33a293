/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TDX host support: interface to KVM and the rest of the kernel.
 */
#ifndef _ASM_X86_TDX_HOST_H
#define _ASM_X86_TDX_HOST_H

#include <linux/cc_platform.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/types.h>

struct mce;

/* One CPUID leaf that a TD's creator may configure; bits set are configurable. */
struct tdx_td_cpuid {
	u32 leaf;
	u32 subleaf;	/* all ones: the leaf has no subleaves */
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

/**
 * struct tdx_td_params_limits - what the module accepts as parameters of a TD
 * @attributes_fixed0:	 bits that may be 1 in ATTRIBUTES
 * @attributes_fixed1:	 bits that must be 1 in ATTRIBUTES
 * @xfam_fixed0:	 bits that may be 1 in XFAM
 * @xfam_fixed1:	 bits that must be 1 in XFAM
 * @nr_cpuid_configs:	 entries of @cpuid_configs
 * @cpuid_configs:	 the CPUID leaves that can be configured
 */
struct tdx_td_params_limits {
	u64 attributes_fixed0;
	u64 attributes_fixed1;
	u64 xfam_fixed0;
	u64 xfam_fixed1;
	u32 nr_cpuid_configs;
	const struct tdx_td_cpuid *cpuid_configs;
};

/**
 * struct tdx_td_limits - resources of a TD, constant once TDX is initialized
 * @nr_tdcx:	TDCX pages of a TD
 * @nr_tdvpx:	pages of a vCPU in addition to its TDVPR page
 * @max_vcpus:	maximum number of vCPUs of a TD
 * @topology:	TDH.VP.INIT takes an x2APIC ID
 * @no_rbp_mod:	TDs can be configured not to modify RBP, which Linux requires to enter them
 */
struct tdx_td_limits {
	unsigned int nr_tdcx;
	unsigned int nr_tdvpx;
	unsigned int max_vcpus;
	bool topology;
	bool no_rbp_mod;
};

/* Priority of the reboot notifier after which no SEAMCALLs are made. */
#define TDX_REBOOT_PRIORITY	(INT_MAX - 1)

#if defined(CONFIG_INTEL_TDX_HOST) && defined(CONFIG_KEXEC_CORE)
bool tdx_should_be_disabled(void);
int tdx_disable(void);
#else
static inline bool tdx_should_be_disabled(void) { return false; }
static inline int tdx_disable(void) { return 0; }
#endif

#ifdef CONFIG_INTEL_TDX_HOST
bool platform_tdx_enabled(void);
int tdx_init(void);
bool tdx_may_work(void);
const struct tdx_td_params_limits *tdx_td_params_limits(void);
const struct tdx_td_limits *tdx_td_limits(void);
void tdx_cache_write_back(void);
void tdx_explain_mce(struct mce *m);
#else
static inline bool platform_tdx_enabled(void) { return false; }
static inline int tdx_init(void) { return -ENODEV; }
static inline void tdx_cache_write_back(void) { }
static inline void tdx_explain_mce(struct mce *m) { }
#endif

/* Inline: cc_platform_has() is called before calls can be instrumented. */
static inline bool tdx_host_cc_platform_has(enum cc_attr attr)
{
	switch (attr) {
	case CC_ATTR_ACPI_CPU_HOTPLUG_DISABLED:
	case CC_ATTR_ACPI_MEMORY_HOTPLUG_DISABLED:
		return platform_tdx_enabled();
	default:
		return false;
	}
}

#endif /* _ASM_X86_TDX_HOST_H */
