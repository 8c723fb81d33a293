// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: PAMT entries of pages.
 *
 * TDX Module Base Architecture Specification, "Physical Memory Management".
 */
#include "internal.h"

/* The TDMR of a page, if the GB of the page is initialized. */
static const struct tdx_model_tdmr *find_tdmr(const struct tdx_model *m, u64 pa)
{
	unsigned int i, nr = __atomic_load_n(&m->nr_tdmrs, __ATOMIC_ACQUIRE);
	u64 next;

	for (i = 0; i < nr; i++) {
		next = __atomic_load_n(&m->tdmrs[i].next, __ATOMIC_ACQUIRE);
		if (pa >= m->tdmrs[i].info.base && pa < (next & ~(TDX_TDMR_ALIGNMENT - 1)))
			return &m->tdmrs[i];
	}
	return NULL;
}

/* NULL if there is no memory, or entries have another size. */
static struct tdx_model_pamt_entry *find_entry(const struct tdx_model *m,
					       const struct tdx_model_tdmr *tdmr,
					       enum tdx_pamt_level level, u64 pa)
{
	const struct tdx_pamt_area *pamt = &tdmr->info.pamt[TDX_PAMT_1G - level];
	u64 i = (pa - tdmr->info.base) >> tdx_model_level_shift[level];

	if (m->config.pamt_entry_size % sizeof(struct tdx_model_pamt_entry))
		return NULL;
	return m->ops->map(m->ctx, pamt->base + i * m->config.pamt_entry_size,
			   sizeof(struct tdx_model_pamt_entry));
}

/**
 * tdx_model_find_entry - the PAMT entry of a page of the module
 * @m:     the module
 * @pa:    address of the page
 * @level: its size
 *
 * Context: Any.
 * Return: The entry.
 */
struct tdx_model_pamt_entry *tdx_model_find_entry(const struct tdx_model *m, u64 pa,
						  enum tdx_pamt_level level)
{
	return find_entry(m, find_tdmr(m, pa), level, pa);
}

static u64 refuse_busy(struct tdx_model *m, unsigned int operand, u64 pa)
{
	return refuse1(m, TDX_OPERAND_BUSY | operand, "the page % is in use", pa);
}

/*
 * Walk from the 1G level down to the wanted level, or to a larger page of a TD.  Entries
 * on the way stay locked shared.
 */
static u64 walk(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand,
		const struct tdx_model_tdmr *tdmr, enum tdx_model_lock_mode mode, int wanted,
		struct tdx_model_page_operand *page)
{
	int level = TDX_PAMT_1G;

	for (;; level--) {
		page->level = level;
		page->entry = find_entry(m, tdmr, level, page->pa);
		if (!page->entry)
			return refuse1(m, TDX_OPERAND_ADDR_RANGE_ERROR | operand,
				       "this module cannot own the page %", page->pa);
		if (!tdx_model_hold(call, &page->entry->lock,
				    level == TDX_PAMT_4K ? mode : TDX_MODEL_SHARED))
			return refuse_busy(m, operand, page->pa);
		if (level == TDX_PAMT_4K)
			return TDX_SUCCESS;
		if (level == wanted || page->entry->type == TDX_PAGE_REG)
			break;
	}
	if (wanted >= 0 && level != wanted)
		return TDX_SUCCESS;
	if (mode == TDX_MODEL_EXCLUSIVE && !tdx_model_hold_alone(&page->entry->lock))
		return refuse_busy(m, operand, page->pa);
	return TDX_SUCCESS;
}

/**
 * tdx_model_lock_page - find the PAMT entry of a page and lock it
 * @m:       the module
 * @call:    the SEAMCALL
 * @operand: the register that names the page
 * @pa:      its address
 * @mode:    how to lock the entry
 * @level:   the size that the page has to have; -1: any
 * @page:    the page; valid as far as it was found after a failure
 *
 * The caller checks the size of the page that was found.
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_lock_page(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand,
			u64 pa, enum tdx_model_lock_mode mode, int level,
			struct tdx_model_page_operand *page)
{
	u64 bytes = BIT_ULL(tdx_model_level_shift[level < 0 ? TDX_PAMT_4K : level]);
	const struct tdx_model_tdmr *tdmr;

	page->pa = pa;
	if (pa & (bytes - 1) || !tdx_model_hpa_without_keyid(m, pa))
		return refuse1(m, TDX_OPERAND_INVALID | operand,
			       "% is unaligned, or has KeyID bits", pa);
	tdmr = find_tdmr(m, pa);
	if (!tdmr)
		return refuse1(m, TDX_OPERAND_ADDR_RANGE_ERROR | operand,
			       "% is in no TDMR that is initialized so far", pa);
	return walk(m, call, operand, tdmr, mode, level, page);
}

/**
 * tdx_model_page_operand - lock a page of 4 KB and check its type
 * @m:    the module
 * @call: the SEAMCALL
 * @rule: register and lock mode
 * @pa:   its address
 * @type: the type
 * @page: the page is stored here
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_page_operand(struct tdx_model *m, struct tdx_model_call *call,
			   const struct tdx_model_lock_rule *rule, u64 pa,
			   enum tdx_page_type type, struct tdx_model_page_operand *page)
{
	u64 status = tdx_model_lock_page(m, call, rule->operand, pa, rule->mode, TDX_PAMT_4K, page);

	if (status)
		return status;
	if (page->level != TDX_PAMT_4K || page->entry->type != type)
		return refuse3(m, TDX_PAGE_METADATA_INCORRECT | rule->operand,
			       "the page % has type %, of size %", pa, page->entry->type,
			       page->level);
	return TDX_SUCCESS;
}

static bool has_type(const struct tdx_model_pamt_entry *entry, enum tdx_page_type type)
{
	return __atomic_load_n(&entry->type, __ATOMIC_ACQUIRE) == type;
}

/*
 * The entries of all small pages in a free large one have to be those of free pages.  They
 * are not locked, but no leaf can take such a page while the large one is locked.
 */
static bool is_free(const struct tdx_model *m, const struct tdx_model_page_operand *page)
{
	u64 pa = page->pa, end = pa + BIT_ULL(tdx_model_level_shift[page->level]);

	if (!has_type(page->entry, TDX_PAGE_NDA))
		return false;
	for (; page->level > TDX_PAMT_4K && pa < end; pa += PAGE_BYTES)
		if (!has_type(tdx_model_find_entry(m, pa, TDX_PAMT_4K), TDX_PAGE_NDA))
			return false;
	return true;
}

/**
 * tdx_model_free_mapping_operand - lock a free page of the size of the entry that maps it
 * @m:    the module
 * @call: the SEAMCALL, with the entry; the page is stored here
 * @rule: register and lock mode
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_free_mapping_operand(struct tdx_model *m, struct tdx_model_call *call,
				   const struct tdx_model_lock_rule *rule)
{
	struct tdx_model_page_operand *page = &call->page;
	u64 status = tdx_model_lock_page(m, call, rule->operand,
					 *tdx_model_register(&call->in, rule->operand), rule->mode,
					 call->sept.level, page);

	if (status)
		return status;
	if (page->level != call->sept.level || !is_free(m, page))
		return refuse3(m, TDX_PAGE_METADATA_INCORRECT | rule->operand,
			       "the page % is not free, in type % or size %", page->pa,
			       page->entry->type, page->level);
	return TDX_SUCCESS;
}

/**
 * tdx_model_map_new_page - access the page that the leaf takes
 * @m:       the module
 * @call:    the SEAMCALL, with the page
 * @operand: its register, as TDX_OPERAND_ID_*
 * @page:    its contents, of 4 KB
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_map_new_page(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand,
			   void **page)
{
	*page = m->ops->map(m->ctx, call->page.pa, PAGE_BYTES);
	return *page ? TDX_SUCCESS :
		refuse1(m, TDX_OPERAND_ADDR_RANGE_ERROR | operand, "no memory at %",
			call->page.pa);
}

/**
 * tdx_model_owner - the TD that owns a page
 * @entry: the page's entry
 *
 * Context: Any.
 * Return: The address of its TDR; of a free page, that of its last owner.
 */
u64 tdx_model_owner(const struct tdx_model_pamt_entry *entry)
{
	u64 high = __atomic_load_n(&entry->owner_high, __ATOMIC_RELAXED);

	return (high << 32 | __atomic_load_n(&entry->owner_low, __ATOMIC_RELAXED)) << PAGE_SHIFT_4K;
}

/**
 * tdx_model_lock_owner - lock the TDR of the TD that owns a page
 * @m:    the module
 * @call: the SEAMCALL; the TDR is stored here
 * @page: the page
 * @mode: how
 *
 * Only the TDR's own entry is locked, and it is not checked.
 *
 * Context: On the logical processor that runs the leaf.
 * Return: TDX_SUCCESS, or the status that the leaf ends with.
 */
u64 tdx_model_lock_owner(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_page_operand *page, enum tdx_model_lock_mode mode)
{
	struct tdx_model_page_operand *tdr = &call->tdr;

	tdr->pa = tdx_model_owner(page->entry);
	tdr->level = TDX_PAMT_4K;
	tdr->entry = tdx_model_find_entry(m, tdr->pa, TDX_PAMT_4K);
	if (!tdx_model_hold(call, &tdr->entry->lock, mode))
		return refuse1(m, TDX_OPERAND_BUSY | TDX_OPERAND_ID_TDR,
			       "the TD at % is in use", tdr->pa);
	call->td = m->ops->map(m->ctx, tdr->pa, PAGE_BYTES);
	return TDX_SUCCESS;
}

static void count_pages(struct tdx_model *m, const struct tdx_model_page_operand *page, bool owned)
{
	const u64 bytes = BIT_ULL(tdx_model_level_shift[page->level]), nr = bytes / PAGE_BYTES;

	__atomic_fetch_add(&m->nr_td_pages, owned ? nr : -nr, __ATOMIC_RELEASE);
	if (m->ops->own)
		m->ops->own(m->ctx, page->pa, bytes, TDX_MODEL_PAGE_TD, owned);
}

/**
 * tdx_model_set_owner - set the owner in an entry
 * @entry: the entry, locked exclusively
 * @owner: address of the TD's TDR
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_set_owner(struct tdx_model_pamt_entry *entry, u64 owner)
{
	__atomic_store_n(&entry->owner_low, owner >> PAGE_SHIFT_4K, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->owner_high, owner >> (PAGE_SHIFT_4K + 32), __ATOMIC_RELAXED);
}

/**
 * tdx_model_set_type - set the type in an entry, after its owner
 * @entry: the entry, locked exclusively
 * @type:  type of the page
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_set_type(struct tdx_model_pamt_entry *entry, enum tdx_page_type type)
{
	__atomic_store_n(&entry->type, type, __ATOMIC_RELEASE);
}

/**
 * tdx_model_set_entry - set all of an entry
 * @entry: the entry, locked exclusively
 * @type:  type of the page
 * @owner: address of the TD's TDR
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_set_entry(struct tdx_model_pamt_entry *entry, enum tdx_page_type type, u64 owner)
{
	tdx_model_set_owner(entry, owner);
	__atomic_store_n(&entry->bepoch, 0, __ATOMIC_RELAXED);
	tdx_model_set_type(entry, type);
}

/**
 * tdx_model_take_page - give a free page to a TD
 * @m:     the module
 * @page:  the page, whose entry is locked exclusively
 * @type:  what it becomes
 * @owner: address of the TD's TDR; 0: it is the TDR
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_take_page(struct tdx_model *m, struct tdx_model_page_operand *page,
			 enum tdx_page_type type, u64 owner)
{
	tdx_model_set_entry(page->entry, type, owner);
	count_pages(m, page, true);
}

/**
 * tdx_model_record_keyid - record the KeyID of a TD for tdx_model_page()
 * @tdr:   the TDR page, whose entry is locked exclusively
 * @keyid: the KeyID
 *
 * Context: On the logical processor that runs the leaf, before the TD has other pages.
 */
void tdx_model_record_keyid(struct tdx_model_page_operand *tdr, u16 keyid)
{
	__atomic_store_n(&tdr->entry->bepoch, keyid, __ATOMIC_RELAXED);
}

/**
 * tdx_model_keyid_of_td - find the KeyID with which pages of a TD are written
 * @m:   the module
 * @tdr: address of the TDR
 *
 * Context: As tdx_model_page().
 * Return: The KeyID; 0 if the page is not a TDR any more.
 */
u16 tdx_model_keyid_of_td(const struct tdx_model *m, u64 tdr)
{
	const struct tdx_model_pamt_entry *entry = tdx_model_entry_of(m, tdr);

	if (!entry || __atomic_load_n(&entry->type, __ATOMIC_ACQUIRE) != TDX_PAGE_TDR)
		return 0;
	return __atomic_load_n(&entry->bepoch, __ATOMIC_RELAXED);
}

/**
 * tdx_model_give_page_back - return a page of a TD to the host
 * @m:    the module
 * @page: the page, whose entry is locked exclusively
 *
 * Owner and BEPOCH of the entry are kept.
 *
 * Context: On the logical processor that runs the leaf.
 */
void tdx_model_give_page_back(struct tdx_model *m, struct tdx_model_page_operand *page)
{
	tdx_model_set_type(page->entry, TDX_PAGE_NDA);
	count_pages(m, page, false);
}

/**
 * tdx_model_forget_tds - return all pages of TDs to the host
 * @m: the module
 *
 * Used when the module drops its TDMRs.  The operation "own" is not called.
 *
 * Context: With the global lock held exclusively, and no other leaf at work on TDs.
 */
void tdx_model_forget_tds(struct tdx_model *m)
{
	__atomic_store_n(&m->nr_td_pages, 0, __ATOMIC_RELEASE);
}

/**
 * tdx_model_entry_of - find the PAMT entry of a page without locking it
 * @m:  the module
 * @pa: address in the page
 *
 * Context: Any; takes no lock.
 * Return: The entry at 4 KB level, or that of the large page that contains it; NULL if
 *         there is none.
 */
const struct tdx_model_pamt_entry *tdx_model_entry_of(const struct tdx_model *m, u64 pa)
{
	const struct tdx_model_tdmr *tdmr = find_tdmr(m, pa);
	const struct tdx_model_pamt_entry *entry = NULL;
	int level;

	for (level = TDX_PAMT_1G; tdmr && level >= TDX_PAMT_4K; level--) {
		entry = find_entry(m, tdmr, level, pa);
		if (!entry || __atomic_load_n(&entry->type, __ATOMIC_ACQUIRE) == TDX_PAGE_REG)
			break;
	}
	return entry;
}
