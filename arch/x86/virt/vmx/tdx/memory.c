// SPDX-License-Identifier: GPL-2.0-only
/*
 * Selection of TDX memory.
 *
 * All memory that the page allocator may hand out becomes TDX memory, so that
 * any page can be given to a guest.
 *
 * That memory is listed in memblock, which is discarded after boot.  The list
 * is copied if the platform has TDX, so that not all kernels keep memblock.
 * Legacy persistent memory is not in memblock, so it never becomes TDX memory.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/memblock.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "cause.h"
#include "memory.h"

static struct tdx_memory boot_memory __ro_after_init;

/**
 * tdx_memory_snapshot - copy memblock's list of RAM
 *
 * If the copy cannot be allocated, tdx_memory_convertible() reports that.
 *
 * Context: Boot, before memblock is discarded.
 */
void __init tdx_memory_snapshot(void)
{
	unsigned long start_pfn, end_pfn;
	unsigned int nr = 0;
	int i, node;

	for_each_mem_pfn_range(i, MAX_NUMNODES, &start_pfn, &end_pfn, &node)
		nr++;

	boot_memory.ram = kcalloc(nr, sizeof(*boot_memory.ram), GFP_KERNEL);
	if (!boot_memory.ram)
		return;

	for_each_mem_pfn_range(i, MAX_NUMNODES, &start_pfn, &end_pfn, &node)
		boot_memory.ram[boot_memory.nr++] = (struct tdx_ram) {
			.base = PFN_PHYS(start_pfn),
			.size = PFN_PHYS(end_pfn - start_pfn),
			.node = node,
		};
}

/**
 * tdx_boot_memory - the RAM that was present at boot
 *
 * Context: Any, after boot.
 * Return: The ranges; none if the platform has no TDX.
 */
const struct tdx_memory *tdx_boot_memory(void)
{
	return &boot_memory;
}

/* No page of [base, end) was ever in the page allocator, or will be. */
static bool kept_from_page_allocator(u64 base, u64 end)
{
	unsigned long pfn;

	for (pfn = PHYS_PFN(base); pfn < PHYS_PFN(end); pfn++)
		if (!pfn_valid(pfn) || !PageReserved(pfn_to_page(pfn)))
			return false;
	return true;
}

/*
 * The firmware keeps the lowest memory for itself, so the lowest CMR begins
 * above it.  The kernel may still list it as RAM, but does not use it.
 */
static struct tdx_ram without_low_memory(struct tdx_ram ram, u64 lowest_cmr)
{
	u64 end = ram.base + ram.size, low_end = min(end, lowest_cmr);

	if (ram.base < low_end && kept_from_page_allocator(ram.base, low_end)) {
		ram.base = low_end;
		ram.size = end - low_end;
	}
	return ram;
}

/**
 * tdx_memory_convertible - select TDX memory, and check that it is convertible
 * @memory:  the result; the caller frees @memory->ram with kfree()
 * @ram:     RAM, as from tdx_boot_memory()
 * @cmrs:    convertible memory, sorted
 * @nr_cmrs: entries of @cmrs
 * @cause:   names the range, when the return value is not 0
 *
 * Memory below the lowest CMR is left out if the page allocator never had it.
 * All other RAM has to be convertible.
 *
 * Context: Process context, may sleep.
 * Return:
 * * 0		    - @memory is complete
 * * -ENOMEM	    - no memory for the list, now or at boot
 * * -EADDRNOTAVAIL - RAM outside the CMRs
 */
int tdx_memory_convertible(struct tdx_memory *memory, const struct tdx_memory *ram,
			   const struct tdx_cmr_info *cmrs, unsigned int nr_cmrs,
			   struct tdx_cause *cause)
{
	struct tdmr_map map = { .cmrs = cmrs, .nr_cmrs = nr_cmrs };
	struct tdmr_failure failure;
	unsigned int i;

	if (!ram->nr)
		return tdx_cause(cause, -ENOMEM, "the list of RAM was not made at boot");

	*memory = (struct tdx_memory) {
		.ram = kcalloc(ram->nr, sizeof(*memory->ram), GFP_KERNEL),
	};
	if (!memory->ram)
		return tdx_cause(cause, -ENOMEM, "no memory");

	for (i = 0; i < ram->nr; i++) {
		memory->ram[memory->nr] = without_low_memory(ram->ram[i], cmrs[0].base);
		if (memory->ram[memory->nr].size)
			memory->nr++;
	}

	map.ram = memory->ram;
	map.nr_ram = memory->nr;
	failure = tdmr_check_ram(&map);
	if (failure.error == TDMR_OK)
		return 0;

	kfree(memory->ram);
	*memory = (struct tdx_memory) {};
	return tdx_cause(cause, -EADDRNOTAVAIL,
			 "RAM at [0x%llx-0x%llx] is not convertible (in no CMR); update the BIOS, or boot with memmap=0x%llx$0x%llx",
			 failure.base, failure.base + failure.size - 1, failure.size, failure.base);
}

/**
 * tdx_memory_bytes - size of TDX memory
 * @memory: the ranges
 * @node:   a NUMA node, or NUMA_NO_NODE for all of them
 *
 * Context: Any.
 * Return: The sum in bytes.
 */
u64 tdx_memory_bytes(const struct tdx_memory *memory, int node)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < memory->nr; i++)
		if (node == NUMA_NO_NODE || memory->ram[i].node == node)
			bytes += memory->ram[i].size;
	return bytes;
}

/**
 * tdx_memory_contains - is a page TDX memory?
 * @memory: the ranges
 * @pa:	    physical address of the page
 *
 * Context: Any.
 * Return: True if it is in one of the ranges.
 */
bool tdx_memory_contains(const struct tdx_memory *memory, u64 pa)
{
	unsigned int first = 0, end = memory->nr, middle;

	/* Ranges before @first end at or below @pa, those from @end on begin above it. */
	while (first < end) {
		middle = first + (end - first) / 2;
		if (pa - memory->ram[middle].base < memory->ram[middle].size)
			return true;
		if (pa < memory->ram[middle].base)
			end = middle;
		else
			first = middle + 1;
	}
	return false;
}
