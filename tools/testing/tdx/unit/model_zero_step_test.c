// SPDX-License-Identifier: GPL-2.0-only
/*
 * The filter of EPT violations at one instruction, in the software TDX module: from the 7th
 * one on, TDH.VP.ENTER wants the pages to be there.
 */
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "model_guest.h"
#include "model_rules.h"

#define ABSENT_GPA	K(64)

FIXTURE(steps) {
	struct model_machine *machine;
};

FIXTURE_SETUP(steps)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
	ASSERT_TRUE(guest_bring_to(self->machine, AUGMENTED));
	guest_in_64bit_mode(guest_of(self->machine));
}

FIXTURE_TEARDOWN(steps)
{
	machine_free(self->machine);
}

static u64 access_gpa(struct model_machine *m, u64 gpa)
{
	const struct tdx_model_exit exit = { .reason = 48, .qualification = 1, .gpa = gpa };

	return guest_enter(m, &exit, 1);
}

/* So often the vCPU begins the instruction, and exits to the host, unless the test fails. */
static bool begins(struct model_machine *m, unsigned int times, u64 gpa)
{
	unsigned int i;

	for (i = 0; i < times; i++)
		if (access_gpa(m, gpa) != 48 || script.nr_runs != 1)
			return false;
	return true;
}

static bool is_refused(struct model_machine *m)
{
	return access_gpa(m, ABSENT_GPA) == 48 && !script.nr_runs;
}

static void go_on(struct model_machine *m, const struct tdx_model_run *run)
{
	run->guest->rip++;
}

static void take_tree(struct model_machine *m, s16 holders)
{
	tdcs_of(m)->sept_lock.holders = holders;
}

TEST_F(steps, the_8th_entry_wants_the_page)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(begins(m, 7, ABSENT_GPA + 0x123));
	EXPECT_TRUE(is_refused(m));
	EXPECT_TRUE(is_refused(m));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, ABSENT_GPA, AUG_PA + K(4)));
	EXPECT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(1, script.nr_runs);
}

TEST_F(steps, a_refused_entry_looks_like_a_write)
{
	struct tdx_model_regs regs = {
		.rbp = 11, .gpr = { TDVPR_PA, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 },
	};
	const struct tdx_regs expected = { .rcx = 2, .r8 = ABSENT_GPA };
	struct model_machine *m = self->machine;

	ASSERT_TRUE(begins(m, 7, ABSENT_GPA + 0x123));
	EXPECT_EQ(48, guest_enter_regs(m, &regs));
	EXPECT_EQ(0, memcmp(&expected, &regs.gpr, sizeof(expected)));
	EXPECT_EQ(11, regs.rbp);
	EXPECT_EQ(0, script.nr_runs);
	EXPECT_EQ(TDX_VCPU_READY, vcpu_of(m)->state);
	EXPECT_EQ(0, tdcs_of(m)->refcount[0]);
	EXPECT_EQ(0, tdcs_of(m)->refcount[1]);
	EXPECT_EQ(0, tdcs_of(m)->sept_lock.holders);
	EXPECT_EQ(0, tdcs_of(m)->op_state_lock.holders);
}

/* The guest has not run, so it has lost no MSRs. */
TEST_F(steps, of_the_host_only_registers_are_lost)
{
	struct tdx_model_host expected = { .lstar = 7, .xcr0 = 7, .dr6 = 7 };
	struct model_machine *m = self->machine;

	ASSERT_TRUE(begins(m, 7, ABSENT_GPA));
	script.host = expected;
	script.host.xmm[3][1] = 5;
	EXPECT_TRUE(is_refused(m));
	EXPECT_EQ(0, memcmp(&expected, &script.host, sizeof(expected)));
}

TEST_F(steps, the_tree_is_locked_from_then_on)
{
	struct model_machine *m = self->machine;
	s16 holders;

	take_tree(m, -1);
	ASSERT_TRUE(begins(m, 7, ABSENT_GPA));
	for (holders = -1; holders <= 1; holders += 2) {
		take_tree(m, holders);
		EXPECT_EQ(BUSY(SEPT_TREE), access_gpa(m, ABSENT_GPA));
		EXPECT_EQ(0, script.nr_runs);
		EXPECT_EQ(holders, tdcs_of(m)->sept_lock.holders);
		EXPECT_EQ(0, tdcs_of(m)->refcount[0]);
		EXPECT_EQ(0, tdcs_of(m)->refcount[1]);
		EXPECT_EQ(TDX_VCPU_READY, vcpu_of(m)->state);
	}
}

TEST_F(steps, an_instruction_needs_all_its_pages)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	ASSERT_TRUE(begins(m, 7, ADDED_GPA));
	ASSERT_TRUE(begins(m, 1, ADDED_GPA + 8));
	ASSERT_TRUE(begins(m, 1, ABSENT_GPA + K(4)));
	ASSERT_EQ(2, vcpu_of(m)->zero_step.nr_gpas);
	EXPECT_TRUE(is_refused(m));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, ABSENT_GPA + K(4), AUG_PA + K(4)));
	ASSERT_TRUE(begins(m, 1, ABSENT_GPA));
	/* Whichever of them is away */
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, ABSENT_GPA, AUG_PA + K(8)));
	for (i = 0; i < 3; i++) {
		struct tdx_model_regs regs = { .gpr.rcx = TDVPR_PA };
		u64 gpa = vcpu_of(m)->zero_step.gpa[i];

		ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, gpa, 0));
		EXPECT_EQ(48, guest_enter_regs(m, &regs)) TH_LOG("page %u", i);
		EXPECT_EQ(gpa, regs.gpr.r8);
		ASSERT_EQ(0, td_call(m, 0, TDH_MEM_TRACK, TDR_PA, 0));
		ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_UNBLOCK, gpa, 0));
	}
	EXPECT_EQ(0, guest_enter(m, NULL, 0));
}

TEST_F(steps, with_any_progress_it_begins_anew)
{
	static const struct tdx_model_exit others[] = {
		{ .reason = 1, .interrupt.info = 0x800000ec },
		{ .reason = 48, .qualification = 1, .gpa = BIT_ULL(47) | ABSENT_GPA },
		{ .reason = 48, .qualification = 1, .gpa = ADDED_GPA },
	};
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		ASSERT_TRUE(begins(m, 7, ADDED_GPA));
		script.during = go_on;
		ASSERT_NE(0, guest_enter(m, &others[i], 1)) TH_LOG("exit %u", i);
		script.during = NULL;
		EXPECT_EQ(0, vcpu_of(m)->zero_step.nr_gpas) TH_LOG("exit %u", i);
		EXPECT_EQ(i == 2, vcpu_of(m)->zero_step.nr_violations) TH_LOG("exit %u", i);
	}
	ASSERT_TRUE(begins(m, 6, ABSENT_GPA));
	EXPECT_TRUE(is_refused(m));
}

TEST_F(steps, without_it_other_exits_do_not_matter)
{
	const struct tdx_model_exit interrupt = { .reason = 1, .interrupt.info = 0x800000ec };
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		ASSERT_TRUE(begins(m, 1, ABSENT_GPA));
		ASSERT_EQ(1, guest_enter(m, &interrupt, 1));
	}
	ASSERT_TRUE(begins(m, 1, ABSENT_GPA));
	EXPECT_TRUE(is_refused(m));
}

TEST_F(steps, of_its_pages_32_are_noted)
{
	struct model_machine *m = self->machine;
	struct tdx_model_zero_step *suspect = &vcpu_of(m)->zero_step;
	unsigned int i;

	/* The pages of a large one are there. */
	tdcs_of(m)->td_ctls = TDX_TD_CTLS_PENDING_VE_DISABLE;
	*sept_entry_of(m, LARGE_GPA, 1) &= ~SEPT_PENDING;
	*sept_entry_of(m, LARGE_GPA, 1) |= SEPT_RWX;
	for (i = 0; i < 6 + 40; i++)
		ASSERT_TRUE(begins(m, 1, LARGE_GPA + K(4) * i)) TH_LOG("page %u", i);
	EXPECT_EQ(32, suspect->nr_gpas);
	for (i = 0; i < 32; i++)
		EXPECT_EQ(LARGE_GPA + K(4) * (6 + i), suspect->gpa[i]);
}

/* A page that was not accepted is there if the guest gets #VE. */
TEST_F(steps, a_pending_page_is_there_if_it_raises_ve)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(begins(m, 7, ABSENT_GPA));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, ABSENT_GPA, AUG_PA + K(4)));
	tdcs_of(m)->td_ctls = TDX_TD_CTLS_PENDING_VE_DISABLE;
	EXPECT_TRUE(is_refused(m));
	tdcs_of(m)->td_ctls = 0;
	EXPECT_EQ(0, guest_enter(m, NULL, 0));
}

TEST_F(steps, accesses_to_pending_pages_count)
{
	struct model_machine *m = self->machine;

	tdcs_of(m)->td_ctls = TDX_TD_CTLS_PENDING_VE_DISABLE;
	ASSERT_TRUE(begins(m, 7, AUG_GPA));
	EXPECT_TRUE(is_refused(m));
}

TEST_F(steps, blocked_pages_are_not_there)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(begins(m, 7, ABSENT_GPA));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_PAGE_AUG, ABSENT_GPA, AUG_PA + K(4)));
	ASSERT_EQ(0, mem_call(m, TDH_MEM_RANGE_BLOCK, ABSENT_GPA, 0));
	EXPECT_TRUE(is_refused(m));
}

TEST_F(steps, other_exits_do_not_count)
{
	static const struct tdx_model_exit exits[] = {
		{ .reason = 48, .qualification = 1, .gpa = BIT_ULL(47) | ABSENT_GPA },
		{ .reason = 49, .gpa = BIT_ULL(47) | ABSENT_GPA },
		{ .reason = 1, .interrupt.info = 0x800000ec },
		/* TDG.MEM.PAGE.ACCEPT, TDG.MR.REPORT */
		{ .reason = 77, .instruction_length = 4 },
		{ .reason = 77, .instruction_length = 4 },
	};
	static const u64 leaves[ARRAY_SIZE(exits)] = { [3] = 6, [4] = 4 };
	struct model_machine *m = self->machine;
	unsigned int i, times;

	for (i = 0; i < ARRAY_SIZE(exits); i++) {
		for (times = 0; times < 10; times++) {
			u64 *gpr = guest_of(m)->gpr;

			guest_in_64bit_mode(guest_of(m));
			gpr[TDX_MODEL_RAX] = leaves[i];
			gpr[TDX_MODEL_RCX] = ABSENT_GPA;
			gpr[TDX_MODEL_RDX] = ABSENT_GPA;
			EXPECT_NE(0, (u32)guest_enter(m, &exits[i], 1)) TH_LOG("exit %u", i);
			EXPECT_EQ(1, script.nr_runs) TH_LOG("exit %u", i);
		}
		EXPECT_EQ(0, vcpu_of(m)->zero_step.nr_violations) TH_LOG("exit %u", i);
	}
}

TEST_HARNESS_MAIN
