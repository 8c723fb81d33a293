// SPDX-License-Identifier: GPL-2.0-only
/* Startup, from the boot loader to the guest's first instruction. */
#include "cpu/crash.h"
#include "cpu/entry.h"
#include "cpu/interrupt.h"
#include "exit/exit.h"
#include "exit/foreign.h"
#include "host/intercepts.h"
#include "host/io.h"
#include "host/linux_boot.h"
#include "host/msr.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "machine/acpi.h"
#include "machine/platform.h"
#include "memory/host_map.h"
#include "seam/module.h"
#include "seam/trace.h"
#include "smp/apic_regs.h"
#include "smp/smp.h"
#include "td/td_intercept.h"
#include "td/td_map.h"
#include "vm/vm_intercept.h"
#include "vm/vm_map.h"

static struct boot_info boot;
static struct memmap linux_map;
static struct mem_range tables;		/* the emulator's, like its image */

#define CPUID_FEATURES		7
#define CPUID_EXT_FEATURES	0x80000001
#define CPUID_EXT_ADDRESS_SIZES	0x80000008
#define CPUID_EXT_SVM		0x8000000a
#define FEATURES_ECX_LA57	BIT_ULL(16)
#define EXT_FEATURES_ECX_SVM	BIT_ULL(2)
#define SVM_EDX_NESTED_PAGING	BIT_ULL(0)

static void check_processor(void)
{
	u32 regs[4];

	native_cpuid(CPUID_EXT_FEATURES, 0, regs);
	if (!(regs[2] & EXT_FEATURES_ECX_SVM))
		fail(EXIT_NO_BOOT, "the CPU has no SVM: use qemu's -cpu max,phys-bits=%u",
		     PLATFORM_PHYS_BITS);
	native_cpuid(CPUID_EXT_SVM, 0, regs);
	if (!(regs[3] & SVM_EDX_NESTED_PAGING))
		fail(EXIT_NO_BOOT, "the CPU has no nested paging: use qemu's -cpu max,phys-bits=%u",
		     PLATFORM_PHYS_BITS);
	native_cpuid(CPUID_EXT_ADDRESS_SIZES, 0, regs);
	if ((regs[0] & 0xff) != PLATFORM_PHYS_BITS)
		fail(EXIT_NO_BOOT,
		     "physical addresses have %u bits, not %u: use qemu's -cpu max,phys-bits=%u",
		     regs[0] & 0xff, PLATFORM_PHYS_BITS, PLATFORM_PHYS_BITS);
}

/*
 * QEMU walks nested page tables with as many levels as the emulator's own, and ignores higher bits
 * of an address.  A VM whose EPT has 4 levels must not reach there what it has below 2^48.
 */
static void init_levels(void)
{
	u32 regs[4];

	if (options.ept_levels != EPT_5_LEVELS && !options.vms)
		return;
	native_cpuid(CPUID_FEATURES, 0, regs);
	if (!(regs[2] & FEATURES_ECX_LA57))
		fail(EXIT_NO_BOOT, "the CPU has no LA57, which %s needs: use qemu's -cpu max",
		     options.vms ? "vms=on" : "ept_levels=5");
	boot_use_5_levels();
	npt_set_levels(EPT_5_LEVELS);
}

static void register_cpus_of(const struct acpi_facts *acpi, bool enabled)
{
	unsigned int i;

	for (i = 0; i < acpi->nr_cpus; i++) {
		if (acpi->cpus[i].enabled != enabled)
			continue;
		if (!cpu_add(acpi->cpus[i].apic_id, enabled))
			fail(EXIT_NO_BOOT, "APIC ID 0x%x is too high", acpi->cpus[i].apic_id);
	}
}

/* The BIOS's table lists the BSP first.  CPUs for hotplug are added last. */
static void register_cpus(const struct acpi_facts *acpi)
{
	register_cpus_of(acpi, true);
	register_cpus_of(acpi, false);
	if (cpus[0].apic_id != apic_read(APIC_ID) >> 24)
		fail(EXIT_NO_BOOT, "the BIOS's table does not list the boot CPU first");
}

/*
 * The pool of nested page tables is at the end of the low RAM.  What follows is reserved
 * by the BIOS, so there is no additional hole in the RAM.
 */
static void reserve_tables(void)
{
	u64 ram_end = memmap_ram_end(&linux_map);
	unsigned int more = nr_cpus * (TD_MAP_TABLES + (options.vms ? VM_MAP_TABLES : 0));
	u64 bytes = npt_pool_bytes(ram_end, more);
	static struct memmap free;

	free = linux_map;
	memmap_reserve(&free, boot.kernel.base, boot.kernel.size);
	memmap_reserve(&free, boot.initrd.base, boot.initrd.size);
	tables.base = memmap_find_top(&free, bytes, PAGE_SIZE, SIZE_4G);
	tables.size = bytes;
	if (!tables.base)
		fail(EXIT_NO_BOOT, "no room for %llu bytes of page tables: raise qemu's -m", bytes);
	memmap_reserve(&linux_map, tables.base, tables.size);
	npt_pool_init(phys(tables.base), ram_end, more);
}

static void init_memory_map(void)
{
	linux_map = boot.memmap;
	memmap_reserve(&linux_map, phys_of(emulator_start), emulator_end - emulator_start);
	smp_init(&linux_map, ap_trampoline, ap_trampoline_end - ap_trampoline);
	reserve_tables();
}

/*
 * The guest cannot access the emulator's own memory and the SEAM range.  It can
 * read the trampoline, because some kernels read all low memory, reserved or
 * not, to find tables of the firmware.
 */
static void init_nested_paging(void)
{
	struct npt *map = host_map_init(platform.phys_limit);
	unsigned int i;

	host_map_set_access(phys_of(emulator_start), emulator_end - emulator_start, NPT_NONE);
	host_map_set_access(tables.base, tables.size, NPT_NONE);
	host_map_set_access(smp_trampoline(), PAGE_SIZE, NPT_READ);
	host_map_set_access(platform.seamrr_base, platform.seamrr_size, NPT_NONE);
	/* Writes are emulated by apic.c */
	host_map_set_access(APIC_PAGE, PAGE_SIZE, NPT_READ);
	for (i = 0; i < nr_cpus; i++) {
		cpus[i].host.npt = map;
		cpus[i].host.unreached = foreign_unreached;
	}
}

static void init_machine(void)
{
	struct acpi_facts acpi;

	acpi_read(&acpi);
	clock_init(acpi.pm_timer_port);
	register_cpus(&acpi);
	init_memory_map();
	platform_init(&linux_map);
	init_nested_paging();
	host_init_permissions();
	td_intercept_init();
	vm_intercept_init();
	msr_init();
	io_init(acpi.pm1a_control_port);
	log_line("emulator 0x%llx 0x%llx", phys_of(emulator_start),
		 (u64)(emulator_end - emulator_start));
	log_line("tables 0x%llx 0x%llx", tables.base, tables.size);
	platform_describe();
	trace_init();
	if (options.module)
		module_load();
}

static void __noreturn run_host(struct cpu *cpu)
{
	cpu_enable_svm(cpu);
	host_intercept(&cpu->host);
	smp_started(cpu);
	exit_loop(cpu);
}

void bsp_main(u32 magic, u64 multiboot_info_pa)
{
	struct cpu *bsp = &cpus[0];

	crash_load_idt();
	interrupt_init();
	multiboot_read(magic, multiboot_info_pa, &boot);
	options_parse(boot.options);
	check_processor();
	init_levels();
	init_machine();
	cpu_reset(bsp, 0);
	linux_boot(&boot, &linux_map, &bsp->host);
	run_host(bsp);
}

/* Called at each start of an AP. */
void ap_main(void)
{
	struct cpu *cpu = this_cpu();

	crash_load_idt();
	cpu_reset(cpu, cpu->sipi_vector);
	run_host(cpu);
}
