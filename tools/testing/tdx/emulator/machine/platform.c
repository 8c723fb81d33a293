// SPDX-License-Identifier: GPL-2.0-only
/* The machine that the guest sees: memory, topology, KeyIDs, SEAMRR, CMRs. */
#include "cpu/cpu.h"
#include "cpu/npt.h"
#include "lib/log.h"
#include "machine/platform.h"

#define MSR_MTRR_CAP		0xfe
#define MTRR_CAP_SMRR		BIT_ULL(11)
#define MTRR_CAP_SMRR_LOCK	BIT_ULL(14)
#define MTRR_CAP_SEAMRR		BIT_ULL(15)
#define SEAMRR_CONFIGURED	BIT_ULL(3)
#define SEAMRR_BYTES		(32ULL << 20)	/* its granularity */

#define TME_LOCKED		BIT_ULL(0)
#define TME_ENABLED		BIT_ULL(1)
#define TME_AES_XTS_128		BIT_ULL(0)
#define TME_BYPASS		BIT_ULL(31)

#define LOW_MEMORY		0x100000ULL

#define CPUID_TOPOLOGY		0xb

struct platform platform;

static unsigned int bits_for(u64 count)
{
	unsigned int bits = 0;

	while (BIT_ULL(bits) < count)
		bits++;
	return bits;
}

static void init_keyids(void)
{
	u64 mktme = options.mktme_keyids, tdx = options.tdx_keyids;
	/* one more for KeyID 0 */
	unsigned int bits = bits_for(1 + mktme + tdx);
	unsigned int tdx_bits = bits - bits_for(1 + mktme);

	platform.keyid_bits = bits;
	platform.phys_limit = BIT_ULL(PLATFORM_PHYS_BITS - bits);
	platform.msr_keyid_partitioning = tdx << 32 | mktme;
	platform.msr_tme_capability = TME_AES_XTS_128 | TME_BYPASS | (u64)bits << 32 |
				      (BIT_ULL(bits) - 1) << 36;
	platform.msr_tme_activate = TME_LOCKED | TME_ENABLED | (u64)bits << 32 |
				    (u64)tdx_bits << 36 | TME_AES_XTS_128 << 48;
}

/*
 * The SEAM range is at the end of the address space, where there is neither RAM
 * nor a device, because the software module needs no memory of the machine.  It
 * is below npt_walk_limit(): the host could access higher addresses, because
 * QEMU's nested walk ignores these bits.
 */
static void init_seamrr(void)
{
	u64 mask = BIT_ULL(PLATFORM_PHYS_BITS) - SEAMRR_BYTES;
	u64 end = platform.phys_limit < npt_walk_limit() ? platform.phys_limit : npt_walk_limit();

	platform.msr_mtrr_cap = native_rdmsr(MSR_MTRR_CAP) | MTRR_CAP_SMRR | MTRR_CAP_SMRR_LOCK |
				MTRR_CAP_SEAMRR;
	if (options.seamrr == SEAMRR_OFF)
		return;
	platform.seamrr_base = end - SEAMRR_BYTES;
	platform.seamrr_size = SEAMRR_BYTES;
	platform.msr_seamrr_base = platform.seamrr_base | SEAMRR_CONFIGURED;
	platform.msr_seamrr_mask = mask | SEAMRR_ENABLED;
	if (options.seamrr != SEAMRR_UNLOCKED)
		platform.msr_seamrr_mask |= SEAMRR_LOCKED;
}

/* Number the present packages from 0 without gaps, in the order of the CPUs. */
static void number_packages(void)
{
	u32 socket_of_package[MAX_CPUS];
	unsigned int i, package, nr = 0;
	u32 socket;

	/* CPUs for hotplug are last in the list, and so are their packages */
	for (i = 0; i < nr_cpus; i++) {
		socket = cpus[i].apic_id >> platform.package_shift;
		for (package = 0; package < nr && socket_of_package[package] != socket; package++)
			;
		if (package == nr)
			socket_of_package[nr++] = socket;
		cpus[i].package = package;
		if (cpus[i].present) {
			platform.nr_lps++;
			platform.nr_packages = nr;
		}
	}
}

static void init_topology(void)
{
	u32 regs[4];

	native_cpuid(CPUID_TOPOLOGY, 0, regs);
	platform.thread_shift = regs[0] & 0x1f;
	native_cpuid(CPUID_TOPOLOGY, 1, regs);
	platform.package_shift = regs[0] & 0x1f;
	number_packages();
	if (platform.nr_packages > TDX_MODEL_MAX_PKGS)
		fail(EXIT_NO_BOOT, "%u packages, TDX allows %u: lower sockets= in qemu's -smp",
		     platform.nr_packages, TDX_MODEL_MAX_PKGS);
}

static void add_cmr(u64 base, u64 end)
{
	base = (base + PAGE_SIZE - 1) & PAGE_MASK;
	end &= PAGE_MASK;
	if (base >= end)
		return;
	if (platform.nr_cmrs == TDX_NR_CMRS)
		fail(EXIT_NO_BOOT, "the RAM has more than %u parts: give the CMRs with cmrs=",
		     TDX_NR_CMRS);
	platform.cmrs[platform.nr_cmrs++] = (struct tdx_cmr_info){ base, end - base };
}

static void init_cmrs(void)
{
	const struct mem_range *r;
	unsigned int i;

	for (i = 0; i < options.nr_cmrs; i++)
		platform.cmrs[i] = options.cmrs[i];
	platform.nr_cmrs = options.nr_cmrs;
	for (i = 0; i < platform.memory.nr && !options.nr_cmrs; i++) {
		r = &platform.memory.ranges[i];
		if (r->type == MEM_RAM)
			add_cmr(r->base < LOW_MEMORY ? LOW_MEMORY : r->base, r->base + r->size);
	}
}

/* ACPI ranges and the like are inside CMRs; holes and persistent memory are not. */
static bool convertible(enum mem_type type)
{
	return type != MEM_NONE && type != MEM_PMEM && type != MEM_OLD_PMEM;
}

static void apply_overlay(struct memmap *map, const struct overlay *o)
{
	u64 i, base = o->base;

	for (i = 0; i < o->count; i++, base += o->step) {
		if (base < LOW_MEMORY || !memmap_is_ram(map, base, o->size))
			fail(EXIT_BAD_OPTION,
			     "option e820: 0x%llx to 0x%llx is not RAM above 1 MB of this machine",
			     base, base + o->size);
		memmap_set(map, base, o->size, o->type);
		if (!convertible(o->type))
			memmap_set(&platform.memory, base, o->size, o->type);
	}
}

static void init_memory(struct memmap *map)
{
	unsigned int i;

	platform.memory = *map;
	for (i = 0; i < options.nr_overlays; i++)
		apply_overlay(map, &options.overlays[i]);
	memmap_tidy(map);
	memmap_tidy(&platform.memory);
	platform.map = *map;
}

bool platform_is_ram(u64 pa, u64 bytes)
{
	return memmap_is_ram(&platform.memory, pa, bytes);
}

bool platform_is_mmio(u64 pa)
{
	const struct mem_range *r;
	unsigned int i;

	for (i = 0; i < platform.map.nr; i++) {
		r = &platform.map.ranges[i];
		if (pa >= r->base && pa - r->base < r->size)
			return false;
	}
	return pa >= LOW_MEMORY && pa < SIZE_4G;
}

void platform_init(struct memmap *map)
{
	init_memory(map);
	init_topology();
	init_keyids();
	init_seamrr();
	init_cmrs();
	if (memmap_ram_end(map) > platform.phys_limit - SEAMRR_BYTES)
		fail(EXIT_NO_BOOT, "RAM reaches 0x%llx, %u KeyID bits leave 0x%llx: lower keyids=",
		     memmap_ram_end(map), platform.keyid_bits, platform.phys_limit);
	if (memmap_ram_end(map) > SIZE_512G)
		fail(EXIT_NO_BOOT, "RAM reaches 0x%llx, at most 512 GB are supported: lower -m",
		     memmap_ram_end(map));
}

static void describe_map(void)
{
	const struct mem_range *r;
	unsigned int i;

	for (i = 0; i < platform.map.nr; i++) {
		r = &platform.map.ranges[i];
		log_line("%s 0x%llx 0x%llx", memmap_type_name(r->type), r->base, r->size);
	}
}

void platform_describe(void)
{
	unsigned int i;

	for (i = 0; i < nr_cpus; i++)
		log_line("lp %u apic %u package %u%s", i, cpus[i].apic_id, cpus[i].package,
			 cpus[i].present ? "" : " (absent, may be hot-added)");
	log_line("lps %u packages %u", platform.nr_lps, platform.nr_packages);
	describe_map();
	for (i = 0; i < platform.nr_cmrs; i++)
		log_line("cmr 0x%llx 0x%llx", platform.cmrs[i].base, platform.cmrs[i].size);
	log_line("seamrr 0x%llx 0x%llx %s %s", platform.seamrr_base, platform.seamrr_size,
		 platform.msr_seamrr_mask & SEAMRR_ENABLED ? "enabled" : "disabled",
		 platform.msr_seamrr_mask & SEAMRR_LOCKED ? "locked" : "unlocked");
	log_line("keyids mktme 1..%u tdx %u..%u bits %u", options.mktme_keyids,
		 options.mktme_keyids + 1, options.mktme_keyids + options.tdx_keyids,
		 platform.keyid_bits);
	log_line("module %s",
		 options.module ? tdx_model_releases[options.generation].name : "none");
}
