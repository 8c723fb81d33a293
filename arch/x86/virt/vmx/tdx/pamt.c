// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocating and freeing PAMTs.
 *
 * A PAMT is too large for the buddy allocator, 4 MB for each GB of a TDMR, and
 * its location matters: see tdmr/place.c.  So it is allocated with
 * alloc_contig_range(), which migrates pages that are in the way.
 */
#include <linux/gfp.h>
#include <linux/hugetlb.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include <asm/dma.h>
#include <asm/smp.h>

#include "cache.h"
#include "clear.h"
#include "pamt.h"

/*
 * The criteria of alloc_contig_pages(), and two more: a PAMT never moves, so it
 * must not be in memory that is supposed to be movable; and memory below
 * MAX_DMA_PFN is left to the devices that can reach no other.
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
 * fail before the machine seems to hang.  A single try can take longer than
 * this, if a page in the way stays locked.
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
 * tdx_pamt_search_begin - begin to take PAMTs from the page allocator
 * @search: its source provides memory for a limited time from now on
 *
 * Context: Any.  Memory can be taken in process context only, which may sleep
 *	    for a long time.
 */
void tdx_pamt_search_begin(struct tdx_pamt_search *search)
{
	*search = (struct tdx_pamt_search) {
		.source.take = take_pages,
		.source.give = give_pages,
		.deadline    = jiffies + SEARCH_SECONDS * HZ,
	};
}

/* Seconds without a chance to schedule would be a soft lockup. */
#define FREED_AT_ONCE	SZ_1G

/**
 * tdx_pamt_free - return memory to the page allocator
 * @base: physical address that was taken in a search
 * @size: in bytes
 *
 * Context: Process context, may sleep.  After tdx_pamt_make_safe() if the module may
 *	    have written there.
 */
void tdx_pamt_free(u64 base, u64 size)
{
	u64 end = base + size, part;

	for (; base < end; base += part) {
		part = min_t(u64, end - base, FREED_AT_ONCE);
		free_contig_range(PHYS_PFN(base), PHYS_PFN(part));
		cond_resched();
	}
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

/* One worker for each PAMT; if they cannot be allocated, on this CPU. */
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
	/* A kexec waits for this, so do not wait for a worker that could not be created yet. */
	for (i = 0; works && i < layout->nr_tdmrs; i++)
		if (cancel_work_sync(&works[i].work))
			tdx_clear(works[i].base, works[i].size);
	kfree(works);
}

/**
 * tdx_pamt_make_safe - make PAMTs usable as ordinary memory again
 * @layout: whose PAMTs the module may have written
 *
 * The module writes PAMTs with its private KeyID.  First all caches are written
 * back: a modified line with that KeyID would later overwrite the next user's
 * data.  Then each line is overwritten as a whole with MOVDIR64B, because a
 * read or a partial write of a line that was encrypted with another KeyID can
 * raise a machine check.
 *
 * Context: Process context, may sleep.  No SEAMCALL may use the PAMTs any more.
 */
void tdx_pamt_make_safe(const struct tdmr_layout *layout)
{
	wbinvd_on_all_cpus();

	if (tdx_clear_needed())
		clear_pamts_directly(layout);
}
