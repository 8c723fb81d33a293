// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: mappings of nested page tables, and freeing of their memory. */
#include <setjmp.h>
#include <string.h>

#include "harness.h"
#include "emulator/cpu/npt.h"
#include "emulator/lib/log.h"
#include "reach.h"

#define RAM_END			(2 * SIZE_1G)
#define MORE_OFTEN_THAN_TABLES	2000
#define MARK			0x123456789abcdef0ULL
#define OTHER_MARK		2

static u8 memory[8 << 20] __page_aligned;
static jmp_buf pool_is_empty;

void fail(enum exit_code code, const char *format, ...)
{
	longjmp(pool_is_empty, 1);
}

FIXTURE(npt) {
	struct npt npt;
};

FIXTURE_VARIANT(npt) {
	unsigned int levels;
};

FIXTURE_VARIANT_ADD(npt, 4_levels) {
	.levels = 4,
};

FIXTURE_VARIANT_ADD(npt, 5_levels) {
	.levels = 5,
};

FIXTURE_SETUP(npt)
{
	npt_set_levels(variant->levels);
	ASSERT_GE(sizeof(memory), npt_pool_bytes(RAM_END, 0));
	npt_pool_init(memory, RAM_END, 0);
	memset(&self->npt, 0, sizeof(self->npt));
	npt_create(&self->npt);
}

FIXTURE_TEARDOWN(npt)
{
}

TEST_F(npt, nothing_is_mapped_at_first)
{
	EXPECT_EQ(~0ULL, reach(&self->npt, 0, false));
	EXPECT_EQ(~0ULL, reach(&self->npt, npt_walk_limit() - 1, false));
}

TEST_F(npt, a_range_leads_where_it_was_mapped)
{
	const u64 gpa = SIZE_512G - SIZE_2M, pa = 7 * SIZE_1G - PAGE_SIZE;
	const u64 size = 2 * SIZE_2M;

	npt_map(&self->npt, gpa, pa, size, NPT_READ_WRITE);
	EXPECT_EQ(~0ULL, reach(&self->npt, gpa - 1, false));
	EXPECT_EQ(pa, reach(&self->npt, gpa, true));
	EXPECT_EQ(pa + SIZE_2M + 0x123, reach(&self->npt, gpa + SIZE_2M + 0x123, true));
	EXPECT_EQ(pa + size - 1, reach(&self->npt, gpa + size - 1, true));
	EXPECT_EQ(~0ULL, reach(&self->npt, gpa + size, false));
}

TEST_F(npt, rights_are_those_of_the_page)
{
	npt_map(&self->npt, 0, 0, SIZE_1G, NPT_READ_WRITE);
	npt_map(&self->npt, SIZE_2M, SIZE_2M, PAGE_SIZE, NPT_READ);
	npt_map(&self->npt, SIZE_2M + PAGE_SIZE, 0, PAGE_SIZE, NPT_NONE);
	EXPECT_EQ(SIZE_2M - 1, reach(&self->npt, SIZE_2M - 1, true));
	EXPECT_EQ(SIZE_2M, reach(&self->npt, SIZE_2M, false));
	EXPECT_EQ(~0ULL, reach(&self->npt, SIZE_2M, true));
	EXPECT_EQ(~0ULL, reach(&self->npt, SIZE_2M + PAGE_SIZE, false));
	EXPECT_EQ(SIZE_2M + 2 * PAGE_SIZE, reach(&self->npt, SIZE_2M + 2 * PAGE_SIZE, true));
	EXPECT_EQ(SIZE_1G - 1, reach(&self->npt, SIZE_1G - 1, true));
}

TEST_F(npt, bits_that_qemu_ignores_are_ignored)
{
	const u64 unmapped = variant->levels == 4 ? 0x1234 : ~0ULL;

	npt_map(&self->npt, 0, 0, SIZE_1G, NPT_READ_WRITE);
	EXPECT_EQ(unmapped, reach(&self->npt, BIT_ULL(48) + 0x1234, true));
	EXPECT_EQ(unmapped, reach(&self->npt, BIT_ULL(51) + 0x1234, true));
	npt_map(&self->npt, npt_walk_limit(), 0, SIZE_1G, NPT_NONE);
	EXPECT_EQ(0x1234, reach(&self->npt, 0x1234, true));
}

TEST_F(npt, addresses_that_differ_in_a_high_bit_are_different)
{
	const u64 high = npt_walk_limit() / 2;

	EXPECT_EQ(variant->levels == 4 ? BIT_ULL(48) : BIT_ULL(52), npt_walk_limit());
	npt_map(&self->npt, 0, 0, SIZE_2M, NPT_READ_WRITE);
	npt_map(&self->npt, high, SIZE_2M, SIZE_2M, NPT_READ);
	EXPECT_EQ(0x1234, reach(&self->npt, 0x1234, true));
	EXPECT_EQ(SIZE_2M + 0x1234, reach(&self->npt, high + 0x1234, false));
}

TEST_F(npt, a_page_needs_no_more_tables_than_it_is_said)
{
	unsigned int before = self->npt.nr_tables;

	npt_map(&self->npt, npt_walk_limit() - PAGE_SIZE, 0, PAGE_SIZE, NPT_READ);
	EXPECT_EQ(variant->levels - 1, self->npt.nr_tables - before);
	EXPECT_GE(NPT_TABLES_OF_A_PAGE, self->npt.nr_tables - before);
}

TEST_F(npt, a_table_of_another_guest_is_another_table)
{
	struct npt other = { 0 };

	npt_create(&other);
	npt_map(&other, 0, SIZE_1G, PAGE_SIZE, NPT_READ);
	EXPECT_NE(npt_root(&self->npt), npt_root(&other));
	EXPECT_EQ(~0ULL, reach(&self->npt, 0, false));
	EXPECT_EQ(SIZE_1G, reach(&other, 0, false));
}

TEST_F(npt, a_destroyed_one_has_given_all_tables_back)
{
	struct npt other = { 0 };
	unsigned int i;

	ASSERT_EQ(0, setjmp(pool_is_empty));
	for (i = 0; i < MORE_OFTEN_THAN_TABLES; i++) {
		npt_create(&other);
		npt_map(&other, 0, 0, SIZE_1G, NPT_READ_WRITE);
		npt_map(&other, SIZE_2M, 0, PAGE_SIZE, NPT_NONE);
		npt_map(&other, SIZE_512G, 0, PAGE_SIZE, NPT_READ);
		npt_map(&other, 0, 0, SIZE_1G, NPT_READ_WRITE);
		npt_destroy(&other);
	}
	EXPECT_EQ(~0ULL, reach(&self->npt, 0, false));
}

/* A table that is used again has no old mappings. */
TEST_F(npt, a_new_one_is_empty)
{
	npt_map(&self->npt, 0, 0, SIZE_512G, NPT_READ_WRITE);
	npt_destroy(&self->npt);
	npt_create(&self->npt);
	npt_map(&self->npt, PAGE_SIZE, 0, PAGE_SIZE, NPT_READ_WRITE);
	EXPECT_EQ(~0ULL, reach(&self->npt, 0, false));
	EXPECT_EQ(~0ULL, reach(&self->npt, SIZE_2M, false));
	EXPECT_EQ(~0ULL, reach(&self->npt, SIZE_1G, false));
}

TEST_F(npt, what_is_not_mapped_can_be_marked)
{
	npt_map(&self->npt, 0, 0, RAM_END, NPT_READ_WRITE);
	EXPECT_EQ(0, npt_mark_at(&self->npt, SIZE_2M));
	npt_mark(&self->npt, SIZE_2M, PAGE_SIZE, MARK);
	EXPECT_EQ(MARK, npt_mark_at(&self->npt, SIZE_2M + 0x123));
	EXPECT_EQ(~0ULL, reach(&self->npt, SIZE_2M, false));
	EXPECT_EQ(SIZE_2M - 1, reach(&self->npt, SIZE_2M - 1, true));
	EXPECT_EQ(SIZE_2M + PAGE_SIZE, reach(&self->npt, SIZE_2M + PAGE_SIZE, true));
	npt_map(&self->npt, SIZE_2M, SIZE_2M, PAGE_SIZE, NPT_READ);
	EXPECT_EQ(0, npt_mark_at(&self->npt, SIZE_2M));
}

TEST_F(npt, a_mark_of_a_range_is_that_of_its_pages)
{
	npt_mark(&self->npt, SIZE_2M, 2 * SIZE_1G, MARK);
	npt_mark(&self->npt, SIZE_1G + 5 * PAGE_SIZE, PAGE_SIZE, OTHER_MARK);
	npt_map(&self->npt, SIZE_1G, 0, PAGE_SIZE, NPT_NONE);
	EXPECT_EQ(0, npt_mark_at(&self->npt, SIZE_2M - 1));
	EXPECT_EQ(MARK, npt_mark_at(&self->npt, SIZE_2M));
	EXPECT_EQ(0, npt_mark_at(&self->npt, SIZE_1G));
	EXPECT_EQ(MARK, npt_mark_at(&self->npt, SIZE_1G + PAGE_SIZE));
	EXPECT_EQ(OTHER_MARK, npt_mark_at(&self->npt, SIZE_1G + 5 * PAGE_SIZE));
	EXPECT_EQ(MARK, npt_mark_at(&self->npt, SIZE_2M + 2 * SIZE_1G - 1));
}

TEST_F(npt, marks_are_found_in_order)
{
	u64 gpa = 0, size;

	npt_map(&self->npt, 0, 0, RAM_END, NPT_READ_WRITE);
	EXPECT_EQ(0, npt_next_mark(&self->npt, &gpa, &size));
	npt_mark(&self->npt, npt_walk_limit() - PAGE_SIZE, PAGE_SIZE, OTHER_MARK);
	npt_mark(&self->npt, SIZE_1G - SIZE_2M, SIZE_2M, MARK);
	gpa = 0;
	EXPECT_EQ(MARK, npt_next_mark(&self->npt, &gpa, &size));
	EXPECT_EQ(SIZE_1G - SIZE_2M, gpa);
	EXPECT_EQ(SIZE_2M, size);
	gpa += PAGE_SIZE;
	EXPECT_EQ(MARK, npt_next_mark(&self->npt, &gpa, &size));
	EXPECT_EQ(SIZE_2M - PAGE_SIZE, size);
	gpa += size;
	EXPECT_EQ(OTHER_MARK, npt_next_mark(&self->npt, &gpa, &size));
	EXPECT_EQ(npt_walk_limit() - PAGE_SIZE, gpa);
	gpa += size;
	EXPECT_EQ(0, npt_next_mark(&self->npt, &gpa, &size));
}

TEST_F(npt, the_pool_suffices_for_pages_anywhere_in_the_ram)
{
	u64 pa;

	ASSERT_EQ(0, setjmp(pool_is_empty));
	npt_map(&self->npt, 0, 0, SIZE_512G, NPT_READ_WRITE);
	for (pa = 0; pa < RAM_END; pa += SIZE_2M)
		npt_mark(&self->npt, pa + pa / SIZE_2M % 512 * PAGE_SIZE, PAGE_SIZE, MARK);
	EXPECT_EQ(RAM_END, reach(&self->npt, RAM_END, true));
}

static void split_and_join(struct npt *npt)
{
	npt_map(npt, SIZE_2M, 0, PAGE_SIZE, NPT_NONE);
	npt_map(npt, 0, 0, SIZE_1G, NPT_READ_WRITE);
}

TEST_F(npt, tables_that_a_large_page_has_replaced_come_back)
{
	unsigned int i;

	ASSERT_EQ(0, setjmp(pool_is_empty));
	for (i = 0; i < MORE_OFTEN_THAN_TABLES; i++) {
		split_and_join(&self->npt);
		npt_free_tables(&self->npt, npt_take_retired(&self->npt));
	}
	EXPECT_EQ(SIZE_2M, reach(&self->npt, SIZE_2M, true));
	EXPECT_EQ(NPT_NO_TABLES, npt_take_retired(&self->npt));
}

/* A CPU in the guest may still read the tables. */
TEST_F(npt, but_not_before_all_cpus_have_been_outside)
{
	static unsigned int i;

	if (setjmp(pool_is_empty)) {
		EXPECT_LT(i, MORE_OFTEN_THAN_TABLES);
		return;
	}
	for (i = 0; i < MORE_OFTEN_THAN_TABLES; i++)
		split_and_join(&self->npt);
	EXPECT_TRUE(false) TH_LOG("tables were used again");
}

TEST_HARNESS_MAIN
