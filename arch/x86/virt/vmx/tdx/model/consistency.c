// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: do the secure EPT of a TD and the PAMTs agree?
 *
 * Both say which pages a TD has.  Leaves keep them equal, and the host cannot see whether they
 * do.
 */
#include "internal.h"
#include "consistency.h"

/* What is known of a TD's pages from one of the two sources */
struct pages {
	u64 tables, mapped;	/* mapped: in 4 KB */
	u64 sum;		/* of all these pages, in any order */
};

struct walk {
	const struct tdx_model_checker *checker;
	const struct tdx_model *m;
	u64 tdr;
	struct pages sept, pamt;
	u64 others;		/* pages of the TD that are neither, without the TDR */
	u64 wanted;		/* count the entries that refer to this page */
	unsigned int nr_wanted;
	bool silent;		/* while pages are counted again */
	bool incomplete;	/* the host has taken pages back */
	unsigned int nr_checked;	/* TDs */
};

/* Called for the PAMT entry of each page that is not free */
typedef void (*visit_fn)(struct walk *w, const struct tdx_model_pamt_entry *entry, u64 pa,
			 unsigned int level);

static void found(struct walk *w, u64 pa, const char *what)
{
	if (!w->silent)
		w->checker->found(w->tdr, pa, what);
}

/* A sum of these values differs if one page is counted twice and another one never. */
static u64 scramble(u64 pa, unsigned int level)
{
	u64 x = pa | level;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static void count_page(struct pages *pages, bool table, u64 pa, unsigned int level)
{
	if (table)
		pages->tables++;
	else
		pages->mapped += sept_bytes(level) / PAGE_BYTES;
	pages->sum += scramble(pa, level) + table;
}

static const void *peek(struct walk *w, u64 pa)
{
	const void *page = w->checker->peek(w->checker->ctx, pa & ~(PAGE_BYTES - 1));

	if (!page) {
		w->incomplete = true;
		return NULL;
	}
	return page + (pa & (PAGE_BYTES - 1));
}

static const struct tdx_model_tdmr *tdmr_of(const struct tdx_model *m, u64 pa)
{
	unsigned int i;

	for (i = 0; i < m->nr_tdmrs; i++)
		if (pa - m->tdmrs[i].info.base <
		    (m->tdmrs[i].next & ~(TDX_TDMR_ALIGNMENT - 1)) - m->tdmrs[i].info.base)
			return &m->tdmrs[i];
	return NULL;
}

static const struct tdx_model_pamt_entry *entry_of(struct walk *w,
						   const struct tdx_model_tdmr *tdmr, u64 pa,
						   unsigned int level)
{
	u64 i = (pa - tdmr->info.base) >> tdx_model_level_shift[level];

	return peek(w, tdmr->info.pamt[TDX_PAMT_1G - level].base +
		       i * w->m->config.pamt_entry_size);
}

/* The PAMT has to know the page to which an entry refers. */
static void check_reference(struct walk *w, u64 pa, unsigned int level, enum tdx_page_type type)
{
	const struct tdx_model_tdmr *tdmr = tdmr_of(w->m, pa);
	const struct tdx_model_pamt_entry *entry = tdmr ? entry_of(w, tdmr, pa, level) : NULL;

	if (!tdmr)
		found(w, pa, "in the secure EPT, but in no TDMR");
	else if (entry && entry->type != type)
		found(w, pa, "in the secure EPT, with another type in the PAMT");
	else if (entry && tdx_model_owner(entry) != w->tdr)
		found(w, pa, "in the secure EPT, with another owner in the PAMT");
}

static void show_entry(struct walk *w, u64 gpa, unsigned int level, u64 pa)
{
	if (!w->silent && w->checker->entry)
		w->checker->entry(w->tdr, gpa, level, pa);
}

static void walk_table(struct walk *w, u64 table, u64 gpa, unsigned int level);

static void walk_entry(struct walk *w, u64 value, u64 gpa, unsigned int level)
{
	u64 pa = sept_page(value, level);
	bool leaf = value & SEPT_LEAF;

	if (value & SEPT_LOCKED)
		found(w, pa, "in a locked entry of the secure EPT");
	if (tdx_model_sept_state(value) == TDX_MODEL_SEPT_FREE)
		return;
	show_entry(w, gpa, level, pa);
	w->nr_wanted += pa == w->wanted;
	count_page(&w->sept, !leaf, pa, leaf ? level : 0);
	check_reference(w, pa, leaf ? level : 0, leaf ? TDX_PAGE_REG : TDX_PAGE_EPT);
	if (leaf)
		return;
	if (level)
		walk_table(w, pa, gpa, level - 1);
	else
		found(w, pa, "a table below the lowest level of the secure EPT");
}

static void walk_table(struct walk *w, u64 table, u64 gpa, unsigned int level)
{
	const u64 *entries = peek(w, table);
	unsigned int i;

	for (i = 0; entries && i < SEPT_NR_ENTRIES; i++)
		walk_entry(w, entries[i], gpa + i * sept_bytes(level), level);
}

/* A TD without a secure EPT has none of these pages, or cannot be walked any more. */
static bool walk_sept(struct walk *w, const struct tdx_model_td *td)
{
	const struct tdx_model_tdcs *tdcs;

	if (td->nr_tdcx < TDX_MODEL_MIN_TDCX ||
	    (td->lifecycle != TDX_TD_KEYS_CONFIGURED && td->lifecycle != TDX_TD_BLOCKED))
		return false;
	tdcs = peek(w, td->tdcx_pa[TDX_MODEL_TDCX_TDCS]);
	if (!tdcs || tdcs->op_state == TDX_TD_UNINITIALIZED)
		return false;
	walk_table(w, td->tdcx_pa[TDX_MODEL_TDCX_SEPT_ROOT], 0,
		   tdcs->eptp_controls >> TDX_EPTP_LEVELS_SHIFT & 7);
	return !w->incomplete;
}

/*
 * Pages in a range that has one entry of @level.  The entries of smaller pages in a larger one are
 * those of free pages.
 */
static void scan_range(struct walk *w, const struct tdx_model_tdmr *tdmr, u64 start,
		       unsigned int level, visit_fn visit)
{
	const struct tdx_model_pamt_entry *entry = entry_of(w, tdmr, start, level);
	unsigned int i;

	if (!entry)
		return;
	if (level == TDX_PAMT_4K ? entry->type != TDX_PAGE_NDA && entry->type != TDX_PAGE_RSVD :
				   entry->type == TDX_PAGE_REG)
		visit(w, entry, start, level);
	else if (level > TDX_PAMT_4K)
		for (i = 0; i < SEPT_NR_ENTRIES; i++)
			scan_range(w, tdmr, start + i * sept_bytes(level - 1), level - 1, visit);
}

static void scan_tdmr(struct walk *w, const struct tdx_model_tdmr *tdmr, visit_fn visit)
{
	const u64 end = tdmr->next & ~(TDX_TDMR_ALIGNMENT - 1);
	u64 pa;

	for (pa = tdmr->info.base; pa < end; pa += TDX_TDMR_ALIGNMENT)
		scan_range(w, tdmr, pa, TDX_PAMT_1G, visit);
}

static void scan_pamts(struct walk *w, visit_fn visit)
{
	unsigned int i;

	for (i = 0; i < w->m->nr_tdmrs; i++)
		scan_tdmr(w, &w->m->tdmrs[i], visit);
}

static void count_pamt_entry(struct walk *w, const struct tdx_model_pamt_entry *entry, u64 pa,
			     unsigned int level)
{
	if (entry->type == TDX_PAGE_TDR || tdx_model_owner(entry) != w->tdr)
		return;
	if (entry->type == TDX_PAGE_REG || entry->type == TDX_PAGE_EPT)
		count_page(&w->pamt, entry->type == TDX_PAGE_EPT, pa, level);
	else
		w->others++;
}

/* Which page is it?  This takes a walk for each page. */
static void name_culprit(struct walk *w, const struct tdx_model_pamt_entry *entry, u64 pa,
			 unsigned int level)
{
	const struct tdx_model_td *td = peek(w, w->tdr);

	if (!td || w->wanted || tdx_model_owner(entry) != w->tdr ||
	    (entry->type != TDX_PAGE_REG && entry->type != TDX_PAGE_EPT))
		return;
	w->wanted = pa;
	w->nr_wanted = 0;
	w->silent = true;
	walk_sept(w, td);
	w->silent = false;
	if (w->nr_wanted == 1)
		w->wanted = 0;
	else
		found(w, pa, w->nr_wanted ? "in the secure EPT more than once" :
					    "in the PAMT, but not in the secure EPT");
}

static void compare(struct walk *w, const struct tdx_model_td *td, bool walked)
{
	bool differ = w->pamt.sum != w->sept.sum || w->pamt.tables != w->sept.tables ||
		      w->pamt.mapped != w->sept.mapped;

	if (w->others + w->pamt.tables + w->pamt.mapped != td->chldcnt)
		found(w, w->tdr, "has another number of pages in CHLDCNT than in the PAMT");
	if (walked && differ)
		scan_pamts(w, name_culprit);
}

/**
 * tdx_model_check_td - compare the secure EPT of a TD with the PAMTs
 * @m:       the module
 * @tdr:     address of its TDR page
 * @checker: how memory is read, and what is done with a finding
 *
 * Context: While no leaf changes the TD.  Reads all PAMT entries.
 * Return: False if the host has taken back memory, so that nothing can be said.
 */
bool tdx_model_check_td(const struct tdx_model *m, u64 tdr, const struct tdx_model_checker *checker)
{
	struct walk w = { .checker = checker, .m = m, .tdr = tdr };
	const struct tdx_model_td *td = peek(&w, tdr);
	bool walked;

	if (!td)
		return false;
	walked = walk_sept(&w, td);
	scan_pamts(&w, count_pamt_entry);
	if (!w.incomplete)
		compare(&w, td, walked);
	return !w.incomplete;
}

static void check_tdr(struct walk *w, const struct tdx_model_pamt_entry *entry, u64 pa,
		      unsigned int level)
{
	w->others += sept_bytes(level) / PAGE_BYTES;
	if (entry->type == TDX_PAGE_TDR)
		w->nr_checked += tdx_model_check_td(w->m, pa, w->checker);
}

/**
 * tdx_model_check_tds - tdx_model_check_td() for all TDs, and the number of their pages
 * @m:       the module
 * @checker: how memory is read, and what is done with a finding
 *
 * Context: While no leaf runs.  Reads all PAMT entries once more than there are TDs.
 * Return: The number of TDs that could be checked.
 */
unsigned int tdx_model_check_tds(const struct tdx_model *m,
				 const struct tdx_model_checker *checker)
{
	struct walk w = { .checker = checker, .m = m };

	if (!m->nr_td_pages)
		return 0;
	scan_pamts(&w, check_tdr);
	if (!w.incomplete && w.others != m->nr_td_pages)
		found(&w, 0, "the module counts another number of pages of TDs than the PAMTs");
	return w.nr_checked;
}
