// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clearing memory that was written with a private KeyID.
 *
 * With another KeyID, reading such memory, or writing only a part of a cache line, can
 * raise a machine check.  MOVDIR64B writes a whole line.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include <asm/cpufeature.h>
#include <asm/special_insns.h>

#include "clear.h"

static void clear_page_directly(void *page)
{
	static const u8 zeroes[64] __aligned(64);
	unsigned int offset;

	for (offset = 0; offset < PAGE_SIZE; offset += sizeof(zeroes))
		movdir64b((void __force __iomem *)(page + offset), zeroes);
}

/**
 * tdx_clear_needed - may memory have been written with a private KeyID?
 *
 * Without MOVDIR64B there is no TDX, and the module was a software module.
 *
 * Context: Any.
 * Return: True if tdx_clear() has to be called.
 */
bool tdx_clear_needed(void)
{
	return boot_cpu_has(X86_FEATURE_MOVDIR64B);
}

/**
 * tdx_clear - overwrite memory with zeroes, for use with KeyID 0
 * @base: physical address of a page
 * @size: in bytes, whole pages
 *
 * Caches must not hold modified lines of it with another KeyID, because these would be
 * written back later.
 *
 * Context: Any for one page; for more, process context, may sleep.  Only if
 *	    tdx_clear_needed().
 */
void tdx_clear(u64 base, u64 size)
{
	unsigned long pfn = PHYS_PFN(base), end = pfn + PHYS_PFN(size);

	clear_page_directly(pfn_to_kaddr(pfn));
	while (++pfn < end) {
		cond_resched();
		clear_page_directly(pfn_to_kaddr(pfn));
	}
	/* MOVDIR64B is weakly ordered: complete it before pages are freed. */
	mb();
}
