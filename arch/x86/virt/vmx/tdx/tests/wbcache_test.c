// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: caches written back on each package, by the software TDX module.
 */
#include <kunit/test.h>

#include "../keyid.h"
#include "../owner.h"
#include "model_host.h"
#include "td_life.h"

static int wbcache_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return 0;
}

static void wbcache_test_exit(struct kunit *test)
{
	td_life_host_unload(test->priv);
}

/* A TD whose KeyID can be freed after caches were written back. */
static struct td_life *new_flushed_td(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct page *tdr;

	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	tdr = td_life_page(life);
	KUNIT_ASSERT_EQ(test, tdh_mng_create(&life->td, tdr), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mng_vpflushdone(&life->td), 0ULL);
	return life;
}

static void end(struct kunit *test, struct td_life *life)
{
	KUNIT_EXPECT_EQ(test, tdh_mng_key_freeid(&life->td), 0ULL);
	tdx_keyid_free(&life->td);
	KUNIT_EXPECT_EQ(test, tdx_page_reclaim(&life->td, life->td.tdr), 0ULL);
	KUNIT_EXPECT_FALSE(test, tdx_pages_are_owned());
}

static u64 calls(struct kunit *test, u64 *status)
{
	struct model_host *host = test->priv;
	u64 before = atomic64_read(&host->seamcalls);

	*status = tdh_phymem_cache_wb();
	return atomic64_read(&host->seamcalls) - before;
}

static void what_an_interrupt_stops_is_resumed(struct kunit *test)
{
	struct td_life *life = new_flushed_td(test);
	struct model_host *host = test->priv;
	unsigned int pkgs = host->config.nr_pkgs;
	u64 status;

	host->interrupts = 1;
	KUNIT_EXPECT_EQ(test, calls(test, &status), pkgs + 1ULL);
	KUNIT_EXPECT_EQ(test, status, 0ULL);

	/* One call for each part of the cache; there are four in healthy.c. */
	host->interrupts = UINT_MAX;
	KUNIT_EXPECT_EQ(test, calls(test, &status), 4ULL * pkgs);
	KUNIT_EXPECT_EQ(test, status, 0ULL);
	host->interrupts = 0;
	end(test, life);
}

static void one_that_never_ends_is_given_up(struct kunit *test)
{
	struct td_life *life = new_flushed_td(test);
	struct model_host *host = test->priv;
	u64 status;

	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, U64_MAX,
			TDX_INTERRUPTED_RESUMABLE);
	KUNIT_EXPECT_EQ(test, calls(test, &status), 10000ULL);
	KUNIT_EXPECT_EQ(test, status, (u64)TDX_INTERRUPTED_RESUMABLE);
	model_host_fail(host, 0, 0, 0);

	KUNIT_EXPECT_EQ(test, tdx_status_code(tdh_mng_key_freeid(&life->td)),
			(u64)TDX_WBCACHE_NOT_COMPLETE);
	KUNIT_EXPECT_EQ(test, calls(test, &status), (u64)host->config.nr_pkgs);
	end(test, life);
}

static void without_a_td_that_ends_there_is_nothing_to_do(struct kunit *test)
{
	struct model_host *host = test->priv;
	u64 status;

	KUNIT_EXPECT_EQ(test, calls(test, &status), (u64)host->config.nr_pkgs);
	KUNIT_EXPECT_EQ(test, status, 0ULL);
}

static void a_package_that_fails_ends_it(struct kunit *test)
{
	struct td_life *life = new_flushed_td(test);
	struct model_host *host = test->priv;
	u64 status;

	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, 1, TDX_WBCACHE_RESUME_ERROR);
	KUNIT_EXPECT_EQ(test, calls(test, &status), 1ULL);
	KUNIT_EXPECT_EQ(test, status, (u64)TDX_WBCACHE_RESUME_ERROR);
	KUNIT_EXPECT_EQ(test, calls(test, &status), (u64)host->config.nr_pkgs);
	end(test, life);
}

static struct kunit_case wbcache_test_cases[] = {
	KUNIT_CASE(what_an_interrupt_stops_is_resumed),
	KUNIT_CASE(one_that_never_ends_is_given_up),
	KUNIT_CASE(without_a_td_that_ends_there_is_nothing_to_do),
	KUNIT_CASE(a_package_that_fails_ends_it),
	{}
};

static struct kunit_suite wbcache_test_suite = {
	.name = "tdx_wbcache",
	.init = wbcache_test_init,
	.exit = wbcache_test_exit,
	.test_cases = wbcache_test_cases,
};

kunit_test_suite(wbcache_test_suite);
