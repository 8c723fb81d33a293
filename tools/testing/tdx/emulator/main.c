// SPDX-License-Identifier: GPL-2.0-only
/* From the boot loader to the guest's first instruction, in order. */
#include "acpi.h"
#include "apic.h"
#include "apic_regs.h"
#include "crash.h"
#include "exit.h"
#include "io.h"
#include "linux_boot.h"
#include "log.h"
#include "msr.h"
#include "npt.h"
#include "platform.h"
#include "seam.h"
#include "smp.h"

extern u8 emulator_start[], emulator_end[];

void __noreturn_fn bsp_main(u32 magic, u64 multiboot_info_pa);
void __noreturn_fn ap_main(void);

static struct boot_info boot;
static struct memmap linux_map;

/* The BIOS's table has the BSP first. */
static void register_cpus(const struct acpi_facts *acpi)
{
	unsigned int i;

	for (i = 0; i < acpi->nr_cpus; i++)
		if (!cpu_add(acpi->cpus[i].apic_id, acpi->cpus[i].enabled))
			fail(EXIT_NO_BOOT, "APIC ID 0x%x is too high", acpi->cpus[i].apic_id);
	if (cpus[0].apic_id != apic_read(APIC_ID) >> 24)
		fail(EXIT_NO_BOOT, "the BIOS's table does not list the boot CPU first");
}

/* The emulator's own memory is neither Linux's nor the guest's to see. */
static void hide_emulator(void)
{
	u64 base = phys_of(emulator_start), bytes = emulator_end - emulator_start;

	memmap_reserve(&linux_map, base, bytes);
	npt_set_access(base, bytes, NPT_NONE);
	log_line("emulator 0x%llx 0x%llx", base, bytes);
}

static void init_machine(void)
{
	struct acpi_facts acpi;

	acpi_read(&acpi);
	register_cpus(&acpi);
	linux_map = boot.memmap;
	smp_init(&linux_map);
	svm_init_maps();
	msr_init();
	io_init(acpi.pm1a_control_port);
	npt_init(BIT64(PLATFORM_PHYS_BITS));
	hide_emulator();
	apic_init();
	platform_init(&boot.memmap, &linux_map);
	platform_describe();
	if (options.module)
		seam_init();
}

void bsp_main(u32 magic, u64 multiboot_info_pa)
{
	struct cpu *bsp = &cpus[0];

	crash_load_idt();
	multiboot_read(magic, multiboot_info_pa, &boot);
	options_parse(boot.options);
	init_machine();
	cpu_reset_guest(bsp, 0);
	linux_boot(&boot, &linux_map, bsp);
	bsp->activity = CPU_RUNS;
	cpu_enable_svm(bsp);
	exit_loop(bsp);
}

/* An AP arrives here at each of its starts. */
void ap_main(void)
{
	struct cpu *cpu = this_cpu();

	crash_load_idt();
	cpu_reset_guest(cpu, cpu->sipi_vector);
	cpu_enable_svm(cpu);
	exit_loop(cpu);
}
