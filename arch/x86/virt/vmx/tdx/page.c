// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving pages to the TDX module and reclaiming them.
 *
 * A page is recorded before it is given to the module, and until it is ordinary memory
 * again.  Pages that cannot be reclaimed remain recorded, and are never returned to the
 * page allocator.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include <asm/cacheflush.h>
#include <asm/tdx_td.h>

#include "clear.h"
#include "error.h"
#include "keyid.h"
#include "memory.h"
#include "owner.h"
#include "page.h"
#include "seamcall.h"

static const struct tdx_memory *tdx_memory;

/**
 * tdx_page_setup - set the ranges of TDX memory
 * @memory: the ranges; must stay valid as long as TDs can be created
 *
 * Context: Any, before TDs can be created.
 */
void tdx_page_setup(const struct tdx_memory *memory)
{
	WRITE_ONCE(tdx_memory, memory);
}

/*
 * The page is ordinary memory from now on.  No cache has lines of it with a private KeyID.  A
 * poisoned page is not cleared: it may not be mapped, and it is never used again.
 */
static void release(struct tdx_td *td, struct page *page)
{
	if (tdx_clear_needed() && !PageHWPoison(page))
		tdx_clear(page_to_phys(page), PAGE_SIZE);
	tdx_owner_forget(td, page);
}

/* The page is never freed because of this reference: others are dropped as always. */
static void leak(struct tdx_td *td, struct page *page)
{
	get_page(page);
	tdx_owner_leak(td, page);
}

/* Only the first page of a TD is logged: the reason is mostly the same for the others. */
static void explain_leak(struct tdx_td *td, struct page *page, u64 leaf, u64 status)
{
	char text[TDX_STATUS_TEXT_SIZE];

	if (status == TDX_SEAMCALL_RETIRED || atomic_read(&td->nr_leaked))
		return;
	tdx_status_format(text, sizeof(text), status);
	pr_err_ratelimited("page 0x%llx of the TD of process %d could not be reclaimed: %s: %s; it is lost until the machine is reset\n",
			   (u64)page_to_phys(page), td->creator, tdx_leaf_name(leaf), text);
}

/* @status is that of the last leaf that was necessary to release the page. */
static u64 release_or_leak(struct tdx_td *td, struct page *page, u64 leaf, u64 status)
{
	if (tdx_status_failed(status)) {
		explain_leak(td, page, leaf, status);
		leak(td, page);
	} else {
		release(td, page);
	}
	return status;
}

/* Operand of the leaf is the page's address with the KeyID that it was written with. */
static u64 write_back(struct page *page, u16 keyid)
{
	struct tdx_regs regs = { .rcx = tdx_keyid_address(keyid, page_to_phys(page)) };

	return tdx_seamcall(TDH_PHYMEM_PAGE_WBINVD, &regs);
}

/**
 * tdx_page_take - record a page of the caller that will be given to the module
 * @td:	  a TD with a TDR page; the page is recorded for it
 * @page: a page of 4 KB, or a part of a larger one
 *
 * The caller keeps its reference, and must not access the page until it was returned.
 *
 * Context: Process context, may sleep.
 * Return: 0, and the page is written back from caches;
 * * -ENOMEM - there is no memory for the record
 * * -EINVAL - it is not TDX memory
 * * -EBUSY  - it is recorded already: a TD has it, or another thread is giving it to one
 */
int tdx_page_take(struct tdx_td *td, struct page *page)
{
	int ret;

	if (!tdx_memory_contains(READ_ONCE(tdx_memory), page_to_phys(page)))
		return -EINVAL;
	ret = tdx_owner_record(td, page);
	if (!ret)
		clflush_cache_range(page_address(page), PAGE_SIZE);
	return ret;
}
EXPORT_SYMBOL_GPL(tdx_page_take);

/**
 * tdx_page_alloc - allocate a page that can be given to the module
 * @td: a TD with a KeyID; the page is recorded for it
 *
 * If @td has no TDR page yet, the page is for that.  Its contents are undefined.
 *
 * Context: Process context, may sleep.
 * Return: A page of 4 KB, written back from caches; NULL if there is no memory.
 */
struct page *tdx_page_alloc(struct tdx_td *td)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT);
	int ret;

	if (!page)
		return NULL;
	ret = tdx_page_take(td, page);
	if (!ret)
		return page;
	/* All memory of the page allocator is TDX memory: see hotplug.c. */
	WARN_ON_ONCE(ret != -ENOMEM);
	__free_page(page);
	return NULL;
}
EXPORT_SYMBOL_GPL(tdx_page_alloc);

/**
 * tdx_page_return - make a page ordinary memory that the module does not own
 * @td:	  the TD of tdx_page_take()
 * @page: a page that was not given to the module, or not accepted, or removed by
 *	  tdh_mem_page_remove()
 *
 * A leaf that failed may have written the page nevertheless.  So caches are written back for
 * the TD's KeyID in all cases.  If that fails, the page is leaked, which is logged: it gets
 * a reference, so that it is not freed when the caller's is dropped.
 *
 * TDX Module ABI specification, TDH.PHYMEM.PAGE.WBINVD.
 *
 * Context: Process context, may sleep.  Before tdx_keyid_free() and tdx_keyid_burn().
 * Return: The completion status.
 */
u64 tdx_page_return(struct tdx_td *td, struct page *page)
{
	/* The page of a TD without TDR page was written with the global KeyID. */
	u16 keyid = td->tdr ? td->keyid : tdx_keyid_global();

	return release_or_leak(td, page, TDH_PHYMEM_PAGE_WBINVD, write_back(page, keyid));
}
EXPORT_SYMBOL_GPL(tdx_page_return);

/**
 * tdx_page_free - free a page that is not owned by the module
 * @td:	  the TD for which it was allocated
 * @page: a page of tdx_page_alloc() that was not given to the module, or not accepted
 *
 * A leaf that failed may have written the page nevertheless, with the TD's KeyID or, for
 * a TDR page, the global KeyID.  So caches are written back; if that fails, the page is
 * leaked, which is logged.
 *
 * Context: Process context, may sleep.  Before tdx_keyid_free() and tdx_keyid_burn().
 */
void tdx_page_free(struct tdx_td *td, struct page *page)
{
	tdx_page_return(td, page);
	__free_page(page);
}
EXPORT_SYMBOL_GPL(tdx_page_free);

/* Caches were written back for the TD's KeyID before it was freed, not for the global one. */
static u64 reclaim(struct tdx_td *td, struct page *page, u64 *leaf)
{
	struct tdx_regs regs = { .rcx = page_to_phys(page) };
	u64 status;

	*leaf = TDH_PHYMEM_PAGE_RECLAIM;
	status = tdx_seamcall(*leaf, &regs);
	if (page != td->tdr || tdx_status_failed(status))
		return status;

	*leaf = TDH_PHYMEM_PAGE_WBINVD;
	return write_back(page, tdx_keyid_global());
}

/**
 * tdx_page_reclaim_private - reclaim a page of private memory from the module
 * @td:	  the TD that owns it
 * @page: a page of tdx_page_take() that is mapped with 4 KB
 *
 * If that fails the page is leaked, as by tdx_page_return().
 *
 * TDX Module ABI specification, TDH.PHYMEM.PAGE.RECLAIM.
 *
 * Context: Process context, may sleep.  After tdh_mng_key_freeid().
 * Return: The completion status.
 */
u64 tdx_page_reclaim_private(struct tdx_td *td, struct page *page)
{
	u64 leaf, status = reclaim(td, page, &leaf);

	return release_or_leak(td, page, leaf, status);
}
EXPORT_SYMBOL_GPL(tdx_page_reclaim_private);

/**
 * tdx_page_reclaim - reclaim a page from the module and free it
 * @td:	  the TD that owns it
 * @page: a page of tdx_page_alloc() that was given to the module; the TDR page last
 *
 * If that fails the page is leaked, which is logged.  In both cases the caller must not
 * use it any more.  For the TDR page, @td->tdr is set to NULL.
 *
 * TDX Module ABI specification, TDH.PHYMEM.PAGE.RECLAIM; TDH.PHYMEM.PAGE.WBINVD with
 * the global KeyID for a TDR page.
 *
 * Context: Process context, may sleep.  After tdh_mng_key_freeid().
 * Return: The completion status of the leaf that failed, or of the last one.
 */
u64 tdx_page_reclaim(struct tdx_td *td, struct page *page)
{
	u64 status = tdx_page_reclaim_private(td, page);

	__free_page(page);
	if (page == td->tdr)
		td->tdr = NULL;
	return status;
}
EXPORT_SYMBOL_GPL(tdx_page_reclaim);

/**
 * tdx_page_leak - never use a page again that cannot be reclaimed
 * @td:	  the TD that owns it
 * @page: a page of tdx_page_alloc() or tdx_page_take() that was given to the module
 *
 * For the pages of a TD whose KeyID could not be freed.  It is logged by the caller.  The
 * page gets a reference, so that it is not freed when others are dropped.  For the TDR
 * page, @td->tdr is set to NULL.
 *
 * Context: Process context.
 */
void tdx_page_leak(struct tdx_td *td, struct page *page)
{
	leak(td, page);
	if (page == td->tdr)
		td->tdr = NULL;
}
EXPORT_SYMBOL_GPL(tdx_page_leak);
