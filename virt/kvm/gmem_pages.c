// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of a guest_memfd: allocation, and what the rest of the kernel may do to them.
 *
 * They are in the page cache, so that they are charged to the memory cgroup, counted as
 * unevictable, and reported when they are poisoned.  They belong to the guest: nothing but
 * punching a hole and closing the file takes them away, and nothing copies them.
 *
 * Where a whole huge page of the guest is private, the pages of a huge page are allocated
 * together, so that it can be mapped as one and memory is not fragmented.  It is split, as
 * every page can be freed on its own.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/topology.h>

#include "gmem.h"

/* Unmovable: never in ZONE_MOVABLE or CMA. */
#define GMEM_GFP	(GFP_HIGHUSER | __GFP_ZERO)

/* Small pages are better than to wait for compaction, or to reclaim memory of the cgroup. */
#define GMEM_GFP_HUGE	((GMEM_GFP & ~__GFP_DIRECT_RECLAIM) | __GFP_NOWARN)

/* Small pages of the local node are also better than a huge page of another node. */
static struct page *alloc_huge(void)
{
#ifdef CONFIG_NUMA
	if (!current->mempolicy)
		return alloc_pages_node(numa_mem_id(), GMEM_GFP_HUGE | __GFP_THISNODE,
					GMEM_HUGE_ORDER);
#endif
	return alloc_pages(GMEM_GFP_HUGE, GMEM_HUGE_ORDER);
}

/* Adds @page with a second reference, or frees it. */
static int add_page(struct address_space *mapping, struct page *page, pgoff_t index, gfp_t gfp)
{
	struct folio *folio = page_folio(page);
	int r = filemap_add_folio(mapping, folio, index, gfp);

	if (r) {
		folio_put(folio);
		return r;
	}
	/* Soft offlining would drop a clean page. */
	folio_mark_dirty(folio);
	folio_unlock(folio);
	return 0;
}

/* Best effort: what could not be added is allocated as small pages when it is needed. */
static void add_huge(struct address_space *mapping, pgoff_t index)
{
	pgoff_t first = round_down(index, GMEM_HUGE_PAGES);
	struct page *page;
	unsigned int i;
	int r = 0;

	if (filemap_range_has_page(mapping, first << PAGE_SHIFT,
				   ((first + GMEM_HUGE_PAGES) << PAGE_SHIFT) - 1))
		return;
	page = alloc_huge();
	if (!page)
		return;

	split_page(page, GMEM_HUGE_ORDER);
	for (i = 0; i < GMEM_HUGE_PAGES; i++) {
		/* Pages that another vCPU added are kept; not so if the cgroup's limit is hit. */
		if (r && r != -EEXIST) {
			__free_page(page + i);
			continue;
		}
		r = add_page(mapping, page + i, first + i, GMEM_GFP_HUGE);
		if (!r)
			put_page(page + i);
	}
}

/**
 * kvm_gmem_get_folio - get a page of a guest_memfd, and allocate it if there is none
 * @mapping: the pages of the file
 * @index: offset in pages, less than the size of the file
 * @huge: the pages of all of the huge page around @index may be allocated
 *
 * Memory is allocated by the calling task's memory policy, and charged to its cgroup.
 *
 * Context: Process context, may sleep.  The caller prevents that the file is truncated.
 * Return: a folio of one page with a reference, or ERR_PTR(-ENOMEM).
 */
struct folio *kvm_gmem_get_folio(struct address_space *mapping, pgoff_t index, bool huge)
{
	struct folio *folio = filemap_get_folio(mapping, index);
	struct page *page;
	int r;

	if (!folio && huge) {
		add_huge(mapping, index);
		folio = filemap_get_folio(mapping, index);
	}

	while (!folio) {
		page = alloc_page(GMEM_GFP);
		if (!page)
			return ERR_PTR(-ENOMEM);
		r = add_page(mapping, page, index, GMEM_GFP);
		if (!r)
			return page_folio(page);
		if (r != -EEXIST)
			return ERR_PTR(r);
		/* Another vCPU was faster. */
		folio = filemap_get_folio(mapping, index);
	}
	return folio;
}

static int gmem_migrate_folio(struct address_space *mapping, struct folio *dst,
			      struct folio *src, enum migrate_mode mode)
{
	return -EBUSY;
}

/*
 * Called with the page locked, so the guest's mappings have to be removed later.  The page
 * stays where it is: guest faults and user space learn from it that contents are lost.
 */
static int gmem_error_remove_page(struct address_space *mapping, struct page *page)
{
	struct kvm_gmem *gmem = mapping->host->i_private;
	XA_STATE(xas, &mapping->i_pages, page_folio(page)->index);

	xas_lock_irq(&xas);
	xas_load(&xas);
	xas_set_mark(&xas, GMEM_POISONED);
	xas_unlock_irq(&xas);

	/* Closing the file waits for the page's lock, and then for the work. */
	queue_work(system_unbound_wq, &gmem->poison_work);
	return 0;
}

const struct address_space_operations kvm_gmem_aops = {
	.dirty_folio		= noop_dirty_folio,
	.migrate_folio		= gmem_migrate_folio,
	.error_remove_page	= gmem_error_remove_page,
};

/**
 * kvm_gmem_poison_work - remove the guest's mappings of pages that are poisoned
 * @work: of a struct kvm_gmem
 *
 * Context: A workqueue; takes the file's lock for read.
 */
void kvm_gmem_poison_work(struct work_struct *work)
{
	struct kvm_gmem *gmem = container_of(work, struct kvm_gmem, poison_work);
	unsigned long index = 0;
	struct page *page;

	down_read(&gmem->lock);
	if (gmem->mapping) {
		xa_for_each_marked(&gmem->mapping->i_pages, index, page, GMEM_POISONED) {
			XA_STATE(xas, &gmem->mapping->i_pages, index);

			xas_lock_irq(&xas);
			xas_load(&xas);
			xas_clear_mark(&xas, GMEM_POISONED);
			xas_unlock_irq(&xas);
			kvm_gmem_zap(gmem, index, index + 1);
		}
	}
	up_read(&gmem->lock);
}
