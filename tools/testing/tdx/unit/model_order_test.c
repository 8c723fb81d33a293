// SPDX-License-Identifier: GPL-2.0-only
/*
 * Priority of the causes that determine the status of a leaf of the software TDX module:
 * its state, locks, and the order of the rules of TDH.SYS.CONFIG.
 *
 * Expected statuses are taken from the specification, not computed.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_leaves.h"

#define RDX_INVALID	(TDX_OPERAND_INVALID | TDX_OPERAND_ID_RDX)
#define RCX_INVALID	(TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX)
#define R8_INVALID	(TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8)
#define C_NOT		TDX_SYS_CONFIG_NOT_PENDING
#define DETAILS(a, b, c)	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16)

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

static void bring_to(struct model_machine *m, enum stage stage)
{
	struct tdx_tdmr_info tdmrs[2];
	unsigned int lp;

	machine_reload(m);
	if (stage == PENDING)
		return;
	machine_call(m, 0, TDH_SYS_INIT);
	for (lp = 0; lp < (stage <= LP_DONE ? 3 : 4); lp++)
		machine_call(m, lp, TDH_SYS_LP_INIT);
	if (stage <= INIT_DONE)
		return;
	legal_pair(tdmrs);
	machine_config(m, tdmrs, 2);
	machine_call(m, 0, TDH_SYS_KEY_CONFIG);
	if (stage < READY)
		return;
	machine_call(m, 3, TDH_SYS_KEY_CONFIG);
	if (stage == READY)
		return;
	/* Module 1.0 has LP.SHUTDOWN, later ones have SYS.SHUTDOWN. */
	machine_call(m, 0, TDH_SYS_LP_SHUTDOWN);
	machine_call(m, 0, TDH_SYS_SHUTDOWN);
}

static unsigned int lp_of_stage(enum stage stage)
{
	return stage == LP_MISSING || stage == CONFIG_DONE ? 3 : 0;
}

/* Registers of a call that can be refused only because of the state. */
static struct tdx_model_regs good_call(struct model_machine *m, u64 leaf)
{
	const struct expected_leaf *expected = expected_leaf(leaf);
	struct tdx_model_regs regs = { .rax = leaf };

	if (expected)
		regs.gpr = expected->good;
	prepare_config(m);
	return regs;
}

/* The module state of each stage. */
static const enum tdx_model_state state_of[NR_STAGES] = {
	[PENDING] = TDX_MODEL_INIT_PENDING,
	[LP_MISSING] = TDX_MODEL_INIT_DONE,
	[LP_DONE] = TDX_MODEL_INIT_DONE,
	[INIT_DONE] = TDX_MODEL_INIT_DONE,
	[CONFIG_DONE] = TDX_MODEL_CONFIG_DONE,
	[KEY_DONE] = TDX_MODEL_CONFIG_DONE,
	[READY] = TDX_MODEL_READY,
	[SHUTDOWN] = TDX_MODEL_SHUTDOWN,
};

static bool holds(struct model_machine *m, u64 leaf, const u64 expected[NR_STAGES])
{
	enum tdx_model_state state;
	struct tdx_model_regs regs;
	enum stage stage;
	u64 status;

	for (stage = 0; stage < NR_STAGES; stage++) {
		bring_to(m, stage);
		if (m->model.state != state_of[stage])
			return false;
		regs = good_call(m, leaf);
		status = machine_seamcall(m, lp_of_stage(stage), &regs);
		state = status ? state_of[stage] : expected_state(m, leaf, state_of[stage]);
		if (status == expected[stage] && !(m->model.lps_inside & ~TDX_MODEL_CLOSED) &&
		    m->model.state == state)
			continue;
		printf("# leaf %llu, stage %u: 0x%llx (%s), state %u\n", leaf, stage, status,
		       tdx_model_why(&m->model), m->model.state);
		return false;
	}
	return true;
}

/*
 * Migration is not in this model, and guests are not on a platform that cannot run them: where
 * the real module would go on with the operands of their leaves, there is no such leaf.
 */
static const u16 numbers_of_no_leaf[] = { TDH_EXPORT_MEM, TDH_VP_ENTER, 42, 127, 128, 0x7777 };

TEST_F(order, each_leaf_has_its_status_in_each_state)
{
	struct model_machine *m = self->machine;
	const struct expected_leaf *expected;
	unsigned int generation, i;

	for (generation = 0; generation < TDX_MODEL_NR_GENERATIONS; generation++) {
		m->config.generation = generation;
		for (i = 0; i < nr_expected_leaves; i++) {
			expected = &expected_leaves[i];
			EXPECT_TRUE(holds(m, expected->leaf, generation >= expected->since ?
					  expected->status : no_leaf_status));
		}
		for (i = 0; i < ARRAY_SIZE(numbers_of_no_leaf); i++)
			EXPECT_TRUE(holds(m, numbers_of_no_leaf[i], no_leaf_status));
	}
}

TEST_F(order, each_leaf_of_the_module_is_expected)
{
	const struct expected_leaf *expected;
	const struct tdx_model_leaf *leaf;
	unsigned int number;

	for (number = 0; number < TDX_MODEL_NR_LEAVES; number++) {
		leaf = tdx_model_leaf(number);
		expected = expected_leaf(number);
		EXPECT_EQ(!leaf->run || leaf->runs_guest, !expected) TH_LOG("leaf %u", number);
		EXPECT_EQ(expected ? expected->outputs : 0, leaf->outputs)
			TH_LOG("leaf %u", number);
		EXPECT_EQ(expected ? expected->outputs_1 : 0, leaf->outputs_1)
			TH_LOG("leaf %u", number);
		EXPECT_EQ(expected && expected->any_version, leaf->any_version)
			TH_LOG("leaf %u", number);
		EXPECT_EQ(expected && expected->interruptible, leaf->interruptible)
			TH_LOG("leaf %u", number);
	}
}

/* Reserved bits, then the version, then the state, then whether the leaf exists. */
TEST_F(order, rax_is_checked_before_the_state)
{
	struct model_machine *m = self->machine;
	unsigned int i, bit;
	enum stage stage;

	for (stage = 0; stage < NR_STAGES; stage++) {
		bring_to(m, stage);
		for (i = 0; i < nr_expected_leaves; i++)
			for (bit = expected_leaves[i].any_version ? 24 : 16; bit < 63; bit++)
				EXPECT_EQ(TDX_OPERAND_INVALID,
					  machine_call(m, 0, expected_leaves[i].leaf | 1ULL << bit))
					TH_LOG("stage %u, bit %u", stage, bit);
	}
}

TEST_F(order, sys_config_waits_for_every_processor)
{
	struct model_machine *m = self->machine;
	unsigned int lp;

	machine_call(m, 0, TDH_SYS_INIT);
	for (lp = 0; lp < 4; lp++) {
		EXPECT_EQ(C_NOT, machine_call(m, 0, TDH_SYS_CONFIG));
		EXPECT_EQ(0, machine_call(m, lp, TDH_SYS_LP_INIT));
	}
	/* CONFIG is in order now: address 0 is valid, zero TDMRs are not. */
	EXPECT_EQ(RDX_INVALID, machine_call(m, 0, TDH_SYS_CONFIG));
}

static int global_holders(enum held held)
{
	return held == GLOBAL_EXCLUSIVE ? -1 : held == GLOBAL_SHARED ? 2 : 0;
}

static int tdmr_holders(enum held held)
{
	return held == TDMR_EXCLUSIVE ? -1 : 0;
}

static void hold(struct model_machine *m, enum held held)
{
	m->model.global_lock.holders = global_holders(held);
	m->model.tdmrs[0].lock.holders = tdmr_holders(held);
}

/* A lock that another processor holds must not be released. */
static bool is_still_held(const struct model_machine *m, enum held held)
{
	return m->model.global_lock.holders == global_holders(held) &&
	       m->model.tdmrs[0].lock.holders == tdmr_holders(held);
}

TEST_F(order, each_leaf_has_its_status_while_a_lock_is_held)
{
	struct model_machine *m = self->machine;
	const struct expected_leaf *expected;
	struct tdx_model_regs regs;
	enum held held;
	unsigned int i;

	m->config.generation = TDX_MODEL_2_0;
	for (i = 0; i < nr_expected_leaves; i++)
		for (held = FREE; held < NR_HELD; held++) {
			expected = &expected_leaves[i];
			bring_to(m, expected->stage);
			hold(m, held);
			regs = good_call(m, expected->leaf);
			EXPECT_EQ(expected->locked[held],
				  machine_seamcall(m, lp_of_stage(expected->stage), &regs))
				TH_LOG("leaf %llu, lock %u", expected->leaf, held);
			EXPECT_TRUE(is_still_held(m, held));
		}
}

TEST_F(order, sys_config_tries_the_lock_before_the_state)
{
	static const u64 status[NR_HELD] = { C_NOT, TDX_SYS_BUSY, TDX_SYS_BUSY, C_NOT };
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	enum held held;

	for (held = FREE; held < NR_HELD; held++) {
		bring_to(m, PENDING);
		hold(m, held);
		regs = good_call(m, TDH_SYS_CONFIG);
		EXPECT_EQ(status[held], machine_seamcall(m, 0, &regs));
		EXPECT_TRUE(is_still_held(m, held));
	}
}

TEST_F(order, a_tdmr_lock_is_of_its_tdmr_only)
{
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs = { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = G(1) } };

	bring_to(m, READY);
	m->model.tdmrs[0].lock.holders = -1;
	EXPECT_EQ(0, machine_seamcall(m, 0, &regs));
}

/* A TDH.SYS.CONFIG of two TDMRs that has to be refused. */
struct attempt {
	struct model_machine *machine;
	struct tdx_tdmr_info tdmrs[2];
	u64 info_pa[2];
	struct tdx_model_regs regs;
	bool lp_missing, locked;
};

/*
 * Legal: TDMR 1 follows TDMR 0, and its PAMTs follow those of TDMR 0: 2M, 1G,
 * 4K.  The rules below break independent parts of it, so that two of them break
 * both parts, in any order.
 */
static struct attempt legal_attempt(struct model_machine *m)
{
	struct attempt a = { .machine = m };
	struct tdx_pamt_area *pamt = a.tdmrs[1].pamt;

	memset(m->config.cmrs, 0, sizeof(m->config.cmrs));
	m->config.cmrs[0] = (struct tdx_cmr_info) { M(1), G(64) - M(1) };
	a.tdmrs[0] = tdmr_at(G(1), G(2), G(32));
	a.tdmrs[1] = tdmr_at(G(3), G(2), G(32) + M(64));
	pamt[1].base = G(32) + M(64);
	pamt[0].base = pamt[1].base + pamt[1].size;
	pamt[2].base = pamt[0].base + pamt[0].size;
	a.tdmrs[1].reserved[0] = (struct tdx_reserved_area) { M(16), M(2) };
	a.tdmrs[1].reserved[1] = (struct tdx_reserved_area) { M(64), M(2) };
	a.tdmrs[1].reserved[2] = (struct tdx_reserved_area) { M(128), M(2) };
	a.info_pa[0] = BUFFER_PA + K(4);
	a.info_pa[1] = BUFFER_PA + K(8);
	a.regs = (struct tdx_model_regs) {
		.rax = TDH_SYS_CONFIG, .gpr = { .rcx = BUFFER_PA, .rdx = 2, .r8 = 32 },
	};
	return a;
}

static u64 try_it(struct attempt *a)
{
	struct model_machine *m = a->machine;
	unsigned int i;

	machine_reload(m);
	machine_call(m, 0, TDH_SYS_INIT);
	for (i = 0; i < m->config.nr_lps - a->lp_missing; i++)
		machine_call(m, i, TDH_SYS_LP_INIT);
	memcpy(m->buffer, a->info_pa, sizeof(a->info_pa));
	for (i = 0; i < 2; i++)
		memcpy(&m->buffer[K(4) * (i + 1)], &a->tdmrs[i], sizeof(a->tdmrs[i]));
	if (a->locked)
		m->model.global_lock.holders = -1;
	return machine_seamcall(m, 0, &a->regs);
}

/* Remove a range from the convertible memory. */
static void cut_cmrs(struct attempt *a, u64 base, u64 size)
{
	struct tdx_cmr_info *cmr = a->machine->config.cmrs;
	u64 end;

	while (cmr->base + cmr->size <= base)
		cmr++;
	end = cmr->base + cmr->size;
	memmove(&cmr[2], &cmr[1], 4 * sizeof(*cmr));
	cmr[0].size = base - cmr[0].base;
	cmr[1] = (struct tdx_cmr_info) { base + size, end - base - size };
}

static struct tdx_tdmr_info *tdmr_1(struct attempt *a)
{
	return &a->tdmrs[1];
}

#define VIOLATION(name, statement) \
	static void name(struct attempt *a) { statement; }

VIOLATION(global_lock_held, a->locked = true)
VIOLATION(processor_missing, a->lp_missing = true)
VIOLATION(array_unaligned, a->regs.gpr.rcx += 8)
VIOLATION(array_private, a->regs.gpr.rcx |= 33ULL << 46)
VIOLATION(array_in_seamrr, a->regs.gpr.rcx = 1ULL << 45)
VIOLATION(array_beyond_52_bits, a->regs.gpr.rcx |= 1ULL << 52)
VIOLATION(no_tdmrs, a->regs.gpr.rdx = 0)
VIOLATION(too_many_tdmrs, a->regs.gpr.rdx = 65)
VIOLATION(far_too_many_tdmrs, a->regs.gpr.rdx = 1ULL << 60)
VIOLATION(shared_keyid, a->regs.gpr.r8 = 31)
VIOLATION(keyid_past_the_last, a->regs.gpr.r8 = 64)
VIOLATION(reserved_bits_at_keyid, a->regs.gpr.r8 |= 1 << 16)
VIOLATION(info_unaligned, a->info_pa[1] += 8)
VIOLATION(info_private, a->info_pa[1] |= 33ULL << 46)
VIOLATION(info_in_seamrr, a->info_pa[1] = (1ULL << 45) + K(4))
VIOLATION(tdmr_wraps, tdmr_1(a)->size = ~0ULL << 12)
VIOLATION(tdmr_unordered, tdmr_1(a)->base -= G(1))
VIOLATION(tdmr_base_unaligned, tdmr_1(a)->base += M(2))
VIOLATION(tdmr_size_unaligned, tdmr_1(a)->size += M(2))
VIOLATION(tdmr_empty, tdmr_1(a)->size = 0)
VIOLATION(tdmr_with_keyid, tdmr_1(a)->size |= 1ULL << 46)
VIOLATION(tdmr_beyond_52_bits, tdmr_1(a)->size |= 1ULL << 52)
VIOLATION(null_area, tdmr_1(a)->reserved[1].size = 0)
VIOLATION(area_wraps, tdmr_1(a)->reserved[2].size = ~0ULL << 12)
VIOLATION(area_unordered, tdmr_1(a)->reserved[2].offset -= M(63))
VIOLATION(area_unaligned, tdmr_1(a)->reserved[2].offset += 8)
VIOLATION(area_beyond_tdmr, tdmr_1(a)->reserved[2].size |= G(4))
VIOLATION(pamt_1g_small, tdmr_1(a)->pamt[0].size = 0)
VIOLATION(pamt_2m_small, tdmr_1(a)->pamt[1].size = K(4))
VIOLATION(pamt_4k_small, tdmr_1(a)->pamt[2].size = M(4))
VIOLATION(pamt_1g_unaligned, tdmr_1(a)->pamt[0].base += 8)
VIOLATION(pamt_2m_with_keyid, tdmr_1(a)->pamt[1].base |= 1ULL << 46)
VIOLATION(pamt_4k_size_unaligned, tdmr_1(a)->pamt[2].size += 16)
VIOLATION(pamt_in_earlier_pamt, a->tdmrs[0].pamt[2].size = M(128))
VIOLATION(own_pamts_overlap, tdmr_1(a)->pamt[0].size = tdmr_1(a)->pamt[1].size = M(1))
VIOLATION(pamt_in_earlier_tdmr, tdmr_1(a)->pamt[2].base = G(1) + M(512))
VIOLATION(pamt_in_own_tdmr, tdmr_1(a)->pamt[1].base = G(3) + M(512))
VIOLATION(earlier_pamt_in_tdmr, a->tdmrs[0].pamt[1].base = G(3) + M(600))
VIOLATION(pamt_outside_cmrs, tdmr_1(a)->pamt[0].base = G(64))
VIOLATION(pamt_leaves_cmrs, tdmr_1(a)->pamt[2].base = G(64) - M(4))
VIOLATION(usable_outside_cmrs, cut_cmrs(a, G(4), M(2)))

/*
 * Rules of the same @step are variants of one check; checks are made in this
 * order.
 */
static const struct rule {
	const char *name;
	unsigned int step;
	void (*violate)(struct attempt *a);
	u64 status;
} rules[] = {
#define RULE(step, name, status)	{ #name, step, name, status }
	RULE(1, global_lock_held, TDX_SYS_BUSY),
	RULE(2, processor_missing, TDX_SYS_CONFIG_NOT_PENDING),
	RULE(3, array_unaligned, RCX_INVALID),
	RULE(3, array_private, RCX_INVALID),
	RULE(3, array_in_seamrr, RCX_INVALID),
	RULE(3, array_beyond_52_bits, RCX_INVALID),
	RULE(4, no_tdmrs, RDX_INVALID),
	RULE(4, too_many_tdmrs, RDX_INVALID),
	RULE(4, far_too_many_tdmrs, RDX_INVALID),
	RULE(5, shared_keyid, R8_INVALID),
	RULE(5, keyid_past_the_last, R8_INVALID),
	RULE(5, reserved_bits_at_keyid, R8_INVALID),
#define FIRST_TDMR_STEP	10
	RULE(10, info_unaligned, RCX_INVALID),
	RULE(10, info_private, RCX_INVALID),
	RULE(10, info_in_seamrr, RCX_INVALID),
	RULE(11, tdmr_wraps, TDX_INVALID_TDMR | 1),
	RULE(12, tdmr_unordered, TDX_NON_ORDERED_TDMR | 1),
	RULE(13, tdmr_base_unaligned, TDX_INVALID_TDMR | 1),
	RULE(13, tdmr_size_unaligned, TDX_INVALID_TDMR | 1),
	RULE(13, tdmr_empty, TDX_INVALID_TDMR | 1),
	RULE(13, tdmr_with_keyid, TDX_INVALID_TDMR | 1),
	RULE(13, tdmr_beyond_52_bits, TDX_INVALID_TDMR | 1),
	RULE(14, null_area, TDX_NON_ORDERED_RESERVED_IN_TDMR | DETAILS(1, 1, 0)),
	RULE(15, area_wraps, TDX_INVALID_RESERVED_IN_TDMR | DETAILS(1, 2, 0)),
	RULE(16, area_unordered, TDX_NON_ORDERED_RESERVED_IN_TDMR | DETAILS(1, 2, 0)),
	RULE(17, area_unaligned, TDX_INVALID_RESERVED_IN_TDMR | DETAILS(1, 2, 0)),
	RULE(17, area_beyond_tdmr, TDX_INVALID_RESERVED_IN_TDMR | DETAILS(1, 2, 0)),
	RULE(18, pamt_1g_small, TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_1G, 0)),
	RULE(18, pamt_1g_unaligned, TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_1G, 0)),
	RULE(19, pamt_2m_small, TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_2M, 0)),
	RULE(19, pamt_2m_with_keyid, TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_2M, 0)),
	RULE(20, pamt_4k_small, TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_4K, 0)),
	RULE(20, pamt_4k_size_unaligned, TDX_INVALID_PAMT | DETAILS(1, TDX_PAMT_4K, 0)),
	RULE(21, pamt_in_earlier_pamt, TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_4K, 0)),
	RULE(22, own_pamts_overlap, TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_4K, 1)),
	RULE(23, pamt_in_earlier_tdmr, TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_4K, 0)),
	RULE(23, pamt_in_own_tdmr, TDX_PAMT_OVERLAP | DETAILS(1, TDX_PAMT_2M, 1)),
	RULE(23, earlier_pamt_in_tdmr, TDX_PAMT_OVERLAP | DETAILS(0, TDX_PAMT_2M, 1)),
	RULE(24, pamt_outside_cmrs, TDX_PAMT_OUTSIDE_CMRS | DETAILS(1, TDX_PAMT_1G, 0)),
	RULE(24, pamt_leaves_cmrs, TDX_PAMT_OUTSIDE_CMRS | DETAILS(1, TDX_PAMT_4K, 0)),
	RULE(25, usable_outside_cmrs, TDX_TDMR_OUTSIDE_CMRS | 1),
};

TEST_F(order, sys_config_follows_each_of_its_rules)
{
	struct attempt a = legal_attempt(self->machine);
	unsigned int i;

	EXPECT_EQ(0, try_it(&a)) TH_LOG("%s", tdx_model_why(&self->machine->model));
	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		a = legal_attempt(self->machine);
		rules[i].violate(&a);
		EXPECT_EQ(rules[i].status, try_it(&a))
			TH_LOG("%s: %s", rules[i].name, tdx_model_why(&self->machine->model));
		/* The KeyID is reserved when its check has passed. */
		EXPECT_EQ(rules[i].step >= FIRST_TDMR_STEP,
			  self->machine->model.keyids[32].state == TDX_MODEL_KEYID_RESERVED);
	}
}

/* The level that is reported depends on the PAMTs that the later rule has moved. */
#define ANY_LEVEL	(~DETAILS(0, 0xff, 0))

TEST_F(order, of_two_broken_rules_the_first_decides)
{
	unsigned int first, later, nr = 0;
	struct attempt a;

	for (first = 0; first < ARRAY_SIZE(rules); first++)
		for (later = first + 1; later < ARRAY_SIZE(rules); later++) {
			if (rules[first].step == rules[later].step)
				continue;
			a = legal_attempt(self->machine);
			rules[later].violate(&a);
			rules[first].violate(&a);
			EXPECT_EQ(rules[first].status & ANY_LEVEL, try_it(&a) & ANY_LEVEL)
				TH_LOG("%s, %s: %s", rules[first].name, rules[later].name,
				       tdx_model_why(&self->machine->model));
			nr++;
		}
	EXPECT_LT(700, nr);
}

/*
 * Moved PAMTs that overlap several ranges.  There are three TDMRs of 1 GB, from
 * 1 GB on.
 */
#define NR_MOVED	3

static const struct {
	const char *name;
	struct { unsigned int tdmr, level; u64 base; } moved[NR_MOVED];
	unsigned int nr_moved;
	u64 details;
} overlap_cases[] = {
#define AT(n)		(G(32) + M(64) * (n))	/* PAMTs of TDMR n, 1G first */
#define AT_2M(n)	(AT(n) + K(4))
#define AT_4K(n)	(AT(n) + K(12))
	/* The smallest level of the TDMR's PAMTs that overlaps is reported. */
	{ "all levels in an earlier PAMT",
	  { { 1, TDX_PAMT_1G, AT_4K(0) }, { 1, TDX_PAMT_2M, AT_4K(0) + K(8) },
	    { 1, TDX_PAMT_4K, AT_4K(0) + M(1) } }, 3, DETAILS(1, TDX_PAMT_4K, 0) },
	{ "1G and 2M in an earlier PAMT",
	  { { 1, TDX_PAMT_1G, AT_4K(0) }, { 1, TDX_PAMT_2M, AT_4K(0) + K(8) } }, 2,
	  DETAILS(1, TDX_PAMT_2M, 0) },
	/* All levels are checked against TDMR 0 before TDMR 1. */
	{ "1G in a PAMT of TDMR 0, 4K in one of TDMR 1",
	  { { 2, TDX_PAMT_1G, AT_2M(0) }, { 2, TDX_PAMT_4K, AT_4K(1) } }, 2,
	  DETAILS(2, TDX_PAMT_1G, 0) },
	{ "4K in a PAMT of TDMR 0, 1G in one of TDMR 1",
	  { { 2, TDX_PAMT_4K, AT_4K(0) }, { 2, TDX_PAMT_1G, AT_2M(1) } }, 2,
	  DETAILS(2, TDX_PAMT_4K, 0) },
	/* Overlaps of PAMTs of one TDMR: 4K and 2M, 4K and 1G, 2M and 1G. */
	{ "own 4K in 2M", { { 1, TDX_PAMT_4K, AT_2M(1) } }, 1, DETAILS(1, TDX_PAMT_4K, 1) },
	{ "own 1G in 4K", { { 1, TDX_PAMT_1G, AT_4K(1) } }, 1, DETAILS(1, TDX_PAMT_4K, 1) },
	{ "own 1G in 2M", { { 1, TDX_PAMT_1G, AT_2M(1) } }, 1, DETAILS(1, TDX_PAMT_2M, 1) },
	{ "own 2M in 1G", { { 1, TDX_PAMT_2M, AT(1) } }, 1, DETAILS(1, TDX_PAMT_2M, 1) },
	{ "an earlier PAMT comes before its own",
	  { { 1, TDX_PAMT_4K, AT_2M(1) }, { 1, TDX_PAMT_1G, AT_2M(0) } }, 2,
	  DETAILS(1, TDX_PAMT_1G, 0) },
	/*
	 * Usable memory: all levels of its PAMTs, then all levels of earlier
	 * PAMTs.
	 */
	{ "both directions",
	  { { 1, TDX_PAMT_1G, G(1) + M(8) }, { 0, TDX_PAMT_4K, G(2) + M(8) } }, 2,
	  DETAILS(1, TDX_PAMT_1G, 0) },
	{ "1G and 4K in an earlier TDMR",
	  { { 1, TDX_PAMT_1G, G(1) + M(8) }, { 1, TDX_PAMT_4K, G(1) + M(16) } }, 2,
	  DETAILS(1, TDX_PAMT_4K, 0) },
	{ "earlier 1G and 4K in this TDMR",
	  { { 0, TDX_PAMT_1G, G(2) + M(8) }, { 0, TDX_PAMT_4K, G(2) + M(16) } }, 2,
	  DETAILS(0, TDX_PAMT_4K, 1) },
	{ "an earlier PAMT in this TDMR comes before this one's in itself",
	  { { 0, TDX_PAMT_1G, G(2) + M(8) }, { 1, TDX_PAMT_4K, G(2) + M(16) } }, 2,
	  DETAILS(0, TDX_PAMT_1G, 1) },
	{ "TDMR 0 in both directions comes before TDMR 1",
	  { { 0, TDX_PAMT_1G, G(3) + M(8) }, { 2, TDX_PAMT_4K, G(2) + M(16) } }, 2,
	  DETAILS(0, TDX_PAMT_1G, 2) },
	{ "in its own TDMR",
	  { { 2, TDX_PAMT_1G, G(3) + M(8) }, { 2, TDX_PAMT_2M, G(3) + M(9) } }, 2,
	  DETAILS(2, TDX_PAMT_2M, 2) },
	{ "TDMR by TDMR",
	  { { 1, TDX_PAMT_1G, G(2) + M(8) }, { 2, TDX_PAMT_4K, AT_4K(0) } }, 2,
	  DETAILS(1, TDX_PAMT_1G, 1) },
};

TEST_F(order, of_several_overlaps_the_first_is_named)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[3];
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(overlap_cases); i++) {
		for (j = 0; j < 3; j++)
			tdmrs[j] = tdmr_at(G(1 + j), G(1), AT(j));
		machine_init_module(m);
		EXPECT_EQ(0, machine_config(m, tdmrs, 3));
		for (j = 0; j < overlap_cases[i].nr_moved; j++)
			tdx_tdmr_pamt(&tdmrs[overlap_cases[i].moved[j].tdmr],
				      overlap_cases[i].moved[j].level)->base =
				overlap_cases[i].moved[j].base;
		machine_init_module(m);
		EXPECT_EQ(TDX_PAMT_OVERLAP | overlap_cases[i].details,
			  machine_config(m, tdmrs, 3))
			TH_LOG("%s: %s", overlap_cases[i].name, tdx_model_why(&m->model));
	}
}

TEST_F(order, a_tdmr_is_done_before_the_next_one)
{
	struct attempt a;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].step < FIRST_TDMR_STEP)
			continue;
		a = legal_attempt(self->machine);
		rules[i].violate(&a);
		/* Breaks the last check, but of the first TDMR. */
		cut_cmrs(&a, G(2), M(2));
		EXPECT_EQ(TDX_TDMR_OUTSIDE_CMRS | 0, try_it(&a))
			TH_LOG("%s: %s", rules[i].name, tdx_model_why(&self->machine->model));
	}
}

TEST_HARNESS_MAIN
