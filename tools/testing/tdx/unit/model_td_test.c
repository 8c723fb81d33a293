// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaves for TDs and vCPUs in the software TDX module: the status in each stage of the
 * lifecycle, and the order of checks.
 *
 * Expected statuses are literally those of the specification.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_rules.h"

FIXTURE(td) {
	struct model_machine *machine;
};

FIXTURE_SETUP(td)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
}

FIXTURE_TEARDOWN(td)
{
	machine_free(self->machine);
}

#define META_RCX	RCX(PAGE_METADATA_INCORRECT)
#define META_RDX	RDX(PAGE_METADATA_INCORRECT)
#define KEYS		TDX_TD_KEYS_NOT_CONFIGURED
#define NO_TDCS		TDX_TDCS_NOT_ALLOCATED
#define OP		TDX_OP_STATE_INCORRECT
#define LIFE		TDX_LIFECYCLE_STATE_INCORRECT
#define PAGES		TDX_TDCX_NUM_INCORRECT
#define VCPU		TDX_VCPU_STATE_INCORRECT
#define NOT_HERE	TDX_VCPU_NOT_ASSOCIATED
#define DIRTY		TDX_WBCACHE_NOT_COMPLETE
#define NOTHING		TDX_NO_HKID_READY_TO_WBCACHE

/* Leaves for private memory, before the TD is initialized and after it was blocked */
#define EARLY \
	[CREATED ... HALF_KEYED] = KEYS, [KEYED ... TDCX_5] = NO_TDCS, \
	[TDCX_6] = OP, [BLOCKED ... TEARDOWN] = KEYS
#define ALIVE		INITIALIZED ... VP_FLUSHED
#define WALK		RCX(EPT_WALK_FAILED)
#define ENTRY		RCX(EPT_ENTRY_STATE_INCORRECT)

/* Status of each leaf in each stage, on logical processor 0 */
static const struct {
	u64 leaf;
	u64 status[NR_TD_STAGES];
} stages[] = {
	{ TDH_MNG_CREATE, { 0 } },
	{ TDH_MNG_KEY_CONFIG, { [NO_TD] = META_RCX, [CREATED] = 0,
		[HALF_KEYED] = TDX_KEY_CONFIGURED, [KEYED ... TEARDOWN] = LIFE } },
	{ TDH_MNG_ADDCX, { [NO_TD] = META_RDX, [CREATED ... HALF_KEYED] = KEYS,
		[KEYED ... TDCX_6] = 0, [INITIALIZED ... VP_FLUSHED] = OP, [BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_MNG_INIT, { [NO_TD] = META_RCX, [CREATED ... HALF_KEYED] = KEYS,
		[KEYED ... TDCX_5] = NO_TDCS, [TDCX_6] = 0, [INITIALIZED ... VP_FLUSHED] = OP,
		[BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_MNG_RD, { [NO_TD] = META_RCX, [CREATED ... HALF_KEYED] = KEYS,
		[KEYED ... TDCX_5] = NO_TDCS, [TDCX_6] = OP, [BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_MNG_WR, { [NO_TD] = META_RCX, [CREATED ... HALF_KEYED] = KEYS,
		[KEYED ... TDCX_5] = NO_TDCS, [TDCX_6] = OP, [BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_VP_CREATE, { [NO_TD] = META_RDX, [CREATED ... HALF_KEYED] = KEYS,
		[KEYED ... TDCX_5] = NO_TDCS, [TDCX_6] = OP, [BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_VP_ADDCX, { [NO_TD ... INITIALIZED] = META_RDX, [VP_CREATED ... VP_6] = 0,
		[VP_READY ... VP_FLUSHED] = VCPU, [BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_VP_INIT, { [NO_TD ... INITIALIZED] = META_RCX, [VP_CREATED ... VP_5] = PAGES, [VP_6] = 0,
		[VP_READY ... VP_FLUSHED] = VCPU, [BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_VP_RD, { [NO_TD ... INITIALIZED] = META_RCX, [VP_CREATED ... VP_5] = PAGES, [VP_6] = VCPU,
		[BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_VP_WR, { [NO_TD ... INITIALIZED] = META_RCX, [VP_CREATED ... VP_5] = PAGES, [VP_6] = VCPU,
		[BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_VP_FLUSH, { [NO_TD ... INITIALIZED] = META_RCX, [VP_CREATED ... VP_5] = PAGES,
		[VP_6] = NOT_HERE, [VP_READY] = 0, [VP_FLUSHED] = NOT_HERE, [BLOCKED ... TEARDOWN] = KEYS } },
	{ TDH_MNG_VPFLUSHDONE, { [NO_TD] = META_RCX, [VP_READY] = TDX_FLUSHVP_NOT_DONE,
		[BLOCKED ... TEARDOWN] = LIFE } },
	{ TDH_MEM_SEPT_ADD, { [NO_TD] = META_RDX, EARLY, [ALIVE] = 0 } },
	{ TDH_MEM_SEPT_RD, { [NO_TD] = META_RDX, EARLY, [ALIVE] = 0 } },
	{ TDH_MEM_SEPT_REMOVE, { [NO_TD] = META_RDX, EARLY, [ALIVE] = ENTRY } },
	{ TDH_MEM_PAGE_ADD, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_PAGE_AUG, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_PAGE_REMOVE, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_PAGE_RELOCATE, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_PAGE_PROMOTE, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_PAGE_DEMOTE, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_RANGE_BLOCK, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_RANGE_UNBLOCK, { [NO_TD] = META_RDX, EARLY, [ALIVE] = WALK } },
	{ TDH_MEM_TRACK, { [NO_TD] = META_RCX, EARLY, [ALIVE] = 0 } },
	{ TDH_MEM_RD, { [NO_TD] = META_RDX, EARLY, [ALIVE] = TDX_TD_NON_DEBUG } },
	{ TDH_MEM_WR, { [NO_TD] = META_RDX, EARLY, [ALIVE] = TDX_TD_NON_DEBUG } },
	{ TDH_MR_EXTEND, { [NO_TD] = META_RDX, EARLY, [ALIVE] = RCX(EPT_ENTRY_NOT_PRESENT) } },
	{ TDH_MR_FINALIZE, { [NO_TD] = META_RCX, EARLY, [INITIALIZED ... VP_6] = TDX_NO_VCPUS } },
	{ TDH_PHYMEM_CACHE_WB, { [NO_TD ... VP_FLUSHED] = NOTHING, [TEARDOWN] = NOTHING } },
	{ TDH_MNG_KEY_FREEID, { [NO_TD] = META_RCX, [CREATED ... VP_FLUSHED] = LIFE,
		[BLOCKED ... WB_1] = DIRTY, [WB_2] = 0, [TEARDOWN] = LIFE } },
	{ TDH_MNG_KEY_RECLAIMID, { 0 } },
	{ TDH_PHYMEM_PAGE_RDMD, { 0 } },
	{ TDH_PHYMEM_PAGE_RECLAIM, { [NO_TD] = META_RCX, [CREATED ... WB_2] = LIFE,
		[TEARDOWN] = TDX_TD_ASSOCIATED_PAGES_EXIST } },
	{ TDH_PHYMEM_PAGE_WBINVD, { [NO_TD] = 0, [CREATED ... TEARDOWN] = META_RCX } },
};

TEST_F(td, each_leaf_has_its_status_in_each_stage)
{
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	enum td_stage stage;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stages); i++)
		for (stage = NO_TD; stage < NR_TD_STAGES; stage++) {
			ASSERT_TRUE(td_bring_to(m, stage));
			td_params(m);
			regs = td_good_call(stages[i].leaf);
			EXPECT_EQ(stages[i].status[stage], machine_seamcall(m, 0, &regs))
				TH_LOG("leaf %llu, stage %u: %s", stages[i].leaf, stage,
				       tdx_model_why(&m->model));
		}
}

TEST_F(td, each_leaf_for_tds_has_its_stages)
{
	unsigned int number, i;

	for (number = 0; number < TDX_MODEL_NR_LEAVES; number++) {
		if (!leaf_is_for_tds(number) || tdx_model_leaf(number)->runs_guest)
			continue;
		for (i = 0; i < ARRAY_SIZE(stages) && stages[i].leaf != number; i++)
			;
		EXPECT_LT(i, ARRAY_SIZE(stages)) TH_LOG("leaf %u", number);
	}
}

/* Page operands */
SPOIL(rcx_uninitialized, a->regs.gpr.rcx -= M(16))

static void lock(struct attempt *a, u64 pa, enum tdx_pamt_level level, s16 holders)
{
	entry_of(a->m, pa, level)->lock.holders = holders;
}

/* Locks of PAMT entries and others */
SPOIL(tdvpr_locked, lock(a, TDVPR_PA, TDX_PAMT_4K, -1))
SPOIL(tdvpr_shared, lock(a, TDVPR_PA, TDX_PAMT_4K, 2))
SPOIL(kot_locked, a->m->model.kot_lock.holders = -1)
SPOIL(kot_shared, a->m->model.kot_lock.holders = 2)
SPOIL(wb_locked, a->m->model.cache_wb[0].lock.holders = -1)
SPOIL(ket_locked, a->m->model.ket_lock.holders = -1)

SPOIL(tdvpr_type, entry_of(a->m, TDVPR_PA, TDX_PAMT_4K)->type = TDX_PAGE_TDCX)
SPOIL(in_large_page, entry_of(a->m, TDR_PA, TDX_PAMT_2M)->type = TDX_PAGE_REG)
SPOIL(tdr_is_free, entry_of(a->m, TDR_PA, TDX_PAMT_4K)->type = TDX_PAGE_NDA)

/* State of the TD and the vCPU */
SPOIL(overwritten, tdcs_of(a->m)->op_state = 0xfff00000)
SPOIL(vcpu_overwritten, vcpu_of(a->m)->state = 0xff)
SPOIL(package_done, td_of(a->m)->pkgs_configured = 1)
SPOIL(tdcx_too_many, td_of(a->m)->nr_tdcx = 9)
SPOIL(associated, tdcs_of(a->m)->nr_assoc_vcpus = 1)
SPOIL(vcpu_pages, vcpu_of(a->m)->nr_pages = 5)
SPOIL(vcpu_too_many, vcpu_of(a->m)->nr_pages = 15)
SPOIL(vcpu_ready, vcpu_of(a->m)->state = TDX_VCPU_READY)
SPOIL(vcpu_active, vcpu_of(a->m)->state = TDX_VCPU_ACTIVE)
SPOIL(vcpu_elsewhere, vcpu_of(a->m)->assoc_lp = 1)
SPOIL(no_room, tdcs_of(a->m)->nr_vcpus = 4)
SPOIL(children, td_of(a->m)->chldcnt = 1)

/* Platform, KeyIDs and other operands */
SPOIL(tsc_adjusted, a->m->spoiled = ((struct spoiled_msr) { 0x3b, 5 }))
SPOIL(cpuid_limited, a->m->spoiled = ((struct spoiled_msr) { 0x1a0, 1 << 22 }))
SPOIL(no_entropy, a->m->no_entropy = true)
SPOIL(hkid_taken, a->m->model.keyids[TD_KEYID + 1].state = TDX_MODEL_KEYID_FLUSHED)
SPOIL(hkid_shared, a->regs.gpr.rdx = 31)
SPOIL(hkid_reserved_bits, a->regs.gpr.rdx |= 1 << 16)
SPOIL(caches_dirty, a->m->model.keyids[TD_KEYID].dirty_pkgs = 2)
SPOIL(no_command, a->regs.gpr.rcx = 2)
SPOIL(params_unaligned, a->regs.gpr.rdx += 512)
SPOIL(params_private, a->regs.gpr.rdx |= 33ULL << 46)
SPOIL(field_unknown, a->regs.gpr.rdx = 0x9010000200000009)
SPOIL(vcpu_field_unknown, a->regs.gpr.rdx = 0xa020000200000009)

/* Rules of page operands, from step n on */
#define TDVPR_RCX(n) \
	{ n, rcx_unaligned, RCX(OPERAND_INVALID) }, { n, rcx_keyid, RCX(OPERAND_INVALID) }, \
	{ n + 1, rcx_outside, RCX(OPERAND_ADDR_RANGE_ERROR) }, \
	{ n + 2, gb_locked, BUSY(RCX) }, { n + 4, tdvpr_locked, BUSY(RCX) }, \
	{ n + 5, tdvpr_type, META_RCX }, { n + 6, tdr_locked, BUSY(TDR) }
#define TDVPR_RDX(n) \
	{ n, rdx_unaligned, RDX(OPERAND_INVALID) }, \
	{ n + 1, rdx_outside, RDX(OPERAND_ADDR_RANGE_ERROR) }, \
	{ n + 2, gb_locked, BUSY(RDX) }, { n + 4, tdvpr_locked, BUSY(RDX) }, \
	{ n + 5, tdvpr_type, META_RDX }, { n + 6, tdr_locked, BUSY(TDR) }
#define FREE_PAGE(n) \
	{ n, rcx_unaligned, RCX(OPERAND_INVALID) }, \
	{ n + 1, rcx_outside, RCX(OPERAND_ADDR_RANGE_ERROR) }, \
	{ n + 2, page_locked, BUSY(RCX) }, { n + 2, page_shared, BUSY(RCX) }, \
	{ n + 3, page_type, META_RCX }

static const struct order orders[] = {
	{ TDH_MNG_CREATE, NO_TD, 0, {
		{ 1, hkid_shared, RDX(OPERAND_INVALID) },
		{ 1, hkid_reserved_bits, RDX(OPERAND_INVALID) }, FREE_PAGE(2),
		{ 8, kot_locked, BUSY(KOT) }, { 8, kot_shared, BUSY(KOT) },
		{ 9, hkid_taken, TDX_HKID_NOT_FREE }, { 10, no_entropy, TDX_RND_NO_ENTROPY } } },
	{ TDH_MNG_KEY_CONFIG, CREATED, 0, {
		TDR_RCX(1), { 5, tdr_shared, BUSY(RCX) }, { 7, fatal, TDX_TD_FATAL },
		{ 8, blocked, LIFE }, { 9, package_done, TDX_KEY_CONFIGURED },
		{ 10, ket_locked, BUSY(KET) },
		{ 11, no_entropy, TDX_KEY_GENERATION_FAILED } } },
	{ TDH_MNG_ADDCX, TDCX_5, 0, {
		TDR_RDX(1), { 5, tdr_shared, BUSY(RDX) }, { 7, fatal, TDX_TD_FATAL },
		{ 8, hkid_assigned, KEYS }, { 9, tdcx_too_many, PAGES }, FREE_PAGE(10),
		{ 14, no_entropy, TDX_RND_NO_ENTROPY } } },
	{ TDH_MNG_ADDCX, TDCX_6, 0, {
		{ 1, tdcx_too_many, PAGES }, FREE_PAGE(2), { 6, runnable, OP } } },
	{ TDH_MNG_INIT, TDCX_6, 0, {
		{ 1, cpuid_limited, TDX_LIMIT_CPUID_MAXVAL_SET }, TDR_RCX(2),
		{ 6, tdr_shared, BUSY(RCX) }, STATE(8), { 11, runnable, OP },
		{ 12, params_unaligned, RDX(OPERAND_INVALID) },
		{ 12, params_private, RDX(OPERAND_INVALID) } } },
	{ TDH_MNG_RD, INITIALIZED, 0, {
		TDR_RCX(1), STATE(7), { 10, op_state_locked, BUSY(OP_STATE) },
		{ 11, uninitialized, OP }, { 11, overwritten, OP },
		{ 12, field_unknown, TDX_METADATA_FIELD_ID_INCORRECT } } },
	{ TDH_MNG_WR, INITIALIZED, 0, {
		TDR_RCX(1), STATE(7), { 10, op_state_locked, BUSY(OP_STATE) },
		{ 11, uninitialized, OP },
		{ 12, field_unknown, TDX_METADATA_FIELD_ID_INCORRECT } } },
	{ TDH_VP_CREATE, INITIALIZED, 0, {
		TDR_RDX(1), STATE(7), { 10, op_state_locked, BUSY(OP_STATE) }, { 11, runnable, OP },
		FREE_PAGE(12) } },
	{ TDH_VP_ADDCX, VP_6, 0, {
		TDVPR_RDX(1), { 5, tdvpr_shared, BUSY(RDX) }, STATE(8),
		{ 11, op_state_locked, BUSY(OP_STATE) }, { 12, runnable, OP },
		{ 13, vcpu_ready, VCPU }, { 14, vcpu_too_many, PAGES }, FREE_PAGE(15) } },
	{ TDH_VP_INIT, VP_6, 0, {
		{ 1, tsc_adjusted, TDX_INCONSISTENT_MSR | 0x3b }, TDVPR_RCX(2),
		{ 6, tdvpr_shared, BUSY(RCX) }, STATE(9), { 12, op_state_locked, BUSY(OP_STATE) },
		{ 13, runnable, OP }, { 14, vcpu_pages, PAGES }, { 15, vcpu_ready, VCPU },
		{ 16, no_room, TDX_MAX_VCPUS_EXCEEDED } } },
	{ TDH_VP_RD, VP_READY, 0, {
		TDVPR_RCX(1), STATE(8), { 11, op_state_locked, BUSY(OP_STATE) },
		{ 12, uninitialized, OP }, { 13, vcpu_pages, PAGES }, { 14, vcpu_active, VCPU },
		{ 14, vcpu_overwritten, VCPU }, { 15, vcpu_elsewhere, TDX_VCPU_ASSOCIATED },
		{ 16, vcpu_field_unknown, TDX_METADATA_FIELD_ID_INCORRECT } } },
	{ TDH_VP_WR, VP_READY, 0, {
		TDVPR_RCX(1), STATE(8), { 11, op_state_locked, BUSY(OP_STATE) },
		{ 12, uninitialized, OP }, { 13, vcpu_pages, PAGES }, { 14, vcpu_active, VCPU },
		{ 15, vcpu_elsewhere, TDX_VCPU_ASSOCIATED },
		{ 16, vcpu_field_unknown, TDX_METADATA_FIELD_ID_INCORRECT } } },
	{ TDH_VP_FLUSH, VP_READY, 0, {
		TDVPR_RCX(1), { 5, tdvpr_shared, BUSY(RCX) }, { 8, blocked, KEYS },
		{ 9, vcpu_pages, PAGES }, { 10, vcpu_elsewhere, NOT_HERE } } },
	{ TDH_MNG_VPFLUSHDONE, VP_FLUSHED, 0, {
		TDR_RCX(1), { 5, tdr_shared, BUSY(RCX) }, { 7, kot_locked, BUSY(KOT) },
		{ 7, kot_shared, BUSY(KOT) }, { 8, blocked, LIFE },
		{ 9, associated, TDX_FLUSHVP_NOT_DONE } } },
	{ TDH_PHYMEM_CACHE_WB, BLOCKED, 0, {
		{ 1, no_command, RCX(OPERAND_INVALID) }, { 2, wb_locked, BUSY(WBCACHE) },
		{ 3, kot_locked, BUSY(KOT) } } },
	{ TDH_MNG_KEY_FREEID, WB_2, 0, {
		TDR_RCX(1), { 5, tdr_shared, BUSY(RCX) }, { 7, hkid_assigned, LIFE },
		{ 8, kot_locked, BUSY(KOT) }, { 8, kot_shared, BUSY(KOT) },
		{ 9, caches_dirty, DIRTY } } },
	{ TDH_PHYMEM_PAGE_RDMD, CREATED, 0, {
		{ 1, rcx_unaligned, RCX(OPERAND_INVALID) }, { 1, rcx_keyid, RCX(OPERAND_INVALID) },
		{ 2, rcx_outside, RCX(OPERAND_ADDR_RANGE_ERROR) },
		{ 2, rcx_uninitialized, RCX(OPERAND_ADDR_RANGE_ERROR) },
		{ 3, gb_locked, BUSY(RCX) }, { 4, mb_locked, BUSY(RCX) },
		{ 5, tdr_locked, BUSY(RCX) } } },
	{ TDH_PHYMEM_PAGE_WBINVD, NO_TD, 0, {
		{ 1, rcx_unaligned, RCX(OPERAND_INVALID) }, { 1, rcx_bit_52, RCX(OPERAND_INVALID) },
		{ 2, rcx_outside, RCX(OPERAND_ADDR_RANGE_ERROR) },
		{ 3, gb_locked, BUSY(RCX) }, { 4, mb_locked, BUSY(RCX) },
		{ 5, in_large_page, META_RCX }, { 6, tdr_locked, BUSY(RCX) },
		{ 7, tdr_type, META_RCX } } },
	{ TDH_PHYMEM_PAGE_RECLAIM, TEARDOWN, 0, {
		{ 1, rcx_unaligned, RCX(OPERAND_INVALID) },
		{ 2, rcx_outside, RCX(OPERAND_ADDR_RANGE_ERROR) },
		{ 3, gb_locked, BUSY(RCX) }, { 4, mb_locked, BUSY(RCX) },
		{ 5, tdr_locked, BUSY(RCX) }, { 5, tdr_shared, BUSY(RCX) },
		{ 6, tdr_is_free, META_RCX }, { 7, blocked, LIFE },
		{ 8, children, TDX_TD_ASSOCIATED_PAGES_EXIST } } },
};

static struct attempt begin(struct model_machine *m, const struct order *order)
{
	struct attempt a = { .m = m, .regs = td_good_call(order->leaf) };

	m->spoiled = (struct spoiled_msr) {};
	m->no_entropy = false;
	if (!td_bring_to(m, order->stage))
		abort();
	td_params(m);
	if (order->leaf == TDH_PHYMEM_PAGE_RECLAIM)
		td_of(m)->chldcnt = 0;
	return a;
}

TEST_F(td, each_leaf_follows_each_of_its_rules)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		EXPECT_TRUE(rules_hold(self->machine, &orders[i], begin));
}

TEST_F(td, of_two_broken_rules_the_first_decides)
{
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(orders); i++)
		EXPECT_TRUE(rules_hold_in_pairs(self->machine, &orders[i], begin, &nr));
	EXPECT_LT(1200, nr);
}

TEST_HARNESS_MAIN
