// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages on their way to the TDX module and back, and which TD has which.
 *
 * A page is recorded as a TD's before the module can have it, and until it is ordinary
 * memory again.  What cannot be taken back remains recorded: it is never given to the
 * page allocator.
 */
#define pr_fmt(fmt) "virt/tdx: " fmt

#include <linux/atomic.h>
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/threads.h>
#include <linux/xarray.h>

#include <asm/cacheflush.h>
#include <asm/tdx_td.h>

#include "clear.h"
#include "error.h"
#include "keyid.h"
#include "memory.h"
#include "page.h"
#include "seamcall.h"

/*
 * By page frame: the TD that has it.  A value, as #MC reads it while the TD may cease to
 * exist: the page frame of the TDR page, and the process that created the TD.
 */
static DEFINE_XARRAY_FLAGS(owners, XA_FLAGS_ACCOUNT);

#define LEAKED		XA_MARK_0
#define CREATOR_BITS	22
#define CREATOR_MASK	(BIT_ULL(CREATOR_BITS) - 1)

static_assert(BIT_ULL(CREATOR_BITS) >= PID_MAX_LIMIT);

static atomic_long_t nr_owned = ATOMIC_LONG_INIT(0);
static atomic_long_t nr_leaked = ATOMIC_LONG_INIT(0);

static const struct tdx_memory *tdx_memory;

/**
 * tdx_page_setup - say which memory is TDX memory
 * @memory: the ranges; as long as TDs can be created
 *
 * Context: Any, before a TD can be created.
 */
void tdx_page_setup(const struct tdx_memory *memory)
{
	WRITE_ONCE(tdx_memory, memory);
}

/* The TDR page is allocated before the TD has one. */
static int record(const struct tdx_td *td, struct page *page)
{
	u64 tdr = page_to_pfn(td->tdr ?: page);
	void *owner = xa_mk_value(tdr << CREATOR_BITS | td->creator);
	int ret = xa_err(xa_store(&owners, page_to_pfn(page), owner, GFP_KERNEL));

	if (!ret)
		atomic_long_inc(&nr_owned);
	return ret;
}

/* It may be somebody else's at once: all caches and lines of it are ordinary by now. */
static void hand_back(struct page *page)
{
	if (tdx_clear_needed())
		tdx_clear(page_to_phys(page), PAGE_SIZE);
	xa_erase(&owners, page_to_pfn(page));
	atomic_long_dec(&nr_owned);
	__free_page(page);
}

static void leak(struct tdx_td *td, struct page *page)
{
	xa_set_mark(&owners, page_to_pfn(page), LEAKED);
	atomic_long_inc(&nr_leaked);
	atomic_inc(&td->nr_leaked);
}

/* For the first page of a TD: the others mostly share the reason. */
static void explain_leak(struct tdx_td *td, struct page *page, u64 leaf, u64 status)
{
	char text[TDX_STATUS_TEXT_SIZE];

	if (status == TDX_SEAMCALL_RETIRED || atomic_read(&td->nr_leaked))
		return;
	tdx_status_format(text, sizeof(text), status);
	pr_err_ratelimited("page 0x%llx of the TD of process %d could not be taken back: %s: %s; it is lost until the machine is reset\n",
			   (u64)page_to_phys(page), td->creator, tdx_leaf_name(leaf), text);
}

/* The module takes the page's address with the KeyID that it was written with. */
static u64 write_back(struct page *page, u16 keyid)
{
	struct tdx_regs regs = { .rcx = tdx_keyid_address(keyid, page_to_phys(page)) };

	return tdx_seamcall(TDH_PHYMEM_PAGE_WBINVD, &regs);
}

/**
 * tdx_page_alloc - allocate a page that can be given to the module
 * @td: has a KeyID; the page is recorded as its own
 *
 * As long as @td has no TDR page, the page becomes that one.  Its contents are
 * undefined.
 *
 * Context: Process context, may sleep.
 * Return: A page of 4 KB, written back from caches; NULL if there is no memory.
 */
struct page *tdx_page_alloc(struct tdx_td *td)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT);

	if (!page)
		return NULL;
	/* All memory of the page allocator is: see hotplug.c. */
	if (WARN_ON_ONCE(!tdx_memory_contains(READ_ONCE(tdx_memory), page_to_phys(page))) ||
	    record(td, page)) {
		__free_page(page);
		return NULL;
	}
	clflush_cache_range(page_address(page), PAGE_SIZE);
	return page;
}
EXPORT_SYMBOL_GPL(tdx_page_alloc);

/**
 * tdx_page_free - free a page that the module does not have
 * @td:	  for which it was allocated
 * @page: of tdx_page_alloc(), not yet given to the module, or in vain
 *
 * A leaf that failed may have written the page all the same, with the TD's KeyID or,
 * for a TDR page, the global one.  If caches cannot be written back the page is leaked,
 * which the log says.
 *
 * Context: Process context, may sleep.  Before tdx_keyid_free() and tdx_keyid_burn().
 */
void tdx_page_free(struct tdx_td *td, struct page *page)
{
	u16 keyid = td->tdr ? td->keyid : tdx_keyid_global();
	u64 status = write_back(page, keyid);

	if (tdx_status_failed(status)) {
		explain_leak(td, page, TDH_PHYMEM_PAGE_WBINVD, status);
		leak(td, page);
	} else {
		hand_back(page);
	}
}
EXPORT_SYMBOL_GPL(tdx_page_free);

/* Caches were written back for the TD's KeyID before it was freed, but not the global one. */
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
 * tdx_page_reclaim - take a page back from the module and free it
 * @td:	  whose page it is
 * @page: of tdx_page_alloc(), given to the module; the TDR page after all others
 *
 * If that fails the page is leaked, which the log says.  Either way it is not the
 * caller's any more; if it was the TDR page, @td->tdr is NULL.
 *
 * TDX Module ABI specification, TDH.PHYMEM.PAGE.RECLAIM; TDH.PHYMEM.PAGE.WBINVD with
 * the global KeyID for a TDR page.
 *
 * Context: Process context, may sleep.  After tdh_mng_key_freeid().
 * Return: The completion status of the leaf that failed, or of the last one.
 */
u64 tdx_page_reclaim(struct tdx_td *td, struct page *page)
{
	u64 leaf, status = reclaim(td, page, &leaf);

	if (tdx_status_failed(status)) {
		explain_leak(td, page, leaf, status);
		leak(td, page);
	} else {
		hand_back(page);
	}
	if (page == td->tdr)
		td->tdr = NULL;
	return status;
}
EXPORT_SYMBOL_GPL(tdx_page_reclaim);

/**
 * tdx_page_leak - give up a page that the module does not give back
 * @td:	  whose page it is
 * @page: of tdx_page_alloc(), given to the module
 *
 * For the pages of a TD whose KeyID could not be freed.  The caller says so in the log.
 * If it was the TDR page, @td->tdr is NULL afterwards.
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

/**
 * tdx_page_owner - which TD has a page?
 * @pa:	   any physical address, without KeyID
 * @owner: filled in if the return value is true
 *
 * Context: Any, #MC included.
 * Return: Whether a TD has it, or has had it and it was leaked.
 */
bool tdx_page_owner(u64 pa, struct tdx_page_owner *owner)
{
	void *entry = xa_load(&owners, PHYS_PFN(pa));
	u64 value;

	if (!entry)
		return false;

	value = xa_to_value(entry);
	*owner = (struct tdx_page_owner) {
		.tdr	 = PFN_PHYS(value >> CREATOR_BITS),
		.creator = value & CREATOR_MASK,
		.leaked	 = xa_get_mark(&owners, PHYS_PFN(pa), LEAKED),
	};
	return true;
}

/**
 * tdx_pages_are_owned - may the module have a page for a TD?
 *
 * Context: Any.
 * Return: Whether one is recorded.
 */
bool tdx_pages_are_owned(void)
{
	return !xa_empty(&owners);
}

/**
 * tdx_page_counts - how many pages TDs have
 *
 * Context: Any.  Not exact while TDs are created or destroyed.
 * Return: The numbers.
 */
struct tdx_page_counts tdx_page_counts(void)
{
	return (struct tdx_page_counts) {
		.owned	= atomic_long_read(&nr_owned),
		.leaked = atomic_long_read(&nr_leaked),
	};
}

/**
 * tdx_pages_make_safe - make all pages of TDs ordinary memory, for another kernel
 *
 * They remain recorded.  Those that are freed meanwhile are the page allocator's, so
 * each is looked up once more under the lock that hand_back() takes before it frees one.
 *
 * Context: Process context, may sleep.  After tdx_cache_retire(): the module is not
 *	    called any more, and no cache holds a line that it wrote.
 */
void tdx_pages_make_safe(void)
{
	unsigned long pfn;
	void *owner;

	if (!tdx_clear_needed())
		return;
	xa_for_each(&owners, pfn, owner) {
		xa_lock(&owners);
		if (xa_load(&owners, pfn))
			tdx_clear(PFN_PHYS(pfn), PAGE_SIZE);
		xa_unlock(&owners);
		cond_resched();
	}
}
