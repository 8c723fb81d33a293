// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: tracking of pages that the host overwrites, in any order. */
#include "harness.h"
#include "emulator/memory/overwritten.h"

#define PAGE		4096
#define LINE		64
#define NR_LINES	(PAGE / LINE)

FIXTURE(pages) {
};

FIXTURE_SETUP(pages)
{
	overwritten_forget(0, ~0ULL);
}

FIXTURE_TEARDOWN(pages)
{
}

static bool all_but_the_last(u64 page)
{
	bool any = false;
	u64 i;

	for (i = 0; i < NR_LINES - 1; i++)
		any |= overwritten_add(page + i * LINE);
	return any;
}

TEST_F(pages, the_last_line_completes_a_page)
{
	EXPECT_FALSE(all_but_the_last(PAGE));
	EXPECT_FALSE(overwritten_add(PAGE));
	EXPECT_TRUE(overwritten_add(2 * PAGE - LINE));
	/* its entry was dropped, so the page starts anew */
	EXPECT_FALSE(overwritten_add(2 * PAGE - LINE));
	EXPECT_TRUE(!all_but_the_last(0) && overwritten_add(PAGE - LINE));
}

TEST_F(pages, many_pages_are_overwritten_at_a_time)
{
	u64 i;

	for (i = 0; i < OVERWRITTEN_PAGES; i++)
		EXPECT_FALSE(all_but_the_last(i * PAGE));
	for (i = 0; i < OVERWRITTEN_PAGES; i++)
		EXPECT_TRUE(overwritten_add((i + 1) * PAGE - LINE));
}

TEST_F(pages, pages_left_in_the_middle_make_room)
{
	u64 i;

	for (i = 0; i < 3 * OVERWRITTEN_PAGES; i++)
		EXPECT_FALSE(overwritten_add(i * PAGE));
	EXPECT_FALSE(all_but_the_last(0));
	EXPECT_TRUE(overwritten_add(PAGE - LINE));
}

TEST_F(pages, a_page_that_changes_hands_is_forgotten)
{
	EXPECT_FALSE(all_but_the_last(PAGE));
	EXPECT_FALSE(all_but_the_last(2 * PAGE));
	overwritten_forget(PAGE, PAGE);
	EXPECT_FALSE(overwritten_add(2 * PAGE - LINE));
	EXPECT_TRUE(overwritten_add(3 * PAGE - LINE));
}

TEST_HARNESS_MAIN
