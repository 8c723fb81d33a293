// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: PAMTs, their entries and their memory.
 */
#include <linux/minmax.h>

#include "internal.h"

#define PAMT_TYPE_OFFSET	offsetof(struct tdx_model_pamt_entry, type)

const unsigned int tdx_model_level_shift[TDX_NR_PAMT_LEVELS] = {
	[TDX_PAMT_4K] = 12,
	[TDX_PAMT_2M] = 21,
	[TDX_PAMT_1G] = 30,
};

/* Is @pa reserved?  What holds for it holds up to *@end, which is moved down to that. */
static bool is_reserved(const struct tdx_tdmr_info *tdmr, u64 pa, u64 *end)
{
	const struct tdx_reserved_area *area = tdmr->reserved;
	unsigned int j;
	u64 base;

	for (j = 0; j < TDX_TDMR_NR_RESERVED && area[j].size; j++) {
		base = tdmr->base + area[j].offset;
		if (pa >= base && pa - base < area[j].size) {
			*end = min(*end, base + area[j].size);
			return true;
		}
		if (pa < base)
			*end = min(*end, base);
	}
	return false;
}

/* Writes @nr entries of one type from @to on. */
static bool write_entries(struct tdx_model *m, u64 to, u64 nr, u8 type)
{
	const unsigned int entry_size = m->config.pamt_entry_size;
	u8 entries[TDX_MODEL_MAX_PAMT_ENTRY] = {};
	u64 fit = min(nr, (u64)sizeof(entries) / entry_size);
	unsigned int i;

	for (i = 0; i < fit; i++)
		entries[i * entry_size + PAMT_TYPE_OFFSET] = type;
	for (; nr; nr -= fit, to += fit * entry_size) {
		fit = min(nr, fit);
		if (!m->ops->write_phys(m->ctx, to, entries, fit * entry_size))
			return false;
	}
	return true;
}

/**
 * tdx_model_write_pamt - write the entries of one level
 * @m:     the module
 * @tdmr:  the TDMR whose PAMT it is
 * @level: the level
 * @start: first address that the entries describe
 * @end:   end of these addresses (exclusive)
 *
 * Context: With the lock of the TDMR held exclusively.
 * Return: False if there is no memory.
 */
bool tdx_model_write_pamt(struct tdx_model *m, struct tdx_tdmr_info *tdmr,
			  enum tdx_pamt_level level, u64 start, u64 end)
{
	const unsigned int shift = tdx_model_level_shift[level];
	u64 to = tdx_tdmr_pamt(tdmr, level)->base, next;
	u8 type;

	to += ((start - tdmr->base) >> shift) * m->config.pamt_entry_size;
	for (; start < end; start = next) {
		next = end;
		type = level == TDX_PAMT_4K && is_reserved(tdmr, start, &next) ?
		       TDX_PAGE_RSVD : TDX_PAGE_NDA;
		if (!write_entries(m, to, (next - start) >> shift, type))
			return false;
		to += ((next - start) >> shift) * m->config.pamt_entry_size;
	}
	return true;
}

/*
 * The list of PAMTs is read without a lock, from any logical processor.  Its
 * sequence number is odd while it changes.  A reader that sees a new value also
 * sees the odd number, because all are stored with release and loaded with
 * acquire semantics.
 */
static u64 load(const u64 *value)
{
	return __atomic_load_n(value, __ATOMIC_ACQUIRE);
}

static void store(u64 *value, u64 new)
{
	__atomic_store_n(value, new, __ATOMIC_RELEASE);
}

static void add_pamt(struct tdx_model_pamts *pamts, const struct tdx_pamt_area *pamt, u16 keyid)
{
	store(&pamts->areas[pamts->nr].base, pamt->base);
	store(&pamts->areas[pamts->nr].size, pamt->size);
	store(&pamts->keyid, keyid);
	store(&pamts->nr, pamts->nr + 1);
}

static void drop_pamt(struct tdx_model_pamts *pamts, const struct tdx_pamt_area *pamt)
{
	const struct tdx_pamt_area *last = &pamts->areas[pamts->nr - 1];
	unsigned int i;

	for (i = 0; pamts->areas[i].base != pamt->base; i++)
		;
	store(&pamts->areas[i].base, last->base);
	store(&pamts->areas[i].size, last->size);
	store(&pamts->nr, pamts->nr - 1);
}

/**
 * tdx_model_own_pamts - take the memory of PAMTs from the host, or return it
 * @m:        the module
 * @tdmrs:    the TDMRs of these PAMTs
 * @nr_tdmrs: number of TDMRs
 * @owned:    true to take it
 *
 * Context: With the global lock held exclusively.
 */
void tdx_model_own_pamts(struct tdx_model *m, const struct tdx_model_tdmr *tdmrs,
			 unsigned int nr_tdmrs, bool owned)
{
	struct tdx_model_pamts *pamts = &m->pamts;
	const struct tdx_pamt_area *pamt;
	unsigned int i;

	for (i = 0; i < nr_tdmrs * TDX_NR_PAMT_LEVELS; i++) {
		pamt = &tdmrs[i / TDX_NR_PAMT_LEVELS].info.pamt[i % TDX_NR_PAMT_LEVELS];
		store(&pamts->sequence, pamts->sequence + 1);
		if (owned)
			add_pamt(pamts, pamt, m->global_keyid);
		else
			drop_pamt(pamts, pamt);
		store(&pamts->sequence, pamts->sequence + 1);
		if (m->ops->own)
			m->ops->own(m->ctx, pamt->base, pamt->size, TDX_MODEL_PAGE_PAMT, owned);
	}
}

static struct tdx_model_page find_page(const struct tdx_model_pamts *pamts, u64 pa)
{
	u64 i, nr = load(&pamts->nr);

	for (i = 0; i < nr; i++)
		if (pa - load(&pamts->areas[i].base) < load(&pamts->areas[i].size))
			return (struct tdx_model_page) {
				.type = TDX_MODEL_PAGE_PAMT, .keyid = load(&pamts->keyid),
			};
	return (struct tdx_model_page) { .type = TDX_MODEL_PAGE_HOST };
}

/* Owner of a page that is not a PAMT's */
static struct tdx_model_page find_td_page(const struct tdx_model *m, u64 pa)
{
	struct tdx_model_page page = { .type = TDX_MODEL_PAGE_HOST };
	const struct tdx_model_pamt_entry *entry;
	u8 type;

	if (!load(&m->nr_td_pages))
		return page;
	entry = tdx_model_entry_of(m, pa);
	type = entry ? __atomic_load_n(&entry->type, __ATOMIC_ACQUIRE) : TDX_PAGE_NDA;
	if (type == TDX_PAGE_NDA || type == TDX_PAGE_RSVD)
		return page;
	page.type = TDX_MODEL_PAGE_TD;
	page.td_type = type;
	page.tdr = type == TDX_PAGE_TDR ? pa & ~(PAGE_BYTES - 1) : tdx_model_owner(entry);
	page.keyid = type == TDX_PAGE_TDR ? m->global_keyid : tdx_model_keyid_of_td(m, page.tdr);
	return page;
}

/**
 * tdx_model_page - find the owner of a page
 * @m:  the module
 * @pa: address in the page, without KeyID bits
 *
 * Returns the new owner from the time on when the module calls the operation
 * "own".
 *
 * Context: Any logical processor, at any time except in tdx_model_load(); takes
 *          no lock.  Retries while the list of PAMTs changes, which takes a few
 *          stores.
 * Return: The owner, the KeyID of the contents, and of a TD's page its type and TD.
 */
struct tdx_model_page tdx_model_page(const struct tdx_model *m, u64 pa)
{
	struct tdx_model_page page;
	u64 sequence;

	do {
		sequence = load(&m->pamts.sequence);
		page = find_page(&m->pamts, pa);
	} while (sequence & 1 || sequence != load(&m->pamts.sequence));
	return page.type == TDX_MODEL_PAGE_HOST ? find_td_page(m, pa) : page;
}

/**
 * tdx_model_pamt - one of the PAMTs that the module owns
 * @m:    the module
 * @i:    index from 0 on, in no particular order
 * @pamt: its memory, if there is one
 *
 * Context: As tdx_model_page().
 * Return: False if there are not that many.
 */
bool tdx_model_pamt(const struct tdx_model *m, unsigned int i, struct tdx_pamt_area *pamt)
{
	u64 sequence, nr;

	do {
		sequence = load(&m->pamts.sequence);
		nr = load(&m->pamts.nr);
		if (i >= nr)
			continue;
		pamt->base = load(&m->pamts.areas[i].base);
		pamt->size = load(&m->pamts.areas[i].size);
	} while (sequence & 1 || sequence != load(&m->pamts.sequence));
	return i < nr;
}
