// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where PAMTs come from and how they go back.
 *
 * A PAMT is too large for the buddy allocator, 4 MB for each GB of a TDMR, so
 * it comes from alloc_contig_pages(): one chunk for a TDMR's three levels.
 */
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/sched.h>

#include <asm/smp.h>
#include <asm/special_insns.h>

#include "cause.h"
#include "pamt.h"

static unsigned long pamt_pages(const struct tdx_tdmr_info *tdmr)
{
	return PHYS_PFN(tdmr_pamt_size(tdmr));
}

/* The chunk begins with the level that tdmr_place_pamt() puts first. */
static unsigned long pamt_pfn(const struct tdx_tdmr_info *tdmr)
{
	return PHYS_PFN(tdmr->pamt[0].base);
}

/**
 * tdx_pamt_alloc - allocate the PAMTs of all TDMRs
 * @tdmrs:    TDMRs with their PAMT sizes set; the bases are set on return
 * @nr_tdmrs: entries of @tdmrs
 * @memory:   the TDX memory that @tdmrs cover
 * @cause:    names the TDMR, when the return value is not 0
 *
 * Each PAMT comes from its TDMR's NUMA node if possible.  Either all are
 * allocated or none is.
 *
 * Context: Process context, may sleep for long: memory is migrated.
 * Return: 0, or -ENOMEM if no contiguous chunk was found.
 */
int tdx_pamt_alloc(struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs,
		   const struct tdx_memory *memory, struct tdx_cause *cause)
{
	unsigned int i;

	for (i = 0; i < nr_tdmrs; i++) {
		int node = tdmr_node(&tdmrs[i], memory->ram, memory->nr);
		struct page *pages = alloc_contig_pages(pamt_pages(&tdmrs[i]), GFP_KERNEL,
							node, &node_online_map);

		if (!pages) {
			tdx_pamt_free(tdmrs, i);
			return tdx_cause(cause, -ENOMEM,
					 "no %llu contiguous KB for the PAMT of TDMR [0x%llx-0x%llx]; free memory, or start the first TDX guest earlier",
					 tdmr_pamt_size(&tdmrs[i]) >> 10, tdmrs[i].base,
					 tdmr_end(&tdmrs[i]) - 1);
		}
		tdmr_place_pamt(&tdmrs[i], page_to_phys(pages));
	}
	return 0;
}

static void clear_page_directly(void *page)
{
	static const u8 zeroes[64] __aligned(64);
	unsigned int offset;

	for (offset = 0; offset < PAGE_SIZE; offset += sizeof(zeroes))
		movdir64b((void __force __iomem *)(page + offset), zeroes);
}

/**
 * tdx_pamt_make_safe - make PAMTs usable as ordinary memory again
 * @tdmrs:    TDMRs whose PAMTs the module may have written
 * @nr_tdmrs: entries of @tdmrs
 *
 * The module writes PAMTs with its private KeyID.  First no cache may hold a
 * line of them with that KeyID: it would be written back over the next user's
 * data.  Then each line is overwritten as a whole with MOVDIR64B, as a read or
 * a partial write of what was encrypted with another KeyID can raise a machine
 * check.
 *
 * Context: Process context, may sleep.  No SEAMCALL may use the PAMTs any more.
 */
void tdx_pamt_make_safe(const struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs)
{
	unsigned long pfn, end;
	unsigned int i;

	wbinvd_on_all_cpus();

	/* A CPU without the instruction has no private KeyIDs either: a software module. */
	if (!boot_cpu_has(X86_FEATURE_MOVDIR64B))
		return;

	for (i = 0; i < nr_tdmrs; i++) {
		pfn = pamt_pfn(&tdmrs[i]);
		end = pfn + pamt_pages(&tdmrs[i]);
		for (; pfn < end; pfn++) {
			clear_page_directly(pfn_to_kaddr(pfn));
			cond_resched();
		}
	}
	/* MOVDIR64B is weakly ordered: complete before the pages are handed on. */
	mb();
}

/**
 * tdx_pamt_free - give PAMTs back to the page allocator
 * @tdmrs:    TDMRs with PAMTs of tdx_pamt_alloc()
 * @nr_tdmrs: entries of @tdmrs
 *
 * Context: Process context, may sleep.  After tdx_pamt_make_safe() if the
 *	    module may have written the PAMTs.
 */
void tdx_pamt_free(struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs)
{
	unsigned int i;

	for (i = 0; i < nr_tdmrs; i++) {
		free_contig_range(pamt_pfn(&tdmrs[i]), pamt_pages(&tdmrs[i]));
		tdmr_place_pamt(&tdmrs[i], 0);
	}
}

/**
 * tdx_pamt_bytes - what the PAMTs cost
 * @tdmrs:    TDMRs
 * @nr_tdmrs: entries of @tdmrs
 *
 * Context: Any.
 * Return: The sum in bytes.
 */
u64 tdx_pamt_bytes(const struct tdx_tdmr_info *tdmrs, unsigned int nr_tdmrs)
{
	u64 bytes = 0;
	unsigned int i;

	for (i = 0; i < nr_tdmrs; i++)
		bytes += tdmr_pamt_size(&tdmrs[i]);
	return bytes;
}
