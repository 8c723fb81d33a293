// SPDX-License-Identifier: GPL-2.0-only
/*
 * Private memory of TDs in the software TDX module: secure EPT entries as they are shown,
 * blocking and TLB tracking, pages and their PAMT entries, measurement.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_mem.h"
#include "model_rules.h"

#define V1(leaf)	((leaf) | 1 << TDX_LEAF_VERSION_SHIFT)
#define FREE_RCX	BIT_ULL(63)
#define LEAF		0x80000000000000f0ULL
#define WALK		RCX(EPT_WALK_FAILED)
#define ENTRY		RCX(EPT_ENTRY_STATE_INCORRECT)
#define UNTRACKED	RCX(TLB_TRACKING_NOT_DONE)
#define UNBLOCKED	RCX(GPA_RANGE_NOT_BLOCKED)
#define NOT_FREE_R8	R8(PAGE_METADATA_INCORRECT)

FIXTURE(mem) {
	struct model_machine *machine;
};

FIXTURE_SETUP(mem)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
}

FIXTURE_TEARDOWN(mem)
{
	machine_free(self->machine);
}

static u64 track(struct model_machine *m)
{
	return td_call(m, 0, TDH_MEM_TRACK, TDR_PA, 0);
}

/* Status, RCX and RDX of a call */
static bool gives(struct model_machine *m, u64 leaf, u64 gpa_level, u64 status, u64 rcx, u64 rdx)
{
	struct tdx_regs regs = { .rcx = gpa_level, .r8 = PAGE_PA, .r9 = SOURCE_PA };
	u64 found = mem_call_regs(m, leaf, &regs);

	if (found == status && regs.rcx == rcx && regs.rdx == rdx)
		return true;
	fprintf(stderr, "# leaf %llu, 0x%llx: 0x%llx 0x%llx 0x%llx: %s\n", leaf, gpa_level, found,
		regs.rcx, regs.rdx, tdx_model_why(&m->model));
	return false;
}

static bool reads(struct model_machine *m, u64 gpa_level, u64 rcx, u64 rdx)
{
	return gives(m, TDH_MEM_SEPT_RD, gpa_level, 0, rcx, rdx);
}

/* RCX and RDX of each state, by the numbers of the specification */
TEST_F(mem, entries_are_shown_with_level_and_state)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, AUGMENTED));
	EXPECT_TRUE(reads(m, 3, 7, 132 << 8 | 3));
	EXPECT_TRUE(reads(m, EMPTY_GPA | 1, 7, 132 << 8 | 1));
	EXPECT_TRUE(reads(m, ADDED_GPA, ADDED_PA | LEAF | 7, 4 << 8));
	EXPECT_TRUE(reads(m, AUG_GPA, AUG_PA | LEAF, 2 << 8));
	EXPECT_TRUE(reads(m, LARGE_GPA | 1, LARGE_PA | LEAF, 2 << 8 | 1));
	EXPECT_TRUE(reads(m, NEW_GPA, FREE_RCX, 0));
	EXPECT_TRUE(reads(m, G(1) | 2, FREE_RCX, 2));
	ASSERT_TRUE(mem_bring_to(m, MEM_BLOCKED));
	EXPECT_TRUE(reads(m, EMPTY_GPA | 1, 0, 129 << 8 | 1));
	EXPECT_TRUE(reads(m, ADDED_GPA, ADDED_PA | LEAF, 1 << 8));
	EXPECT_TRUE(reads(m, AUG_GPA, AUG_PA | LEAF, 3 << 8));
	EXPECT_TRUE(reads(m, LARGE_GPA | 1, LARGE_PA | LEAF, 3 << 8 | 1));
}

/* A walk ends at an entry that is free or blocked, and at a page that is too large. */
TEST_F(mem, a_walk_ends_at_a_free_blocked_or_large_entry)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, AUGMENTED));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_AUG, G(1), WALK, FREE_RCX, 2));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_AUG, LARGE_GPA, WALK, LARGE_PA | LEAF, 2 << 8 | 1));
	EXPECT_TRUE(gives(m, TDH_MEM_SEPT_RD, 1ULL << 39, WALK, FREE_RCX, 3));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, 1, 0));
	EXPECT_TRUE(gives(m, TDH_MEM_SEPT_RD, AUG_GPA, WALK, 0, 129 << 8 | 1));
	EXPECT_TRUE(gives(m, TDH_MEM_RANGE_UNBLOCK, AUG_GPA, WALK, 0, 129 << 8 | 1));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, 2, 0));
	EXPECT_TRUE(gives(m, TDH_MEM_RANGE_BLOCK, 1, WALK, 0, 129 << 8 | 2));
	/* Only leaves at its own level reach it. */
	ASSERT_EQ(0, track(m));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_RANGE_UNBLOCK, 2, 0));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_RANGE_UNBLOCK, 1, 0));
	EXPECT_TRUE(reads(m, AUG_GPA, AUG_PA | LEAF, 2 << 8));
}

TEST_F(mem, a_table_is_no_page_and_a_page_is_no_table)
{
	struct model_machine *m = self->machine;
	u64 large = LARGE_PA | LEAF, pend_blocked = 3 << 8 | 1;

	ASSERT_TRUE(mem_bring_to(m, MEM_TRACKED));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_REMOVE, EMPTY_GPA | 1, ENTRY, 0, 129 << 8 | 1));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_DEMOTE, EMPTY_GPA | 1, ENTRY, 0, 129 << 8 | 1));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_AUG, EMPTY_GPA | 1, ENTRY, 0, 129 << 8 | 1));
	EXPECT_TRUE(gives(m, TDH_MEM_SEPT_REMOVE, LARGE_GPA | 1, ENTRY, large, pend_blocked));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1, ENTRY, large, pend_blocked));
	EXPECT_TRUE(gives(m, TDH_MEM_SEPT_ADD, LARGE_GPA | 1, ENTRY, large, pend_blocked));
}

TEST_F(mem, blocking_twice_changes_nothing)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, MEM_TRACKED));
	EXPECT_TRUE(gives(m, TDH_MEM_RANGE_BLOCK, ADDED_GPA,
			  TDX_GPA_RANGE_ALREADY_BLOCKED | TDX_OPERAND_ID_RCX, ADDED_PA | LEAF,
			  1 << 8));
	EXPECT_EQ(1, entry_of(m, ADDED_PA, TDX_PAMT_4K)->bepoch);
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_REMOVE, ADDED_GPA, 0));
}

/* The page may be removed when no vCPU runs that ran when it was blocked. */
TEST_F(mem, translations_are_tracked)
{
	struct model_machine *m = self->machine;
	u16 *inside;

	ASSERT_TRUE(mem_bring_to(m, AUGMENTED));
	inside = tdcs_of(m)->refcount;
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, UNBLOCKED, AUG_PA | LEAF, 2 << 8));
	inside[1] = 1;		/* in epoch 1 */
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, AUG_GPA, 0));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, UNTRACKED, 0, 0));
	EXPECT_EQ(0, track(m));
	EXPECT_EQ(TDX_PREVIOUS_TLB_EPOCH_BUSY, track(m));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, UNTRACKED, 0, 0));
	EXPECT_TRUE(gives(m, TDH_MEM_RANGE_UNBLOCK, AUG_GPA,
			  TDX_TLB_TRACKING_NOT_DONE | TDX_OPERAND_ID_SEPT_TREE, 0, 0));
	/* It enters again, in epoch 2. */
	inside[1] = 0;
	inside[0] = 1;
	EXPECT_EQ(0, mem_call(m, TDH_MEM_RANGE_UNBLOCK, AUG_GPA, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, AUG_GPA, 0));
	EXPECT_EQ(2, entry_of(m, AUG_PA, TDX_PAMT_4K)->bepoch);
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, UNTRACKED, 0, 0));
	EXPECT_EQ(0, track(m));
	inside[0] = 0;
	EXPECT_EQ(0, track(m));
	/* Now it does not matter who runs. */
	inside[0] = 1;
	inside[1] = 1;
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, 0, AUG_PA, 0));
	EXPECT_TRUE(reads(m, AUG_GPA, FREE_RCX, 0));
}

/* Before the TD runs nothing has to be blocked; but what is blocked has to be tracked then. */
TEST_F(mem, tracking_begins_when_the_td_is_runnable)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, BUILT));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, AUG_GPA, AUG_PA));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, AUG_GPA, 0));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_RANGE_UNBLOCK, AUG_GPA, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, AUG_GPA, 0));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_REMOVE, ADDED_GPA, 0));
	ASSERT_EQ(0, td_call(m, 0, TDH_MR_FINALIZE, TDR_PA, 0));
	EXPECT_EQ(UNTRACKED, mem_call(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, 0));
	ASSERT_EQ(0, track(m));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, 0));
}

static bool is_page(struct model_machine *m, u64 pa, u64 type, u64 size, u64 bepoch)
{
	struct tdx_model_regs regs = { .rax = TDH_PHYMEM_PAGE_RDMD, .gpr = { .rcx = pa } };

	return !machine_seamcall(m, 0, &regs) && regs.gpr.rcx == type && regs.gpr.rdx == TDR_PA &&
	       regs.gpr.r8 == size && regs.gpr.r9 == bepoch && !regs.gpr.r10 && !regs.gpr.r11;
}

/* The large page of guest addresses from LARGE_GPA on, as its parts and as one again */
TEST_F(mem, a_large_page_is_split_and_merged)
{
	struct model_machine *m = self->machine;
	struct tdx_regs regs = { .rcx = LARGE_GPA | 1, .r8 = 5, .r9 = 5, .r11 = 7 };
	u64 chldcnt;

	ASSERT_TRUE(mem_bring_to(m, MEM_TRACKED));
	chldcnt = td_of(m)->chldcnt;
	EXPECT_TRUE(is_page(m, LARGE_PA + K(8), TDX_PAGE_REG, 1, 1));
	EXPECT_EQ(R8(OPERAND_INVALID), mem_call_regs(m, TDH_MEM_PAGE_DEMOTE, &regs));
	EXPECT_EQ(5, regs.r9);
	regs.rcx = LARGE_GPA | 1;
	regs.r8 = PAGE_PA;
	ASSERT_EQ(0, mem_call_regs(m, TDH_MEM_PAGE_DEMOTE, &regs));
	EXPECT_EQ(5 | 1ULL << 63, regs.r9);
	EXPECT_EQ(1ULL << 63, regs.r10);
	EXPECT_EQ(7 | 1ULL << 63, regs.r11);
	EXPECT_EQ(chldcnt + 1, td_of(m)->chldcnt);
	EXPECT_TRUE(is_page(m, LARGE_PA + K(8), TDX_PAGE_REG, 0, 0));
	EXPECT_TRUE(is_page(m, PAGE_PA, TDX_PAGE_EPT, 0, 0));
	EXPECT_TRUE(reads(m, LARGE_GPA | 1, 7, 132 << 8 | 1));
	EXPECT_TRUE(reads(m, LARGE_GPA + K(4) * 511, (LARGE_PA + K(4) * 511) | LEAF, 2 << 8));

	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, LARGE_GPA | 1, 0));
	EXPECT_TRUE(is_page(m, PAGE_PA, TDX_PAGE_EPT, 0, 2));
	EXPECT_EQ(UNTRACKED, mem_call(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1, 0));
	ASSERT_EQ(0, track(m));
	regs = (struct tdx_regs) { .rcx = LARGE_GPA | 1 };
	ASSERT_EQ(0, mem_call_regs(m, V1(TDH_MEM_PAGE_PROMOTE), &regs));
	EXPECT_EQ(PAGE_PA, regs.rcx);
	EXPECT_EQ(NONE, regs.r9 & regs.r10 & regs.r11);
	EXPECT_EQ(chldcnt, td_of(m)->chldcnt);
	EXPECT_TRUE(is_page(m, LARGE_PA + K(8), TDX_PAGE_REG, 1, 1));
	EXPECT_TRUE(is_page(m, PAGE_PA, TDX_PAGE_NDA, 0, 0));
	EXPECT_TRUE(reads(m, LARGE_GPA | 1, LARGE_PA | LEAF, 2 << 8 | 1));
	EXPECT_EQ(TDX_MODEL_PAGE_TD, tdx_model_page(&m->model, LARGE_PA + M(1)).type);
}

TEST_F(mem, pages_that_differ_cannot_be_merged)
{
	const u64 others[] = {
		0x80e0000000000000, LARGE_PA | 0x81000000000000f0, LARGE_PA | 0x80000000000000f7,
		LARGE_PA | 0x81800000000000f0, EMPTY_PA | 0x8000000000000007,
	};
	struct model_machine *m = self->machine;
	unsigned int i, child;
	u64 *entries;

	for (i = 0; i < ARRAY_SIZE(others); i++)
		for (child = 1; child < 512; child += 510) {
			ASSERT_TRUE(mem_bring_to(m, SPLIT_BLOCKED));
			entries = (u64 *)memory_map(&m->memory, SPLIT_PA);
			entries[child] = others[i];
			EXPECT_TRUE(gives(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1,
					  RCX(EPT_INVALID_PROMOTE_CONDITIONS), 0, 129 << 8 | 1));
			EXPECT_EQ(others[i], entries[child]);
			entries[child] |= 1 << 11;
			EXPECT_TRUE(gives(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1, RCX(OPERAND_BUSY),
					  0, 129 << 8 | 1));
			EXPECT_EQ(0, entries[0] & 1 << 11);
		}
	/* The first one is not at a multiple of 2 MB. */
	ASSERT_TRUE(mem_bring_to(m, SPLIT_BLOCKED));
	entries = (u64 *)memory_map(&m->memory, SPLIT_PA);
	for (i = 0; i < 512; i++)
		entries[i] += K(4);
	EXPECT_EQ(RCX(EPT_INVALID_PROMOTE_CONDITIONS),
		  mem_call(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1, 0));
}

TEST_F(mem, merging_and_splitting_can_be_interrupted)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, SPLIT_BLOCKED));
	m->spoiled = (struct spoiled_msr) { 0x9a, 2 };
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1, TDX_INTERRUPTED_RESTARTABLE,
			  LARGE_GPA | 1, TDR_PA));
	m->spoiled = (struct spoiled_msr) {};
	/* Another processor looks at a page in the large one. */
	entry_of(m, LARGE_PA, TDX_PAMT_2M)->lock.holders = 1;
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1, RCX(OPERAND_BUSY), 0, 0));
	entry_of(m, LARGE_PA, TDX_PAMT_2M)->lock.holders = 0;
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_PROMOTE, LARGE_GPA | 1, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, LARGE_GPA | 1, 0));
	ASSERT_EQ(0, track(m));
	m->spoiled = (struct spoiled_msr) { 0x9a, 2 };
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_DEMOTE, LARGE_GPA | 1, TDX_INTERRUPTED_RESTARTABLE,
			  LARGE_GPA | 1, TDR_PA));
	m->spoiled = (struct spoiled_msr) {};
	EXPECT_TRUE(reads(m, LARGE_GPA | 1, LARGE_PA | LEAF, 3 << 8 | 1));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_DEMOTE, LARGE_GPA | 1, PAGE_PA));
}

/* 512 pages of 2 MB, in the second GB of the TDMR */
TEST_F(mem, pages_are_merged_to_one_of_1_gb)
{
	const u64 gpa = G(1), last = M(2) * 511;
	struct model_machine *m = self->machine;
	unsigned int i;

	ASSERT_TRUE(mem_bring_to(m, TABLES));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_SEPT_ADD, gpa | 2, PAGE_PA));
	for (i = 0; i < 512; i++)
		ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, (gpa + M(2) * i) | 1, G(2) + M(2) * i));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_PROMOTE, gpa | 2, 0));
	EXPECT_TRUE(reads(m, gpa | 2, G(2) | LEAF, 2 << 8 | 2));
	EXPECT_TRUE(is_page(m, G(2) + M(7), TDX_PAGE_REG, 2, 0));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_DEMOTE, gpa | 2, PAGE_PA));
	EXPECT_TRUE(reads(m, (gpa + last) | 1, (G(2) + last) | LEAF, 2 << 8 | 1));
	EXPECT_TRUE(is_page(m, G(2) + M(7), TDX_PAGE_REG, 1, 0));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_PROMOTE, gpa | 2, 0));
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_REMOVE, gpa | 2, 0, G(2), 0));
	EXPECT_EQ(TDX_MODEL_PAGE_HOST, tdx_model_page(&m->model, G(2)).type);
}

TEST_F(mem, pages_in_use_cannot_be_added)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, AUGMENTED));
	EXPECT_EQ(NOT_FREE_R8, mem_call(m, TDH_MEM_PAGE_AUG, NEW_GPA, AUG_PA));
	EXPECT_EQ(NOT_FREE_R8, mem_call(m, TDH_MEM_PAGE_AUG, NEW_GPA, LARGE_PA + K(8)));
	EXPECT_EQ(NOT_FREE_R8, mem_call(m, TDH_MEM_PAGE_AUG, NEW_GPA, TDCX_PA(0)));
	EXPECT_EQ(NOT_FREE_R8, mem_call(m, TDH_MEM_PAGE_AUG, M(8) | 1, G(1) + M(2)));
	EXPECT_EQ(R8(OPERAND_INVALID), mem_call(m, TDH_MEM_PAGE_AUG, M(8) | 1, G(2) + M(1)));
	/* The TD's own TDR is locked, and so is the large page that contains it. */
	EXPECT_EQ(BUSY(R8), mem_call(m, TDH_MEM_PAGE_AUG, M(8) | 1, G(1)));
	EXPECT_EQ(BUSY(R8), mem_call(m, TDH_MEM_PAGE_AUG, NEW_GPA, TDR_PA));
	EXPECT_EQ(BUSY(R8), mem_call(m, TDH_MEM_SEPT_ADD, M(8) | 1, TDR_PA));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, AUG_GPA, 0));
	ASSERT_EQ(0, track(m));
	EXPECT_EQ(R8(OPERAND_INVALID), mem_call(m, TDH_MEM_PAGE_RELOCATE, AUG_GPA, AUG_PA));
	EXPECT_EQ(BUSY(R8), mem_call(m, TDH_MEM_PAGE_RELOCATE, AUG_GPA, TDR_PA));
}

static void fill(struct model_machine *m, u64 pa, u64 value)
{
	u64 *words = (u64 *)memory_map(&m->memory, pa);
	unsigned int i;

	for (i = 0; i < 512; i++)
		words[i] = value + i;
}

/* A page that the guest has not accepted has no contents. */
TEST_F(mem, contents_move_with_a_page)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, MEM_TRACKED));
	fill(m, ADDED_PA, 1000);
	EXPECT_TRUE(gives(m, TDH_MEM_PAGE_RELOCATE, ADDED_GPA, 0, ADDED_PA, 0));
	EXPECT_EQ(1511, ((u64 *)memory_map(&m->memory, PAGE_PA))[511]);
	EXPECT_TRUE(reads(m, ADDED_GPA, PAGE_PA | LEAF | 7, 4 << 8));
	EXPECT_TRUE(is_page(m, PAGE_PA, TDX_PAGE_REG, 0, 0));
	EXPECT_TRUE(is_page(m, ADDED_PA, TDX_PAGE_NDA, 0, 0));
	fill(m, AUG_PA, 2000);
	EXPECT_EQ(0, mem_call(m, TDH_MEM_PAGE_RELOCATE, AUG_GPA, ADDED_PA));
	EXPECT_EQ(1511, ((u64 *)memory_map(&m->memory, ADDED_PA))[511]);
	EXPECT_TRUE(reads(m, AUG_GPA, ADDED_PA | LEAF, 2 << 8));
}

TEST_F(mem, a_page_for_a_table_that_exists_is_returned)
{
	const u64 gpa = EMPTY_GPA | 1;
	struct model_machine *m = self->machine;
	struct tdx_regs regs = {
		.rcx = gpa, .r8 = PAGE_PA, .r9 = NONE, .r10 = NONE, .r11 = NONE,
	};

	ASSERT_TRUE(mem_bring_to(m, AUGMENTED));
	EXPECT_EQ(ENTRY, mem_call(m, TDH_MEM_SEPT_ADD, gpa, PAGE_PA));
	regs.rdx = 1;
	EXPECT_EQ(0, mem_call_regs(m, V1(TDH_MEM_SEPT_ADD), &regs));
	EXPECT_EQ(PAGE_PA | 1ULL << 63, regs.r8);
	/* The output can be an input, and so can no page. */
	regs.rcx = gpa;
	regs.rdx = 1;
	EXPECT_EQ(0, mem_call_regs(m, V1(TDH_MEM_SEPT_ADD), &regs));
	regs.rcx = gpa;
	regs.r8 = NONE;
	EXPECT_EQ(0, mem_call_regs(m, V1(TDH_MEM_SEPT_ADD), &regs));
	EXPECT_EQ(TDX_MODEL_PAGE_HOST, tdx_model_page(&m->model, PAGE_PA).type);
	regs.rcx = M(8) | 1;
	EXPECT_EQ(ENTRY, mem_call_regs(m, V1(TDH_MEM_SEPT_ADD), &regs));
	regs = (struct tdx_regs) {
		.rcx = M(8) | 1, .r8 = PAGE_PA | 1ULL << 63, .r9 = NONE, .r10 = NONE, .r11 = NONE,
	};
	EXPECT_EQ(0, mem_call_regs(m, V1(TDH_MEM_SEPT_ADD), &regs));
	EXPECT_EQ(NONE, regs.r8);
	EXPECT_TRUE(is_page(m, PAGE_PA, TDX_PAGE_EPT, 0, 0));
}

/* Without L2 VMs there are no pages for them; then the other page is not taken, either. */
TEST_F(mem, no_page_is_taken_for_l2_vms)
{
	const u64 unused = BIT_ULL(63), gpas[] = { M(8) | 1, EMPTY_GPA | 1 };
	struct model_machine *m = self->machine;
	struct tdx_regs regs;
	unsigned int i;

	ASSERT_TRUE(mem_bring_to(m, AUGMENTED));
	for (i = 0; i < ARRAY_SIZE(gpas); i++) {
		regs = (struct tdx_regs) {
			.rcx = gpas[i], .rdx = 1, .r8 = PAGE_PA | unused, .r9 = NONE,
			.r10 = (PAGE_PA + K(4)) | unused, .r11 = PAGE_PA,
		};
		EXPECT_EQ(TDX_OPERAND_INVALID | TDX_OPERAND_ID_R10,
			  mem_call_regs(m, V1(TDH_MEM_SEPT_ADD), &regs));
		EXPECT_EQ(PAGE_PA, regs.r8);
		EXPECT_EQ(NONE, regs.r9);
		EXPECT_EQ(PAGE_PA + K(4), regs.r10);
		EXPECT_EQ(TDX_MODEL_PAGE_HOST, tdx_model_page(&m->model, PAGE_PA).type);
	}
	/* Other versions than 1 keep the registers. */
	regs = (struct tdx_regs) { .r8 = PAGE_PA | unused, .r11 = NONE };
	EXPECT_EQ(TDX_OPERAND_INVALID,
		  mem_call_regs(m, TDH_MEM_SEPT_ADD | 2 << TDX_LEAF_VERSION_SHIFT, &regs));
	EXPECT_EQ(PAGE_PA | unused, regs.r8);
	EXPECT_EQ(0, regs.r9);
	EXPECT_EQ(NONE, regs.r11);
}

TEST_F(mem, a_table_is_removed_when_it_is_empty)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, MEM_TRACKED));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, 1, 0));
	ASSERT_EQ(0, track(m));
	EXPECT_TRUE(gives(m, TDH_MEM_SEPT_REMOVE, 1, RCX(EPT_PAGE_NOT_FREE), 0, 129 << 8 | 1));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_UNBLOCK, 1, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_REMOVE, ADDED_GPA, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_REMOVE, AUG_GPA, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, 1, 0));
	ASSERT_EQ(0, track(m));
	EXPECT_TRUE(gives(m, TDH_MEM_SEPT_REMOVE, 1, 0, TABLE_PA(2), 0));
	EXPECT_TRUE(reads(m, 1, FREE_RCX, 1));
	EXPECT_TRUE(is_page(m, TABLE_PA(2), TDX_PAGE_NDA, 0, 0));
}

/* Of a TD with five levels, the addresses above bit 47 are private, too. */
TEST_F(mem, addresses_above_bit_47_are_private_with_five_levels)
{
	struct model_machine *m = self->machine;
	struct tdx_td_params *params;

	ASSERT_TRUE(td_bring_to(m, TDCX_6));
	params = td_params(m);
	params->eptp_controls = TDX_EPTP_WB | TDX_EPTP_5_LEVELS;
	params->config_flags = TDX_CONFIG_FLAG_GPAW;
	ASSERT_EQ(0, td_call(m, 0, TDH_MNG_INIT, TDR_PA, PARAMS_PA));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_SEPT_ADD, 7ULL << 48 | 4, TABLE_PA(0)));
	EXPECT_EQ(0, mem_call(m, TDH_MEM_SEPT_ADD, 7ULL << 48 | 1ULL << 47 | 3, TABLE_PA(1)));
	EXPECT_TRUE(reads(m, 7ULL << 48 | 1ULL << 47 | 3, 7, 132 << 8 | 3));
	EXPECT_EQ(RCX(OPERAND_INVALID), mem_call(m, TDH_MEM_SEPT_RD, 1ULL << 51, 0));
}

TEST_F(mem, the_host_reads_and_writes_memory_of_a_debug_td)
{
	struct model_machine *m = self->machine;
	struct tdx_regs regs;

	ASSERT_TRUE(mem_bring_to(m, BUILT));
	fill(m, ADDED_PA, 1000);
	EXPECT_EQ(TDX_TD_NON_DEBUG, mem_call(m, TDH_MEM_RD, ADDED_GPA + 8, 0));
	tdcs_of(m)->attributes = TDX_TD_ATTR_DEBUG;
	regs = (struct tdx_regs) { .rcx = ADDED_GPA + 8, .r8 = 77 };
	EXPECT_EQ(0, mem_call_regs(m, TDH_MEM_WR, &regs));
	EXPECT_EQ(1001, regs.r8);
	EXPECT_EQ(0, regs.rcx | regs.rdx);
	regs.rcx = ADDED_GPA + 8;
	EXPECT_EQ(0, mem_call_regs(m, TDH_MEM_RD, &regs));
	EXPECT_EQ(77, regs.r8);
	EXPECT_TRUE(gives(m, TDH_MEM_RD, NEW_GPA, RCX(EPT_ENTRY_NOT_PRESENT), FREE_RCX, 0));
	EXPECT_TRUE(gives(m, TDH_MEM_WR, G(1), RCX(EPT_ENTRY_NOT_PRESENT), FREE_RCX, 2));
	/* With the flag, TDH.MEM.SEPT.RD has R8 as an output. */
	regs = (struct tdx_regs) { .rcx = ADDED_GPA, .rdx = 1, .r8 = 5 };
	EXPECT_EQ(0, mem_call_regs(m, TDH_MEM_SEPT_RD, &regs));
	EXPECT_EQ(0, regs.r8);
	regs = (struct tdx_regs) { .rcx = ADDED_GPA, .r8 = 5 };
	EXPECT_EQ(0, mem_call_regs(m, TDH_MEM_SEPT_RD, &regs));
	EXPECT_EQ(5, regs.r8);
}

/* All pages of all types can be reclaimed in the end, a large one as a whole. */
TEST_F(mem, every_page_comes_back)
{
	static const u64 pages[] = {
		TABLE_PA(0), TABLE_PA(1), TABLE_PA(2), EMPTY_PA, ADDED_PA, AUG_PA, LARGE_PA,
	};
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	unsigned int i;
	bool locked;

	ASSERT_TRUE(mem_bring_to(m, MEM_BLOCKED));
	EXPECT_EQ(13 + 6 + 512, m->model.nr_td_pages);
	EXPECT_EQ(12 + 6 + 512, td_of(m)->chldcnt);
	EXPECT_EQ(m->model.nr_td_pages, td_count_pages(m, &locked));
	EXPECT_EQ(TD_KEYID, tdx_model_page(&m->model, LARGE_PA + K(12)).keyid);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		EXPECT_EQ(TDX_LIFECYCLE_STATE_INCORRECT,
			  td_call(m, 0, TDH_PHYMEM_PAGE_RECLAIM, pages[i], 0));
	ASSERT_EQ(0, td_call(m, 0, TDH_VP_FLUSH, TDVPR_PA, 0));
	ASSERT_EQ(0, td_call(m, 0, TDH_MNG_VPFLUSHDONE, TDR_PA, 0));
	ASSERT_EQ(0, td_call(m, 0, TDH_PHYMEM_CACHE_WB, 0, 0));
	ASSERT_EQ(0, td_call(m, LP_1, TDH_PHYMEM_CACHE_WB, 0, 0));
	ASSERT_EQ(0, td_call(m, 0, TDH_MNG_KEY_FREEID, TDR_PA, 0));
	EXPECT_EQ(RCX(OPERAND_INVALID),
		  td_call(m, 0, TDH_PHYMEM_PAGE_RECLAIM, LARGE_PA + K(4), 0));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		regs = (struct tdx_model_regs) {
			.rax = TDH_PHYMEM_PAGE_RECLAIM, .gpr = { .rcx = pages[i] },
		};
		EXPECT_EQ(0, machine_seamcall(m, 0, &regs));
		EXPECT_EQ(i < 4 ? TDX_PAGE_EPT : TDX_PAGE_REG, regs.gpr.rcx);
		EXPECT_EQ(TDR_PA, regs.gpr.rdx);
		EXPECT_EQ(pages[i] == LARGE_PA, regs.gpr.r8);
	}
	EXPECT_EQ(12, td_of(m)->chldcnt);
	EXPECT_EQ(13, m->model.nr_td_pages);
	EXPECT_EQ(13 * K(4), m->td_bytes_owned);
}

static u64 mrtd(struct model_machine *m, unsigned int i)
{
	struct tdx_model_regs regs = {
		.rax = TDH_MNG_RD, .gpr = { .rcx = TDR_PA, .rdx = TDX_MD_TDCS_MRTD + i },
	};

	machine_seamcall(m, 0, &regs);
	return regs.gpr.r8;
}

static bool mrtd_is(struct model_machine *m, const u8 digest[48])
{
	u64 word;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		word = mrtd(m, i);
		if (memcmp(&word, &digest[i * 8], 8))
			return false;
	}
	return true;
}

/*
 * SHA-384 of nothing; of "MEM.PAGE.ADD" in 16 bytes, the address in 8, and 104 zeros; of that,
 * "MR.EXTEND" in the same way, and the contents.  Computed by Python's hashlib.
 */
static const u8 digest_of_nothing[48] = {
	0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e,
	0xb1, 0xb1, 0xe3, 0x6a, 0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43,
	0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6, 0xe1, 0xda, 0x27, 0x4e, 0xde, 0xbf,
	0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48, 0x98, 0xb9, 0x5b,
};

static const u8 digest_of_page[48] = {
	0xfc, 0x90, 0xc4, 0x32, 0x0b, 0xc2, 0xb0, 0xb6, 0xda, 0x53, 0xbc, 0x8b,
	0x19, 0xa4, 0xfa, 0x9f, 0xf8, 0x9e, 0x12, 0x5b, 0x79, 0xee, 0x06, 0x7f,
	0x2e, 0x0d, 0xc3, 0x63, 0x41, 0xcf, 0x15, 0xa3, 0xa1, 0xdf, 0x5b, 0xf7,
	0xbc, 0x6b, 0x4a, 0xa8, 0x01, 0x73, 0x0b, 0xe7, 0x0f, 0x6f, 0x1a, 0x05,
};

static const u8 digest_of_contents[48] = {
	0xcf, 0x72, 0x02, 0xdf, 0x0b, 0x74, 0x33, 0xe9, 0x1f, 0x1d, 0x14, 0x6a,
	0xee, 0x1a, 0x61, 0x12, 0x61, 0x32, 0x65, 0x33, 0x11, 0xf9, 0xc7, 0x49,
	0x18, 0x45, 0x18, 0xfb, 0x59, 0xe5, 0xd8, 0x03, 0xb7, 0x11, 0xfd, 0xc8,
	0xeb, 0x32, 0x45, 0x77, 0x65, 0xe8, 0xbd, 0x85, 0x19, 0xe7, 0x1b, 0x2b,
};

TEST_F(mem, a_td_of_nothing_has_a_measurement)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	EXPECT_EQ(0, mrtd(m, 0));
	ASSERT_EQ(0, td_call(m, 0, TDH_MR_FINALIZE, TDR_PA, 0));
	EXPECT_TRUE(mrtd_is(m, digest_of_nothing));
}

TEST_F(mem, the_address_of_an_added_page_is_measured)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(mem_bring_to(m, TABLES));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_ADD, NEW_GPA, PAGE_PA));
	ASSERT_EQ(0, td_call(m, 0, TDH_MR_FINALIZE, TDR_PA, 0));
	EXPECT_TRUE(mrtd_is(m, digest_of_page));
}

/* Contents of chunk 5 of the page; removing the page does not undo that. */
TEST_F(mem, contents_are_measured)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	ASSERT_TRUE(mem_bring_to(m, TABLES));
	for (i = 0; i < K(4); i++)
		m->buffer[SOURCE_PA - BUFFER_PA + i] = 7 * i + 3;
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_ADD, NEW_GPA, PAGE_PA));
	ASSERT_EQ(0, mem_call(m, TDH_MR_EXTEND, NEW_GPA + 0x500, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_REMOVE, NEW_GPA, 0));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, NEW_GPA, PAGE_PA));
	EXPECT_TRUE(gives(m, TDH_MR_EXTEND, NEW_GPA, RCX(EPT_ENTRY_NOT_PRESENT), PAGE_PA | LEAF,
			  2 << 8));
	ASSERT_EQ(0, td_call(m, 0, TDH_MR_FINALIZE, TDR_PA, 0));
	EXPECT_TRUE(mrtd_is(m, digest_of_contents));
}

TEST_HARNESS_MAIN
