// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaves for private memory in the software TDX module: the order of checks.
 *
 * Expected statuses are literally those of the specification.
 */
#include <linux/kernel.h>
#include <stdlib.h>

#include "harness.h"
#include "model_mem.h"
#include "model_rules.h"

FIXTURE(order) {
	struct model_machine *machine;
};

FIXTURE_SETUP(order)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
}

FIXTURE_TEARDOWN(order)
{
	machine_free(self->machine);
}

#define GPA_INVALID	RCX(OPERAND_INVALID)
#define WALK		RCX(EPT_WALK_FAILED)
#define ENTRY		RCX(EPT_ENTRY_STATE_INCORRECT)
#define ABSENT		RCX(EPT_ENTRY_NOT_PRESENT)
#define UNTRACKED	RCX(TLB_TRACKING_NOT_DONE)
#define UNBLOCKED	RCX(GPA_RANGE_NOT_BLOCKED)
#define RESTART		TDX_INTERRUPTED_RESTARTABLE

#define LOCK_BIT	BIT_ULL(11)
#define BLOCKED_BIT	BIT_ULL(55)
#define FREE_ENTRY	0x80e0000000000000ULL

/* The entry that the call is for, in the tables of model_mem.c */
static u64 *entry(struct attempt *a)
{
	return sept_entry_of(a->m, a->regs.gpr.rcx & 0xffffffff000ULL, a->regs.gpr.rcx & 7);
}

static u64 *word(struct attempt *a, u64 pa, unsigned int i)
{
	return (u64 *)memory_map(&a->m->memory, pa) + i;
}

static void set_entry(struct attempt *a, u64 value)
{
	*entry(a) = (*entry(a) & LOCK_BIT) | value;
}

/* Operands; these do not move the address to another entry of the tables. */
SPOIL(rdx_reserved, a->regs.gpr.rdx |= 2)
SPOIL(rdx_bit_52, a->regs.gpr.rdx |= 1ULL << 52)
SPOIL(rdx_flag, a->regs.gpr.rdx |= 1)
SPOIL(gpa_bit_3, a->regs.gpr.rcx |= 8)
SPOIL(gpa_bit_52, a->regs.gpr.rcx |= 1ULL << 52)
SPOIL(gpa_shared, a->regs.gpr.rcx |= 1ULL << 47)
SPOIL(gpa_too_high, a->regs.gpr.rcx |= 1ULL << 48)
SPOIL(gpa_unaligned, a->regs.gpr.rcx += 4)
SPOIL(r8_unaligned, a->regs.gpr.r8 += 8)
SPOIL(r8_keyid, a->regs.gpr.r8 |= 1ULL << 46)
SPOIL(r8_bit_52, a->regs.gpr.r8 |= 1ULL << 52)
SPOIL(r8_outside, a->regs.gpr.r8 += G(8))
SPOIL(r8_missing, a->regs.gpr.r8 = NONE)
SPOIL(source_unaligned, a->regs.gpr.r9 += 8)
SPOIL(source_private, a->regs.gpr.r9 |= 33ULL << 46)

/* Secure EPT */
SPOIL(tree_locked, tdcs_of(a->m)->sept_lock.holders = -1)
SPOIL(tree_shared, tdcs_of(a->m)->sept_lock.holders = 2)
SPOIL(epoch_locked, tdcs_of(a->m)->td_epoch_lock.holders = -1)
SPOIL(epoch_shared, tdcs_of(a->m)->td_epoch_lock.holders = 2)
SPOIL(table_blocked, *sept_entry_of(a->m, 0, 2) ^= BLOCKED_BIT | 7)
SPOIL(table_missing, *sept_entry_of(a->m, 0, 2) = FREE_ENTRY)
SPOIL(entry_locked, *entry(a) |= LOCK_BIT)
SPOIL(entry_free, set_entry(a, FREE_ENTRY))
SPOIL(entry_mapped, set_entry(a, ADDED_PA | 0x80000000000000f7))
SPOIL(entry_is_table, set_entry(a, EMPTY_PA | 0x8000000000000007))
SPOIL(entry_pending, set_entry(a, ADDED_PA | 0x81000000000000f0))
SPOIL(entry_not_blocked, *entry(a) = (*entry(a) & ~BLOCKED_BIT) | 7)
SPOIL(untracked, tdcs_of(a->m)->td_epoch--)
SPOIL(vcpu_inside, tdcs_of(a->m)->refcount[(tdcs_of(a->m)->td_epoch - 1) & 1] = 1)
SPOIL(added_locked, entry_of(a->m, ADDED_PA, TDX_PAMT_4K)->lock.holders = -1)
SPOIL(added_shared, entry_of(a->m, ADDED_PA, TDX_PAMT_4K)->lock.holders = 1)
SPOIL(empty_locked, entry_of(a->m, EMPTY_PA, TDX_PAMT_4K)->lock.holders = -1)
SPOIL(large_in_use, entry_of(a->m, LARGE_PA, TDX_PAMT_2M)->lock.holders = 1)
SPOIL(empty_in_use, word(a, EMPTY_PA, 511)[0] = PAGE_PA | 0x80000000000000f7)
SPOIL(split_locked, entry_of(a->m, SPLIT_PA, TDX_PAMT_4K)->lock.holders = -1)
SPOIL(child_locked, word(a, SPLIT_PA, 7)[0] |= LOCK_BIT)
SPOIL(child_blocked, word(a, SPLIT_PA, 7)[0] |= BLOCKED_BIT)
SPOIL(no_vcpus, tdcs_of(a->m)->nr_vcpus = 0)
SPOIL(no_debug, tdcs_of(a->m)->attributes = 0)
SPOIL(event, a->m->spoiled = ((struct spoiled_msr) { 0x9a, 2 }))

/* Rules from step n on.  A leaf with @mode exclusive has STATE_X(). */
#define STATE_X(n)	STATE(n), { n + 4, uninitialized, TDX_OP_STATE_INCORRECT }
#define STATE_S(n)	STATE_X(n), { n + 3, op_state_locked, BUSY(OP_STATE) }
#define GPA(n) \
	{ n, gpa_bit_3, GPA_INVALID }, { n, gpa_bit_52, GPA_INVALID }, \
	{ n, gpa_shared, GPA_INVALID }, { n, gpa_too_high, GPA_INVALID }
#define LEVEL(n)	{ n, gpa_unaligned, GPA_INVALID }
#define TREE(n)		{ n, tree_locked, BUSY(SEPT_TREE) }
#define TREE_X(n)	TREE(n), { n, tree_shared, BUSY(SEPT_TREE) }
#define PATH(n)		{ n, table_blocked, WALK }, { n, table_missing, WALK }
#define LOCK(n)		{ n, entry_locked, BUSY(RCX) }
#define TRACKING(n)	{ n, entry_not_blocked, UNBLOCKED }, { n + 1, untracked, UNTRACKED }, \
			{ n + 1, vcpu_inside, UNTRACKED }
#define PAGE_R8(n) \
	{ n, r8_unaligned, R8(OPERAND_INVALID) }, { n, r8_keyid, R8(OPERAND_INVALID) }, \
	{ n, r8_bit_52, R8(OPERAND_INVALID) }, \
	{ n + 1, r8_outside, R8(OPERAND_ADDR_RANGE_ERROR) }, \
	{ n + 2, page_locked, BUSY(R8) }, { n + 2, page_shared, BUSY(R8) }, \
	{ n + 3, page_type, R8(PAGE_METADATA_INCORRECT) }

static const struct order orders[] = {
	{ TDH_MEM_SEPT_ADD, RUNNABLE, EMPTY_GPA | 1, {
		{ 1, rdx_reserved, RDX(OPERAND_INVALID) }, { 1, rdx_bit_52, RDX(OPERAND_INVALID) },
		{ 3, rdx_outside, RDX(OPERAND_ADDR_RANGE_ERROR) },
		{ 4, gb_locked, BUSY(RDX) }, { 6, tdr_locked, BUSY(RDX) },
		{ 7, tdr_type, RDX(PAGE_METADATA_INCORRECT) }, STATE_S(8), GPA(20), TREE(21),
		PATH(22), LOCK(23), { 24, entry_mapped, ENTRY },
		{ 25, r8_missing, R8(OPERAND_INVALID) },
		{ 26, entry_is_table, ENTRY }, PAGE_R8(27) } },
	{ TDH_MEM_SEPT_RD, RUNNABLE, ADDED_GPA, {
		TDR_RDX(1), STATE_S(8), { 13, rdx_flag, RDX(OPERAND_INVALID) }, GPA(20), LEVEL(20),
		TREE(21), PATH(22), LOCK(23) } },
	{ TDH_MEM_SEPT_REMOVE, MEM_TRACKED, EMPTY_GPA | 1, {
		TDR_RDX(1), STATE_S(8), GPA(20), TREE_X(21), PATH(22), LOCK(23),
		{ 24, entry_free, ENTRY }, { 24, entry_pending, ENTRY },
		{ 25, empty_locked, BUSY(RCX) },
		TRACKING(26), { 28, empty_in_use, RCX(EPT_PAGE_NOT_FREE) } } },
	{ TDH_MEM_PAGE_ADD, TABLES, NEW_GPA, {
		TDR_RDX(1), { 5, tdr_shared, BUSY(RDX) }, STATE_X(8),
		{ 12, runnable, TDX_OP_STATE_INCORRECT },
		GPA(20), LEVEL(20), PATH(22), { 24, entry_pending, ENTRY },
		{ 25, source_unaligned, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R9 },
		{ 25, source_private, TDX_OPERAND_INVALID | TDX_OPERAND_ID_R9 }, PAGE_R8(27) } },
	{ TDH_MEM_PAGE_AUG, RUNNABLE, NEW_GPA, {
		TDR_RDX(1), STATE_S(8), GPA(20), LEVEL(20), TREE(21), PATH(22), LOCK(23),
		{ 24, entry_pending, ENTRY }, { 24, entry_mapped, ENTRY }, PAGE_R8(27) } },
	{ TDH_MEM_PAGE_REMOVE, MEM_TRACKED, ADDED_GPA, {
		TDR_RDX(1), STATE_S(8), GPA(20), LEVEL(20), TREE(21), PATH(22), LOCK(23),
		{ 24, entry_free, ENTRY }, { 25, added_locked, BUSY(RCX) },
		{ 25, added_shared, BUSY(RCX) }, TRACKING(26) } },
	{ TDH_MEM_PAGE_RELOCATE, MEM_TRACKED, ADDED_GPA, {
		TDR_RDX(1), STATE_S(8), GPA(20), LEVEL(20), TREE(21), PATH(22), LOCK(23),
		{ 24, entry_free, ENTRY }, { 25, added_locked, BUSY(RCX) }, TRACKING(26),
		PAGE_R8(28) } },
	{ TDH_MEM_PAGE_PROMOTE, SPLIT_BLOCKED, LARGE_GPA | 1, {
		TDR_RDX(1), STATE_S(8), GPA(20), TREE(21), PATH(22), LOCK(23),
		{ 24, entry_free, ENTRY }, { 24, entry_pending, ENTRY },
		{ 25, split_locked, BUSY(RCX) }, TRACKING(26), { 28, child_locked, BUSY(RCX) },
		{ 28, child_blocked, RCX(EPT_INVALID_PROMOTE_CONDITIONS) }, { 31, event, RESTART },
		{ 32, large_in_use, BUSY(RCX) } } },
	{ TDH_MEM_PAGE_DEMOTE, MEM_TRACKED, LARGE_GPA | 1, {
		{ 1, rdx_reserved, RDX(OPERAND_INVALID) }, { 1, rdx_bit_52, RDX(OPERAND_INVALID) },
		{ 4, gb_locked, BUSY(RDX) }, { 6, tdr_locked, BUSY(RDX) },
		{ 7, tdr_type, RDX(PAGE_METADATA_INCORRECT) }, STATE_S(8), GPA(20), TREE(21),
		PATH(22), LOCK(23), { 24, entry_free, ENTRY }, TRACKING(25), PAGE_R8(27),
		{ 31, event, RESTART }, { 32, large_in_use, BUSY(RCX) } } },
	{ TDH_MEM_RANGE_BLOCK, AUGMENTED, ADDED_GPA, {
		TDR_RDX(1), STATE_S(8), GPA(20), LEVEL(20), TREE_X(21), PATH(22), LOCK(23),
		{ 24, entry_free, ENTRY } } },
	{ TDH_MEM_RANGE_UNBLOCK, MEM_TRACKED, ADDED_GPA, {
		TDR_RDX(1), STATE_S(8), GPA(20), LEVEL(20), TREE_X(21), PATH(22), LOCK(23),
		{ 24, entry_free, ENTRY }, { 24, entry_mapped, ENTRY }, { 24, entry_pending, ENTRY },
		{ 25, untracked, TDX_TLB_TRACKING_NOT_DONE | TDX_OPERAND_ID_SEPT_TREE } } },
	{ TDH_MEM_TRACK, RUNNABLE, 0, {
		TDR_RCX(1), STATE_S(8), { 13, epoch_locked, BUSY(TD_EPOCH) },
		{ 13, epoch_shared, BUSY(TD_EPOCH) },
		{ 14, vcpu_inside, TDX_PREVIOUS_TLB_EPOCH_BUSY } } },
	{ TDH_MEM_RD, RUNNABLE, ADDED_GPA, {
		TDR_RDX(1), STATE_S(8), { 13, no_debug, TDX_TD_NON_DEBUG },
		{ 14, gpa_unaligned, GPA_INVALID }, TREE(15), { 20, gpa_shared, GPA_INVALID },
		{ 20, gpa_too_high, GPA_INVALID }, { 22, table_blocked, ABSENT },
		{ 23, entry_pending, ABSENT }, { 24, entry_locked, BUSY(RCX) } } },
	{ TDH_MEM_WR, RUNNABLE, ADDED_GPA, {
		TDR_RDX(1), STATE_S(8), { 13, no_debug, TDX_TD_NON_DEBUG },
		{ 14, gpa_unaligned, GPA_INVALID }, TREE(15), { 20, gpa_shared, GPA_INVALID },
		{ 22, table_missing, ABSENT }, { 23, entry_free, ABSENT },
		{ 24, entry_locked, BUSY(RCX) } } },
	{ TDH_MR_EXTEND, BUILT, ADDED_GPA, {
		TDR_RDX(1), { 5, tdr_shared, BUSY(RDX) }, STATE_X(8),
		{ 12, runnable, TDX_OP_STATE_INCORRECT },
		{ 13, gpa_bit_3, GPA_INVALID }, { 13, gpa_shared, GPA_INVALID },
		{ 22, table_blocked, ABSENT }, { 23, entry_pending, ABSENT },
		{ 23, entry_free, ABSENT } } },
	{ TDH_MR_FINALIZE, BUILT, 0, {
		TDR_RCX(1), { 5, tdr_shared, BUSY(RCX) }, STATE_X(8),
		{ 12, runnable, TDX_OP_STATE_INCORRECT },
		{ 13, no_vcpus, TDX_NO_VCPUS } } },
};

static struct attempt begin(struct model_machine *m, const struct order *order)
{
	struct attempt a = { .m = m, .regs = td_good_call(order->leaf) };

	m->spoiled = (struct spoiled_msr) {};
	if (!mem_bring_to(m, order->stage))
		abort();
	if (order->leaf != TDH_MEM_TRACK && order->leaf != TDH_MR_FINALIZE)
		a.regs.gpr.rcx = order->rcx;
	if (order->leaf == TDH_MEM_RD || order->leaf == TDH_MEM_WR)
		tdcs_of(m)->attributes = TDX_TD_ATTR_DEBUG;
	return a;
}

TEST_F(order, each_leaf_follows_each_of_its_rules)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		EXPECT_TRUE(rules_hold(self->machine, &orders[i], begin));
}

TEST_F(order, of_two_broken_rules_the_first_decides)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		EXPECT_TRUE(rules_hold_in_pairs(self->machine, &orders[i], begin, &nr));
	EXPECT_LT(3000, nr);
}

/* Legal levels of each leaf, of four and of five levels */
static const struct {
	u64 leaf;
	unsigned int lowest, highest;
} levels[] = {
	{ TDH_MEM_SEPT_ADD, 1, 4 }, { TDH_MEM_SEPT_RD, 0, 4 }, { TDH_MEM_SEPT_REMOVE, 1, 4 },
	{ TDH_MEM_PAGE_ADD, 0, 0 }, { TDH_MEM_PAGE_AUG, 0, 1 }, { TDH_MEM_PAGE_REMOVE, 0, 2 },
	{ TDH_MEM_PAGE_RELOCATE, 0, 0 }, { TDH_MEM_PAGE_PROMOTE, 1, 2 },
	{ TDH_MEM_PAGE_DEMOTE, 1, 2 }, { TDH_MEM_RANGE_BLOCK, 0, 4 },
	{ TDH_MEM_RANGE_UNBLOCK, 0, 4 },
};

static bool is_legal(u64 status)
{
	return status != RCX(OPERAND_INVALID);
}

TEST_F(order, each_leaf_checks_level_and_alignment)
{
	const u64 five_levels = TDX_EPTP_WB | TDX_EPTP_5_LEVELS;
	const unsigned int top[] = { 3, 4 };
	struct model_machine *m = self->machine;
	unsigned int i, five, level;
	u64 status, gpa;
	bool legal;

	for (five = 0; five < 2; five++)
		for (i = 0; i < ARRAY_SIZE(levels); i++)
			for (level = 0; level < 8; level++) {
				ASSERT_TRUE(mem_bring_to(m, NO_MEMORY));
				if (five)
					tdcs_of(m)->eptp_controls = five_levels;
				legal = level >= levels[i].lowest && level <= levels[i].highest &&
					level <= top[five];
				status = mem_call(m, levels[i].leaf, level, PAGE_PA);
				EXPECT_EQ(legal, is_legal(status))
					TH_LOG("leaf %llu, level %u", levels[i].leaf, level);
				gpa = K(4) << 9 * level >> 1;
				status = mem_call(m, levels[i].leaf, gpa | level, PAGE_PA);
				EXPECT_FALSE(is_legal(status));
			}
}

TEST_HARNESS_MAIN
