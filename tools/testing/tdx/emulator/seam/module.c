// SPDX-License-Identifier: GPL-2.0-only
/* The software TDX module: its configuration, and its platform operations. */
#include <linux/string.h>

#include "host/cpuid.h"
#include "host/msr.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "machine/override.h"
#include "machine/platform.h"
#include "memory/owner.h"
#include "memory/td_page.h"
#include "seam/module.h"
#include "seam/operand.h"
#include "td/td_run.h"

#define MSR_TSC_ADJUST		0x3b
#define CPUID_FEATURES		1
#define CPUID_ECX_X2APIC	BIT_ULL(21)
#define CPUID_EXTENDED_FEATURES	7
#define CPUID_EDX_PCONFIG	BIT_ULL(18)
#define CPUID_PERFMON		0xa
#define CPUID_TSC		0x15

struct tdx_model tdx_module;

static u64 this_leaf(void)
{
	return this_cpu()->host.gpr[RAX] & TDX_LEAF_NUMBER_MASK;
}

static bool read_phys(void *ctx, u64 pa, void *buf, u64 bytes)
{
	if (!operand_exists(pa, bytes))
		return false;
	operand_read(pa);
	memcpy(buf, phys(pa), bytes);
	return true;
}

static bool write_phys(void *ctx, u64 pa, const void *buf, u64 bytes)
{
	if (!operand_exists(pa, bytes))
		return false;
	operand_write(pa);
	memcpy(phys(pa), buf, bytes);
	return true;
}

static void *map(void *ctx, u64 pa, u64 bytes)
{
	if (!platform_is_ram(pa, bytes))
		return NULL;
	if (!td_page_module_access(&tdx_module, pa, this_cpu(), this_leaf()))
		owner_module_write(this_cpu(), pa);
	return phys(pa);
}

static unsigned int this_lp(void *ctx)
{
	return this_cpu()->index;
}

/*
 * Features that the module requires, but QEMU's CPU does not have.  Only the
 * module gets valid values, because a guest would try to use the features.
 */
static const u32 module_only_msrs[] = {
	0x10a,	/* ARCH_CAPABILITIES: legacy xAPIC mode can be locked out */
};

/* A TD gets neither, unless its host asks for it. */
static void add_module_only_features(u32 leaf, u32 subleaf, u32 regs[4])
{
	if (leaf == CPUID_PERFMON)
		tdx_model_healthy_cpuid(&tdx_module.config, this_cpu()->index, leaf, subleaf, regs);
	if (leaf == CPUID_EXTENDED_FEATURES && !subleaf)
		regs[3] |= CPUID_EDX_PCONFIG;
}

static bool contains(const u32 *list, unsigned int length, u32 value)
{
	unsigned int i;

	for (i = 0; i < length; i++) {
		if (list[i] == value)
			return true;
	}
	return false;
}

static bool module_rdmsr(void *ctx, u32 msr, u64 *value)
{
	if (msr != MSR_TSC_ADJUST && override_msr(this_cpu(), msr, value))
		return true;
	if (!contains(module_only_msrs, ARRAY_LEN(module_only_msrs), msr) &&
	    msr_read(&this_cpu()->host, msr, value))
		return true;
	return tdx_model_healthy_msr(&tdx_module.config, msr, value);
}

/*
 * In units of a crystal's 25 MHz.  Rounded down, as a host does for its TDs, so that their
 * TSC needs no scaling, which takes an exit.
 */
static void cpuid_tsc(u32 regs[4])
{
	regs[0] = 1;
	regs[1] = clock_tsc_hz() / TDX_TSC_UNIT_HZ;
	regs[2] = TDX_TSC_UNIT_HZ;
	regs[3] = 0;
}

static void module_cpuid(void *ctx, u32 leaf, u32 subleaf, u32 regs[4])
{
	const struct cpu *cpu = this_cpu();

	if (leaf == CPUID_TSC)
		cpuid_tsc(regs);
	else
		cpuid_guest(&cpu->host, leaf, subleaf, regs);
	add_module_only_features(leaf, subleaf, regs);
	/* That of a TD is virtual */
	if (leaf == CPUID_FEATURES)
		regs[2] |= CPUID_ECX_X2APIC;
	override_cpuid(cpu, leaf, subleaf, regs);
}

/* QEMU's CPU has RDRAND, which never fails. */
static bool module_random(void *ctx, u64 *value)
{
	u8 carry;

	if (chance_strikes(&options.no_entropy))
		return false;
	asm volatile("rdrand %0; setc %1" : "=r"(*value), "=q"(carry) : : "cc");
	return carry;
}

static void own(void *ctx, u64 pa, u64 bytes, enum tdx_model_page_type type, bool owned)
{
	if (type == TDX_MODEL_PAGE_PAMT) {
		owner_set(pa, bytes, owned);
	} else if (owned) {
		td_page_take(&tdx_module, pa, bytes, this_cpu(), this_leaf());
		owner_changed_page();
	} else if (td_page_reclaim(pa, bytes, this_leaf())) {
		owner_changed_page();
	}
}

static void work(void *ctx, u64 leaf)
{
	if (leaf == TDH_SYS_TDMR_INIT && options.tdmr_init_us)
		clock_wait_us(options.tdmr_init_us);
}

static const struct tdx_model_ops ops = {
	.read_phys = read_phys,
	.write_phys = write_phys,
	.map = map,
	.this_lp = this_lp,
	.rdmsr = module_rdmsr,
	.cpuid = module_cpuid,
	.random = module_random,
	.own = own,
	.work = work,
	.guests = &td_guest_ops,
};

void module_load(void)
{
	const struct tdx_model_release *release = &tdx_model_releases[options.generation];
	struct tdx_model_config config = {
		.generation = options.generation,
		.nr_lps = platform.nr_lps,
		.nr_pkgs = platform.nr_packages,
		.seamrr_base = platform.seamrr_base,
		.seamrr_size = platform.seamrr_size,
		.keyid_bits = platform.keyid_bits,
		.first_private_keyid = options.mktme_keyids + 1,
		.nr_private_keyids = options.tdx_keyids,
		.max_tdmrs = options.max_tdmrs,
		.max_reserved_per_tdmr = options.max_reserved,
		.pamt_entry_size = 16,
		.tdx_features0 = options.has_features0 ? options.features0 :
							 release->tdx_features0,
		.major_version = release->major_version,
		.minor_version = release->minor_version,
		.update_version = release->update_version,
		.build_num = 481,
		.build_date = 20240129,
	};
	unsigned int i;

	/* Includes CPUs for hotplug, if there are not too many packages */
	for (i = 0; i < nr_cpus && cpus[i].package < TDX_MODEL_MAX_PKGS; i++)
		config.pkg_of_lp[i] = cpus[i].package;
	for (i = 0; i < platform.nr_cmrs; i++)
		config.cmrs[i] = platform.cmrs[i];
	owner_init(&tdx_module);
	if (!tdx_model_load(&tdx_module, &config, &ops, NULL))
		fail(EXIT_NO_BOOT, "the TDX module has no room for a machine like this");
	tdx_model_find_in_state(&tdx_module, options.state);
}
