// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where PAMTs come from and how they go back.
 *
 * A PAMT is too large for the buddy allocator, 4 MB for each GB of a TDMR, and
 * its location matters: see tdmr/place.c.  So it comes from
 * alloc_contig_range(), which moves away what is in the way.
 */
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <asm/dma.h>
#include <asm/smp.h>

#include "cache.h"
#include "clear.h"
#include "pamt.h"

/*
 * As alloc_contig_pages() judges.  A PAMT never moves, so it does not belong
 * into memory that promises to be movable, and the little that old devices can
 * reach is left to them.
 */
static bool may_hold_pamt(unsigned long pfn, unsigned long nr_pages)
{
	struct zone *zone = NULL;
	unsigned long end = pfn + nr_pages;
	struct page *page;

	if (pfn < MAX_DMA_PFN)
		return false;

	for (; pfn < end; pfn++) {
		page = pfn_to_online_page(pfn);
		if (!page || PageReserved(page) || PageHuge(page))
			return false;
		if (zone && zone != page_zone(page))
			return false;
		zone = page_zone(page);
		if (is_zone_movable_page(page))
			return false;
	}
	return true;
}

/*
 * Where much memory is pinned each try takes long, and there are thousands:
 * report a failure before the machine seems to hang.  One try can
 * wait for longer, for a page that somebody keeps locked.
 */
#define SEARCH_SECONDS	100

static bool take_pages(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
	const struct tdx_pamt_search *search = container_of(source, struct tdx_pamt_search, source);
	unsigned long pfn = PHYS_PFN(base), nr_pages = PHYS_PFN(size);

	cond_resched();
	return !tdx_cache_retired() && time_before(jiffies, search->deadline) &&
	       may_hold_pamt(pfn, nr_pages) &&
	       !alloc_contig_range(pfn, pfn + nr_pages, MIGRATE_MOVABLE,
				   GFP_KERNEL | __GFP_NOWARN);
}

static void give_pages(const struct tdmr_pamt_source *source, u64 base, u64 size)
{
	tdx_pamt_free(base, size);
}

/**
 * tdx_pamt_search_begin - let PAMTs be taken from the page allocator
 * @search: its source gives memory for some time from now on, then no more
 *
 * Context: Any.  Taking memory is for process context, and may sleep for long.
 */
void tdx_pamt_search_begin(struct tdx_pamt_search *search)
{
	*search = (struct tdx_pamt_search) {
		.source.take = take_pages,
		.source.give = give_pages,
		.deadline    = jiffies + SEARCH_SECONDS * HZ,
	};
}

/**
 * tdx_pamt_free - give memory back to the page allocator
 * @base: what a search took: a physical address
 * @size: in bytes
 *
 * Context: Process context.  After tdx_pamt_make_safe() if the module may have
 *	    written there.
 */
void tdx_pamt_free(u64 base, u64 size)
{
	free_contig_range(PHYS_PFN(base), PHYS_PFN(size));
}

struct clearing {
	struct work_struct work;
	u64 base;
	u64 size;
};

static void clear_in_worker(struct work_struct *work)
{
	struct clearing *clearing = container_of(work, struct clearing, work);

	tdx_clear(clearing->base, clearing->size);
}

/* By a worker for each; without memory for them, by this CPU. */
static void clear_pamts_directly(const struct tdmr_layout *layout)
{
	struct clearing *works = kcalloc(layout->nr_tdmrs, sizeof(*works), GFP_KERNEL);
	const struct tdmr *tdmr = layout->tdmrs;
	unsigned int i;

	for (i = 0; i < layout->nr_tdmrs; i++, tdmr++) {
		u64 size = tdmr_pamt_bytes(layout->map, tdmr);

		if (!works) {
			tdx_clear(tdmr->pamt, size);
			continue;
		}
		works[i].base = tdmr->pamt;
		works[i].size = size;
		INIT_WORK(&works[i].work, clear_in_worker);
		queue_work_node(tdmr->node, system_unbound_wq, &works[i].work);
	}
	for (i = 0; works && i < layout->nr_tdmrs; i++)
		flush_work(&works[i].work);
	kfree(works);
}

/**
 * tdx_pamt_make_safe - make PAMTs usable as ordinary memory again
 * @layout: whose PAMTs the module may have written
 *
 * The module writes PAMTs with its private KeyID.  First no cache may hold a
 * line of them with that KeyID: it would be written back over the next user's
 * data.  Then each line is overwritten as a whole with MOVDIR64B, as a read or
 * a partial write of what was encrypted with another KeyID can raise a machine
 * check.
 *
 * Context: Process context, may sleep.  No SEAMCALL may use the PAMTs any more.
 */
void tdx_pamt_make_safe(const struct tdmr_layout *layout)
{
	wbinvd_on_all_cpus();

	if (tdx_clear_needed())
		clear_pamts_directly(layout);
}
