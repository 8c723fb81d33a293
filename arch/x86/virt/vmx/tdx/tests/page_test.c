// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: giving pages to the software TDX module and reclaiming them.
 */
#include <kunit/test.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/string.h>

#include <asm/cpufeature.h>

#include "../keyid.h"
#include "../memory.h"
#include "../owner.h"
#include "../page.h"
#include "../regs.h"
#include "model_host.h"
#include "td_life.h"

static int page_test_init(struct kunit *test)
{
	td_life_host_create(test);
	return 0;
}

static void page_test_exit(struct kunit *test)
{
	td_life_host_unload(test->priv);
}

/* Operand of the last TDH.PHYMEM.PAGE.WBINVD, and the number of calls. */
static struct {
	u64 rcx;
	unsigned int nr;
} written_back;

static u64 watch(u64 leaf, u64 status, struct tdx_regs *regs)
{
	if (leaf == TDH_PHYMEM_PAGE_WBINVD) {
		written_back.rcx = regs->rcx;
		written_back.nr++;
	}
	return status;
}

static void expect_written_back(struct kunit *test, u16 keyid, struct page *page)
{
	KUNIT_EXPECT_EQ(test, written_back.nr, 1u);
	KUNIT_EXPECT_EQ(test, written_back.rcx, tdx_keyid_address(keyid, page_to_phys(page)));
	written_back.nr = 0;
}

static void a_page_is_recorded_as_long_as_a_td_has_it(struct kunit *test)
{
	struct tdx_page_counts before = tdx_pages_count();
	struct td_life *life = td_life_new(test);
	struct tdx_page_owner owner;
	struct page *page;
	u64 pa;

	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	page = td_life_page(life);
	pa = page_to_phys(page);
	KUNIT_EXPECT_TRUE(test, tdx_pages_are_owned());
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, before.owned + 1);
	KUNIT_ASSERT_TRUE(test, tdx_page_find_owner(pa + 0xfff, &owner));
	/* The first page is the TDR page itself. */
	KUNIT_EXPECT_EQ(test, owner.tdr, pa);
	KUNIT_EXPECT_EQ(test, owner.creator, task_tgid_nr(current));
	KUNIT_EXPECT_FALSE(test, owner.leaked);
	KUNIT_EXPECT_FALSE(test, tdx_page_find_owner(pa + PAGE_SIZE, &owner));

	tdx_page_free(&life->td, page);
	KUNIT_EXPECT_FALSE(test, tdx_page_find_owner(pa, &owner));
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, before.owned);
	tdx_keyid_free(&life->td);
}

static void a_td_has_an_id_as_long_as_it_has_pages(struct kunit *test)
{
	struct td_life *life = td_life_new(test), *other = td_life_new(test);
	struct page *first, *last;
	u16 id;

	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&other->td), 0);
	first = td_life_page(life);
	id = life->td.owner;
	KUNIT_EXPECT_NE(test, id, (u16)0);
	last = td_life_page(life);
	tdx_page_free(&life->td, first);
	KUNIT_EXPECT_EQ(test, life->td.owner, id);
	tdx_page_free(&life->td, last);
	KUNIT_EXPECT_EQ(test, life->td.owner, (u16)0);

	first = td_life_page(other);
	KUNIT_EXPECT_EQ(test, other->td.owner, id);
	last = td_life_page(life);
	KUNIT_EXPECT_NE(test, life->td.owner, id);
	tdx_page_free(&life->td, last);
	tdx_page_free(&other->td, first);
	tdx_keyid_free(&other->td);
	tdx_keyid_free(&life->td);
}

static void every_page_of_a_td_names_its_tdr(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct tdx_page_owner owner;
	unsigned int i;
	u64 tdr;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 1), 0);
	tdr = page_to_phys(life->td.tdr);
	for (i = 0; i < life->nr_pages; i++) {
		KUNIT_EXPECT_TRUE(test, tdx_page_find_owner(page_to_phys(life->pages[i]), &owner));
		KUNIT_EXPECT_EQ(test, owner.tdr, tdr);
	}
	td_life_destroy(life);
	migrate_enable();
	for (i = 0; i < life->nr_pages; i++)
		KUNIT_EXPECT_FALSE(test, tdx_page_find_owner(page_to_phys(life->pages[i]), &owner));
}

static void what_was_written_in_vain_is_written_back_with_its_keyid(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct model_host *host = test->priv;
	struct page *page, *tdr;

	host->distort = watch;
	written_back.nr = 0;
	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	page = td_life_page(life);
	tdx_page_free(&life->td, page);
	expect_written_back(test, tdx_keyid_global(), page);

	tdr = td_life_page(life);
	KUNIT_ASSERT_EQ(test, tdh_mng_create(&life->td, tdr), 0ULL);
	page = td_life_page(life);
	tdx_page_free(&life->td, page);
	expect_written_back(test, life->td.keyid, page);

	td_life_destroy(life);
	expect_written_back(test, tdx_keyid_global(), tdr);
	KUNIT_EXPECT_PTR_EQ(test, life->td.tdr, (struct page *)NULL);
	KUNIT_EXPECT_EQ(test, life->td.keyid, (u16)0);
}

/* A leaked page can be freed after a restart, when the model does not own it any more. */
static void forget(struct kunit *test, struct td_life *life, struct page *page)
{
	td_life_host_restart(test, test->priv);
	tdx_page_free(&life->td, page);
}

static void a_page_that_does_not_come_back_is_leaked(struct kunit *test)
{
	struct tdx_page_counts before = tdx_pages_count();
	struct td_life *life = td_life_new(test);
	struct model_host *host = test->priv;
	struct tdx_page_owner owner;
	struct page *tdr;

	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	tdr = td_life_page(life);
	KUNIT_ASSERT_EQ(test, tdh_mng_create(&life->td, tdr), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mng_vpflushdone(&life->td), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_phymem_cache_wb(), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mng_key_freeid(&life->td), 0ULL);
	tdx_keyid_free(&life->td);

	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, 1, TDX_TD_FATAL);
	KUNIT_EXPECT_EQ(test, tdx_page_reclaim(&life->td, tdr), (u64)TDX_TD_FATAL);
	KUNIT_EXPECT_PTR_EQ(test, life->td.tdr, (struct page *)NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&life->td.nr_leaked), 1);
	KUNIT_ASSERT_TRUE(test, tdx_page_find_owner(page_to_phys(tdr), &owner));
	KUNIT_EXPECT_TRUE(test, owner.leaked);
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, before.owned + 1);
	KUNIT_EXPECT_EQ(test, tdx_pages_count().leaked, before.leaked + 1);
	forget(test, life, tdr);
}

/* As KVM does if user space tries again after a failure. */
static void a_td_that_is_created_again_has_nothing_of_pages_it_lost(struct kunit *test)
{
	struct td_life *life = td_life_new(test);
	struct tdx_page_owner owner;
	struct page *lost, *tdr;

	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	lost = td_life_page(life);
	KUNIT_ASSERT_EQ(test, tdh_mng_create(&life->td, lost), 0ULL);
	tdx_keyid_burn(&life->td);
	tdx_page_leak(&life->td, lost);
	put_page(lost);

	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&life->td), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&life->td.nr_leaked), 0);
	tdr = td_life_page(life);
	KUNIT_ASSERT_TRUE(test, tdx_page_find_owner(page_to_phys(tdr), &owner));
	KUNIT_EXPECT_EQ(test, owner.tdr, (u64)page_to_phys(tdr));
	KUNIT_ASSERT_TRUE(test, tdx_page_find_owner(page_to_phys(lost), &owner));
	KUNIT_EXPECT_EQ(test, owner.tdr, (u64)page_to_phys(lost));

	tdx_page_free(&life->td, tdr);
	tdx_keyid_free(&life->td);
	forget(test, life, lost);
}

static void a_module_that_is_busy_gives_it_back_later(struct kunit *test)
{
	struct tdx_page_counts before = tdx_pages_count();
	struct td_life *life = td_life_new(test);
	struct model_host *host = test->priv;

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 0), 0);
	KUNIT_EXPECT_EQ(test, tdh_mng_vpflushdone(&life->td), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_phymem_cache_wb(), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mng_key_freeid(&life->td), 0ULL);
	tdx_keyid_free(&life->td);
	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, 50,
			TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX);
	while (life->td.nr_tdcx)
		KUNIT_EXPECT_EQ(test, tdx_page_reclaim(&life->td,
						       life->td.tdcx[--life->td.nr_tdcx]), 0ULL);
	KUNIT_EXPECT_EQ(test, tdx_page_reclaim(&life->td, life->td.tdr), 0ULL);
	migrate_enable();
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, before.owned);
	KUNIT_EXPECT_EQ(test, tdx_pages_count().leaked, before.leaked);
}

/* A TD with a TDR page. */
static struct td_life *begin(struct kunit *test)
{
	struct td_life *life = td_life_new(test);

	migrate_disable();
	KUNIT_EXPECT_EQ(test, td_life_create(life, 0), 0);
	return life;
}

static void end(struct td_life *life)
{
	td_life_destroy(life);
	migrate_enable();
}

static void a_private_page_is_recorded_but_not_freed(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct tdx_page_counts before = tdx_pages_count();
	struct page *page = td_life_private_page(life);
	struct model_host *host = test->priv;
	struct tdx_page_owner owner;
	u64 pa = page_to_phys(page);

	KUNIT_ASSERT_TRUE(test, tdx_page_find_owner(pa, &owner));
	KUNIT_EXPECT_EQ(test, owner.tdr, (u64)page_to_phys(life->td.tdr));
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, before.owned + 1);

	host->distort = watch;
	written_back.nr = 0;
	tdx_page_return(&life->td, page);
	expect_written_back(test, life->td.keyid, page);
	KUNIT_EXPECT_FALSE(test, tdx_page_find_owner(pa, &owner));
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, before.owned);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);

	KUNIT_EXPECT_EQ(test, tdx_page_take(&life->td, page), 0);
	KUNIT_EXPECT_EQ(test, tdx_page_return(&life->td, page), 0ULL);
	expect_written_back(test, life->td.keyid, page);
	KUNIT_EXPECT_EQ(test, page_count(page), 1);
	put_page(page);
	end(life);
}

static void a_page_is_not_taken_twice(struct kunit *test)
{
	struct td_life *life = begin(test), *other = begin(test);
	struct page *page = td_life_private_page(life);
	struct tdx_page_counts before = tdx_pages_count();
	struct tdx_page_owner owner;

	KUNIT_EXPECT_EQ(test, tdx_page_take(&life->td, page), -EBUSY);
	KUNIT_EXPECT_EQ(test, tdx_page_take(&other->td, page), -EBUSY);
	KUNIT_ASSERT_TRUE(test, tdx_page_find_owner(page_to_phys(page), &owner));
	KUNIT_EXPECT_EQ(test, owner.tdr, (u64)page_to_phys(life->td.tdr));
	KUNIT_EXPECT_EQ(test, tdx_pages_count().owned, before.owned);
	tdx_page_return(&life->td, page);
	put_page(page);
	end(other);
	end(life);
}

static void a_page_outside_of_tdx_memory_is_not_taken(struct kunit *test)
{
	const struct tdx_memory nothing = {};
	struct td_life *life = begin(test);
	struct model_host *host = test->priv;
	struct tdx_page_owner owner;
	struct page *page = alloc_page(GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, page);
	tdx_page_setup(&nothing);
	KUNIT_EXPECT_EQ(test, tdx_page_take(&life->td, page), -EINVAL);
	KUNIT_EXPECT_FALSE(test, tdx_page_find_owner(page_to_phys(page), &owner));
	tdx_page_setup(&host->module.memory);
	__free_page(page);
	end(life);
}

/* @page was leaked, and is then dropped by its owner. */
static void expect_lost(struct kunit *test, struct td_life *life, struct page *page)
{
	struct tdx_page_owner owner;

	KUNIT_EXPECT_EQ(test, page_count(page), 2);
	put_page(page);
	KUNIT_EXPECT_EQ(test, atomic_read(&life->td.nr_leaked), 1);
	KUNIT_ASSERT_TRUE(test, tdx_page_find_owner(page_to_phys(page), &owner));
	KUNIT_EXPECT_TRUE(test, owner.leaked);
}

static void a_private_page_that_is_not_written_back_is_leaked(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct page *page = td_life_private_page(life);
	struct model_host *host = test->priv;

	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, 1, TDX_TD_FATAL);
	KUNIT_EXPECT_EQ(test, tdx_page_return(&life->td, page), (u64)TDX_TD_FATAL);
	expect_lost(test, life, page);
	end(life);
	forget(test, life, page);
}

/* CPUs without MOVDIR64B have no TDX, and leave the others as they are, too. */
static void pages_are_cleared_unless_they_are_poisoned(struct kunit *test)
{
	struct td_life *life = begin(test);
	struct page *good = td_life_private_page(life), *bad = td_life_private_page(life);
	u8 *bytes = page_address(good);

	memset(bytes, 0xff, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, tdx_page_return(&life->td, good), 0ULL);
	KUNIT_EXPECT_EQ(test, bytes[0], boot_cpu_has(X86_FEATURE_MOVDIR64B) ? 0 : 0xff);

	bytes = page_address(bad);
	memset(bytes, 0xff, PAGE_SIZE);
	SetPageHWPoison(bad);
	KUNIT_EXPECT_EQ(test, tdx_page_return(&life->td, bad), 0ULL);
	ClearPageHWPoison(bad);
	KUNIT_EXPECT_EQ(test, bytes[0], 0xff);

	put_page(bad);
	put_page(good);
	end(life);
}

/* All pages that the TD has, as after a reset. */
static void forget_all(struct kunit *test, struct td_life *life)
{
	struct tdx_page_owner owner;
	unsigned int i;

	td_life_host_restart(test, test->priv);
	life->td.tdr = NULL;
	for (i = 0; i < life->nr_pages; i++)
		if (tdx_page_find_owner(page_to_phys(life->pages[i]), &owner))
			tdx_page_free(&life->td, life->pages[i]);
	KUNIT_EXPECT_FALSE(test, tdx_pages_are_owned());
}

static void a_private_page_is_reclaimed_or_leaked(struct kunit *test)
{
	struct tdx_page_counts before = tdx_pages_count();
	struct td_life *life = begin(test);
	struct model_host *host = test->priv;
	struct tdx_page_owner owner;
	struct page *pages[2];

	KUNIT_ASSERT_EQ(test, td_life_add_sept(life), 0);
	KUNIT_ASSERT_EQ(test, td_life_aug(life, 0), 0);
	KUNIT_ASSERT_EQ(test, td_life_aug(life, 1), 0);
	memcpy(pages, life->private, sizeof(pages));
	memset(life->private, 0, sizeof(life->private));
	KUNIT_EXPECT_EQ(test, tdh_mng_vpflushdone(&life->td), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_phymem_cache_wb(), 0ULL);
	KUNIT_EXPECT_EQ(test, tdh_mng_key_freeid(&life->td), 0ULL);
	tdx_keyid_free(&life->td);
	KUNIT_EXPECT_EQ(test, tdx_page_reclaim_private(&life->td, pages[0]), 0ULL);
	KUNIT_EXPECT_FALSE(test, tdx_page_find_owner(page_to_phys(pages[0]), &owner));
	KUNIT_EXPECT_EQ(test, page_count(pages[0]), 1);
	put_page(pages[0]);

	model_host_fail(host, atomic64_read(&host->seamcalls) + 1, 1, TDX_TD_FATAL);
	KUNIT_EXPECT_EQ(test, tdx_page_reclaim_private(&life->td, pages[1]), (u64)TDX_TD_FATAL);
	expect_lost(test, life, pages[1]);
	KUNIT_EXPECT_EQ(test, tdx_pages_count().leaked, before.leaked + 1);
	migrate_enable();
	forget_all(test, life);
}

static void tdx_memory_ends_where_its_ranges_do(struct kunit *test)
{
	struct tdx_ram ram[] = {
		{ .base = 0x100000, .size = 0x1000 },
		{ .base = 0x200000, .size = 0x10000 },
		{ .base = 0x210000, .size = 0x1000 },
		{ .base = 0x100000000, .size = 0x40000000 },
	};
	static const struct {
		u64 pa;
		bool inside;
	} pages[] = {
		{ 0, false }, { 0xff000, false }, { 0x100000, true }, { 0x101000, false },
		{ 0x1ff000, false }, { 0x200000, true }, { 0x20f000, true }, { 0x210000, true },
		{ 0x211000, false }, { 0xfffff000, false }, { 0x100000000, true },
		{ 0x13ffff000, true }, { 0x140000000, false }, { ~0xfffULL, false },
	};
	struct tdx_memory memory = { .ram = ram, .nr = ARRAY_SIZE(ram) };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		KUNIT_EXPECT_EQ_MSG(test, tdx_memory_contains(&memory, pages[i].pa),
				    pages[i].inside, "0x%llx", pages[i].pa);
	memory.nr = 0;
	KUNIT_EXPECT_FALSE(test, tdx_memory_contains(&memory, 0x100000));
}

static struct kunit_case page_test_cases[] = {
	KUNIT_CASE(a_page_is_recorded_as_long_as_a_td_has_it),
	KUNIT_CASE(a_td_has_an_id_as_long_as_it_has_pages),
	KUNIT_CASE(every_page_of_a_td_names_its_tdr),
	KUNIT_CASE(what_was_written_in_vain_is_written_back_with_its_keyid),
	KUNIT_CASE(a_page_that_does_not_come_back_is_leaked),
	KUNIT_CASE(a_td_that_is_created_again_has_nothing_of_pages_it_lost),
	KUNIT_CASE(a_module_that_is_busy_gives_it_back_later),
	KUNIT_CASE(a_private_page_is_recorded_but_not_freed),
	KUNIT_CASE(a_page_is_not_taken_twice),
	KUNIT_CASE(a_page_outside_of_tdx_memory_is_not_taken),
	KUNIT_CASE(a_private_page_that_is_not_written_back_is_leaked),
	KUNIT_CASE(a_private_page_is_reclaimed_or_leaked),
	KUNIT_CASE(pages_are_cleared_unless_they_are_poisoned),
	KUNIT_CASE(tdx_memory_ends_where_its_ranges_do),
	{}
};

static struct kunit_suite page_test_suite = {
	.name = "tdx_page",
	.init = page_test_init,
	.exit = page_test_exit,
	.test_cases = page_test_cases,
};

kunit_test_suite(page_test_suite);
