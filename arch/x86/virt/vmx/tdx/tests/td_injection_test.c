// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: every SEAMCALL of a TD's creation, use of memory and destruction returns every
 * status, once, twice and always.
 *
 * The expected result is not computed from the order of the calls, but read from the
 * software module: pages that it owns must be recorded and leaked, all others freed.
 * What is lost stays lost while other TDs come and go, until no KeyID is left.
 */
#include <kunit/test.h>
#include <linux/bitmap.h>
#include <linux/console.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/misc_cgroup.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>

#include "../error.h"
#include "../keyid.h"
#include "../owner.h"
#include "model_host.h"
#include "statuses.h"
#include "td_life.h"

#undef MODULE_PARAM_PREFIX
#define MODULE_PARAM_PREFIX	"tdx_td_injection."

static unsigned int every = 1;
module_param(every, uint, 0400);
MODULE_PARM_DESC(every, "try only every so many failures, to save time (1)");

#define MAX_LOST	1024	/* pages */

/* Transient statuses according to the specification, independent of error.c. */
static bool clears(u64 status)
{
	switch (status & TDX_STATUS_CODE_MASK) {
	case TDX_RND_NO_ENTROPY:
	case TDX_KEY_GENERATION_FAILED:
	case TDX_SYS_BUSY:
	case TDX_OPERAND_BUSY:
	case TDX_INTERRUPTED_RESTARTABLE:
		return true;
	}
	return false;
}

struct sweep {
	struct kunit *test;
	struct model_host *host;
	struct td_life *life;
	struct tdx_td_params *params;
	u16 leaves[MODEL_HOST_NR_LEAVES];	/* of a life without failures */
	u64 nr_live, nr_all;			/* number of SEAMCALLs */
	struct page *lost[MAX_LOST];		/* since the last restart */
	unsigned int nr_lost;
	unsigned int burnt;			/* KeyIDs, before this life */
	u64 nr_td_pages;			/* in the model, before this life */
	unsigned int cases, restarts;
};

struct injected {
	u64 nr;		/* number of the first SEAMCALL that fails */
	u64 status;
	u64 times;
};

#define EXPECT(sweep, in, condition)							\
	KUNIT_EXPECT_TRUE_MSG((sweep)->test, condition,					\
			      "SEAMCALL %llu (%s), status 0x%llx %llu times", (in)->nr,	\
			      tdx_leaf_name((sweep)->leaves[(in)->nr - 1]), (in)->status,	\
			      (in)->times)

static void new_life(struct sweep *sweep)
{
	struct td_life *life = sweep->life;

	*life = (struct td_life) { .test = sweep->test, .params = sweep->params };
	atomic64_set(&sweep->host->seamcalls, 0);
	bitmap_zero(sweep->host->failed, TDX_MODEL_NR_LEAVES);
	sweep->burnt = tdx_keyids_count().burnt;
	sweep->nr_td_pages = sweep->host->model.nr_td_pages;
}

static bool fails(const struct injected *in)
{
	return tdx_status_failed(in->status) && !(clears(in->status) && in->times < 10);
}

static bool has_failed(const struct sweep *sweep, u64 leaf)
{
	return test_bit(leaf, sweep->host->failed);
}

/* Without a failure of these leaves the KeyID has to be freed. */
static bool may_be_burnt(const struct sweep *sweep)
{
	return has_failed(sweep, TDH_VP_FLUSH) || has_failed(sweep, TDH_MNG_VPFLUSHDONE) ||
	       has_failed(sweep, TDH_PHYMEM_CACHE_WB) || has_failed(sweep, TDH_MNG_KEY_FREEID);
}

static bool is_owned_in_model(const struct sweep *sweep, struct page *page)
{
	return tdx_model_page(&sweep->host->model, page_to_phys(page)).type == TDX_MODEL_PAGE_TD;
}

static void check_pages(struct sweep *sweep, const struct injected *in)
{
	bool burnt = tdx_keyids_count().burnt > sweep->burnt;
	unsigned int i, before = sweep->nr_lost;
	struct tdx_page_owner owner;
	struct page *page;

	for (i = 0; i < sweep->life->nr_pages; i++) {
		page = sweep->life->pages[i];
		if (!tdx_page_find_owner(page_to_phys(page), &owner)) {
			EXPECT(sweep, in, !is_owned_in_model(sweep, page));
			continue;
		}
		sweep->lost[sweep->nr_lost++] = page;
		EXPECT(sweep, in, owner.leaked);
		EXPECT(sweep, in, page_count(page) == 1);
		/* Reclaimed, but not written back. */
		if (!is_owned_in_model(sweep, page))
			EXPECT(sweep, in, has_failed(sweep, TDH_PHYMEM_PAGE_WBINVD));
		else
			EXPECT(sweep, in, burnt || has_failed(sweep, TDH_PHYMEM_PAGE_RECLAIM));
	}
	EXPECT(sweep, in, atomic_read(&sweep->life->td.nr_leaked) == sweep->nr_lost - before);
	EXPECT(sweep, in, tdx_pages_count().owned == sweep->nr_lost);
	if (sweep->nr_lost == before)
		EXPECT(sweep, in, sweep->host->model.nr_td_pages == sweep->nr_td_pages);
}

static void check_keyids(struct sweep *sweep, const struct injected *in)
{
	const struct tdx_model_keyid *keyids = sweep->host->model.keyids;
	struct tdx_keyid_counts counts = tdx_keyids_count();
	unsigned int i, in_model = 0;

	/* The first one is the global KeyID. */
	for (i = 1; i < sweep->host->platform.nr_private_keyids; i++)
		in_model += keyids[sweep->host->platform.first_private_keyid + i].state !=
			    TDX_MODEL_KEYID_FREE;
	EXPECT(sweep, in, counts.used == 0);
	EXPECT(sweep, in, counts.burnt <= sweep->burnt + may_be_burnt(sweep));
	EXPECT(sweep, in, counts.burnt >= in_model);
	if (IS_ENABLED(CONFIG_CGROUP_MISC))
		EXPECT(sweep, in, misc_cg_res_total_usage(MISC_CG_RES_TDX) == 0);
}

static void check_locks(struct sweep *sweep, const struct injected *in)
{
	EXPECT(sweep, in, !mutex_is_locked(&tdx_keyid_table_mutex));
#ifdef CONFIG_LOCKDEP
	EXPECT(sweep, in, current->lockdep_depth == 0);
#endif
}

/* After a reset of the module, leaked pages can be freed. */
static void restart(struct sweep *sweep)
{
	td_life_host_restart(sweep->test, sweep->host);
	while (sweep->nr_lost)
		tdx_page_free(&sweep->life->td, sweep->lost[--sweep->nr_lost]);
	KUNIT_EXPECT_FALSE(sweep->test, tdx_pages_are_owned());
	sweep->restarts++;
}

/* The next TD needs a KeyID, and may lose all of its pages. */
static bool is_used_up(const struct sweep *sweep)
{
	return !tdx_keyids_count().free || sweep->nr_lost + TD_LIFE_MAX_PAGES > MAX_LOST;
}

static int live(struct td_life *life)
{
	return td_life_create(life, 1) ?: td_life_use_memory(life);
}

static void try_one(struct sweep *sweep, const struct injected *in)
{
	struct model_host *host = sweep->host;
	int error = in->nr <= sweep->nr_live && fails(in) ? tdx_status_errno(in->status) : 0;

	new_life(sweep);
	model_host_fail(host, in->nr, in->times, in->status);
	EXPECT(sweep, in, live(sweep->life) == error);
	td_life_destroy(sweep->life);
	model_host_fail(host, 0, 0, 0);

	check_pages(sweep, in);
	check_keyids(sweep, in);
	check_locks(sweep, in);
	if (is_used_up(sweep))
		restart(sweep);
	sweep->cases++;
}

/* If the module is always busy, each SEAMCALL takes 40 ms: do that only for some. */
static u64 many_times(u64 nr, u64 status)
{
	return clears(status) && nr % 16 ? 150 : U64_MAX;
}

static void try_all_statuses(struct sweep *sweep, u64 nr)
{
	struct injected in = { .nr = nr };
	unsigned int i;

	for (i = nr % every; i < 3 * ARRAY_SIZE(statuses); i += every) {
		in.status = statuses[i / 3];
		in.times = i % 3 < 2 ? i % 3 + 1 : many_times(nr, in.status);
		try_one(sweep, &in);
	}
}

/* Counts the SEAMCALLs. */
static void live_without_failures(struct sweep *sweep)
{
	struct model_host *host = sweep->host;

	new_life(sweep);
	KUNIT_EXPECT_EQ(sweep->test, live(sweep->life), 0);
	sweep->nr_live = atomic64_read(&host->seamcalls);
	td_life_destroy(sweep->life);
	sweep->nr_all = atomic64_read(&host->seamcalls);
	memcpy(sweep->leaves, host->leaves, sizeof(sweep->leaves));
}

static void every_status_at_every_seamcall(struct kunit *test)
{
	struct sweep *sweep = kunit_kzalloc(test, sizeof(*sweep), GFP_KERNEL);
	int loglevel = console_loglevel;
	ktime_t start = ktime_get();
	u64 nr;

	KUNIT_ASSERT_NOT_NULL(test, sweep);
	sweep->test = test;
	sweep->host = test->priv;
	sweep->life = td_life_new(test);
	sweep->params = sweep->life->params;

	console_loglevel = CONSOLE_LOGLEVEL_SILENT;
	migrate_disable();
	live_without_failures(sweep);
	for (nr = 1; nr <= sweep->nr_all; nr++)
		try_all_statuses(sweep, nr);
	restart(sweep);
	migrate_enable();
	console_loglevel = loglevel;
	kunit_info(test, "%u cases at %llu SEAMCALLs, %u restarts, %lld ms\n", sweep->cases,
		   sweep->nr_all, sweep->restarts, ktime_ms_delta(ktime_get(), start));
}

static int td_injection_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return 0;
}

static void td_injection_test_exit(struct kunit *test)
{
	td_life_host_unload(test->priv);
}

static struct kunit_case td_injection_test_cases[] = {
	KUNIT_CASE(every_status_at_every_seamcall),
	{}
};

static struct kunit_suite td_injection_test_suite = {
	.name = "tdx_td_injection",
	.init = td_injection_test_init,
	.exit = td_injection_test_exit,
	.test_cases = td_injection_test_cases,
};

kunit_test_suite(td_injection_test_suite);
