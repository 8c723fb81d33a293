// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: private KeyIDs, and the cgroup that is charged for them.
 */
#include <kunit/test.h>
#include <linux/errno.h>
#include <linux/misc_cgroup.h>

#include <asm/tdx_td.h>

#include "../keyid.h"
#include "../platform.h"

/* One KeyID for the module, four for TDs. */
static const struct tdx_platform five = {
	.state			= TDX_PLATFORM_ENABLED,
	.first_private_keyid	= 32,
	.nr_private_keyids	= 5,
	.keyid_shift		= 46,
};

#define NR_TDS	4

static int keyid_test_init(struct kunit *test)
{
	if (tdx_keyids_count().free)
		kunit_skip(test, "TDX is in use");
	tdx_keyid_setup(&five);
	test->priv = (void *)&five;
	return 0;
}

static void keyid_test_exit(struct kunit *test)
{
	if (test->priv)
		tdx_keyid_setup(&(struct tdx_platform) {});
}

static void expect_counts(struct kunit *test, unsigned int free, unsigned int used,
			  unsigned int burnt)
{
	struct tdx_keyid_counts counts = tdx_keyids_count();

	KUNIT_EXPECT_EQ(test, counts.free, free);
	KUNIT_EXPECT_EQ(test, counts.used, used);
	KUNIT_EXPECT_EQ(test, counts.burnt, burnt);
	KUNIT_EXPECT_EQ(test, tdx_keyids_are_used(), used != 0);
	if (IS_ENABLED(CONFIG_CGROUP_MISC))
		KUNIT_EXPECT_EQ(test, misc_cg_res_total_usage(MISC_CG_RES_TDX),
				(unsigned long)used);
}

static void each_td_has_its_own_and_the_first_is_the_modules(struct kunit *test)
{
	struct tdx_td tds[NR_TDS] = {}, other = {};
	unsigned int i, seen = 0;

	for (i = 0; i < NR_TDS; i++) {
		KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&tds[i]), 0);
		KUNIT_EXPECT_GT(test, tds[i].keyid, tdx_keyid_global());
		KUNIT_EXPECT_EQ(test, tds[i].creator, task_tgid_nr(current));
		seen |= BIT(tds[i].keyid - 32);
	}
	KUNIT_EXPECT_EQ(test, tdx_keyid_global(), (u16)32);
	KUNIT_EXPECT_EQ(test, seen, 0x1eU);
	expect_counts(test, 0, NR_TDS, 0);

	KUNIT_EXPECT_EQ(test, tdx_keyid_alloc(&other), -ENOSPC);
	KUNIT_EXPECT_EQ(test, other.keyid, (u16)0);
	expect_counts(test, 0, NR_TDS, 0);
	for (i = 0; i < NR_TDS; i++)
		tdx_keyid_free(&tds[i]);
	expect_counts(test, NR_TDS, 0, 0);
}

static void one_that_is_free_again_is_given_to_the_next(struct kunit *test)
{
	struct tdx_td tds[NR_TDS] = {};
	unsigned int i;
	u16 keyid;

	for (i = 0; i < NR_TDS; i++)
		KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&tds[i]), 0);
	keyid = tds[2].keyid;
	tdx_keyid_free(&tds[2]);
	KUNIT_EXPECT_EQ(test, tds[2].keyid, (u16)0);
	KUNIT_EXPECT_EQ(test, tdx_keyid_alloc(&tds[2]), 0);
	KUNIT_EXPECT_EQ(test, tds[2].keyid, keyid);
	for (i = 0; i < NR_TDS; i++)
		tdx_keyid_free(&tds[i]);
}

static void freeing_or_burning_twice_does_nothing(struct kunit *test)
{
	struct tdx_td td = {};

	tdx_keyid_free(&td);
	tdx_keyid_burn(&td);
	expect_counts(test, NR_TDS, 0, 0);
	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&td), 0);
	tdx_keyid_burn(&td);
	tdx_keyid_burn(&td);
	tdx_keyid_free(&td);
	expect_counts(test, NR_TDS - 1, 0, 1);
}

static void one_that_is_burnt_is_never_given_again(struct kunit *test)
{
	struct tdx_td td = {};
	unsigned int i;

	for (i = 0; i < NR_TDS; i++) {
		expect_counts(test, NR_TDS - i, 0, i);
		KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&td), 0);
		tdx_keyid_burn(&td);
	}
	expect_counts(test, 0, 0, NR_TDS);
	KUNIT_EXPECT_EQ(test, tdx_keyid_alloc(&td), -ENOSPC);
	expect_counts(test, 0, 0, NR_TDS);
}

static void a_refused_charge_costs_no_keyid(struct kunit *test)
{
	struct tdx_td tds[2] = {};

	if (!IS_ENABLED(CONFIG_CGROUP_MISC))
		kunit_skip(test, "the kernel has no misc cgroup");
	misc_cg_set_capacity(MISC_CG_RES_TDX, 1);
	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&tds[0]), 0);
	KUNIT_EXPECT_EQ(test, tdx_keyid_alloc(&tds[1]), -EBUSY);
	KUNIT_EXPECT_EQ(test, tds[1].keyid, (u16)0);
	expect_counts(test, NR_TDS - 1, 1, 0);

	misc_cg_set_capacity(MISC_CG_RES_TDX, NR_TDS);
	KUNIT_EXPECT_EQ(test, tdx_keyid_alloc(&tds[1]), 0);
	tdx_keyid_free(&tds[0]);
	tdx_keyid_free(&tds[1]);
	expect_counts(test, NR_TDS, 0, 0);
}

static void without_any_there_are_none_to_give(struct kunit *test)
{
	struct tdx_td td = {};

	tdx_keyid_setup(&(struct tdx_platform) {});
	KUNIT_EXPECT_EQ(test, tdx_keyid_alloc(&td), -ENOSPC);
	expect_counts(test, 0, 0, 0);
}

static void saying_the_same_twice_changes_nothing(struct kunit *test)
{
	const struct tdx_platform same = five;
	struct tdx_td td = {};

	KUNIT_ASSERT_EQ(test, tdx_keyid_alloc(&td), 0);
	tdx_keyid_setup(&same);
	expect_counts(test, NR_TDS - 1, 1, 0);
	tdx_keyid_free(&td);
}

static void an_address_has_its_keyid_above_the_rest(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tdx_keyid_address(33, 0x123456000), 33ULL << 46 | 0x123456000);
	KUNIT_EXPECT_EQ(test, tdx_keyid_address(0, 0x123456000), 0x123456000ULL);
}

static struct kunit_case keyid_test_cases[] = {
	KUNIT_CASE(each_td_has_its_own_and_the_first_is_the_modules),
	KUNIT_CASE(one_that_is_free_again_is_given_to_the_next),
	KUNIT_CASE(freeing_or_burning_twice_does_nothing),
	KUNIT_CASE(one_that_is_burnt_is_never_given_again),
	KUNIT_CASE(a_refused_charge_costs_no_keyid),
	KUNIT_CASE(without_any_there_are_none_to_give),
	KUNIT_CASE(saying_the_same_twice_changes_nothing),
	KUNIT_CASE(an_address_has_its_keyid_above_the_rest),
	{}
};

static struct kunit_suite keyid_test_suite = {
	.name = "tdx_keyid",
	.init = keyid_test_init,
	.exit = keyid_test_exit,
	.test_cases = keyid_test_cases,
};

kunit_test_suite(keyid_test_suite);
