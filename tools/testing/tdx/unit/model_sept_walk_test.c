// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls of leaves for private memory of the software TDX module, against a reference:
 * what the specification says of entries, pages and epochs, in plain structures.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_mem.h"
#include "model_rules.h"

#define NR_PAGES	24	/* small pages that the host gives */
#define NR_LARGE	3
#define POOL_PA		(G(1) + M(2))
#define POOL_LARGE_PA	(G(1) + M(64))

/* Guest addresses: tables of two GB, four areas of 2 MB in each */
#define NR_GB		2
#define NR_AREAS	4

enum kind { FREE_ENTRY, TABLE, PAGE };

struct entry {
	enum kind kind;
	bool pending, blocked;
	u64 pa;
};

struct page {
	enum tdx_page_type type;
	u64 bepoch;
};

struct reference {
	struct entry top, gb[NR_GB], area[NR_GB][NR_AREAS], small[NR_GB][NR_AREAS][512];
	struct page pages[NR_PAGES];
	struct {
		struct page whole, part[512];
	} large[NR_LARGE];
	bool runnable;
	u64 epoch;
	u16 inside[2];		/* vCPUs, by epoch */
	u64 nr_pages;		/* in 4 KB */
};

struct result {
	u64 status, rcx, rdx;
};

/* A call */
struct step {
	u64 leaf, gpa, r8;
	unsigned int level;
	bool flag;
};

static struct entry *entry_for(struct reference *r, u64 gpa, unsigned int level)
{
	unsigned int gb = gpa / G(1), area = gpa / M(2) % 512;

	switch (level) {
	case 3:
		return &r->top;
	case 2:
		return &r->gb[gb];
	case 1:
		return &r->area[gb][area];
	default:
		return &r->small[gb][area][gpa / K(4) % 512];
	}
}

/* A page, or the large page that contains it */
static struct page *page_for(struct reference *r, u64 pa, bool large)
{
	unsigned int i = (pa - POOL_LARGE_PA) / M(2);

	if (pa < POOL_LARGE_PA)
		return &r->pages[(pa - POOL_PA) / K(4)];
	return large ? &r->large[i].whole : &r->large[i].part[pa % M(2) / K(4)];
}

static struct page *page_of(struct reference *r, const struct entry *e, unsigned int level)
{
	return page_for(r, e->pa, e->kind == PAGE && level);
}

static struct result details(const struct entry *e, unsigned int level, u64 status)
{
	struct result result = { .status = status };
	u64 number;

	if (e->kind == FREE_ENTRY) {
		result.rcx = 1ULL << 63;
		number = 0;
	} else if (e->kind == TABLE) {
		result.rcx = e->blocked ? 0 : 7;
		number = e->blocked ? 129 : 132;
	} else {
		result.rcx = e->pa | 0x80000000000000f0 | (e->pending || e->blocked ? 0 : 7);
		number = e->pending ? 2 + e->blocked : e->blocked ? 1 : 4;
	}
	result.rdx = level | number << 8;
	return result;
}

static const struct result good = {};

static struct result tracked(struct reference *r, const struct entry *e, unsigned int level,
			     u64 operand)
{
	u64 bepoch = page_of(r, e, level)->bepoch;

	if (!r->runnable)
		return good;
	if (!e->blocked)
		return details(e, level, RCX(GPA_RANGE_NOT_BLOCKED));
	if (bepoch == r->epoch || (bepoch == r->epoch - 1 && r->inside[bepoch % 2]))
		return (struct result) { TDX_TLB_TRACKING_NOT_DONE | operand };
	return good;
}

static bool large_is_free(const struct reference *r, unsigned int i)
{
	unsigned int part;

	for (part = 0; part < 512; part++)
		if (r->large[i].part[part].type)
			return false;
	return !r->large[i].whole.type;
}

static struct result free_page(struct reference *r, u64 pa, unsigned int level)
{
	bool is_free;

	if (pa % (level ? M(2) : K(4)))
		return (struct result) { R8(OPERAND_INVALID) };
	if (level)
		is_free = pa >= POOL_LARGE_PA && large_is_free(r, (pa - POOL_LARGE_PA) / M(2));
	else
		is_free = !page_for(r, pa, false)->type &&
			  (pa < POOL_LARGE_PA || !page_for(r, pa, true)->type);
	return is_free ? good : (struct result) { R8(PAGE_METADATA_INCORRECT) };
}

static void take(struct reference *r, struct entry *e, u64 pa, unsigned int level, enum kind kind)
{
	bool large = kind == PAGE && level;

	*page_for(r, pa, large) = (struct page) { kind == PAGE ? TDX_PAGE_REG : TDX_PAGE_EPT, 0 };
	r->nr_pages += large ? 512 : 1;
	*e = (struct entry) { .kind = kind, .pa = pa };
}

static u64 give_back(struct reference *r, const struct entry *e, unsigned int level)
{
	page_of(r, e, level)->type = TDX_PAGE_NDA;
	r->nr_pages -= e->kind == PAGE && level ? 512 : 1;
	return e->pa;
}

static bool table_is_empty(struct reference *r, const struct step *s)
{
	u64 child = s->level == 3 ? G(1) : s->level == 2 ? M(2) : K(4), i;
	unsigned int nr = s->level == 3 ? NR_GB : s->level == 2 ? NR_AREAS : 512;

	for (i = 0; i < nr; i++)
		if (entry_for(r, s->gpa + i * child, s->level - 1)->kind != FREE_ENTRY)
			return false;
	return true;
}

static bool can_be_merged(struct reference *r, const struct step *s)
{
	const struct entry *first = entry_for(r, s->gpa, 0), *e;
	unsigned int i;

	if (s->level != 1 || first->kind != PAGE || first->blocked || first->pa % M(2))
		return false;
	for (i = 1; i < 512; i++) {
		e = &first[i];
		if (e->kind != PAGE || e->blocked || e->pending != first->pending ||
		    e->pa != first->pa + i * K(4))
			return false;
	}
	return true;
}

static struct result promote(struct reference *r, const struct step *s, struct entry *e)
{
	struct entry *first = entry_for(r, s->gpa, 0);
	struct result result = good;
	unsigned int i;

	if (!can_be_merged(r, s))
		return details(e, s->level, RCX(EPT_INVALID_PROMOTE_CONDITIONS));
	result.rcx = give_back(r, e, s->level);
	for (i = 0; i < 512; i++)
		page_for(r, first->pa + i * K(4), false)->type = TDX_PAGE_NDA;
	page_for(r, first->pa, true)->type = TDX_PAGE_REG;
	*e = *first;
	memset(first, 0, 512 * sizeof(*first));
	return result;
}

static void demote(struct reference *r, const struct step *s, struct entry *e)
{
	struct entry *first = entry_for(r, s->gpa, 0), old = *e;
	unsigned int i;

	take(r, e, s->r8, s->level, TABLE);
	for (i = 0; i < 512; i++) {
		first[i] = (struct entry) { PAGE, .pending = old.pending, .pa = old.pa + i * K(4) };
		*page_for(r, first[i].pa, false) = (struct page) { TDX_PAGE_REG, 0 };
	}
	page_for(r, old.pa, true)->type = TDX_PAGE_NDA;
}

static bool is_legal(const struct step *s, const struct entry *e)
{
	switch (s->leaf) {
	case TDH_MEM_SEPT_ADD:
		return e->kind == FREE_ENTRY || (e->kind == TABLE && !e->blocked && s->flag);
	case TDH_MEM_PAGE_ADD:
	case TDH_MEM_PAGE_AUG:
		return e->kind == FREE_ENTRY;
	case TDH_MEM_SEPT_REMOVE:
	case TDH_MEM_PAGE_PROMOTE:
		return e->kind == TABLE;
	case TDH_MEM_PAGE_REMOVE:
	case TDH_MEM_PAGE_RELOCATE:
	case TDH_MEM_PAGE_DEMOTE:
		return e->kind == PAGE;
	case TDH_MEM_RANGE_UNBLOCK:
		return e->blocked;
	case TDH_MEM_RANGE_BLOCK:
		return e->kind != FREE_ENTRY;
	default:
		return true;
	}
}

/* Checks of the leaf after that of the entry's state */
static struct result check(struct reference *r, const struct step *s, const struct entry *e)
{
	struct result result = good;

	switch (s->leaf) {
	case TDH_MEM_SEPT_ADD:
		return e->kind == FREE_ENTRY ? free_page(r, s->r8, 0) : good;
	case TDH_MEM_PAGE_ADD:
	case TDH_MEM_PAGE_AUG:
		return free_page(r, s->r8, s->level);
	case TDH_MEM_RANGE_UNBLOCK:
		return tracked(r, e, s->level, TDX_OPERAND_ID_SEPT_TREE);
	case TDH_MEM_PAGE_RELOCATE:
	case TDH_MEM_PAGE_DEMOTE:
		if (s->leaf == TDH_MEM_PAGE_RELOCATE && s->r8 == e->pa)
			return (struct result) { R8(OPERAND_INVALID) };
		result = tracked(r, e, s->level, TDX_OPERAND_ID_RCX);
		return result.status ? result : free_page(r, s->r8, 0);
	case TDH_MEM_SEPT_REMOVE:
		result = tracked(r, e, s->level, TDX_OPERAND_ID_RCX);
		if (!result.status && !table_is_empty(r, s))
			result = details(e, s->level, RCX(EPT_PAGE_NOT_FREE));
		return result;
	case TDH_MEM_PAGE_REMOVE:
	case TDH_MEM_PAGE_PROMOTE:
		return tracked(r, e, s->level, TDX_OPERAND_ID_RCX);
	}
	return good;
}

static struct result relocate(struct reference *r, const struct step *s, struct entry *e)
{
	bool pending = e->pending;
	struct result result = { .rcx = give_back(r, e, s->level) };

	take(r, e, s->r8, 0, PAGE);
	e->pending = pending;
	return result;
}

static struct result effect(struct reference *r, const struct step *s, struct entry *e)
{
	struct result result = good;

	switch (s->leaf) {
	case TDH_MEM_SEPT_ADD:
		if (e->kind == FREE_ENTRY)
			take(r, e, s->r8, s->level, TABLE);
		break;
	case TDH_MEM_PAGE_ADD:
	case TDH_MEM_PAGE_AUG:
		take(r, e, s->r8, s->level, PAGE);
		e->pending = s->leaf == TDH_MEM_PAGE_AUG;
		break;
	case TDH_MEM_SEPT_REMOVE:
	case TDH_MEM_PAGE_REMOVE:
		result.rcx = give_back(r, e, s->level);
		*e = (struct entry) {};
		break;
	case TDH_MEM_PAGE_RELOCATE:
		return relocate(r, s, e);
	case TDH_MEM_PAGE_PROMOTE:
		return promote(r, s, e);
	case TDH_MEM_PAGE_DEMOTE:
		demote(r, s, e);
		break;
	case TDH_MEM_RANGE_BLOCK:
		if (e->blocked)
			return details(e, s->level, RCX(GPA_RANGE_ALREADY_BLOCKED));
		e->blocked = true;
		page_of(r, e, s->level)->bepoch = r->epoch;
		break;
	case TDH_MEM_RANGE_UNBLOCK:
		e->blocked = false;
		break;
	case TDH_MEM_SEPT_RD:
		return details(e, s->level, 0);
	}
	return result;
}

static struct result predict(struct reference *r, const struct step *s)
{
	unsigned int level = 3;
	struct entry *e = entry_for(r, s->gpa, level);
	struct result result;

	if (s->leaf == TDH_MEM_PAGE_ADD && r->runnable)
		return (struct result) { TDX_OP_STATE_INCORRECT };
	while (level > s->level && e->kind == TABLE && !e->blocked)
		e = entry_for(r, s->gpa, --level);
	if (level != s->level)
		return details(e, level, RCX(EPT_WALK_FAILED));
	if (!is_legal(s, e))
		return details(e, level, RCX(EPT_ENTRY_STATE_INCORRECT));
	result = check(r, s, e);
	return result.status ? result : effect(r, s, e);
}

/* Of the random walk */
struct walk {
	struct model_machine *m;
	struct reference r;
	u64 random;
	u64 succeeded[TDX_MODEL_NR_LEAVES];
};

static unsigned int draw(struct walk *w, unsigned int below)
{
	w->random = w->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (w->random >> 33) % below;
}

static u64 draw_page(struct walk *w, unsigned int level)
{
	u64 large = POOL_LARGE_PA + M(2) * draw(w, NR_LARGE);

	if (level == 1 ? draw(w, 16) : !draw(w, 16))
		return large + (draw(w, 16) ? 0 : K(4) * draw(w, 512));
	return POOL_PA + K(4) * draw(w, NR_PAGES);
}

/* Leaves, repeated ones more often, and levels that have a reference */
static const struct {
	u8 leaf, lowest, highest;
} kinds[] = {
	{ TDH_MEM_SEPT_ADD, 1, 3 }, { TDH_MEM_SEPT_ADD, 2, 3 },
	{ TDH_MEM_SEPT_RD, 0, 3 }, { TDH_MEM_SEPT_REMOVE, 1, 2 },
	{ TDH_MEM_SEPT_REMOVE, 1, 1 }, { TDH_MEM_PAGE_REMOVE, 0, 0 },
	{ TDH_MEM_PAGE_ADD, 0, 0 }, { TDH_MEM_PAGE_AUG, 0, 0 }, { TDH_MEM_PAGE_AUG, 1, 1 },
	{ TDH_MEM_PAGE_AUG, 1, 1 }, { TDH_MEM_PAGE_REMOVE, 0, 1 },
	{ TDH_MEM_PAGE_RELOCATE, 0, 0 }, { TDH_MEM_PAGE_PROMOTE, 1, 1 },
	{ TDH_MEM_PAGE_PROMOTE, 1, 1 }, { TDH_MEM_PAGE_DEMOTE, 1, 1 },
	{ TDH_MEM_PAGE_DEMOTE, 1, 1 }, { TDH_MEM_RANGE_BLOCK, 0, 1 },
	{ TDH_MEM_RANGE_BLOCK, 1, 1 }, { TDH_MEM_RANGE_BLOCK, 0, 0 },
	{ TDH_MEM_RANGE_BLOCK, 0, 2 },
	{ TDH_MEM_RANGE_UNBLOCK, 0, 2 }, { TDH_MEM_RANGE_UNBLOCK, 0, 2 },
};

static struct step draw_step(struct walk *w)
{
	static const u16 small[] = { 0, 1, 511 };
	unsigned int i = draw(w, ARRAY_SIZE(kinds));
	struct step s = {
		.leaf = kinds[i].leaf,
		.level = kinds[i].lowest + draw(w, kinds[i].highest - kinds[i].lowest + 1),
		.flag = kinds[i].leaf == TDH_MEM_SEPT_ADD && !draw(w, 4),
	};
	s.gpa = G(1) * draw(w, NR_GB) + M(2) * draw(w, NR_AREAS) + K(4) * small[draw(w, 3)];
	s.gpa &= ~((K(4) << 9 * s.level) - 1);
	s.r8 = draw_page(w, s.level);
	return s;
}

static bool try_step(struct walk *w)
{
	struct step s = draw_step(w);
	struct tdx_regs regs = {
		.rcx = s.gpa | s.level, .rdx = s.flag, .r8 = s.r8, .r9 = SOURCE_PA,
	};
	struct result expected = predict(&w->r, &s);
	u64 status = mem_call_regs(w->m, s.leaf, &regs);

	if (!status)
		w->succeeded[s.leaf]++;
	if (status == expected.status && regs.rcx == expected.rcx && regs.rdx == expected.rdx &&
	    td_of(w->m)->chldcnt == w->r.nr_pages)
		return true;
	fprintf(stderr, "# leaf %llu at 0x%llx, level %u, page 0x%llx: 0x%llx 0x%llx 0x%llx, ",
		s.leaf, s.gpa, s.level, s.r8, status, regs.rcx, regs.rdx);
	fprintf(stderr, "not 0x%llx 0x%llx 0x%llx: %s\n", expected.status, expected.rcx,
		expected.rdx, tdx_model_why(&w->m->model));
	return false;
}

/* A vCPU enters the guest, or leaves it. */
static void move_vcpu(struct walk *w)
{
	u16 *inside = tdcs_of(w->m)->refcount;
	unsigned int i = draw(w, 2);

	if (w->r.runnable && inside[i])
		inside[i]--;
	else if (w->r.runnable && !draw(w, 8))
		inside[w->r.epoch % 2]++;
	memcpy(w->r.inside, inside, sizeof(w->r.inside));
}

static bool try_track(struct walk *w)
{
	bool busy = w->r.inside[(w->r.epoch - 1) % 2];
	u64 status = td_call(w->m, 0, TDH_MEM_TRACK, TDR_PA, 0);

	w->r.epoch += !busy;
	return status == (busy ? TDX_PREVIOUS_TLB_EPOCH_BUSY : 0);
}

/* TDH.PHYMEM.PAGE.RDMD */
static bool try_page(struct walk *w)
{
	u64 pa = draw_page(w, draw(w, 2));
	bool large = pa >= POOL_LARGE_PA && page_for(&w->r, pa, true)->type;
	const struct page *page = page_for(&w->r, pa, large);
	struct tdx_model_regs regs = { .rax = TDH_PHYMEM_PAGE_RDMD, .gpr = { .rcx = pa } };
	u64 status = machine_seamcall(w->m, 0, &regs);

	return !status && regs.gpr.rcx == page->type && regs.gpr.r8 == large &&
	       (!page->type || (regs.gpr.rdx == TDR_PA && regs.gpr.r9 == page->bepoch));
}

static bool try_any(struct walk *w)
{
	switch (draw(w, 16)) {
	case 0:
	case 1:
		return try_track(w);
	case 2:
		move_vcpu(w);
		return true;
	case 3:
		return try_page(w);
	default:
		return try_step(w);
	}
}

FIXTURE(sept) {
	struct walk *walk;
};

FIXTURE_SETUP(sept)
{
	self->walk = calloc(1, sizeof(*self->walk));
	ASSERT_NE(NULL, self->walk);
	self->walk->m = machine_alloc();
	ASSERT_NE(NULL, self->walk->m);
	machine_init(self->walk->m, 4);
}

FIXTURE_TEARDOWN(sept)
{
	machine_free(self->walk->m);
	free(self->walk);
}

#define NR_WALKS	120
#define NR_STEPS	8000
#define BUILD_STEPS	1500	/* before the TD is finalized */

static bool is_consistent(const struct model_machine *m)
{
	bool locked;

	return m->model.nr_td_pages == td_count_pages(m, &locked) && !locked &&
	       m->td_bytes_owned == K(4) * m->model.nr_td_pages;
}

TEST_F(sept, random_calls_do_what_the_reference_says)
{
	static const u8 leaves[] = {
		TDH_MEM_SEPT_ADD, TDH_MEM_SEPT_RD, TDH_MEM_SEPT_REMOVE, TDH_MEM_PAGE_ADD,
		TDH_MEM_PAGE_AUG, TDH_MEM_PAGE_REMOVE, TDH_MEM_PAGE_RELOCATE,
		TDH_MEM_PAGE_PROMOTE, TDH_MEM_PAGE_DEMOTE, TDH_MEM_RANGE_BLOCK,
		TDH_MEM_RANGE_UNBLOCK,
	};
	struct walk *w = self->walk;
	unsigned int i, step, leaf;

	for (i = 0; i < NR_WALKS; i++) {
		ASSERT_TRUE(mem_bring_to(w->m, NO_MEMORY));
		memset(&w->r, 0, sizeof(w->r));
		w->random = i;
		w->r.epoch = 1;
		w->r.nr_pages = td_of(w->m)->chldcnt;
		for (step = 0; step < NR_STEPS; step++) {
			if (step == BUILD_STEPS) {
				ASSERT_EQ(0, td_call(w->m, 0, TDH_MR_FINALIZE, TDR_PA, 0));
				w->r.runnable = true;
			}
			ASSERT_TRUE(try_any(w)) TH_LOG("walk %u, step %u", i, step);
		}
		EXPECT_TRUE(is_consistent(w->m));
	}
	for (leaf = 0; leaf < TDX_MODEL_NR_LEAVES; leaf++)
		if (memchr(leaves, leaf, sizeof(leaves)))
			EXPECT_LT(50, w->succeeded[leaf]) TH_LOG("leaf %u", leaf);
}

TEST_HARNESS_MAIN
