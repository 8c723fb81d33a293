// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check of the software TDX module's tables: it finds nothing in the tables that leaves leave,
 * and every kind of entry that no leaf would write.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model/consistency.h"
#include "model_guest.h"

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

/* Entries in the order of a walk: a table before what it maps */
static const struct entry {
	u64 gpa, pa;
	unsigned int level;
} expected[] = {
	{ ADDED_GPA, TABLE_PA(0), 3 }, { ADDED_GPA, TABLE_PA(1), 2 },
	{ ADDED_GPA, TABLE_PA(2), 1 }, { ADDED_GPA, ADDED_PA, 0 }, { AUG_GPA, AUG_PA, 0 },
	{ LARGE_GPA, LARGE_PA, 1 }, { EMPTY_GPA, EMPTY_PA, 1 },
};

static unsigned int nr_entries, nr_as_expected;

static void see_entry(u64 tdr, u64 gpa, unsigned int level, u64 pa)
{
	const struct entry *e = &expected[nr_entries];

	if (nr_entries++ < ARRAY_SIZE(expected))
		nr_as_expected += tdr == TDR_PA && gpa == e->gpa && level == e->level &&
				  pa == e->pa;
}

/* Also if pages are counted again, to name one that is in no entry. */
TEST_F(tables, show_each_entry_once)
{
	const struct tdx_model_checker viewer = {
		.peek = peek, .found = found, .entry = see_entry,
	};

	entry_of(machine, PAGE_PA, TDX_PAMT_4K)->type = TDX_PAGE_REG;
	tdx_model_set_owner(entry_of(machine, PAGE_PA, TDX_PAMT_4K), TDR_PA);
	tdx_model_check_td(&machine->model, TDR_PA, &viewer);
	EXPECT_NE(0, nr_found);
	EXPECT_EQ(ARRAY_SIZE(expected), nr_entries);
	EXPECT_EQ(ARRAY_SIZE(expected), nr_as_expected);
}

static bool interrupted(struct model_machine *m, unsigned int lp, u32 msr, u64 *value)
{
	*value = 1;
	return msr == 0x9a;
}

TEST_F(tables, agree_while_the_guest_accepts_a_page)
{
	ASSERT_TRUE(guest_bring_to(machine, AUGMENTED));
	machine->rdmsr = interrupted;
	guest_of(machine)->gpr[TDX_MODEL_RCX] = LARGE_GPA | 1;
	guest_tdcall(machine, TDG_MEM_PAGE_ACCEPT);
	ASSERT_EQ(LARGE_PA | 0x81000000000010f0ULL, *sept_entry_of(machine, LARGE_GPA, 1));
	EXPECT_TRUE(finds_nothing());
}

TEST_F(tables, that_do_not_exist_are_not_checked)
{
	ASSERT_TRUE(td_bring_to(machine, NO_TD));
	EXPECT_EQ(0, tdx_model_check_tds(&machine->model, &checker));
	EXPECT_EQ(0, nr_found);
}

TEST_F(tables, disagree_on_a_page_in_no_entry)
{
	*sept_entry_of(machine, AUG_GPA, 0) = SEPT_FREE;
	EXPECT_TRUE(finds(AUG_PA, "not in the secure EPT"));
}

TEST_F(tables, disagree_on_a_large_page_in_no_entry)
{
	*sept_entry_of(machine, LARGE_GPA, 1) = SEPT_FREE;
	EXPECT_TRUE(finds(LARGE_PA, "not in the secure EPT"));
}

TEST_F(tables, disagree_on_a_table_in_no_entry)
{
	*sept_entry_of(machine, EMPTY_GPA, 1) = SEPT_FREE;
	EXPECT_TRUE(finds(EMPTY_PA, "not in the secure EPT"));
}

TEST_F(tables, disagree_on_a_page_in_two_entries)
{
	*sept_entry_of(machine, AUG_GPA + K(4), 0) = *sept_entry_of(machine, AUG_GPA, 0);
	EXPECT_TRUE(finds(AUG_PA, "more than once"));
}

/* The numbers of pages are the same. */
TEST_F(tables, disagree_on_a_page_in_the_entry_of_another)
{
	*sept_entry_of(machine, ADDED_GPA, 0) = *sept_entry_of(machine, AUG_GPA, 0);
	EXPECT_TRUE(finds(ADDED_PA, "not in the secure EPT") || finds(AUG_PA, "more than once"));
}

TEST_F(tables, disagree_on_an_entry_of_a_free_page)
{
	entry_of(machine, AUG_PA, TDX_PAMT_4K)->type = TDX_PAGE_NDA;
	EXPECT_TRUE(finds(AUG_PA, "another type"));
}

TEST_F(tables, disagree_on_an_entry_of_a_control_page)
{
	*sept_entry_of(machine, AUG_GPA, 0) =
		(*sept_entry_of(machine, AUG_GPA, 0) & ~SEPT_HPA) | TDCX_PA(0);
	EXPECT_TRUE(finds(TDCX_PA(0), "another type"));
}

TEST_F(tables, disagree_on_an_entry_of_a_page_of_another_td)
{
	tdx_model_set_owner(entry_of(machine, AUG_PA, TDX_PAMT_4K), TDR_PA + K(4));
	EXPECT_TRUE(finds(AUG_PA, "another owner"));
}

TEST_F(tables, disagree_on_an_entry_outside_of_all_tdmrs)
{
	*sept_entry_of(machine, AUG_GPA, 0) |= BIT_ULL(45);
	EXPECT_TRUE(finds(AUG_PA | BIT_ULL(45), "in no TDMR"));
}

TEST_F(tables, disagree_on_a_locked_entry)
{
	*sept_entry_of(machine, AUG_GPA, 0) |= SEPT_LOCKED;
	EXPECT_TRUE(finds(AUG_PA, "locked"));
}

TEST_F(tables, disagree_on_a_table_at_the_lowest_level)
{
	*sept_entry_of(machine, AUG_GPA, 0) &= ~SEPT_LEAF;
	EXPECT_TRUE(finds(AUG_PA, "another type"));
}

TEST_F(tables, disagree_on_another_number_of_pages)
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
