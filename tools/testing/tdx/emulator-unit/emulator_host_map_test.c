// SPDX-License-Identifier: GPL-2.0-only
/* The emulated platform: memory that the host can access, and changes of that. */
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "emulator/lib/log.h"
#include "emulator/memory/host_map.h"
#include "reach.h"

#define KEYID_BITS	6
#define LIMIT		BIT_ULL(52 - KEYID_BITS)
#define PA		(5 * SIZE_2M)
#define KEYID		BIT_ULL(51)

static u8 memory[8 << 20] __page_aligned;

void fail(enum exit_code code, const char *format, ...)
{
	_exit(1);
}

FIXTURE(host_map) {
	struct npt *npt;
};

FIXTURE_VARIANT(host_map) {
	unsigned int levels;
};

FIXTURE_VARIANT_ADD(host_map, 4_levels) {
	.levels = 4,
};

FIXTURE_VARIANT_ADD(host_map, 5_levels) {
	.levels = 5,
};

FIXTURE_SETUP(host_map)
{
	npt_set_levels(variant->levels);
	npt_pool_init(memory, SIZE_1G, 0);
	self->npt = host_map_init(LIMIT);
}

FIXTURE_TEARDOWN(host_map)
{
}

TEST_F(host_map, the_host_reaches_what_is_there)
{
	EXPECT_EQ(PA, reach(self->npt, PA, true));
	EXPECT_TRUE(host_map_has(PA));
}

TEST_F(host_map, high_mmio_is_mapped_on_demand_only_below_the_keyid_bits)
{
	EXPECT_EQ(~0ULL, reach(self->npt, LIMIT - 1, true));
	host_map_on_demand(LIMIT - 1);
	EXPECT_EQ(LIMIT - 1, reach(self->npt, LIMIT - 1, true));
	host_map_on_demand(LIMIT);
	EXPECT_EQ(~0ULL, reach(self->npt, LIMIT, false));
}

TEST_F(host_map, what_is_taken_out_of_high_memory_leaves_the_rest_there)
{
	host_map_set_access(LIMIT - SIZE_2M, SIZE_2M, NPT_NONE);
	host_map_on_demand(LIMIT - 1);
	EXPECT_FALSE(host_map_has(LIMIT - 1));
	EXPECT_EQ(LIMIT - SIZE_2M - 1, reach(self->npt, LIMIT - SIZE_2M - 1, true));
}

TEST_F(host_map, a_range_that_is_given_back_page_by_page_is_whole_again)
{
	u64 page;

	host_map_set_access(PA, SIZE_2M, NPT_NONE);
	EXPECT_FALSE(host_map_has(PA + SIZE_2M - 1));
	for (page = PA; page < PA + SIZE_2M; page += PAGE_SIZE)
		host_map_set_access(page, PAGE_SIZE, NPT_READ_WRITE);
	host_map_free_tables(host_map_take_retired());
	EXPECT_EQ(PA + SIZE_2M - 1, reach(self->npt, PA + SIZE_2M - 1, true));
}

TEST_F(host_map, an_aborted_access_reads_ones)
{
	u64 at;

	host_map_set_access(PA, PAGE_SIZE, NPT_NONE);
	host_map_abort_page(PA + 0x123);
	EXPECT_FALSE(host_map_has(PA));
	at = reach(self->npt, PA + 8, true);
	ASSERT_NE(~0ULL, at);
	EXPECT_EQ(~0ULL, *(u64 *)phys(at));
	EXPECT_TRUE(host_map_has(PA + PAGE_SIZE));
	*(u64 *)phys(at) = 0;
	EXPECT_EQ(at & PAGE_MASK, host_map_ones());
	EXPECT_EQ(~0ULL, *(u64 *)phys(at));
}

TEST_F(host_map, the_host_has_all_of_a_range_or_not)
{
	EXPECT_TRUE(host_map_has_range(PA, SIZE_2M));
	host_map_set_access(PA + PAGE_SIZE, PAGE_SIZE, NPT_READ);
	EXPECT_FALSE(host_map_has_range(PA, SIZE_2M));
	EXPECT_TRUE(host_map_has_range(PA, PAGE_SIZE));
	EXPECT_TRUE(host_map_has_range(PA + 2 * PAGE_SIZE, SIZE_2M));
	host_map_set_access(PA + PAGE_SIZE, PAGE_SIZE, NPT_READ_WRITE);
	EXPECT_TRUE(host_map_has_range(PA, SIZE_2M));
	host_map_abort_page(PA + SIZE_2M - PAGE_SIZE);
	EXPECT_FALSE(host_map_has_range(PA, SIZE_2M));
	EXPECT_FALSE(host_map_has_range(LIMIT - PAGE_SIZE, PAGE_SIZE));
}

TEST_F(host_map, a_mark_takes_a_page_from_the_host)
{
	u64 base = 0, size;

	host_map_mark(PA, PAGE_SIZE, 0x1234);
	EXPECT_FALSE(host_map_has(PA));
	EXPECT_EQ(0x1234, host_map_mark_at(PA));
	EXPECT_EQ(0, host_map_mark_at(PA + PAGE_SIZE));
	EXPECT_EQ(0x1234, host_map_next_mark(&base, &size));
	EXPECT_EQ(PA, base);
	EXPECT_EQ(PAGE_SIZE, size);
	host_map_set_access(PA, PAGE_SIZE, NPT_READ_WRITE);
	EXPECT_EQ(PA, reach(self->npt, PA, true));
	EXPECT_EQ(0, host_map_mark_at(PA));
}

/* QEMU reports a page fault with bits that its walk has ignored. */
TEST_F(host_map, also_at_an_address_with_a_keyid)
{
	host_map_set_access(PA, PAGE_SIZE, NPT_NONE);
	host_map_abort_page(PA | KEYID);
	EXPECT_NE(~0ULL, reach(self->npt, PA | KEYID, false));
	EXPECT_FALSE(host_map_has(PA));
	EXPECT_EQ(variant->levels == 4, reach(self->npt, PA, false) != ~0ULL);
}

TEST_HARNESS_MAIN
