// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: handing over memory and the module to another kernel.
 *
 * Memory is cleared by CPUs with MOVDIR64B only.  Others have no TDX, and leave it as it is.
 */
#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <asm/cpufeature.h>
#include <asm/tdx_host.h>

#include "../keyid.h"
#include "../owner.h"
#include "../page.h"
#include "../pamt.h"
#include "fail_alloc.h"
#include "model_host.h"
#include "td_life.h"

#define OLD	0x5a

static u8 cleared(void)
{
	return boot_cpu_has(X86_FEATURE_MOVDIR64B) ? 0 : OLD;
}

static bool is_filled(struct page *page, u8 value)
{
	return !memchr_inv(page_address(page), value, PAGE_SIZE);
}

static void only_pages_of_tds_are_cleared(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct page *page = alloc_pages(GFP_KERNEL, 1);
	struct tdx_page_owner owner;

	KUNIT_ASSERT_NOT_NULL(test, page);
	memset(page_address(page), OLD, 2 * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, tdx_page_take(&life->td, page), 0);

	tdx_pages_make_safe();
	KUNIT_EXPECT_TRUE(test, is_filled(page, cleared()));
	KUNIT_EXPECT_TRUE(test, is_filled(page + 1, OLD));
	KUNIT_EXPECT_TRUE(test, tdx_page_find_owner(page_to_phys(page), &owner));
	tdx_page_return(&life->td, page);
	__free_pages(page, 1);
}

static bool is_any(gfp_t gfp)
{
	return true;
}

/* Of each PAMT, the first and the last page say enough: it is cleared as a whole. */
static void expect_pamts(struct kunit *test, const struct tdmr_layout *layout, u8 value)
{
	const struct tdmr *tdmr;

	for (tdmr = layout->tdmrs; tdmr < &layout->tdmrs[layout->nr_tdmrs]; tdmr++) {
		u64 end = tdmr->pamt + tdmr_pamt_bytes(layout->map, tdmr);

		KUNIT_EXPECT_TRUE(test, is_filled(pfn_to_page(PHYS_PFN(tdmr->pamt)), value));
		KUNIT_EXPECT_TRUE(test, is_filled(pfn_to_page(PHYS_PFN(end) - 1), value));
	}
}

static void fill_pamts(const struct tdmr_layout *layout)
{
	const struct tdmr *tdmr;

	for (tdmr = layout->tdmrs; tdmr < &layout->tdmrs[layout->nr_tdmrs]; tdmr++)
		memset(__va(tdmr->pamt), OLD, tdmr_pamt_bytes(layout->map, tdmr));
}

static void pamts_are_cleared_with_and_without_other_memory(struct kunit *test)
{
	const struct fail_alloc all = { .matches = is_any, .first = 1, .times = UINT_MAX };
	const struct tdmr_layout *layout = &((struct model_host *)test->priv)->module.layout;

	KUNIT_ASSERT_GT(test, layout->nr_tdmrs, 0u);
	fill_pamts(layout);
	tdx_pamt_make_safe(layout);
	expect_pamts(test, layout, cleared());

	fill_pamts(layout);
	fail_alloc_begin(&all);
	tdx_pamt_make_safe(layout);
	fail_alloc_end();
	expect_pamts(test, layout, cleared());
}

/* Number of SEAMCALLs that tdx_disable() makes. */
static u64 disable(struct model_host *host)
{
	u64 before = atomic64_read(&host->seamcalls);

	tdx_disable();
	return atomic64_read(&host->seamcalls) - before;
}

static void restart_with_2_0(struct kunit *test)
{
	struct model_host *host = test->priv;

	host->config.generation = TDX_MODEL_2_0;
	td_life_host_restart(test, host);
}

static void a_module_is_disabled_although_it_is_interrupted(struct kunit *test)
{
	struct model_host *host = test->priv;

	restart_with_2_0(test);
	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, 5, TDX_INTERRUPTED_RESUMABLE);
	KUNIT_EXPECT_EQ(test, disable(host), 6ULL);
	KUNIT_EXPECT_EQ(test, (int)host->model.state, (int)TDX_MODEL_INIT_PENDING);
}

static void a_module_that_never_ends_does_not_keep_the_next_kernel(struct kunit *test)
{
	struct model_host *host = test->priv;

	model_host_fail(host, 1, U64_MAX, TDX_INTERRUPTED_RESUMABLE);
	KUNIT_EXPECT_EQ(test, disable(host), 1000ULL);
}

static void a_module_is_not_disabled_while_a_td_has_a_page(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct model_host *host = test->priv;
	struct page *page;

	restart_with_2_0(test);
	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	page = td_life_page(life);
	KUNIT_EXPECT_EQ(test, disable(host), 0ULL);
	KUNIT_EXPECT_EQ(test, (int)host->model.state, (int)TDX_MODEL_READY);
	tdx_page_free(&life->td, page);
	tdx_keyid_free(&life->td);
	KUNIT_EXPECT_EQ(test, disable(host), 1ULL);
	KUNIT_EXPECT_EQ(test, (int)host->model.state, (int)TDX_MODEL_INIT_PENDING);
}

static int kexec_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return fail_alloc_register();
}

static void kexec_test_exit(struct kunit *test)
{
	fail_alloc_unregister();
	td_life_host_unload(test->priv);
}

static struct kunit_case kexec_test_cases[] = {
	KUNIT_CASE(only_pages_of_tds_are_cleared),
	KUNIT_CASE(pamts_are_cleared_with_and_without_other_memory),
	KUNIT_CASE(a_module_is_disabled_although_it_is_interrupted),
	KUNIT_CASE(a_module_that_never_ends_does_not_keep_the_next_kernel),
	KUNIT_CASE(a_module_is_not_disabled_while_a_td_has_a_page),
	{}
};

static struct kunit_suite kexec_test_suite = {
	.name = "tdx_kexec",
	.init = kexec_test_init,
	.exit = kexec_test_exit,
	.test_cases = kexec_test_cases,
};

kunit_test_suite(kexec_test_suite);
