// SPDX-License-Identifier: GPL-2.0-only
/*
 * TDH.VP.ENTER of the software TDX module: order of checks, state of the vCPU and of the host,
 * and what each exit returns.
 *
 * Expected values are literally those of the specification.
 */
#include <linux/kernel.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "model_guest.h"
#include "model_rules.h"

FIXTURE(enter) {
	struct model_machine *machine;
};

FIXTURE_SETUP(enter)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
	ASSERT_TRUE(guest_bring_to(self->machine, RUNNABLE));
}

FIXTURE_TEARDOWN(enter)
{
	machine_free(self->machine);
}

/* Order of checks */
static bool read_slow_tsc(struct model_machine *m, unsigned int lp, u32 msr, u64 *value)
{
	*value = 1000;
	return msr == 0x10;
}

static void lock(struct attempt *a, u64 pa, enum tdx_pamt_level level, s16 holders)
{
	entry_of(a->m, pa, level)->lock.holders = holders;
}

SPOIL(cpuid_limited, a->m->spoiled = ((struct spoiled_msr) { 0x1a0, 1ULL << 22 }))
SPOIL(tsc_adjusted, a->m->spoiled = ((struct spoiled_msr) { 0x3b, 8 }))
SPOIL(rcx_bit_54, a->regs.gpr.rcx |= 1ULL << 54)
SPOIL(rcx_flag_52, a->regs.gpr.rcx |= 1ULL << 52)
SPOIL(rcx_flag_53, a->regs.gpr.rcx |= 1ULL << 53)
SPOIL(rcx_is_td, a->regs.gpr.rcx = TDR_PA)
SPOIL(tdvpr_locked, lock(a, TDVPR_PA, TDX_PAMT_4K, -1))
SPOIL(vcpu_pages, vcpu_of(a->m)->nr_pages = 5)
SPOIL(vcpu_active, vcpu_of(a->m)->state = TDX_VCPU_ACTIVE)
SPOIL(vcpu_disabled, vcpu_of(a->m)->state = TDX_VCPU_DISABLED)
SPOIL(vcpu_elsewhere, vcpu_of(a->m)->assoc_lp = LP_1)
SPOIL(td_not_finalized, tdcs_of(a->m)->op_state = TDX_TD_INITIALIZED)
SPOIL(tsc_back, vcpu_of(a->m)->last_exit_tsc = 1001)
SPOIL(has_monitor, tdcs_of(a->m)->cpuid[0].ecx |= 8)
SPOIL(epoch_locked, tdcs_of(a->m)->td_epoch_lock.holders = -1)

static const struct order order = { TDH_VP_ENTER, RUNNABLE, 0, {
	{ 1, cpuid_limited, TDX_LIMIT_CPUID_MAXVAL_SET },
	{ 2, rcx_unaligned, RCX(OPERAND_INVALID) }, { 2, rcx_bit_54, RCX(OPERAND_INVALID) },
	{ 3, rcx_keyid, RCX(OPERAND_INVALID) }, { 4, rcx_outside, RCX(OPERAND_ADDR_RANGE_ERROR) },
	{ 5, gb_locked, BUSY(RCX) }, { 6, mb_locked, BUSY(RCX) }, { 7, tdvpr_locked, BUSY(RCX) },
	{ 8, rcx_is_td, RCX(PAGE_METADATA_INCORRECT) },
	{ 9, tdr_locked, BUSY(TDR) }, STATE(10), { 13, op_state_locked, BUSY(OP_STATE) },
	{ 14, td_not_finalized, TDX_OP_STATE_INCORRECT },
	{ 15, vcpu_pages, TDX_TDCX_NUM_INCORRECT },
	{ 16, vcpu_active, TDX_VCPU_STATE_INCORRECT },
	{ 16, vcpu_disabled, TDX_VCPU_STATE_INCORRECT },
	{ 17, vcpu_elsewhere, TDX_VCPU_ASSOCIATED },
	{ 18, rcx_flag_52, RCX(OPERAND_INVALID) }, { 18, rcx_flag_53, RCX(OPERAND_INVALID) },
	{ 19, tsc_adjusted, TDX_INCONSISTENT_MSR | 0x3b }, { 20, tsc_back, TDX_TSC_ROLLBACK },
	{ 21, has_monitor, TDX_INCORRECT_MSR_VALUE | 0x1a0 },
	{ 22, epoch_locked, BUSY(TD_EPOCH) } } };

static struct attempt begin(struct model_machine *m, const struct order *order)
{
	struct attempt a = {
		.m = m, .regs = { .rax = TDH_VP_ENTER, .gpr = { .rcx = TDVPR_PA } },
	};

	m->spoiled = (struct spoiled_msr) {};
	m->rdmsr = read_slow_tsc;
	if (!guest_bring_to(m, order->stage))
		abort();
	return a;
}

TEST_F(enter, entry_follows_each_of_its_rules)
{
	EXPECT_TRUE(rules_hold(self->machine, &order, begin));
}

/* With the TDR as operand, its locks are those of the page operand. */
TEST_F(enter, of_two_broken_rules_the_first_decides)
{
	unsigned int nr = 0, i = 0;
	struct order others = order;

	while (others.rules[i].spoil != rcx_is_td)
		i++;
	memmove(&others.rules[i], &others.rules[i + 1],
		(NR_RULES - 1 - i) * sizeof(others.rules[0]));
	EXPECT_TRUE(rules_hold_in_pairs(self->machine, &others, begin, &nr));
	EXPECT_LT(250, nr);
}

TEST_F(enter, a_failure_changes_no_register)
{
	struct tdx_model_regs regs = { .rbp = 6, .gpr = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } }, in;

	regs.gpr.rcx = TDVPR_PA | 1ULL << 52;
	in = regs;
	in.rax = RCX(OPERAND_INVALID);
	ASSERT_EQ(0, td_call(self->machine, 0, TDH_VP_FLUSH, TDVPR_PA, 0));
	EXPECT_EQ(RCX(OPERAND_INVALID), guest_enter_regs(self->machine, &regs));
	EXPECT_EQ(0, memcmp(&in, &regs, sizeof(regs)));
	/* But the vCPU is associated from here on. */
	EXPECT_EQ(0, vcpu_of(self->machine)->assoc_lp);
	EXPECT_EQ(1, tdcs_of(self->machine)->nr_assoc_vcpus);
	EXPECT_EQ(0, script.nr_runs);
	EXPECT_EQ(0, tdcs_of(self->machine)->refcount[1]);
}

TEST_F(enter, without_a_platform_for_it_entry_is_refused)
{
	struct model_machine *m = self->machine;

	m->guests = NULL;
	ASSERT_TRUE(mem_bring_to(m, RUNNABLE));
	EXPECT_EQ(TDX_OPERAND_INVALID, guest_enter(m, NULL, 0));
}

/* State of the vCPU at its first entry */
TEST_F(enter, first_registers_tell_address_width_and_cpu)
{
	static const u64 expected[TDX_MODEL_NR_GPRS] = {
		[TDX_MODEL_RBX] = 48, [TDX_MODEL_RDX] = 0x806f8,
	};
	struct model_machine *m = self->machine;
	unsigned int i;

	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	for (i = 0; i < TDX_MODEL_NR_GPRS; i++)
		EXPECT_EQ(expected[i], script.seen[0].gpr[i]) TH_LOG("register %u", i);
}

TEST_F(enter, the_first_state_has_no_paging)
{
	const struct tdx_model_guest *g = &script.seen[0];
	unsigned int i;

	ASSERT_EQ(0, guest_enter(self->machine, NULL, 0));
	EXPECT_EQ(0xfffffff0, g->rip);
	EXPECT_EQ(2, g->rflags);
	EXPECT_EQ(0x31, g->cr0);
	EXPECT_EQ(0, g->cr2);
	EXPECT_EQ(0, g->cr3);
	EXPECT_EQ(0x40, g->cr4);
	EXPECT_EQ(1, g->xcr0);
	EXPECT_EQ(0x901, g->efer);
	EXPECT_EQ(0xffff0ff0, g->dr6);
	EXPECT_EQ(0x400, g->dr7);
	EXPECT_EQ(0, g->interruptibility);
	EXPECT_EQ(0, g->activity);
	EXPECT_EQ(0, g->pending_debug);
	EXPECT_EQ(0, g->event.info);
	EXPECT_FALSE(g->nmi_window);
	for (i = 0; i < TDX_MODEL_NR_GUEST_MSRS; i++)
		EXPECT_EQ(i == TDX_MODEL_MSR_PAT ? 0x0007040600070406ULL :
			  i == TDX_MODEL_MSR_FMASK ? 0x20200 :
			  i == TDX_MODEL_MSR_PERF_GLOBAL_CTRL ? 0xff : 0, g->msr[i])
			TH_LOG("MSR %u", i);
}

TEST_F(enter, first_segments_are_flat)
{
	static const struct {
		u32 limit, access_rights;
	} expected[TDX_MODEL_NR_SEGMENTS] = {
		[TDX_MODEL_ES] = { ~0U, 0xc093 }, [TDX_MODEL_CS] = { ~0U, 0xc09b },
		[TDX_MODEL_SS] = { ~0U, 0xc093 }, [TDX_MODEL_DS] = { ~0U, 0xc093 },
		[TDX_MODEL_FS] = { ~0U, 0xc093 }, [TDX_MODEL_GS] = { ~0U, 0xc093 },
		[TDX_MODEL_LDTR] = { 0xffff, 0x10082 }, [TDX_MODEL_TR] = { 0xffff, 0x8b },
	};
	const struct tdx_model_segment *segment = script.seen[0].segment;
	unsigned int i;

	ASSERT_EQ(0, guest_enter(self->machine, NULL, 0));
	for (i = 0; i < TDX_MODEL_NR_SEGMENTS; i++) {
		EXPECT_EQ(0, segment[i].base) TH_LOG("segment %u", i);
		EXPECT_EQ(0, segment[i].selector) TH_LOG("segment %u", i);
		EXPECT_EQ(expected[i].limit, segment[i].limit) TH_LOG("segment %u", i);
		EXPECT_EQ(expected[i].access_rights, segment[i].access_rights)
			TH_LOG("segment %u", i);
	}
	EXPECT_EQ(0xffff, script.seen[0].gdtr.limit);
	EXPECT_EQ(0, script.seen[0].idtr.limit);
}

TEST_F(enter, operands_of_vp_init_are_in_registers)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, VP_6));
	tdcs_of(m)->config_flags |= TDX_CONFIG_FLAG_GPAW;
	tdcs_of(m)->nr_vcpus = 3;
	ASSERT_EQ(0, td_call(m, 0, TDH_VP_INIT, TDVPR_PA, 0x123456));
	ASSERT_EQ(0, td_call(m, 0, TDH_MR_FINALIZE, TDR_PA, 0));
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(52, script.seen[0].gpr[TDX_MODEL_RBX]);
	EXPECT_EQ(0x123456, script.seen[0].gpr[TDX_MODEL_RCX]);
	EXPECT_EQ(0x123456, script.seen[0].gpr[TDX_MODEL_R8]);
	EXPECT_EQ(3, script.seen[0].gpr[TDX_MODEL_RSI]);
}

/* As FNINIT and the reset of MXCSR leave it */
TEST_F(enter, first_extended_state_is_that_after_a_reset)
{
	const u8 *area = memory_map(&self->machine->memory, TDVPS_PA(3));
	u8 expected[4096] = { [0] = 0x7f, [1] = 0x03, [24] = 0x80, [25] = 0x1f };

	EXPECT_EQ(0, memcmp(expected, area, sizeof(expected)));
}

TEST_F(enter, each_generation_runs_guests)
{
	struct model_machine *m = self->machine;
	unsigned int generation;

	for (generation = 0; generation < TDX_MODEL_NR_GENERATIONS; generation++) {
		m->config.generation = generation;
		ASSERT_TRUE(guest_bring_to(m, RUNNABLE));
		EXPECT_EQ(0, guest_enter(m, NULL, 0)) TH_LOG("generation %u", generation);
		EXPECT_EQ(1, script.nr_runs);
	}
}

TEST_F(enter, the_platform_gets_what_it_needs_to_run_a_vcpu)
{
	struct model_machine *m = self->machine;

	vcpu_of(m)->shared_eptp = BUFFER_PA | 3ULL << 46;
	tdcs_of(m)->tsc_offset = 77;
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(TDR_PA, script.run.tdr);
	EXPECT_EQ(TDVPR_PA, script.run.tdvpr);
	EXPECT_EQ(TD_KEYID, script.run.hkid);
	EXPECT_EQ(3, script.run.xfam);
	EXPECT_EQ((void *)memory_map(&m->memory, TDVPS_PA(1)), (void *)script.run.guest);
	EXPECT_EQ((void *)memory_map(&m->memory, TDVPS_PA(2)), script.run.vapic);
	EXPECT_EQ((void *)memory_map(&m->memory, TDVPS_PA(3)), script.run.xstate[0]);
	EXPECT_EQ((void *)memory_map(&m->memory, TDVPS_PA(4)), script.run.xstate[1]);
	EXPECT_EQ(BUFFER_PA, script.run.shared_eptp);
	EXPECT_EQ(77, script.run.tsc_offset);
	EXPECT_FALSE(script.run.posted_interrupts);

	vcpu_of(m)->notification_vector = 0xf2;
	vcpu_of(m)->pi_descriptor = BUFFER_PA + 64;
	vcpu_of(m)->pin_controls |= 0x80;
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_TRUE(script.run.posted_interrupts);
	EXPECT_EQ(0xf2, script.run.notification_vector);
	EXPECT_EQ(BUFFER_PA + 64, script.run.pi_descriptor);
}

/* Exits to the host */
#define EXIT(name, ...)	{ .reason = TDX_MODEL_EXIT_##name, __VA_ARGS__ }
#define SHARED_GPA	(BIT_ULL(47) | 0x12345)

static const struct {
	struct tdx_model_exit exit;
	u64 rax, rcx, rdx, r8, r9;
} exits[] = {
	{ EXIT(INTERRUPT, .interrupt.info = 0x800000ec), 1, .r9 = 0x800000ec },
	{ EXIT(EXCEPTION_OR_NMI, .interrupt.info = 0x80000202), 0, .r9 = 0x80000202 },
	{ EXIT(EXCEPTION_OR_NMI, .interrupt.info = 0x80000312), 0x6000000500000000ULL,
	  .r9 = 0x80000312 },
	{ EXIT(EXCEPTION_OR_NMI, .interrupt.info = 0x80000306, .qualification = 5),
	  0x6000000200000000ULL, 5 },
	{ EXIT(TRIPLE_FAULT, .qualification = 5), 0x4000000100000002ULL },
	{ EXIT(INIT, .qualification = 5), 3, 5 },
	{ EXIT(SMI, .qualification = 4), 6, 4 },
	{ EXIT(SMI, .qualification = 5), 0x6000000500000006ULL, 5 },
	{ EXIT(SMI_IN_C_STATE, .qualification = 4), 42, 4 },
	{ EXIT(TASK_SWITCH, .qualification = 0xc0000018), 9, 0xc0000018 },
	{ EXIT(INTERRUPT | TDX_MODEL_EXIT_BUS_LOCK_PREEMPTED, .interrupt.info = 0x800000ec),
	  0x4000001, .r9 = 0x800000ec },
	{ EXIT(EPT_VIOLATION, .qualification = 0xffffffff00000f82, .gpa = SHARED_GPA, .gla = 9),
	  48, 2, .r8 = 1ULL << 47 | 0x12000 },
	{ EXIT(EPT_VIOLATION, .qualification = 0x1fa1, .gpa = 0x12345), 48, 0x21, .r8 = 0x12000 },
	{ EXIT(EPT_MISCONFIG, .gpa = SHARED_GPA, .qualification = 7), 49,
	  .r8 = 1ULL << 47 | 0x12000 },
	{ EXIT(INVALID_STATE, .qualification = 5), 0x6000000200000021ULL, .rdx = 4 },
	{ EXIT(MSR_LOAD, .qualification = 0xc0000082), 0x6000000200000022ULL,
	  .rdx = 0xc000008200000003ULL },
	{ EXIT(INVALID_STATE | TDX_MODEL_EXIT_ENTRY_FAILURE, .qualification = 5),
	  0x6000000280000021ULL, 5 },
	{ EXIT(MACHINE_CHECK | TDX_MODEL_EXIT_ENTRY_FAILURE), 0x6000000580000029ULL },
	{ EXIT(BUS_LOCK, .qualification = 5), 74, 5 },
	{ EXIT(NOTIFY, .qualification = 4), 75, 4 },
	{ EXIT(NOTIFY, .qualification = 5), 0x600000020000004bULL, 5 },
	{ { .reason = 16, .qualification = 5 }, 0x6000000200000010ULL, 5 },	/* RDTSC */
	{ { .reason = 37 }, 0x6000000200000025ULL },				/* MTF */
	{ { .reason = 78 }, 0x600000020000004eULL },
};

TEST_F(enter, each_exit_has_its_registers)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(exits); i++) {
		struct tdx_model_regs regs = {
			.rbp = 11, .gpr = { TDVPR_PA, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 },
		};
		const struct tdx_regs expected = {
			.rcx = exits[i].rcx, .rdx = exits[i].rdx, .r8 = exits[i].r8,
			.r9 = exits[i].r9,
		};

		ASSERT_TRUE(guest_bring_to(m, RUNNABLE));
		script.exits = &exits[i].exit;
		script.nr_exits = 1;
		EXPECT_EQ(exits[i].rax, guest_enter_regs(m, &regs)) TH_LOG("exit %u", i);
		EXPECT_EQ(0, memcmp(&expected, &regs.gpr, sizeof(expected))) TH_LOG("exit %u", i);
		EXPECT_EQ(0, regs.rbp);
		EXPECT_EQ(1, script.nr_runs);
	}
}

/* Bit 61 of RAX is fatal for the TD, bit 62 for the vCPU. */
TEST_F(enter, each_exit_leaves_the_vcpu_in_its_state)
{
	struct model_machine *m = self->machine;
	unsigned int i;
	u64 rax;

	for (i = 0; i < ARRAY_SIZE(exits); i++) {
		ASSERT_TRUE(guest_bring_to(m, RUNNABLE));
		rax = guest_enter(m, &exits[i].exit, 1);
		EXPECT_EQ(rax >> 61 & 1 ? TDX_VCPU_ACTIVE : rax >> 62 & 1 ? TDX_VCPU_DISABLED :
			  TDX_VCPU_READY, vcpu_of(m)->state) TH_LOG("exit %u", i);
		EXPECT_EQ(rax >> 61 & 1, td_of(m)->fatal) TH_LOG("exit %u", i);
		EXPECT_EQ(rax >> 32 == 0x60000005, tdcs_of(m)->refcount[1]) TH_LOG("exit %u", i);
		EXPECT_EQ(0, entry_of(m, TDVPR_PA, TDX_PAMT_4K)->lock.holders);
		EXPECT_EQ(0, entry_of(m, TDR_PA, TDX_PAMT_4K)->lock.holders);
		EXPECT_EQ(0, tdcs_of(m)->op_state_lock.holders);
		EXPECT_EQ(rax >> 61 & 1 ? TDX_TD_FATAL :
			  rax >> 62 & 1 ? TDX_VCPU_STATE_INCORRECT : 0, guest_enter(m, NULL, 0))
			TH_LOG("exit %u", i);
	}
}

TEST_F(enter, exits_of_a_debug_td_are_not_fatal)
{
	static const unsigned int debug[] = { 3, 14, 15, 16, 21, 22, 23 };
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(debug); i++) {
		ASSERT_TRUE(guest_bring_to(m, RUNNABLE));
		tdcs_of(m)->attributes |= TDX_TD_ATTR_DEBUG;
		EXPECT_EQ((u32)exits[debug[i]].rax, guest_enter(m, &exits[debug[i]].exit, 1))
			TH_LOG("exit %u", debug[i]);
		EXPECT_FALSE(td_of(m)->fatal);
	}
}

static void fail_td(struct model_machine *m, const struct tdx_model_run *run)
{
	td_of(m)->fatal = true;
}

TEST_F(enter, a_fatal_error_ends_other_vcpus)
{
	const struct tdx_model_exit exit = EXIT(INTERRUPT, .interrupt.info = 0x800000ec);
	struct model_machine *m = self->machine;

	script.during = fail_td;
	EXPECT_EQ(0x6000000500000001ULL, guest_enter(m, &exit, 1));
	EXPECT_EQ(1, tdcs_of(m)->refcount[1]);
	EXPECT_EQ(TDX_VCPU_ACTIVE, vcpu_of(m)->state);
}

TEST_F(enter, state_of_the_host_is_lost)
{
	const struct tdx_model_host expected = {
		.xcr0 = 0x602e7, .dr6 = 0xffff0ff0, .dr7 = 0x400, .fmask = 0x20200,
		.xss = 0x1800, .debugctl = 0x5002, .umwait_control = 5, .tsx_ctrl = 3,
	};
	struct model_machine *m = self->machine;

	memset(&script.host, 0xff, sizeof(script.host));
	script.host.tsx_ctrl = 3;
	tdcs_of(m)->xfam = 0x61ae7;
	guest_of(m)->msr[TDX_MODEL_MSR_UMWAIT_CONTROL] = 5;
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(0, memcmp(&expected, &script.host, sizeof(expected)));
	/* With TSX in the TD */
	tdcs_of(m)->cpuid[5].ebx |= 1 << 11;
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(0, script.host.tsx_ctrl);
}

/* NO_RBP_MOD is not for asynchronous exits of module 1.5.01. */
TEST_F(enter, rbp_is_kept_if_configured)
{
	static const struct {
		enum tdx_model_generation generation;
		u64 flags, rbp;
	} cases[] = {
		{ TDX_MODEL_1_5, 0, 0 }, { TDX_MODEL_1_5, TDX_CONFIG_FLAG_NO_RBP_MOD, 0 },
		{ TDX_MODEL_1_5_06, 0, 0 }, { TDX_MODEL_1_5_06, TDX_CONFIG_FLAG_NO_RBP_MOD, 99 },
		{ TDX_MODEL_2_0, 0, 0 }, { TDX_MODEL_2_0, TDX_CONFIG_FLAG_NO_RBP_MOD, 99 },
	};
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tdx_model_regs regs = { .rbp = 99, .gpr.rcx = TDVPR_PA };

		m->model.config.generation = cases[i].generation;
		tdcs_of(m)->config_flags = cases[i].flags;
		ASSERT_EQ(0, guest_enter_regs(m, &regs));
		EXPECT_EQ(cases[i].rbp, regs.rbp) TH_LOG("case %u", i);
	}
}

/* While a vCPU runs */
static u64 statuses_during[11];

static void call_from_elsewhere(struct model_machine *m, const struct tdx_model_run *run)
{
	unsigned int i = 0;

	statuses_during[i++] = td_call(m, LP_1, TDH_MNG_VPFLUSHDONE, TDR_PA, 0);
	statuses_during[i++] = td_call(m, LP_1, TDH_VP_FLUSH, TDVPR_PA, 0);
	statuses_during[i++] = td_call(m, LP_1, TDH_VP_RD, TDVPR_PA, TDX_MD_VCPU_PEND_NMI);
	statuses_during[i++] = td_call(m, LP_1, TDH_VP_ENTER, TDVPR_PA, 0);
	statuses_during[i++] = td_call(m, LP_1, TDH_PHYMEM_PAGE_RECLAIM, TDVPR_PA, 0);
	statuses_during[i++] = td_call(m, LP_1, TDH_MNG_RD, TDR_PA, TDX_MD_TDCS_ATTRIBUTES);
	statuses_during[i++] = td_call(m, LP_1, TDH_MEM_TRACK, TDR_PA, 0);
	statuses_during[i++] = td_call(m, LP_1, TDH_MEM_TRACK, TDR_PA, 0);
	statuses_during[i++] = tdcs_of(m)->refcount[1];
	statuses_during[i++] = tdcs_of(m)->op_state_lock.holders;
	statuses_during[i++] = tdcs_of(m)->td_epoch_lock.holders;
	machine_call(m, 0, TDH_SYS_INFO);
}

TEST_F(enter, while_the_vcpu_runs_other_leaves_have_their_status)
{
	static const u64 expected[ARRAY_SIZE(statuses_during)] = {
		BUSY(RCX), BUSY(RCX), TDX_VCPU_STATE_INCORRECT, TDX_VCPU_STATE_INCORRECT, BUSY(RCX),
		0, 0, TDX_PREVIOUS_TLB_EPOCH_BUSY, 1, 0, 0,
	};
	struct model_machine *m = self->machine;
	unsigned int i;

	script.during = call_from_elsewhere;
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		EXPECT_EQ(expected[i], statuses_during[i]) TH_LOG("call %u", i);
	EXPECT_EQ(0, tdcs_of(m)->refcount[1]);
	EXPECT_EQ(0, td_call(m, LP_1, TDH_MEM_TRACK, TDR_PA, 0));
}

TEST_F(enter, translations_are_dropped_in_a_new_epoch)
{
	struct model_machine *m = self->machine;
	unsigned int flushes = script.nr_flushes;

	/* The vCPU's epoch is 0 before its first entry. */
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(++flushes, script.nr_flushes);
	EXPECT_EQ(1, vcpu_of(m)->epoch);
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(flushes, script.nr_flushes);
	ASSERT_EQ(0, td_call(m, 0, TDH_MEM_TRACK, TDR_PA, 0));
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(++flushes, script.nr_flushes);
	EXPECT_EQ(2, vcpu_of(m)->epoch);
	EXPECT_EQ(0, tdcs_of(m)->refcount[0]);
	EXPECT_EQ(0, tdcs_of(m)->refcount[1]);
	/* A processor that the vCPU was not on may have some of other vCPUs. */
	ASSERT_EQ(0, td_call(m, 0, TDH_VP_FLUSH, TDVPR_PA, 0));
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(++flushes, script.nr_flushes);
}

/* Events */
TEST_F(enter, an_event_is_delivered_once)
{
	const struct tdx_model_exit exit = EXIT(GETSEC, .instruction_length = 2);
	struct model_machine *m = self->machine;

	ASSERT_EQ(0, guest_enter(m, &exit, 1));
	EXPECT_EQ(2, script.nr_runs);
	EXPECT_EQ(6, guest_exception());
	EXPECT_EQ(0xfffffff0, script.seen[1].rip);
	EXPECT_EQ(0, guest_of(m)->event.info);
}

TEST_F(enter, an_interrupted_delivery_is_repeated)
{
	const struct tdx_model_exit exit = EXIT(EPT_VIOLATION, .gpa = SHARED_GPA,
		.vectoring = { 0x80000b0d, 0x18 });
	const struct tdx_model_exit nmi = EXIT(EPT_VIOLATION, .gpa = SHARED_GPA,
		.vectoring = { 0x80000202 });
	const struct tdx_model_exit stale = EXIT(EPT_VIOLATION, .gpa = SHARED_GPA,
		.vectoring = { 0x00000b0d, 0x18 });
	struct model_machine *m = self->machine;

	EXPECT_EQ(48, guest_enter(m, &exit, 1));
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(0x80000b0d, script.seen[0].event.info);
	EXPECT_EQ(0x18, script.seen[0].event.error);
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(0, script.seen[0].event.info);

	/* Not if it is not valid */
	EXPECT_EQ(48, guest_enter(m, &stale, 1));
	EXPECT_EQ(0, guest_of(m)->event.info);

	guest_of(m)->interruptibility = 8;
	EXPECT_EQ(48, guest_enter(m, &nmi, 1));
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(0x80000202, script.seen[0].event.info);
	EXPECT_EQ(0, script.seen[0].interruptibility);
}

TEST_F(enter, nmis_stay_blocked_by_an_iret_that_is_repeated)
{
	const struct tdx_model_exit exit = EXIT(EPT_VIOLATION, .gpa = SHARED_GPA,
		.qualification = 0x1001);
	const struct tdx_model_exit violation = EXIT(EPT_VIOLATION, .gpa = SHARED_GPA,
		.qualification = 1);
	struct tdx_model_exit interrupt = EXIT(INTERRUPT, .interrupt.info = 0x800000ec);
	struct model_machine *m = self->machine;

	EXPECT_EQ(48, guest_enter(m, &exit, 1));
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_EQ(8, script.seen[0].interruptibility);
	guest_of(m)->interruptibility = 0;
	EXPECT_EQ(48, guest_enter(m, &violation, 1));
	EXPECT_EQ(0, guest_of(m)->interruptibility);
	EXPECT_EQ(1, guest_enter(m, &interrupt, 1));
	EXPECT_EQ(0, guest_of(m)->interruptibility);
	interrupt.interrupt.info |= 0x1000;
	EXPECT_EQ(1, guest_enter(m, &interrupt, 1));
	EXPECT_EQ(8, guest_of(m)->interruptibility);
}

TEST_F(enter, an_nmi_of_the_host_waits_for_its_window)
{
	static const struct tdx_model_exit window[] = { EXIT(NMI_WINDOW), EXIT(GETSEC) };
	struct model_machine *m = self->machine;

	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_FALSE(script.seen[0].nmi_window);
	vcpu_of(m)->pend_nmi = 1;
	ASSERT_EQ(0, guest_enter(m, window, 1));
	EXPECT_TRUE(script.seen[0].nmi_window);
	EXPECT_EQ(0, script.seen[0].event.info);
	EXPECT_FALSE(script.seen[1].nmi_window);
	EXPECT_EQ(0x80000202, script.seen[1].event.info);
	EXPECT_EQ(0, vcpu_of(m)->pend_nmi);
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	EXPECT_FALSE(script.seen[0].nmi_window);

	/* Not while the guest has not read the information of a #VE */
	vcpu_of(m)->pend_nmi = 1;
	vcpu_of(m)->ve_info.valid = ~0U;
	ASSERT_EQ(0, guest_enter(m, window, 2));
	EXPECT_FALSE(script.seen[0].nmi_window);
	EXPECT_EQ(0, script.seen[1].event.info);
	EXPECT_EQ(1, vcpu_of(m)->pend_nmi);
}

static u64 tsc;

static bool read_tsc(struct model_machine *m, unsigned int lp, u32 msr, u64 *value)
{
	*value = tsc;
	return msr == 0x10;
}

TEST_F(enter, the_tsc_does_not_go_back)
{
	struct model_machine *m = self->machine;

	m->rdmsr = read_tsc;
	tsc = 500;
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	ASSERT_EQ(0, guest_enter(m, NULL, 0));
	tsc = 499;
	EXPECT_EQ(TDX_TSC_ROLLBACK, guest_enter(m, NULL, 0));
}

TEST_F(enter, the_host_can_see_that_an_interrupt_is_pending)
{
	static const struct {
		u8 rvi, ppr;
		u64 details;
	} cases[] = {
		{ 0, 0, 0 }, { 0x1f, 0x1f, 0 }, { 0x20, 0x1f, 1 }, { 0x2f, 0x20, 0 },
		{ 0xf0, 0xe0, 1 },
	};
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tdx_model_regs regs = {
			.rax = TDH_VP_RD, .gpr = { TDVPR_PA, 0x9120000300000100ULL },
		};

		guest_of(m)->rvi = cases[i].rvi;
		memory_map(&m->memory, TDVPS_PA(2))[0xa0] = cases[i].ppr;
		ASSERT_EQ(0, machine_seamcall(m, 0, &regs));
		EXPECT_EQ(cases[i].details, regs.gpr.r8) TH_LOG("case %u", i);
	}
}

TEST_HARNESS_MAIN
