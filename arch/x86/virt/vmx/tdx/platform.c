// SPDX-License-Identifier: GPL-2.0-only
/*
 * Detection of TDX at boot.
 *
 * TDX is enabled if the BIOS reserved the SEAM range and a part of the memory
 * encryption KeyIDs for it.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/cpu.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kstrtox.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tdx_host.h>

#include "cause.h"
#include "platform.h"

/* SDM vol. 4, and TDX Module Base Architecture Specification, "SEAMRR". */
#define MSR_IA32_MKTME_KEYID_PARTITIONING	0x00000087
#define MSR_IA32_SEAMRR_PHYS_BASE		0x00001400
#define MSR_IA32_SEAMRR_PHYS_MASK		0x00001401

#define MTRRCAP_SEAMRR			BIT_ULL(15)
#define SEAMRR_BASE_CONFIGURED		BIT_ULL(3)
#define SEAMRR_MASK_LOCKED		BIT_ULL(10)
#define SEAMRR_MASK_ENABLED		BIT_ULL(11)

/* One for the module's own metadata, and at least one for a guest. */
#define TDX_MIN_PRIVATE_KEYIDS		2

/* tdx_host=off */
static bool turned_off __initdata;

static struct tdx_platform boot_platform __ro_after_init = {
	.reason = "the CPU has no TDX",
};

static struct tdx_platform lacking(enum tdx_platform_state state, const char *reason)
{
	return (struct tdx_platform) {
		.state	= state,
		.reason	= reason,
	};
}

static struct tdx_platform misconfigured(enum tdx_platform_state state, const char *reason)
{
	struct tdx_platform platform = lacking(state, reason);

	platform.misconfigured = true;
	return platform;
}

/**
 * tdx_platform_decode - find out from a CPU's MSRs whether TDX is enabled
 * @msrs: the values
 *
 * Context: Any.
 * Return: The platform, or the reason why TDX cannot be used on it.
 */
struct tdx_platform tdx_platform_decode(const struct tdx_platform_msrs *msrs)
{
	u32 nr_mktme_keyids = lower_32_bits(msrs->keyid_partitioning);
	u32 nr_private_keyids = upper_32_bits(msrs->keyid_partitioning);
	bool seamrr_enabled = msrs->seamrr_mask & SEAMRR_MASK_ENABLED;

	if (!(msrs->mtrrcap & MTRRCAP_SEAMRR))
		return lacking(TDX_PLATFORM_UNSUPPORTED, "the CPU has no TDX (SEAMRR)");
	if (!seamrr_enabled && !nr_private_keyids)
		return lacking(TDX_PLATFORM_BIOS_DISABLED, "TDX is not enabled in the BIOS setup");
	if (!seamrr_enabled)
		return misconfigured(TDX_PLATFORM_BIOS_DISABLED, "there are TDX KeyIDs, but SEAMRR is not enabled; enable the SEAM loader in the BIOS setup");
	if (!(msrs->seamrr_base & SEAMRR_BASE_CONFIGURED))
		return misconfigured(TDX_PLATFORM_BIOS_DISABLED, "SEAMRR is enabled, but has no address; update the BIOS");
	if (!(msrs->seamrr_mask & SEAMRR_MASK_LOCKED))
		return misconfigured(TDX_PLATFORM_BIOS_DISABLED, "SEAMRR is enabled, but not locked; update the BIOS");
	if (!nr_private_keyids)
		return misconfigured(TDX_PLATFORM_BIOS_DISABLED, "SEAMRR is enabled, but there are no TDX KeyIDs; split the TME-MT KeyIDs in the BIOS setup");
	if (nr_private_keyids < TDX_MIN_PRIVATE_KEYIDS)
		return misconfigured(TDX_PLATFORM_BIOS_DISABLED, "there is only one TDX KeyID, and the TDX module itself needs it; assign more in the BIOS setup");

	return (struct tdx_platform) {
		.state			= TDX_PLATFORM_ENABLED,
		.first_private_keyid	= nr_mktme_keyids + 1,
		.nr_private_keyids	= nr_private_keyids,
	};
}

/* Returns 0 if the CPU does not have the MSR. */
static u64 read_msr_or_0(u32 msr)
{
	u64 value;

	return rdmsrl_safe(msr, &value) ? 0 : value;
}

/* On a CPU without SEAMRR, the other MSRs may have another meaning. */
static void read_msrs(void *data)
{
	struct tdx_platform_msrs *msrs = data;

	*msrs = (struct tdx_platform_msrs) {
		.mtrrcap    = read_msr_or_0(MSR_MTRRcap),
		.tsc_adjust = read_msr_or_0(MSR_IA32_TSC_ADJUST),
	};
	if (!(msrs->mtrrcap & MTRRCAP_SEAMRR))
		return;
	msrs->seamrr_base = read_msr_or_0(MSR_IA32_SEAMRR_PHYS_BASE);
	msrs->seamrr_mask = read_msr_or_0(MSR_IA32_SEAMRR_PHYS_MASK);
	msrs->keyid_partitioning = read_msr_or_0(MSR_IA32_MKTME_KEYID_PARTITIONING);
}

/**
 * tdx_platform_difference - compare the TDX configuration of two CPUs
 * @a: MSRs of one CPU
 * @b: MSRs of the other CPU
 *
 * Context: Any.
 * Return: The name of a setting that differs; NULL if there is none.
 */
const char *tdx_platform_difference(const struct tdx_platform_msrs *a,
				    const struct tdx_platform_msrs *b)
{
	if ((a->mtrrcap ^ b->mtrrcap) & MTRRCAP_SEAMRR ||
	    a->seamrr_base != b->seamrr_base || a->seamrr_mask != b->seamrr_mask)
		return "SEAMRR";
	if (a->keyid_partitioning != b->keyid_partitioning)
		return "the number of TDX KeyIDs";
	if (a->tsc_adjust != b->tsc_adjust)
		return "TSC_ADJUST";
	return NULL;
}

/**
 * tdx_platform_check_cpus - check that all online CPUs are configured alike
 * @cause: names a CPU and what differs, when the return value is not 0
 *
 * Context: Process context, cpus_read_lock() held.
 * Return: 0, or -EIO.
 */
int tdx_platform_check_cpus(struct tdx_cause *cause)
{
	unsigned int cpu, first = cpumask_first(cpu_online_mask);
	struct tdx_platform_msrs expected, msrs;
	const char *difference;

	lockdep_assert_cpus_held();
	smp_call_function_single(first, read_msrs, &expected, true);
	for_each_online_cpu(cpu) {
		smp_call_function_single(cpu, read_msrs, &msrs, true);
		difference = tdx_platform_difference(&expected, &msrs);
		if (difference)
			return tdx_cause(cause, -EIO,
					 "%s is not the same on CPU %u as on CPU %u; update the BIOS",
					 difference, cpu, first);
	}
	return 0;
}

static int __init tdx_host_setup(char *value)
{
	bool on;

	if (kstrtobool(value, &on))
		return -EINVAL;
	turned_off = !on;
	return 0;
}
early_param("tdx_host", tdx_host_setup);

/*
 * The flag tdx_host_platform in /proc/cpuinfo.  Features of the boot CPU were already copied for
 * /proc/cpuinfo; other CPUs copy them when they start.  Instructions were already patched, so code
 * has to use platform_tdx_enabled().
 */
static void __init set_cpu_flag(void)
{
	setup_force_cpu_cap(X86_FEATURE_TDX_HOST_PLATFORM);
	set_cpu_cap(&cpu_data(0), X86_FEATURE_TDX_HOST_PLATFORM);
}

static void __init announce(void)
{
	if (platform_tdx_enabled())
		pr_info("BIOS enabled: private KeyID range [%u, %u)\n",
			boot_platform.first_private_keyid,
			boot_platform.first_private_keyid + boot_platform.nr_private_keyids);
	else if (boot_platform.misconfigured)
		pr_err("not usable: %s\n", boot_platform.reason);
}

/**
 * tdx_platform_detect - find out whether the BIOS enabled TDX
 *
 * Context: Boot, before secondary CPUs run.
 */
void __init tdx_platform_detect(void)
{
	struct tdx_platform_msrs msrs;

	/* These MSRs say nothing about TDX in a guest. */
	if (boot_cpu_data.x86_vendor != X86_VENDOR_INTEL ||
	    boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return;

	read_msrs(&msrs);
	boot_platform = tdx_platform_decode(&msrs);
	if (platform_tdx_enabled() && !boot_cpu_has(X86_FEATURE_MOVDIR64B))
		boot_platform = misconfigured(TDX_PLATFORM_UNSUPPORTED, "the CPU has no MOVDIR64B, which makes TDX memory usable again; boot without clearcpuid=movdir64b");
	if (turned_off && (platform_tdx_enabled() || boot_platform.misconfigured))
		boot_platform = lacking(TDX_PLATFORM_OFF, "turned off by tdx_host=off");
	/* KeyID bits were removed from x86_phys_bits before, by detect_tme(). */
	boot_platform.keyid_shift = boot_cpu_data.x86_phys_bits;
	if (platform_tdx_enabled())
		set_cpu_flag();
	announce();
}

/**
 * tdx_platform - TDX as the BIOS configured it
 *
 * Context: Any, from the initcalls after early_initcall() on.
 * Return: The platform; never NULL, never changes.
 */
const struct tdx_platform *tdx_platform(void)
{
	return &boot_platform;
}

/**
 * platform_tdx_enabled - did the BIOS enable TDX?
 *
 * True means that SEAMRR is enabled and that there are enough TDX private
 * KeyIDs to run a guest.  It does not mean that a TDX module is loaded: only
 * tdx_init() can find that out.
 *
 * Context: Any, from the initcalls after early_initcall() on.
 * Return: True if it did.
 */
bool platform_tdx_enabled(void)
{
	return boot_platform.state == TDX_PLATFORM_ENABLED;
}
