// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: failures of each memory allocation of the initialization, and of a page for a TD.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "../keyid.h"
#include "../owner.h"
#include "../page.h"
#include "../seamcall.h"
#include "fail_alloc.h"
#include "model_host.h"
#include "td_life.h"

/*
 * Only those of the initialization itself.  The number of others changes from one attempt to the
 * next: of pages for slabs and of kmemleak, which do not warn, and of pages that are migrated out
 * of the place for a PAMT.  Allocations in interrupts cannot wait for memory.
 */
static bool is_of_initialization(gfp_t gfp)
{
	const gfp_t mask = __GFP_DIRECT_RECLAIM | __GFP_NOWARN | __GFP_MOVABLE;

	return (gfp & mask) == __GFP_DIRECT_RECLAIM;
}

static struct fail_alloc one = { .matches = is_of_initialization, .times = 1 };

/* Made by the worker itself, which does not allocate memory before. */
static u64 find_worker(u64 leaf, u64 status, struct tdx_regs *regs)
{
	if (leaf == TDH_SYS_INIT)
		fail_alloc_begin(&one);
	return status;
}

/* Returns the number of allocations. */
static unsigned int attempt(struct model_host *host, unsigned int nth)
{
	one.first = nth;
	host->distort = find_worker;
	tdx_module_init(&host->module);
	flush_work(&host->module.work);
	host->distort = NULL;
	return fail_alloc_end();
}

static void an_allocation_that_fails_costs_nothing(struct kunit *test)
{
	struct model_host *host = test->priv;
	struct tdx_module *module = &host->module;
	unsigned int nth, failed = 0;
	long before;

	model_host_restart(host);
	attempt(host, 0);
	KUNIT_ASSERT_EQ(test, module->error, 0);
	model_host_restart(host);
	before = model_host_free_pages();

	for (nth = 1; ; nth++) {
		if (attempt(host, nth) < nth)
			break;
		if (module->error) {
			failed++;
			KUNIT_EXPECT_EQ_MSG(test, module->error, -ENOMEM, "allocation %u: %s", nth,
					    module->cause.text);
			KUNIT_EXPECT_EQ(test, (int)module->state, (int)TDX_MODULE_PENDING);
			KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(module->cause.text, "no "),
						  "allocation %u: %s", nth, module->cause.text);
			KUNIT_EXPECT_NULL(test, module->layout.tdmrs);
			KUNIT_EXPECT_EQ(test, tdx_module_init(module), 0);
		}
		model_host_restart(host);
	}
	KUNIT_EXPECT_EQ(test, module->error, 0);
	KUNIT_EXPECT_GT(test, failed, 5u);
	model_host_restart(host);
	/* The rest of the kernel allocates, too, but less than a PAMT. */
	KUNIT_EXPECT_LT(test, before - model_host_free_pages(), 512L);
	kunit_info(test, "%u allocations, %u of them indispensable\n", nth - 1, failed);
}

/*
 * Those without waiting, too: an xarray tries them first.  Not in interrupts, and not those of
 * kmemleak and debugobjects, which they would turn off.
 */
static bool is_of_a_page(gfp_t gfp)
{
	return !(gfp & (__GFP_HIGH | __GFP_NORETRY));
}

static void fail_from(unsigned int nth, unsigned int times)
{
	const struct fail_alloc which = { .matches = is_of_a_page, .first = nth, .times = times };

	fail_alloc_begin(&which);
}

static void expect_recorded(struct kunit *test, const struct tdx_td *td, bool recorded)
{
	KUNIT_EXPECT_EQ(test, !!td->owner, recorded);
	KUNIT_EXPECT_EQ(test, tdx_pages_are_owned(), recorded);
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, (unsigned long)recorded);
}

static struct page *alloc_page_failing(struct td_life *life, unsigned int nth, unsigned int times)
{
	struct page *page;

	fail_from(nth, times);
	page = tdx_page_alloc(&life->td);
	fail_alloc_end();
	return page;
}

/* Returns the number of attempts. */
static unsigned int try_until_there_is_a_page(struct kunit *test, unsigned int times)
{
	struct td_life *life = td_life_new(test);
	struct page *page = NULL;
	unsigned int nth = 0;

	KUNIT_EXPECT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	while (!page) {
		page = alloc_page_failing(life, ++nth, times);
		expect_recorded(test, &life->td, page);
	}
	tdx_page_free(&life->td, page);
	tdx_keyid_free(&life->td);
	return nth;
}

static void a_page_is_not_allocated_without_its_record(struct kunit *test)
{
	/* An xarray tries each of its allocations twice. */
	try_until_there_is_a_page(test, 2);
	/* Of the page, the TD's id and the ids of pages around it, at least */
	KUNIT_EXPECT_GT(test, try_until_there_is_a_page(test, UINT_MAX), 3u);
}

/* The rest of the kernel allocates, too. */
static void a_page_without_its_record_is_freed(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	long before = model_host_free_pages();
	unsigned int i;

	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_NULL(test, alloc_page_failing(life, 2, 1));
	KUNIT_EXPECT_LT(test, before - model_host_free_pages(), 500L);
}

/* The last page, whose record needs most.  It may be in use: nothing writes it. */
static void a_page_is_not_taken_without_its_record(struct kunit *test)
{
	const struct tdx_memory *ram = &((struct model_host *)test->priv)->ram;
	const struct tdx_ram *last = &ram->ram[ram->nr - 1];
	struct page *page = pfn_to_page(PHYS_PFN(last->base + last->size) - 1);
	struct tdx_td td = {};
	unsigned int nth = 0;
	int ret = -ENOMEM;

	while (ret == -ENOMEM) {
		fail_from(++nth, UINT_MAX);
		ret = tdx_page_take(&td, page);
		fail_alloc_end();
		expect_recorded(test, &td, !ret);
	}
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_GT(test, nth, 3u);
	tdx_owner_forget(&td, page);
	expect_recorded(test, &td, false);
}

static int allocation_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return fail_alloc_register();
}

static void allocation_test_exit(struct kunit *test)
{
	fail_alloc_unregister();
	td_life_host_unload(test->priv);
}

static struct kunit_case allocation_test_cases[] = {
	KUNIT_CASE(an_allocation_that_fails_costs_nothing),
	KUNIT_CASE(a_page_is_not_allocated_without_its_record),
	KUNIT_CASE(a_page_without_its_record_is_freed),
	KUNIT_CASE(a_page_is_not_taken_without_its_record),
	{}
};

static struct kunit_suite allocation_test_suite = {
	.name = "tdx_allocation",
	.init = allocation_test_init,
	.exit = allocation_test_exit,
	.test_cases = allocation_test_cases,
};

kunit_test_suite(allocation_test_suite);
