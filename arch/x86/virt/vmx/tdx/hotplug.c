// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy for hotplug of CPUs and memory, one function for each event.
 *
 * The firmware verified the CPUs and the convertible memory once, before Linux
 * ran.  CPUs and memory that are added later were not verified, and those that
 * were verified are needed by TDX until the machine is reset.  Adding or
 * removing them is a BIOS bug.  A request to eject them is not: it is declined.
 *
 * All pages of the page allocator have to be TDX memory, so that any of them
 * can be given to a guest.  TDX memory is taken from memblock at boot, so no
 * memory is added to the page allocator afterwards.  Memory inside a CMR could
 * be added until the module is configured, but the CMRs are not known before
 * that: they are read from the module, and calling it takes VMX operation.
 * ZONE_DEVICE is not affected, its pages are never in the page allocator.
 *
 * CPUs may go offline temporarily, except the last one of a package while TDs exist.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/acpi.h>
#include <linux/cc_events.h>
#include <linux/cc_platform.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/topology.h>

#include <acpi/processor.h>

#include <asm/e820/api.h>
#include <asm/tdx_host.h>

#include "keyid.h"

/**
 * cc_refuses_cpu_hot_add - must a CPU that is added to the machine be rejected?
 * @apic_id: of the CPU
 *
 * CPUs that ACPI enumerates at boot are never rejected.
 *
 * Context: Process context.
 * Return: True to reject the CPU; that is logged.
 */
bool cc_refuses_cpu_hot_add(u32 apic_id)
{
	if (system_state < SYSTEM_RUNNING ||
	    !cc_platform_has(CC_ATTR_ACPI_CPU_HOTPLUG_DISABLED))
		return false;

	pr_err(FW_BUG "the BIOS hot-added a CPU with APIC ID %u, which is not possible with TDX: rejected; boot with tdx_host=off to use it\n",
	       apic_id);
	return true;
}

/**
 * cc_check_cpu_hot_removal - a CPU was removed from the machine
 * @cpu:     the CPU
 * @apic_id: of the CPU
 *
 * Context: Process context.  Does not return if the platform needs the CPU.
 */
void cc_check_cpu_hot_removal(unsigned int cpu, u32 apic_id)
{
	if (!cc_platform_has(CC_ATTR_ACPI_CPU_HOTPLUG_DISABLED))
		return;

	pr_emerg(FW_BUG "the BIOS removed CPU %u, APIC ID %u, which TDX needs until the machine is reset\n",
		 cpu, apic_id);
	panic("A CPU that TDX needs is gone");
}

/**
 * cc_refuses_memory_hot_add - must memory that is added be rejected?
 * @base: physical address
 * @size: in bytes
 *
 * Context: Process context.
 * Return: True to reject the memory; that is logged, unless the memory is
 *	   reserved, as with memmap=.  Memory that Linux has had since boot is
 *	   never rejected.
 */
bool cc_refuses_memory_hot_add(u64 base, u64 size)
{
	if (!cc_platform_has(CC_ATTR_ACPI_MEMORY_HOTPLUG_DISABLED) ||
	    region_intersects(base, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		return false;

	if (e820__mapped_any(base, base + size, 0))
		return true;
	if (system_state < SYSTEM_RUNNING)
		pr_warn("memory [0x%llx-0x%llx] of an ACPI device is not in the memory map: not added, as all memory of the page allocator has to be TDX memory; boot with tdx_host=off to use it\n",
			base, base + size - 1);
	else
		pr_err(FW_BUG "the BIOS hot-added memory [0x%llx-0x%llx], which is not possible with TDX: rejected; boot with tdx_host=off to use it\n",
		       base, base + size - 1);
	return true;
}

/**
 * cc_check_memory_hot_removal - memory was removed from the machine
 * @base: physical address
 * @size: in bytes
 *
 * Context: Process context.  Does not return if the platform needs the memory.
 */
void cc_check_memory_hot_removal(u64 base, u64 size)
{
	if (!cc_platform_has(CC_ATTR_ACPI_MEMORY_HOTPLUG_DISABLED))
		return;

	pr_emerg(FW_BUG "the BIOS removed memory [0x%llx-0x%llx], which TDX needs until the machine is reset\n",
		 base, base + size - 1);
	panic("Memory that TDX needs is gone");
}

static const struct acpi_device_id cpu_or_memory[] = {
	{ ACPI_PROCESSOR_OBJECT_HID },
	{ ACPI_PROCESSOR_DEVICE_HID },
	{ "PNP0C80" },
	{ }
};

/* Only devices in use: rejected ones have no handler and may be removed. */
static int holds_cpu_or_memory(struct acpi_device *device, void *unused)
{
	return (device->handler && !acpi_match_device_ids(device, cpu_or_memory)) ||
	       acpi_dev_for_each_child(device, holds_cpu_or_memory, NULL);
}

/**
 * cc_refuses_eject - must a request to eject a device be refused?
 * @device: the device
 *
 * For requests of the administrator and of the firmware, both of which can be
 * declined.
 *
 * Context: Process context.
 * Return: True to refuse; that is logged.
 */
bool cc_refuses_eject(struct acpi_device *device)
{
	if (!platform_tdx_enabled() || !holds_cpu_or_memory(device, NULL))
		return false;

	pr_warn("removing a CPU or memory is not possible with TDX: %s stays; boot with tdx_host=off to remove it\n",
		dev_name(&device->dev));
	return true;
}

/* Drivers add memory in blocks, which are children of the whole range. */
static const struct resource *all_of(const struct resource *memory)
{
	return memory->parent && memory->parent != &iomem_resource ? memory->parent : memory;
}

/**
 * cc_refuses_memory - must memory be kept out of the page allocator?
 * @memory: the range, an inserted resource
 *
 * Mainly for memory that drivers manage: that of ACPI is rejected before.
 *
 * Context: Process context.
 * Return: True to refuse; that is logged.
 */
bool cc_refuses_memory(const struct resource *memory)
{
	if (!platform_tdx_enabled())
		return false;

	pr_warn("memory [0x%llx-0x%llx] (%s) is not added: all memory of the page allocator has to be TDX memory, and that is fixed at boot; leave it to devdax, or boot with tdx_host=off\n",
		(u64)all_of(memory)->start, (u64)all_of(memory)->end, memory->name);
	return true;
}

static bool is_last_of_package(unsigned int cpu)
{
	return cpumask_weight(topology_core_cpumask(cpu)) == 1;
}

/*
 * Before a TD's KeyID can be freed, caches are written back by a CPU of each package.  A
 * TD that gets its KeyID after this check is not created: see tdh_mng_create().
 */
static int refuse_last_of_package(unsigned int cpu)
{
	if (!tdx_keyids_are_used() || !is_last_of_package(cpu))
		return 0;

	pr_warn_ratelimited("CPU %u stays online: it is the last one of package %u, and TDs need one of each; shut all TDs down first\n",
			    cpu, topology_logical_package_id(cpu));
	return -EBUSY;
}

static int __init tdx_watch_cpus(void)
{
	int ret;

	if (!platform_tdx_enabled())
		return 0;

	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "x86/tdx:online", NULL,
					refuse_last_of_package);
	return min(ret, 0);
}
late_initcall(tdx_watch_cpus);
