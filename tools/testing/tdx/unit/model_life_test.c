// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifecycle of TDs and vCPUs in the software TDX module, and their metadata fields.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model/platform.h"
#include "model_td.h"

#define RCX(status)	(TDX_##status | TDX_OPERAND_ID_RCX)

FIXTURE(life) {
	struct model_machine *machine;
};

FIXTURE_SETUP(life)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
}

FIXTURE_TEARDOWN(life)
{
	machine_free(self->machine);
}

static u64 reclaim(struct model_machine *m, u64 pa)
{
	return td_call(m, 0, TDH_PHYMEM_PAGE_RECLAIM, pa, 0);
}

static u64 vp_init(struct model_machine *m, unsigned int lp, u64 tdvpr, u64 version, u64 x2apic_id)
{
	struct tdx_model_regs regs = {
		.rax = TDH_VP_INIT | version << TDX_LEAF_VERSION_SHIFT,
		.gpr = { .rcx = tdvpr, .r8 = x2apic_id },
	};

	return machine_seamcall(m, lp, &regs);
}

/* A vCPU with all pages, before TDH.VP.INIT */
static void make_vcpu(struct model_machine *m, u64 tdvpr)
{
	unsigned int i;

	if (td_call(m, 0, TDH_VP_CREATE, tdvpr, TDR_PA))
		abort();
	for (i = 1; i < 6; i++)
		if (td_call(m, 0, TDH_VP_ADDCX, tdvpr + K(4) * i, tdvpr))
			abort();
}

TEST_F(life, every_page_comes_back)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	ASSERT_TRUE(td_bring_to(m, TEARDOWN));
	EXPECT_EQ(13, m->model.nr_td_pages);
	EXPECT_EQ(13 * K(4), m->td_bytes_owned);
	EXPECT_EQ(TDX_TD_ASSOCIATED_PAGES_EXIST, reclaim(m, TDR_PA));
	/* In any order. */
	for (i = 6; i--;) {
		EXPECT_EQ(0, reclaim(m, TDCX_PA(i)));
		EXPECT_EQ(RCX(PAGE_METADATA_INCORRECT), reclaim(m, TDCX_PA(i)));
		EXPECT_EQ(0, reclaim(m, TDVPS_PA(i)));
	}
	EXPECT_EQ(0, reclaim(m, TDR_PA));
	EXPECT_EQ(0, m->model.nr_td_pages);
	EXPECT_EQ(0, m->td_bytes_owned);
	EXPECT_EQ(TDX_MODEL_KEYID_FREE, m->model.keyids[TD_KEYID].state);
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_CREATE, TDR_PA, TD_KEYID));
}

TEST_F(life, reclaim_and_rdmd_tell_type_and_owner)
{
	static const struct {
		u64 pa, type, owner;
	} pages[] = {
		{ TDR_PA, TDX_PAGE_TDR, 0 }, { TDCX_PA(0), TDX_PAGE_TDCX, TDR_PA },
		{ TDVPR_PA, TDX_PAGE_TDVPR, TDR_PA }, { TDVPS_PA(1), TDX_PAGE_TDCX, TDR_PA },
		{ PAGE_PA, TDX_PAGE_NDA, 0 },
	};
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	unsigned int i;

	ASSERT_TRUE(td_bring_to(m, VP_6));
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		regs = (struct tdx_model_regs) {
			.rax = TDH_PHYMEM_PAGE_RDMD,
			.gpr = { .rcx = pages[i].pa, 7, 7, 7, 7, 7, 7, 7, 7 },
		};
		EXPECT_EQ(0, machine_seamcall(m, 0, &regs));
		EXPECT_EQ(pages[i].type, regs.gpr.rcx);
		EXPECT_EQ(pages[i].owner, regs.gpr.rdx);
		EXPECT_EQ(0, regs.gpr.r8 | regs.gpr.r9 | regs.gpr.r10 | regs.gpr.r11);
		/* Also of a page that cannot be reclaimed yet. */
		regs = (struct tdx_model_regs) {
			.rax = TDH_PHYMEM_PAGE_RECLAIM, .gpr = { .rcx = pages[i].pa },
		};
		EXPECT_EQ(pages[i].type ? TDX_LIFECYCLE_STATE_INCORRECT :
					  RCX(PAGE_METADATA_INCORRECT),
			  machine_seamcall(m, 0, &regs));
		EXPECT_EQ(pages[i].type, regs.gpr.rcx);
		EXPECT_EQ(pages[i].owner, regs.gpr.rdx);
	}
}

/* Any address in a 2 MB page refers to that page. */
TEST_F(life, a_large_page_is_one_page)
{
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs = {
		.rax = TDH_PHYMEM_PAGE_RDMD, .gpr = { .rcx = G(2) + K(8) },
	};
	struct tdx_model_page_operand page = { .pa = G(2), .level = TDX_PAMT_2M };

	ASSERT_TRUE(td_bring_to(m, TDCX_6));
	page.entry = entry_of(m, G(2), TDX_PAMT_2M);
	tdx_model_take_page(&m->model, &page, TDX_PAGE_REG, TDR_PA);
	td_of(m)->chldcnt += 512;
	EXPECT_EQ(13 - 6 + 512, m->model.nr_td_pages);
	EXPECT_EQ(TDX_MODEL_PAGE_TD, tdx_model_page(&m->model, G(2) + M(1)).type);
	EXPECT_EQ(TD_KEYID, tdx_model_page(&m->model, G(2) + M(1)).keyid);

	EXPECT_EQ(0, machine_seamcall(m, 0, &regs));
	EXPECT_EQ(TDX_PAGE_REG, regs.gpr.rcx);
	EXPECT_EQ(1, regs.gpr.r8);
	EXPECT_EQ(RCX(PAGE_METADATA_INCORRECT),
		  td_call(m, 0, TDH_MNG_ADDCX, G(2) + K(8), TDR_PA));
	EXPECT_EQ(RCX(OPERAND_INVALID), reclaim(m, G(2) + K(8)));
	td_of(m)->lifecycle = TDX_TD_TEARDOWN;
	EXPECT_EQ(0, reclaim(m, G(2)));
	EXPECT_EQ(6, td_of(m)->chldcnt);
	EXPECT_EQ(7, m->model.nr_td_pages);
}

TEST_F(life, a_page_tells_its_td)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, VP_6));
	EXPECT_EQ(TDX_PAGE_TDR, tdx_model_page(&m->model, TDR_PA + 5).td_type);
	EXPECT_EQ(TDR_PA, tdx_model_page(&m->model, TDR_PA + 5).tdr);
	EXPECT_EQ(TDX_PAGE_TDVPR, tdx_model_page(&m->model, TDVPS_PA(0)).td_type);
	EXPECT_EQ(TDR_PA, tdx_model_page(&m->model, TDVPS_PA(0)).tdr);
	EXPECT_EQ(0, tdx_model_page(&m->model, PAGE_PA).tdr);
}

TEST_F(life, a_page_tells_its_keyid)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, VP_6));
	EXPECT_EQ(32, tdx_model_page(&m->model, TDR_PA).keyid);
	EXPECT_EQ(TD_KEYID, tdx_model_page(&m->model, TDCX_PA(2) + 5).keyid);
	EXPECT_EQ(TDX_MODEL_PAGE_TD, tdx_model_page(&m->model, TDVPS_PA(3)).type);
	EXPECT_EQ(TDX_MODEL_PAGE_HOST, tdx_model_page(&m->model, PAGE_PA).type);
	EXPECT_EQ(0, tdx_model_page(&m->model, PAGE_PA).keyid);
}

/* A page that is named twice in a call is busy. */
TEST_F(life, a_page_cannot_be_its_own_td)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, VP_CREATED));
	EXPECT_EQ(RCX(OPERAND_BUSY), td_call(m, 0, TDH_MNG_ADDCX, TDR_PA, TDR_PA));
	EXPECT_EQ(RCX(OPERAND_BUSY), td_call(m, 0, TDH_VP_CREATE, TDR_PA, TDR_PA));
	EXPECT_EQ(RCX(OPERAND_BUSY), td_call(m, 0, TDH_VP_ADDCX, TDVPR_PA, TDVPR_PA));
	EXPECT_EQ(RCX(OPERAND_BUSY), td_call(m, 0, TDH_VP_ADDCX, TDR_PA, TDVPR_PA));
}

TEST_F(life, a_keyid_is_used_once_at_a_time)
{
	struct model_machine *m = self->machine;
	enum td_stage stage;

	for (stage = CREATED; stage < NR_TD_STAGES; stage++) {
		ASSERT_TRUE(td_bring_to(m, stage));
		EXPECT_EQ(stage == TEARDOWN ? 0 : TDX_HKID_NOT_FREE,
			  td_call(m, 0, TDH_MNG_CREATE, PAGE_PA, TD_KEYID));
	}
	/* The global one. */
	EXPECT_EQ(TDX_HKID_NOT_FREE, td_call(m, 0, TDH_MNG_CREATE, PAGE_PA + K(4), 32));
}

/* CACHE.WB is necessary even without a key. */
/* Each of the four draws of a TD_UUID may be the only one that fails. */
TEST_F(life, a_td_uuid_has_no_bits_that_are_not_random)
{
	struct model_machine *m = self->machine;
	unsigned int draw;

	for (draw = 1; draw <= 4; draw++) {
		ASSERT_TRUE(td_bring_to(m, NO_TD));
		m->failing_draw = draw;
		EXPECT_EQ(TDX_RND_NO_ENTROPY, td_call(m, 0, TDH_MNG_CREATE, TDR_PA, TD_KEYID))
			TH_LOG("draw %u", draw);
		EXPECT_EQ(TDX_MODEL_KEYID_FREE, m->model.keyids[TD_KEYID].state);
		EXPECT_EQ(0, td_call(m, 0, TDH_MNG_CREATE, TDR_PA, TD_KEYID));
	}
}

TEST_F(life, a_td_without_a_key_ends_like_any)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, CREATED));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_VPFLUSHDONE, TDR_PA, 0));
	EXPECT_EQ(TDX_WBCACHE_NOT_COMPLETE, td_call(m, 0, TDH_MNG_KEY_FREEID, TDR_PA, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_PHYMEM_CACHE_WB, TDX_CACHE_WB_START, 0));
	EXPECT_EQ(TDX_WBCACHE_NOT_COMPLETE, td_call(m, 0, TDH_MNG_KEY_FREEID, TDR_PA, 0));
	EXPECT_EQ(0, td_call(m, LP_1, TDH_PHYMEM_CACHE_WB, TDX_CACHE_WB_START, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_KEY_FREEID, TDR_PA, 0));
	EXPECT_EQ(0, reclaim(m, TDR_PA));
}

static u64 write_back(struct model_machine *m, unsigned int lp, u64 command, bool event)
{
	m->spoiled = (struct spoiled_msr) { MSR_INTR_PENDING, event };
	return td_call(m, lp, TDH_PHYMEM_CACHE_WB, command, 0);
}

TEST_F(life, caches_are_written_back_in_parts)
{
	const u64 start = TDX_CACHE_WB_START, resume = TDX_CACHE_WB_RESUME;
	struct model_machine *m = self->machine;
	u8 *dirty = &m->model.keyids[TD_KEYID].dirty_pkgs;

	ASSERT_TRUE(td_bring_to(m, BLOCKED));
	EXPECT_EQ(3, *dirty);
	EXPECT_EQ(TDX_WBCACHE_RESUME_ERROR, write_back(m, 0, resume, false));
	/* Four parts: an event can come behind the first three. */
	EXPECT_EQ(TDX_INTERRUPTED_RESUMABLE, write_back(m, 0, start, true));
	EXPECT_EQ(TDX_INTERRUPTED_RESUMABLE, write_back(m, 1, resume, true));
	/* Another package has its own. */
	EXPECT_EQ(TDX_WBCACHE_RESUME_ERROR, write_back(m, LP_1, resume, true));
	EXPECT_EQ(TDX_INTERRUPTED_RESUMABLE, write_back(m, LP_1, start, true));
	EXPECT_EQ(TDX_INTERRUPTED_RESUMABLE, write_back(m, 0, resume, true));
	EXPECT_EQ(3, *dirty);
	EXPECT_EQ(0, write_back(m, 0, resume, true));
	EXPECT_EQ(2, *dirty);
	EXPECT_EQ(TDX_WBCACHE_RESUME_ERROR, write_back(m, 0, resume, false));
	/* From the begin. */
	EXPECT_EQ(TDX_INTERRUPTED_RESUMABLE, write_back(m, LP_1, start, true));
	EXPECT_EQ(0, write_back(m, LP_1, resume, false));
	EXPECT_EQ(0, *dirty);
	/* Once more does no harm. */
	EXPECT_EQ(0, write_back(m, 0, start, false));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_KEY_FREEID, TDR_PA, 0));
}

/* KeyIDs that are flushed later are not covered. */
TEST_F(life, what_is_written_back_is_known_when_it_begins)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, BLOCKED));
	ASSERT_EQ(0, td_call(m, 0, TDH_MNG_CREATE, PAGE_PA, TD_KEYID + 1));
	EXPECT_EQ(TDX_INTERRUPTED_RESUMABLE, write_back(m, 0, TDX_CACHE_WB_START, true));
	ASSERT_EQ(0, td_call(m, 0, TDH_MNG_VPFLUSHDONE, PAGE_PA, 0));
	EXPECT_EQ(0, write_back(m, 0, TDX_CACHE_WB_RESUME, false));
	EXPECT_EQ(2, m->model.keyids[TD_KEYID].dirty_pkgs);
	EXPECT_EQ(3, m->model.keyids[TD_KEYID + 1].dirty_pkgs);
}

TEST_F(life, keys_are_configured_on_each_package)
{
	struct model_machine *m = self->machine;

	ASSERT_TRUE(td_bring_to(m, CREATED));
	m->has_pconfig = true;
	m->pconfig = 5;
	EXPECT_EQ(TDX_OPERAND_BUSY | TDX_OPERAND_ID_KET,
		  td_call(m, 0, TDH_MNG_KEY_CONFIG, TDR_PA, 0));
	m->pconfig = 2;
	EXPECT_EQ(TDX_KEY_GENERATION_FAILED, td_call(m, 0, TDH_MNG_KEY_CONFIG, TDR_PA, 0));
	m->pconfig = 0;
	EXPECT_EQ(0, td_call(m, 1, TDH_MNG_KEY_CONFIG, TDR_PA, 0));
	EXPECT_EQ(TDX_KEY_CONFIGURED, td_call(m, 0, TDH_MNG_KEY_CONFIG, TDR_PA, 0));
	EXPECT_EQ(0, td_call(m, 2, TDH_MNG_KEY_CONFIG, TDR_PA, 0));
	EXPECT_EQ(TDX_LIFECYCLE_STATE_INCORRECT, td_call(m, 0, TDH_MNG_KEY_CONFIG, TDR_PA, 0));
}

/* Nine TDCX pages, fifteen pages of a vCPU including TDVPR */
TEST_F(life, numbers_of_control_pages_are_limited)
{
	struct model_machine *m = self->machine;
	unsigned int i;

	ASSERT_TRUE(td_bring_to(m, TDCX_6));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(0, td_call(m, 0, TDH_MNG_ADDCX, PAGE_PA + K(4) * i, TDR_PA));
	EXPECT_EQ(TDX_TDCX_NUM_INCORRECT, td_call(m, 0, TDH_MNG_ADDCX, PAGE_PA + M(1), TDR_PA));
	ASSERT_TRUE(td_bring_to(m, VP_6));
	for (i = 0; i < 9; i++)
		EXPECT_EQ(0, td_call(m, 0, TDH_VP_ADDCX, PAGE_PA + K(4) * i, TDVPR_PA));
	EXPECT_EQ(TDX_TDCX_NUM_INCORRECT, td_call(m, 0, TDH_VP_ADDCX, PAGE_PA + M(1), TDVPR_PA));
	EXPECT_EQ(0, vp_init(m, 0, TDVPR_PA, 0, 0));
}

TEST_F(life, vcpus_have_an_index_each)
{
	struct model_machine *m = self->machine;
	unsigned int i;
	u64 pa;

	ASSERT_TRUE(td_bring_to(m, INITIALIZED));
	for (i = 0, pa = PAGE_PA; i < 5; i++, pa += M(1)) {
		make_vcpu(m, pa);
		EXPECT_EQ(i < 4 ? 0 : TDX_MAX_VCPUS_EXCEEDED, vp_init(m, 0, pa, 0, 0));
		if (i < 4)
			EXPECT_EQ(i, ((struct tdx_model_vcpu *)memory_map(&m->memory, pa))->index);
	}
	EXPECT_EQ(4, tdcs_of(m)->nr_vcpus);
	EXPECT_EQ(4, tdcs_of(m)->nr_assoc_vcpus);
}

/* 1.5.01 assigns the index before it checks the TSC. */
TEST_F(life, a_tsc_that_was_adjusted_costs_an_index)
{
	struct model_machine *m = self->machine;
	unsigned int generation;

	for (generation = TDX_MODEL_1_5; generation <= TDX_MODEL_2_0; generation++) {
		m->config.generation = generation;
		m->spoiled = (struct spoiled_msr) {};
		ASSERT_TRUE(td_bring_to(m, VP_6));
		m->spoiled = (struct spoiled_msr) { 0x3b, 9 };
		EXPECT_EQ(TDX_INCONSISTENT_MSR | 0x3b, vp_init(m, 0, TDVPR_PA, 0, 0));
		EXPECT_EQ(generation == TDX_MODEL_1_5, tdcs_of(m)->nr_vcpus);
		EXPECT_EQ(0, tdcs_of(m)->nr_assoc_vcpus);
	}
}

TEST_F(life, x2apic_ids_are_unique)
{
	struct model_machine *m = self->machine;
	u64 pa = PAGE_PA;

	ASSERT_TRUE(td_bring_to(m, VP_6));
	EXPECT_EQ(TDX_OPERAND_INVALID, vp_init(m, 0, TDVPR_PA, 2, 0));
	EXPECT_EQ(TDX_OPERAND_INVALID | TDX_OPERAND_ID_R8, vp_init(m, 0, TDVPR_PA, 1, 1ULL << 32));
	EXPECT_EQ(0, tdcs_of(m)->nr_vcpus);
	EXPECT_EQ(0, vp_init(m, 0, TDVPR_PA, 1, 7));
	make_vcpu(m, pa);
	EXPECT_EQ(TDX_X2APIC_ID_NOT_UNIQUE | 7, vp_init(m, 0, pa, 1, 7));
	EXPECT_EQ(1, tdcs_of(m)->nr_vcpus);
	EXPECT_EQ(0, vp_init(m, 0, pa, 1, 8));
	/* Version 1 has the TD for itself. */
	make_vcpu(m, pa += M(1));
	entry_of(m, TDR_PA, TDX_PAMT_4K)->lock.holders = 1;
	EXPECT_EQ(TDX_OPERAND_BUSY | TDX_OPERAND_ID_TDR, vp_init(m, 0, pa, 1, 9));
	EXPECT_EQ(0, vp_init(m, 0, pa, 0, 9));
	EXPECT_TRUE(tdcs_of(m)->topology_unknown);
}

TEST_F(life, without_topology_enumeration_there_is_no_version_1)
{
	struct model_machine *m = self->machine;

	m->config.tdx_features0 = TDX_FEATURES0_NO_RBP_MOD;
	ASSERT_TRUE(td_bring_to(m, VP_6));
	EXPECT_EQ(TDX_OPERAND_INVALID, vp_init(m, 0, TDVPR_PA, 1, 7));
	m->config.generation = TDX_MODEL_1_5;
	ASSERT_TRUE(td_bring_to(m, VP_6));
	EXPECT_EQ(TDX_OPERAND_INVALID, vp_init(m, 0, TDVPR_PA, 1, 7));
}

static u64 read_vcpu(struct model_machine *m, unsigned int lp, u64 id, u64 *value)
{
	struct tdx_model_regs regs = { .rax = TDH_VP_RD, .gpr = { .rcx = TDVPR_PA, .rdx = id } };
	u64 status = machine_seamcall(m, lp, &regs);

	*value = regs.gpr.r8;
	return status;
}

static u64 write_vcpu(struct model_machine *m, u64 id, u64 value, u64 mask, u64 *old)
{
	struct tdx_model_regs regs = {
		.rax = TDH_VP_WR,
		.gpr = { .rcx = TDVPR_PA, .rdx = id, .r8 = value, .r9 = mask },
	};
	u64 status = machine_seamcall(m, 0, &regs);

	*old = regs.gpr.r8;
	return status;
}

TEST_F(life, a_vcpu_belongs_to_one_processor)
{
	struct model_machine *m = self->machine;
	u64 value;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	EXPECT_EQ(TDX_VCPU_ASSOCIATED, read_vcpu(m, 1, TDX_MD_VCPU_INDEX, &value));
	EXPECT_EQ(TDX_VCPU_NOT_ASSOCIATED, td_call(m, 1, TDH_VP_FLUSH, TDVPR_PA, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_VP_FLUSH, TDVPR_PA, 0));
	EXPECT_EQ(TDX_VCPU_NOT_ASSOCIATED, td_call(m, 0, TDH_VP_FLUSH, TDVPR_PA, 0));
	/* A field that there is not is enough. */
	EXPECT_EQ(TDX_METADATA_FIELD_ID_INCORRECT, read_vcpu(m, 1, 0xa020000200000009, &value));
	EXPECT_EQ(TDX_FLUSHVP_NOT_DONE, td_call(m, 0, TDH_MNG_VPFLUSHDONE, TDR_PA, 0));
	EXPECT_EQ(TDX_VCPU_ASSOCIATED, read_vcpu(m, 0, TDX_MD_VCPU_INDEX, &value));
	EXPECT_EQ(0, read_vcpu(m, 1, TDX_MD_VCPU_ASSOC_LPID, &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(0, td_call(m, 1, TDH_VP_FLUSH, TDVPR_PA, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_VPFLUSHDONE, TDR_PA, 0));
}

TEST_F(life, a_fatal_td_can_be_torn_down)
{
	struct model_machine *m = self->machine;
	u64 value;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	td_of(m)->fatal = true;
	EXPECT_EQ(TDX_TD_FATAL, read_vcpu(m, 0, TDX_MD_VCPU_INDEX, &value));
	EXPECT_EQ(0, td_call(m, 0, TDH_VP_FLUSH, TDVPR_PA, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_VPFLUSHDONE, TDR_PA, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_PHYMEM_CACHE_WB, TDX_CACHE_WB_START, 0));
	EXPECT_EQ(0, td_call(m, LP_1, TDH_PHYMEM_CACHE_WB, TDX_CACHE_WB_START, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_KEY_FREEID, TDR_PA, 0));
	EXPECT_EQ(0, reclaim(m, TDVPR_PA));
}

/* Walk all fields; returns the number of ids. */
static unsigned int walk(struct model_machine *m, u64 leaf, u64 rcx, u64 *first, u64 *last_status)
{
	struct tdx_model_regs regs;
	unsigned int nr = 0;
	u64 id = NONE;

	do {
		regs = (struct tdx_model_regs) {
			.rax = leaf | 1 << TDX_LEAF_VERSION_SHIFT, .gpr = { .rcx = rcx, .rdx = id },
		};
		*last_status = machine_seamcall(m, 0, &regs);
		if (id == NONE)
			*first = regs.gpr.rdx;
		id = regs.gpr.rdx;
		nr++;
	} while (id != NONE && nr < 10000);
	return nr - 1;
}

/* The walk of a TD's fields ends at the first CPUID leaf that raises #VE. */
TEST_F(life, fields_can_be_walked)
{
	struct model_machine *m = self->machine;
	u64 first, status;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	EXPECT_EQ(16 + 9 + 15, walk(m, TDH_VP_RD, TDVPR_PA, &first, &status));
	EXPECT_EQ(TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR), first);
	EXPECT_EQ(0, status);
	walk(m, TDH_MNG_RD, TDR_PA, &first, &status);
	EXPECT_EQ(TDX_MD_TDR_FATAL, first);
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_READABLE, status);
}

/* Only class and code matter; other bits are ignored or have to be 0. */
TEST_F(life, wrong_bits_of_a_field_id_are_refused)
{
	const u64 ignored = 3ULL << 32 | 3ULL << 50 | 7ULL << 52 | 1ULL << 63;
	struct model_machine *m = self->machine;
	unsigned int bit;
	u64 value;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	for (bit = 0; bit < 64; bit++) {
		/* Class and code of another field, perhaps. */
		if (bit < 24 || (bit >= 56 && bit < 62))
			continue;
		EXPECT_EQ(ignored >> bit & 1 ? 0 : TDX_METADATA_FIELD_ID_INCORRECT,
			  read_vcpu(m, 0, TDX_MD_VCPU_PEND_NMI ^ 1ULL << bit, &value))
			TH_LOG("bit %u", bit);
	}
}

TEST_F(life, the_host_writes_some_fields_of_a_vcpu)
{
	const u64 vector = TDX_MD_VMCS_16(TDX_VMCS_NOTIFICATION_VECTOR);
	const u64 descriptor = TDX_MD_VMCS_64(TDX_VMCS_PI_DESCRIPTOR);
	const u64 pin = TDX_MD_VMCS_32(TDX_VMCS_PIN_CONTROLS);
	const u64 secondary = TDX_MD_VMCS_32(TDX_VMCS_SECONDARY_CONTROLS);
	const u64 eptp = TDX_MD_VMCS_64(TDX_VMCS_SHARED_EPTP);
	const u64 bad = TDX_METADATA_FIELD_VALUE_NOT_VALID;
	struct model_machine *m = self->machine;
	u64 value;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	/* Posted interrupts need a vector and a descriptor. */
	EXPECT_EQ(TDX_TD_VMCS_FIELD_NOT_INITIALIZED | 2, write_vcpu(m, pin, 0x80, 0x80, &value));
	EXPECT_EQ(bad, write_vcpu(m, vector, 0x100, NONE, &value));
	EXPECT_EQ(0, write_vcpu(m, vector, 0xf2, NONE, &value));
	EXPECT_EQ(0xffff, value);
	EXPECT_EQ(TDX_TD_VMCS_FIELD_NOT_INITIALIZED | 0x2016,
		  write_vcpu(m, pin, 0x80, 0x80, &value));
	EXPECT_EQ(bad, write_vcpu(m, descriptor, G(1) + 8, NONE, &value));
	EXPECT_EQ(bad, write_vcpu(m, descriptor, G(1) | 33ULL << 46, NONE, &value));
	EXPECT_EQ(0, write_vcpu(m, descriptor, G(1) + 64, NONE, &value));
	EXPECT_EQ(NONE, value);
	EXPECT_EQ(0, write_vcpu(m, pin, 0x80, 0x80, &value));
	EXPECT_EQ(0, write_vcpu(m, pin, 0, 0x80, &value));
	EXPECT_EQ(0x80, value);
	/* Bits that are not the host's have to stay. */
	EXPECT_EQ(bad, write_vcpu(m, pin, 0x80, NONE, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_WRITABLE, write_vcpu(m, pin, 0x80, 1, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_WRITABLE, write_vcpu(m, vector, 0xf2, 0, &value));
	EXPECT_EQ(bad, write_vcpu(m, secondary, 0x40000000, NONE, &value));
	EXPECT_EQ(0, write_vcpu(m, secondary, 0x133cb3fa | 0x40000000, NONE, &value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, read_vcpu(m, 0, secondary, &value));
	EXPECT_EQ(0x40000000, value);

	EXPECT_EQ(0, read_vcpu(m, 0, eptp, &value));
	EXPECT_EQ(TDCX_PA(4) | (u64)TD_KEYID << 46, value);
	EXPECT_EQ(bad, write_vcpu(m, eptp, G(1) | 33ULL << 46, NONE, &value));
	EXPECT_EQ(0, write_vcpu(m, eptp, G(1) | 31ULL << 46, 0xffffffffff000, &value));
	EXPECT_EQ(0, write_vcpu(m, TDX_MD_VCPU_PEND_NMI, 1, NONE, &value));
	EXPECT_EQ(0, value);
	EXPECT_EQ(0, read_vcpu(m, 0, TDX_MD_VCPU_PEND_NMI, &value));
	EXPECT_EQ(1, value);
	/* A guest's state, the upper half of a field, an id of a TD. */
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_READABLE,
		  read_vcpu(m, 0, TDX_MD_VMCS_64(0x6800), &value));
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_WRITABLE,
		  write_vcpu(m, TDX_MD_VMCS_64(0x6800), 0, NONE, &value));
	/* The guest's: L2_CTLS and TSC_DEADLINE */
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_READABLE,
		  read_vcpu(m, 0, 0xa020000300000050ULL, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_READABLE,
		  read_vcpu(m, 0, 0xa020000300000058ULL, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_WRITABLE,
		  write_vcpu(m, 0xa020000300000058ULL, 1, NONE, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_ID_INCORRECT, read_vcpu(m, 0, descriptor + 1, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_ID_INCORRECT, read_vcpu(m, 0, TDX_MD_TDCS_CPUID_VALUES, &value));
}

static u64 write_td(struct model_machine *m, u64 id, u64 value, u64 mask, u64 *old)
{
	struct tdx_model_regs regs = {
		.rax = TDH_MNG_WR, .gpr = { .rcx = TDR_PA, .rdx = id, .r8 = value, .r9 = mask },
	};
	u64 status = machine_seamcall(m, 0, &regs);

	*old = regs.gpr.r8;
	return status;
}

TEST_F(life, the_host_writes_some_fields_of_a_td)
{
	const u64 timeout = TDX_MD_TDCS_HP_LOCK_TIMEOUT;
	struct model_machine *m = self->machine;
	u64 value;

	ASSERT_TRUE(td_bring_to(m, INITIALIZED));
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_WRITABLE, write_td(m, timeout, 20000, 0, &value));
	EXPECT_EQ(TDX_METADATA_WR_MASK_NOT_VALID, write_td(m, timeout, 20000, NONE >> 1, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_VALUE_NOT_VALID, write_td(m, timeout, 9999, NONE, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_VALUE_NOT_VALID, write_td(m, timeout, 100000001, NONE, &value));
	/* In microseconds, but kept as 32 bits of ticks, of which there are 2000 in each. */
	EXPECT_EQ(0, write_td(m, timeout, 5000000, NONE, &value));
	EXPECT_EQ(1000000, value);
	EXPECT_EQ(0, write_td(m, timeout, 10000, NONE, &value));
	EXPECT_EQ(705032, value);
	EXPECT_EQ(0, write_td(m, TDX_MD_TDCS_VM_CTLS + 3, 1, 1, &value));
	EXPECT_EQ(0, write_td(m, TDX_MD_TDCS_VM_CTLS + 3, 0, 1, &value));
	EXPECT_EQ(1, value);
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_WRITABLE, write_td(m, TDX_MD_TDCS_VM_CTLS, 2, 2, &value));
	EXPECT_EQ(TDX_METADATA_FIELD_NOT_WRITABLE,
		  write_td(m, TDX_MD_TDCS_ATTRIBUTES, 1, NONE, &value));
}

/* Versions above 1 are refused by the leaf. */
TEST_F(life, a_version_that_does_not_exist_keeps_the_outputs)
{
	static const u64 leaves[] = { TDH_MNG_RD, TDH_VP_RD };
	struct model_machine *m = self->machine;
	struct tdx_model_regs regs;
	unsigned int i, version;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	for (i = 0; i < ARRAY_SIZE(leaves); i++)
		for (version = 2; version < 256; version++) {
			regs = (struct tdx_model_regs) {
				.rax = leaves[i] | version << TDX_LEAF_VERSION_SHIFT,
				.gpr = { .rcx = 1, .rdx = 2, .r8 = 3 },
			};
			EXPECT_EQ(TDX_OPERAND_INVALID, machine_seamcall(m, 0, &regs));
			EXPECT_EQ(1, regs.gpr.rcx);
			EXPECT_EQ(NONE, regs.gpr.rdx);
			EXPECT_EQ(0, regs.gpr.r8);
		}
}

/* The state of TDs is in memory, not in the module. */
TEST_F(life, a_td_survives_an_update_of_the_module)
{
	struct model_machine *m = self->machine;
	unsigned int lp;
	u64 value;

	ASSERT_TRUE(td_bring_to(m, VP_READY));
	ASSERT_EQ(0, machine_call(m, 0, TDH_SYS_SHUTDOWN));
	ASSERT_TRUE(tdx_model_update(&m->model, &m->config));
	machine_call(m, 0, TDH_SYS_INIT);
	for (lp = 0; lp < 4; lp++)
		machine_call(m, lp, TDH_SYS_LP_INIT);
	ASSERT_EQ(0, machine_call(m, 0, TDH_SYS_UPDATE));
	EXPECT_EQ(0, read_vcpu(m, 0, TDX_MD_VCPU_INDEX, &value));
	EXPECT_EQ(TDX_HKID_NOT_FREE, td_call(m, 0, TDH_MNG_CREATE, PAGE_PA, TD_KEYID));
	EXPECT_EQ(0, td_call(m, 0, TDH_VP_FLUSH, TDVPR_PA, 0));
	EXPECT_EQ(0, td_call(m, 0, TDH_MNG_VPFLUSHDONE, TDR_PA, 0));
}

/* 50 TDs of 16 vCPUs each at once, which is 50 * (1 + 6 + 16 * 6) pages. */
TEST_F(life, many_tds_exist_at_once)
{
	struct model_machine *m = self->machine;
	unsigned int td, vcpu, i;
	u64 tdr, pa;

	m->config.nr_private_keyids = 64;
	m->config.keyid_bits = 7;
	td_machine_init(m);
	for (td = 0; td < 50; td++) {
		tdr = G(1) + M(1) * td;
		pa = tdr;
		ASSERT_EQ(0, td_call(m, 0, TDH_MNG_CREATE, tdr, 33 + td));
		ASSERT_EQ(0, td_call(m, 0, TDH_MNG_KEY_CONFIG, tdr, 0));
		ASSERT_EQ(0, td_call(m, LP_1, TDH_MNG_KEY_CONFIG, tdr, 0));
		for (i = 0; i < 6; i++)
			ASSERT_EQ(0, td_call(m, 0, TDH_MNG_ADDCX, pa += K(4), tdr));
		td_params(m)->max_vcpus = 16;
		ASSERT_EQ(0, td_call(m, 0, TDH_MNG_INIT, tdr, PARAMS_PA));
		for (vcpu = 0; vcpu < 16; vcpu++) {
			u64 tdvpr = pa += K(4);

			ASSERT_EQ(0, td_call(m, 0, TDH_VP_CREATE, tdvpr, tdr));
			for (i = 1; i < 6; i++)
				ASSERT_EQ(0, td_call(m, 0, TDH_VP_ADDCX, pa += K(4), tdvpr));
			ASSERT_EQ(0, vp_init(m, vcpu % 4, tdvpr, 1, vcpu));
		}
	}
	EXPECT_EQ(50 * (1 + 6 + 16 * 6), m->model.nr_td_pages);
}

TEST_HARNESS_MAIN
