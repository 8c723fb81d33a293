// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the software TDX module's tables: it finds nothing in the tables that leaves leave,
 * and every kind of entry that no leaf would write.
 */
#include <linux/kernel.h>
#include <string.h>

#include "kselftest_harness.h"
#include "model/consistency.h"
#include "model_mem.h"

static struct model_machine *machine;
static unsigned int nr_found;
static char first[128];
static u64 first_pa;
static u64 taken_back;

static const void *peek(void *ctx, u64 pa)
{
	return pa == taken_back ? NULL : memory_map(&machine->memory, pa);
}

static void found(u64 tdr, u64 pa, const char *what)
{
	if (nr_found++)
		return;
	first_pa = pa;
	snprintf(first, sizeof(first), "%s", what);
}

static const struct tdx_model_checker checker = { .peek = peek, .found = found };

FIXTURE(tables) {
};

FIXTURE_SETUP(tables)
{
	machine = machine_alloc();
	ASSERT_NE(NULL, machine);
	machine_init(machine, 4);
	ASSERT_TRUE(mem_bring_to(machine, AUGMENTED));
	nr_found = 0;
	taken_back = 0;
}

FIXTURE_TEARDOWN(tables)
{
	machine_free(machine);
}

static bool finds(u64 pa, const char *what)
{
	nr_found = 0;
	tdx_model_check_td(&machine->model, TDR_PA, &checker);
	if (nr_found && first_pa == pa && strstr(first, what))
		return true;
	fprintf(stderr, "# %u: 0x%llx %s\n", nr_found, first_pa, nr_found ? first : "");
	return false;
}

static bool finds_nothing(void)
{
	unsigned int nr;

	nr_found = 0;
	nr = tdx_model_check_tds(&machine->model, &checker);
	if (nr_found)
		fprintf(stderr, "# 0x%llx %s\n", first_pa, first);
	return nr == 1 && !nr_found;
}

TEST_F(tables, agree_in_every_stage_of_a_td)
{
	enum td_stage td;
	enum mem_stage mem;

	for (td = CREATED; td <= TEARDOWN; td++) {
		ASSERT_TRUE(td_bring_to(machine, td));
		EXPECT_TRUE(finds_nothing());
	}
	for (mem = NO_MEMORY; mem < NR_MEM_STAGES; mem++) {
		ASSERT_TRUE(mem_bring_to(machine, mem));
		EXPECT_TRUE(finds_nothing());
	}
}

TEST_F(tables, that_do_not_exist_are_not_checked)
{
	ASSERT_TRUE(td_bring_to(machine, NO_TD));
	EXPECT_EQ(0, tdx_model_check_tds(&machine->model, &checker));
	EXPECT_EQ(0, nr_found);
}

TEST_F(tables, with_a_page_in_no_entry)
{
	*sept_entry_of(machine, AUG_GPA, 0) = SEPT_FREE;
	EXPECT_TRUE(finds(AUG_PA, "not in the secure EPT"));
}

TEST_F(tables, with_a_large_page_in_no_entry)
{
	*sept_entry_of(machine, LARGE_GPA, 1) = SEPT_FREE;
	EXPECT_TRUE(finds(LARGE_PA, "not in the secure EPT"));
}

TEST_F(tables, with_a_table_in_no_entry)
{
	*sept_entry_of(machine, EMPTY_GPA, 1) = SEPT_FREE;
	EXPECT_TRUE(finds(EMPTY_PA, "not in the secure EPT"));
}

TEST_F(tables, with_a_page_in_two_entries)
{
	*sept_entry_of(machine, AUG_GPA + K(4), 0) = *sept_entry_of(machine, AUG_GPA, 0);
	EXPECT_TRUE(finds(AUG_PA, "more than once"));
}

/* The numbers of pages are the same. */
TEST_F(tables, with_a_page_in_the_entry_of_another)
{
	*sept_entry_of(machine, ADDED_GPA, 0) = *sept_entry_of(machine, AUG_GPA, 0);
	EXPECT_TRUE(finds(ADDED_PA, "not in the secure EPT") || finds(AUG_PA, "more than once"));
}

TEST_F(tables, with_an_entry_of_a_free_page)
{
	entry_of(machine, AUG_PA, TDX_PAMT_4K)->type = TDX_PAGE_NDA;
	EXPECT_TRUE(finds(AUG_PA, "another type"));
}

TEST_F(tables, with_an_entry_of_a_control_page)
{
	*sept_entry_of(machine, AUG_GPA, 0) =
		(*sept_entry_of(machine, AUG_GPA, 0) & ~SEPT_HPA) | TDCX_PA(0);
	EXPECT_TRUE(finds(TDCX_PA(0), "another type"));
}

TEST_F(tables, with_an_entry_of_a_page_of_another_td)
{
	tdx_model_set_owner(entry_of(machine, AUG_PA, TDX_PAMT_4K), TDR_PA + K(4));
	EXPECT_TRUE(finds(AUG_PA, "another owner"));
}

TEST_F(tables, with_an_entry_outside_of_all_tdmrs)
{
	*sept_entry_of(machine, AUG_GPA, 0) |= BIT_ULL(45);
	EXPECT_TRUE(finds(AUG_PA | BIT_ULL(45), "in no TDMR"));
}

TEST_F(tables, with_a_locked_entry)
{
	*sept_entry_of(machine, AUG_GPA, 0) |= SEPT_LOCKED;
	EXPECT_TRUE(finds(AUG_PA, "locked"));
}

TEST_F(tables, with_a_table_at_the_lowest_level)
{
	*sept_entry_of(machine, AUG_GPA, 0) &= ~SEPT_LEAF;
	EXPECT_TRUE(finds(AUG_PA, "another type"));
}

TEST_F(tables, with_another_number_of_pages)
{
	td_of(machine)->chldcnt++;
	EXPECT_TRUE(finds(TDR_PA, "CHLDCNT"));
	td_of(machine)->chldcnt--;
	machine->model.nr_td_pages--;
	EXPECT_FALSE(finds_nothing());
	EXPECT_NE(NULL, strstr(first, "the module counts"));
}

TEST_F(tables, that_the_host_took_back_are_not_checked)
{
	td_of(machine)->chldcnt++;
	taken_back = TABLE_PA(2);
	EXPECT_FALSE(tdx_model_check_td(&machine->model, TDR_PA, &checker));
	EXPECT_EQ(0, nr_found);
}

TEST_HARNESS_MAIN
