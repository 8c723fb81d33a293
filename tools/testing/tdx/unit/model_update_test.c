// SPDX-License-Identifier: GPL-2.0-only
/*
 * Updates of the software TDX module: TDH.SYS.SHUTDOWN, loading of another module,
 * TDH.SYS.UPDATE; and a new initialization after TDH.SYS.DISABLE.
 */
#include <linux/kernel.h>
#include <string.h>

#include "harness.h"
#include "model_layouts.h"

#define RCX_INVALID		(TDX_OPERAND_INVALID | TDX_OPERAND_ID_RCX)

#define MD_MODULE_HV		0x8900000100000000ULL
#define MD_MIN_UPDATE_HV	0x8900000100000001ULL
#define MD_NO_DOWNGRADE		0x8900000000000002ULL
#define MD_HANDOFF_DATA_VALID	0x8900000000000004ULL
#define MD_HANDOFF_DATA_HV	0x8900000100000005ULL
#define MD_HANDOFF_DATA_SIZE	0x8900000200000006ULL

FIXTURE(update) {
	struct model_machine *machine;
};

FIXTURE_SETUP(update)
{
	self->machine = machine_alloc();
	ASSERT_NE(NULL, self->machine);
	machine_init(self->machine, 4);
	self->machine->config.module_hv = 3;
	self->machine->config.min_update_hv = 2;
	machine_make_ready(self->machine);
}

FIXTURE_TEARDOWN(update)
{
	machine_free(self->machine);
}

static u64 shut_down(struct model_machine *m, u64 version)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_SHUTDOWN, .gpr = { .rcx = version } };

	return machine_seamcall(m, 0, &regs);
}

static u64 read_field(struct model_machine *m, u64 id)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_RD, .gpr = { .rdx = id } };

	return machine_seamcall(m, 0, &regs) ? ~0ULL : regs.gpr.r8;
}

static u64 init_tdmr(struct model_machine *m, u64 base)
{
	struct tdx_model_regs regs = { .rax = TDH_SYS_TDMR_INIT, .gpr = { .rcx = base } };

	return machine_seamcall(m, 0, &regs);
}

/* Load the module again and initialize it on all processors. */
static bool replace(struct model_machine *m)
{
	unsigned int lp;

	if (!tdx_model_update(&m->model, &m->config) || machine_call(m, 0, TDH_SYS_INIT))
		return false;
	for (lp = 0; lp < m->config.nr_lps; lp++)
		if (machine_call(m, lp, TDH_SYS_LP_INIT))
			return false;
	return true;
}

TEST_F(update, it_writes_some_versions_of_handoff_data)
{
	static const struct {
		u16 module_hv, min_update_hv;
		bool no_downgrade;
		u64 version, status;
	} cases[] = {
		{ 0, 0, false, 0, 0 },
		{ 0, 0, true, 0, 0 },
		{ 0, 0, false, 1, RCX_INVALID },
		{ 3, 2, false, 1, RCX_INVALID },
		{ 3, 2, false, 2, 0 },
		{ 3, 2, false, 3, 0 },
		{ 3, 2, false, 4, RCX_INVALID },
		{ 3, 2, false, 2 | 1 << 16, RCX_INVALID },
		{ 3, 2, true, 2, RCX_INVALID },
		{ 3, 2, true, 3, 0 },
		{ 3, 2, true, 4, RCX_INVALID },
	};
	struct model_machine *m = self->machine;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		m->config.module_hv = cases[i].module_hv;
		m->config.min_update_hv = cases[i].min_update_hv;
		m->config.no_downgrade = cases[i].no_downgrade;
		machine_make_ready(m);
		EXPECT_EQ(cases[i].module_hv, read_field(m, MD_MODULE_HV));
		EXPECT_EQ(cases[i].min_update_hv, read_field(m, MD_MIN_UPDATE_HV));
		EXPECT_EQ(cases[i].no_downgrade, read_field(m, MD_NO_DOWNGRADE));
		EXPECT_EQ(cases[i].status, shut_down(m, cases[i].version)) TH_LOG("case %u", i);
		EXPECT_EQ(!cases[i].status, m->model.state == TDX_MODEL_SHUTDOWN);
	}
}

TEST_F(update, shutdown_is_busy_while_another_processor_is_in)
{
	struct model_machine *m = self->machine;

	m->model.lps_inside = 1;
	EXPECT_EQ(TDX_SYS_BUSY, shut_down(m, 3));
	EXPECT_EQ(TDX_MODEL_READY, m->model.state);
	EXPECT_EQ(0, init_tdmr(m, G(1)));
	EXPECT_EQ(1, m->model.lps_inside);
	/* Operands are checked before. */
	EXPECT_EQ(RCX_INVALID, shut_down(m, 4));
	m->model.lps_inside = 0;
	EXPECT_EQ(0, shut_down(m, 3));
	EXPECT_EQ(TDX_MODEL_CLOSED, m->model.lps_inside);
	EXPECT_EQ(TDX_SYS_SHUTDOWN, init_tdmr(m, G(1)));
}

TEST_F(update, the_next_module_goes_on_with_the_old_tdmrs)
{
	struct model_machine *m = self->machine;
	u64 owned = m->bytes_owned;
	unsigned int i;

	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, init_tdmr(m, G(1)));
	ASSERT_EQ(0, shut_down(m, 2));
	m->config.update_version = 9;
	ASSERT_TRUE(tdx_model_update(&m->model, &m->config));
	EXPECT_EQ(TDX_SYS_LP_INIT_NOT_DONE, machine_call(m, 0, TDH_SYS_RD));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_INIT));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(TDX_SYS_STATE_INCORRECT, machine_call(m, 0, TDH_SYS_UPDATE));
		EXPECT_EQ(0, machine_call(m, i, TDH_SYS_LP_INIT));
	}
	EXPECT_EQ(9, read_field(m, TDX_MD_UPDATE_VERSION));
	EXPECT_EQ(TDX_MODEL_PAGE_PAMT, tdx_model_page(&m->model, G(32)).type);
	EXPECT_EQ(32, tdx_model_page(&m->model, G(32)).keyid);
	EXPECT_EQ(1, read_field(m, MD_HANDOFF_DATA_VALID));
	EXPECT_EQ(2, read_field(m, MD_HANDOFF_DATA_HV));
	EXPECT_EQ(1024, read_field(m, MD_HANDOFF_DATA_SIZE));
	EXPECT_EQ(TDX_SYS_NOT_READY, init_tdmr(m, G(1)));

	EXPECT_EQ(0, machine_call(m, 3, TDH_SYS_UPDATE));
	EXPECT_EQ(TDX_MODEL_READY, m->model.state);
	EXPECT_EQ(0, read_field(m, MD_HANDOFF_DATA_VALID));
	EXPECT_EQ(0, read_field(m, MD_HANDOFF_DATA_HV));
	EXPECT_EQ(0, read_field(m, MD_HANDOFF_DATA_SIZE));
	EXPECT_EQ(TDX_SYS_STATE_INCORRECT, machine_call(m, 0, TDH_SYS_UPDATE));
	EXPECT_EQ(TDX_SYS_KEY_CONFIG_NOT_PENDING, machine_call(m, 0, TDH_SYS_KEY_CONFIG));

	/* TDH.SYS.UPDATE keeps the previous state. */
	EXPECT_EQ(owned, m->bytes_owned);
	EXPECT_EQ(32, m->model.global_keyid);
	EXPECT_EQ(TDX_MODEL_KEYID_RESERVED, m->model.keyids[32].state);
	for (; i < 512 - 300 + 4; i++)
		ASSERT_EQ(0, init_tdmr(m, G(1)));
	EXPECT_EQ(TDX_TDMR_ALREADY_INITIALIZED, init_tdmr(m, G(1)));
	EXPECT_EQ(0, init_tdmr(m, 0));
	EXPECT_EQ(0, shut_down(m, 3));
}

TEST_F(update, a_refused_config_leaves_the_handoff_data)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmrs[2];

	ASSERT_EQ(0, shut_down(m, 3));
	ASSERT_TRUE(replace(m));
	legal_pair(tdmrs);
	tdmrs[0].base = G(8);
	EXPECT_EQ(TDX_NON_ORDERED_TDMR | 1, machine_config(m, tdmrs, 2));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_UPDATE));
	EXPECT_EQ(0, init_tdmr(m, 0));
	EXPECT_EQ(RCX_INVALID, init_tdmr(m, G(8)));
}

TEST_F(update, a_plain_start_forgets_the_old_tdmrs)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmr = tdmr_at(G(8), G(1), G(32));

	ASSERT_EQ(0, shut_down(m, 3));
	ASSERT_TRUE(replace(m));
	EXPECT_EQ(TDX_MODEL_KEYID_FREE, m->model.keyids[32].state);
	EXPECT_EQ(0, machine_config(m, &tdmr, 1));
	EXPECT_EQ(tdmr.pamt[0].size + tdmr.pamt[1].size + tdmr.pamt[2].size, m->bytes_owned);
	EXPECT_EQ(0, read_field(m, MD_HANDOFF_DATA_VALID));
	/* Keys have to be configured again, too. */
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_KEY_CONFIG));
	EXPECT_EQ(TDX_SYS_NOT_READY, init_tdmr(m, G(8)));
	EXPECT_EQ(0, machine_call(m, 3, TDH_SYS_KEY_CONFIG));
	EXPECT_EQ(0, init_tdmr(m, G(8)));
	EXPECT_EQ(RCX_INVALID, init_tdmr(m, G(1)));
}

TEST_F(update, handoff_data_of_a_foreign_version_is_refused)
{
	struct model_machine *m = self->machine;

	/* The version of the data is too old, too new, and supported. */
	ASSERT_EQ(0, shut_down(m, 3));
	m->config.module_hv = 9;
	m->config.min_update_hv = 4;
	ASSERT_TRUE(replace(m));
	EXPECT_EQ(TDX_SYS_INVALID_HANDOFF, machine_call(m, 0, TDH_SYS_UPDATE));
	EXPECT_EQ(TDX_MODEL_INIT_DONE, m->model.state);
	m->model.config.min_update_hv = 1;
	m->model.config.module_hv = 2;
	EXPECT_EQ(TDX_SYS_INVALID_HANDOFF, machine_call(m, 0, TDH_SYS_UPDATE));
	m->model.config.module_hv = 3;
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_UPDATE));
}

TEST_F(update, only_a_module_that_is_shut_down_is_replaced)
{
	struct model_machine *m = self->machine;

	EXPECT_FALSE(tdx_model_update(&m->model, &m->config));
	EXPECT_EQ(TDX_MODEL_READY, m->model.state);
	/* A module 1.0 leaves no handoff data. */
	m->config.generation = TDX_MODEL_1_0;
	machine_make_ready(m);
	ASSERT_EQ(0, machine_call(m, 0, TDH_SYS_LP_SHUTDOWN));
	m->config.generation = TDX_MODEL_1_5;
	ASSERT_TRUE(replace(m));
	EXPECT_EQ(0, read_field(m, MD_HANDOFF_DATA_VALID));
	EXPECT_EQ(TDX_SYS_INVALID_HANDOFF, machine_call(m, 0, TDH_SYS_UPDATE));
}

static void make_ready_2_0(struct model_machine *m)
{
	m->config.generation = TDX_MODEL_2_0;
	machine_make_ready(m);
}

TEST_F(update, after_disable_all_is_as_after_a_reset)
{
	struct model_machine *m = self->machine;
	struct tdx_tdmr_info tdmr = tdmr_at(G(8), G(1), G(32));
	unsigned int i;

	make_ready_2_0(m);
	for (i = 0; i < 300; i++)
		ASSERT_EQ(0, init_tdmr(m, G(1)));
	EXPECT_EQ(0, machine_call(m, 3, TDH_SYS_DISABLE)) TH_LOG("%s", tdx_model_why(&m->model));
	EXPECT_EQ(TDX_MODEL_INIT_PENDING, m->model.state);
	EXPECT_EQ(0, m->bytes_owned);
	EXPECT_EQ(0, m->model.lps_inside);
	EXPECT_EQ(TDX_MODEL_KEYID_FREE, m->model.keyids[32].state);
	EXPECT_EQ(TDX_SYS_NOT_READY, init_tdmr(m, G(1)));
	EXPECT_EQ(TDX_SYS_LP_INIT_NOT_DONE, machine_call(m, 0, TDH_SYS_RD));

	/* The second call has nothing to do. */
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_DISABLE));

	EXPECT_EQ(0, machine_call(m, 1, TDH_SYS_INIT));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(TDX_SYS_CONFIG_NOT_PENDING, machine_config(m, &tdmr, 1));
		EXPECT_EQ(0, machine_call(m, i, TDH_SYS_LP_INIT));
	}
	EXPECT_EQ(0, machine_config(m, &tdmr, 1));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_KEY_CONFIG));
	EXPECT_EQ(TDX_SYS_NOT_READY, init_tdmr(m, G(8)));
	EXPECT_EQ(0, machine_call(m, 3, TDH_SYS_KEY_CONFIG));
	EXPECT_EQ(RCX_INVALID, init_tdmr(m, G(1)));
	for (i = 0; i < 256; i++)
		ASSERT_EQ(0, init_tdmr(m, G(8)));
	EXPECT_EQ(TDX_TDMR_ALREADY_INITIALIZED, init_tdmr(m, G(8)));
}

TEST_F(update, disable_is_busy_while_another_processor_is_in)
{
	struct model_machine *m = self->machine;
	u64 owned;

	make_ready_2_0(m);
	owned = m->bytes_owned;
	m->model.lps_inside = 1;
	EXPECT_EQ(TDX_SYS_BUSY, machine_call(m, 0, TDH_SYS_DISABLE));
	EXPECT_EQ(TDX_MODEL_READY, m->model.state);
	EXPECT_EQ(owned, m->bytes_owned);
	EXPECT_EQ(1, m->model.lps_inside);
	EXPECT_EQ(0, init_tdmr(m, G(1)));

	/* TDH.SYS.DISABLE on another processor has set TDX_MODEL_ALONE. */
	m->model.lps_inside = 1 | TDX_MODEL_ALONE;
	EXPECT_EQ(TDX_SYS_BUSY, init_tdmr(m, G(1)));
	EXPECT_EQ(TDX_SYS_BUSY, machine_call(m, 0, TDH_SYS_DISABLE));
	m->model.lps_inside = 0;
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_DISABLE));
}

/* While an interrupt remains pending, each call makes progress nevertheless. */
TEST_F(update, disable_is_interrupted_and_goes_on)
{
	struct model_machine *m = self->machine;
	u64 owned;

	make_ready_2_0(m);
	owned = m->bytes_owned;
	m->spoiled = (struct spoiled_msr) { 0x9a, 2 };
	EXPECT_EQ(TDX_INTERRUPTED_RESUMABLE, machine_call(m, 0, TDH_SYS_DISABLE));
	EXPECT_GT(owned, m->bytes_owned);
	EXPECT_LT(0, m->bytes_owned);
	EXPECT_EQ(0, m->model.lps_inside);
	/* No other leaf can be called while the module is disabled in part. */
	EXPECT_EQ(TDX_SYS_NOT_READY, machine_call(m, 0, TDH_SYS_INIT));
	EXPECT_EQ(TDX_SYS_NOT_READY, machine_call(m, 0, TDH_SYS_LP_INIT));
	EXPECT_EQ(TDX_SYS_NOT_READY, machine_call(m, 0, TDH_SYS_RD));
	EXPECT_EQ(TDX_SYS_NOT_READY, init_tdmr(m, 0));
	EXPECT_EQ(TDX_SYS_NOT_READY, shut_down(m, 3));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_LP_SHUTDOWN));
	/* Another processor may continue. */
	EXPECT_EQ(0, machine_call(m, 2, TDH_SYS_DISABLE));
	EXPECT_EQ(0, m->bytes_owned);
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_INIT));
}

TEST_F(update, disable_drops_what_an_earlier_module_left)
{
	struct model_machine *m = self->machine;

	make_ready_2_0(m);
	ASSERT_EQ(0, shut_down(m, 3));
	EXPECT_EQ(TDX_SYS_SHUTDOWN, machine_call(m, 0, TDH_SYS_DISABLE));
	ASSERT_TRUE(replace(m));
	EXPECT_LT(0, m->bytes_owned);
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_DISABLE));
	EXPECT_EQ(0, m->bytes_owned);
	machine_call(m, 0, TDH_SYS_INIT);
	machine_call(m, 0, TDH_SYS_LP_INIT);
	EXPECT_EQ(0, read_field(m, MD_HANDOFF_DATA_VALID));
}

/* A previous kernel has left the module in this state, with unknown TDMRs. */
TEST_F(update, disable_makes_a_module_that_is_found_ready_usable)
{
	struct model_machine *m = self->machine;

	m->config.generation = TDX_MODEL_2_0;
	machine_reload(m);
	tdx_model_find_in_state(&m->model, TDX_MODEL_READY);
	EXPECT_EQ(TDX_SYS_INIT_NOT_PENDING, machine_call(m, 0, TDH_SYS_INIT));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_DISABLE));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_INIT));
	EXPECT_EQ(0, machine_call(m, 0, TDH_SYS_LP_INIT));
}

TEST_F(update, seamcalls_are_counted_on)
{
	struct model_machine *m = self->machine;
	u64 nr = m->model.nr_seamcalls;

	ASSERT_EQ(0, shut_down(m, 3));
	ASSERT_TRUE(replace(m));
	EXPECT_EQ(nr + 1 + 1 + 4, m->model.nr_seamcalls);
	EXPECT_EQ(2, m->model.nr_by_leaf[TDH_SYS_INIT]);
}

TEST_HARNESS_MAIN
