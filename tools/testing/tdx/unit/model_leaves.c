// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expectations for each leaf of the software TDX module, copied from the
 * specification, not computed.
 */
#include <linux/kernel.h>
#include <string.h>

#include "model_leaves.h"

#define OUTPUT_PA	(BUFFER_PA + K(64))
#define BIT_OF(reg)	BIT(TDX_OPERAND_ID_##reg)

#define LP_UNDONE	TDX_SYS_LP_INIT_NOT_DONE
#define I_NOT		TDX_SYS_INIT_NOT_PENDING
#define LP_NOT		TDX_SYS_LP_INIT_NOT_PENDING
#define LP_TWICE	TDX_SYS_LP_INIT_DONE
#define C_NOT		TDX_SYS_CONFIG_NOT_PENDING
#define K_NOT		TDX_SYS_KEY_CONFIG_NOT_PENDING
#define K_TWICE		TDX_KEY_CONFIGURED
#define NOT_READY	TDX_SYS_NOT_READY
#define U_STATE		TDX_SYS_STATE_INCORRECT
#define U_DATA		TDX_SYS_INVALID_HANDOFF
#define NO_LEAF		TDX_OPERAND_INVALID	/* |RAX, which is 0 */
#define SHUT		TDX_SYS_SHUTDOWN
#define BUSY		TDX_SYS_BUSY
#define TDMR_BUSY	(TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX)

#define NO_PAGE_RCX	(TDX_OPERAND_ADDR_RANGE_ERROR | TDX_OPERAND_ID_RCX)
#define NO_PAGE_RDX	(TDX_OPERAND_ADDR_RANGE_ERROR | TDX_OPERAND_ID_RDX)

#define NOT_BEFORE_READY NOT_READY, NOT_READY, NOT_READY, NOT_READY, NOT_READY, NOT_READY

#define DETAILS		(BIT_OF(RCX) | BIT_OF(RDX))	/* of a secure EPT entry */
#define PAGE_OUTPUTS \
	(BIT_OF(RCX) | BIT_OF(RDX) | BIT_OF(R8) | BIT_OF(R9) | BIT_OF(R10) | BIT_OF(R11))

/* PENDING, LP_MISSING, LP_DONE, INIT_DONE, CONFIG_DONE, KEY_DONE, READY, SHUTDOWN. */
const u64 no_leaf_status[NR_STAGES] = { NOT_BEFORE_READY, NO_LEAF, SHUT };

const struct expected_leaf expected_leaves[] = {
	{
		.leaf = TDH_SYS_INFO,
		.good = { .rcx = OUTPUT_PA, .rdx = 1024, .r8 = OUTPUT_PA + 1024, .r9 = 32 },
		.outputs = BIT_OF(RDX) | BIT_OF(R9),
		.writes = { { TDX_OPERAND_ID_RCX, 1024 }, { TDX_OPERAND_ID_R8, 512 } },
		.status = { LP_UNDONE, LP_UNDONE, 0, 0, 0, 0, 0, SHUT },
		.stage = INIT_DONE,
	},
	{
		.leaf = TDH_SYS_RD,
		.since = TDX_MODEL_1_5,
		.good = { .rdx = TDX_MD_NUM_CMRS },
		.outputs = BIT_OF(RDX) | BIT_OF(R8),
		.status = { LP_UNDONE, LP_UNDONE, 0, 0, 0, 0, 0, SHUT },
		.stage = INIT_DONE,
	},
	{
		.leaf = TDH_SYS_RDALL,
		.since = TDX_MODEL_1_5,
		.good = { .rdx = OUTPUT_PA, .r8 = NONE },
		.outputs = BIT_OF(R8),
		.writes = { { TDX_OPERAND_ID_RDX, 4096 } },
		.status = { LP_UNDONE, LP_UNDONE, 0, 0, 0, 0, 0, SHUT },
		.stage = INIT_DONE,
	},
	{
		.leaf = TDH_SYS_INIT,
		.outputs = BIT_OF(RCX) | BIT_OF(RDX) | BIT_OF(R8) | BIT_OF(R9) | BIT_OF(R10),
		.status = { 0, I_NOT, I_NOT, I_NOT, I_NOT, I_NOT, I_NOT, SHUT },
		.stage = PENDING,
		.locked = { 0, BUSY, BUSY, 0 },
		.from = BIT(TDX_MODEL_INIT_PENDING),
		.to = TDX_MODEL_INIT_DONE,
	},
	{
		.leaf = TDH_SYS_LP_INIT,
		.outputs = BIT_OF(RCX) | BIT_OF(RDX) | BIT_OF(R8),
		.status = { LP_NOT, 0, LP_TWICE, LP_TWICE, LP_NOT, LP_NOT, LP_NOT, SHUT },
		.stage = LP_MISSING,
		.locked = { 0, BUSY, 0, 0 },
	},
	{
		.leaf = TDH_SYS_CONFIG,
		.good = { .rcx = BUFFER_PA, .rdx = 2, .r8 = 32 },
		.status = { C_NOT, C_NOT, C_NOT, 0, C_NOT, C_NOT, C_NOT, SHUT },
		.stage = INIT_DONE,
		.locked = { 0, BUSY, BUSY, 0 },
		.from = BIT(TDX_MODEL_INIT_DONE),
		.to = TDX_MODEL_CONFIG_DONE,
	},
	{
		.leaf = TDH_SYS_KEY_CONFIG,
		.status = { K_NOT, K_NOT, K_NOT, K_NOT, 0, K_TWICE, K_NOT, SHUT },
		.stage = CONFIG_DONE,
		.locked = { 0, BUSY, BUSY, 0 },
		.from = BIT(TDX_MODEL_CONFIG_DONE),
		.to = TDX_MODEL_READY,
	},
	{
		.leaf = TDH_SYS_TDMR_INIT,
		.outputs = BIT_OF(RDX),
		.status = { NOT_BEFORE_READY, 0, SHUT },
		.stage = READY,
		.locked = { 0, 0, 0, TDMR_BUSY },
	},
	{
		.leaf = TDH_SYS_SHUTDOWN,
		.since = TDX_MODEL_1_5,
		.status = { NOT_BEFORE_READY, 0, SHUT },
		.stage = READY,
		.locked = { 0, BUSY, BUSY, 0 },
		.from = BIT(TDX_MODEL_READY),
		.to = TDX_MODEL_SHUTDOWN,
	},
	{
		.leaf = TDH_SYS_UPDATE,
		.since = TDX_MODEL_1_5,
		.status = { U_STATE, U_STATE, U_STATE, U_DATA, U_STATE, U_STATE, U_STATE, SHUT },
		.stage = INIT_DONE,
		.locked = { U_DATA, BUSY, BUSY, U_DATA },
		.from = BIT(TDX_MODEL_INIT_DONE),
		.to = TDX_MODEL_READY,
	},
	{
		.leaf = TDH_SYS_LP_SHUTDOWN,
		.status = { 0, 0, 0, 0, 0, 0, 0, 0 },
		.stage = READY,
		/* Modules after 1.0 do nothing, in any state. */
		.from = BIT(TDX_MODEL_INIT_PENDING) | BIT(TDX_MODEL_INIT_DONE) |
			BIT(TDX_MODEL_CONFIG_DONE) | BIT(TDX_MODEL_READY) |
			BIT(TDX_MODEL_SHUTDOWN) | BIT(TDX_MODEL_DISABLING),
		.to = TDX_MODEL_SHUTDOWN,
	},
	{
		.leaf = TDH_SYS_DISABLE,
		.since = TDX_MODEL_2_0,
		.interruptible = true,
		.status = { 0, 0, 0, 0, 0, 0, 0, SHUT },
		.stage = INIT_DONE,
		.locked = { 0, BUSY, BUSY, 0 },
		.from = BIT(TDX_MODEL_INIT_PENDING) | BIT(TDX_MODEL_INIT_DONE) |
			BIT(TDX_MODEL_CONFIG_DONE) | BIT(TDX_MODEL_READY) |
			BIT(TDX_MODEL_DISABLING),
		.to = TDX_MODEL_INIT_PENDING,
	},
	/*
	 * Leaves for TDs.  When the module becomes ready no TDMR is initialized, so that no page
	 * operand is valid; more of them is tested in model_td_test.c.
	 */
#define TD_LEAF(name, rcx_value, rdx_value, found, ...) \
	{ \
		.leaf = TDH_##name, \
		.good = { .rcx = (rcx_value), .rdx = (rdx_value) }, \
		.status = { NOT_BEFORE_READY, found, SHUT }, \
		.stage = READY, \
		.locked = { found, found, found, found }, \
		__VA_ARGS__ \
	}
	TD_LEAF(MNG_CREATE, TDR_PA, 33, NO_PAGE_RCX),
	TD_LEAF(MNG_KEY_CONFIG, TDR_PA, 0, NO_PAGE_RCX),
	TD_LEAF(MNG_ADDCX, PAGE_PA, TDR_PA, NO_PAGE_RDX),
	TD_LEAF(MNG_INIT, TDR_PA, PARAMS_PA, NO_PAGE_RCX, .outputs = BIT_OF(RCX)),
	TD_LEAF(MNG_RD, TDR_PA, TDX_MD_TDCS_HP_LOCK_TIMEOUT, NO_PAGE_RCX,
		.outputs = BIT_OF(R8), .outputs_1 = BIT_OF(RDX), .any_version = true),
	TD_LEAF(MNG_WR, TDR_PA, TDX_MD_TDCS_HP_LOCK_TIMEOUT, NO_PAGE_RCX, .outputs = BIT_OF(R8)),
	TD_LEAF(MNG_VPFLUSHDONE, TDR_PA, 0, NO_PAGE_RCX),
	TD_LEAF(MNG_KEY_FREEID, TDR_PA, 0, NO_PAGE_RCX),
	TD_LEAF(MNG_KEY_RECLAIMID, TDR_PA, 0, 0),
	TD_LEAF(VP_CREATE, PAGE_PA, TDR_PA, NO_PAGE_RDX),
	TD_LEAF(VP_ADDCX, PAGE_PA, TDVPR_PA, NO_PAGE_RDX),
	TD_LEAF(VP_INIT, TDVPR_PA, 0, NO_PAGE_RCX, .any_version = true),
	TD_LEAF(VP_RD, TDVPR_PA, TDX_MD_VCPU_PEND_NMI, NO_PAGE_RCX,
		.outputs = BIT_OF(R8), .outputs_1 = BIT_OF(RDX), .any_version = true),
	TD_LEAF(VP_WR, TDVPR_PA, TDX_MD_VCPU_PEND_NMI, NO_PAGE_RCX, .outputs = BIT_OF(R8)),
	TD_LEAF(VP_FLUSH, TDVPR_PA, 0, NO_PAGE_RCX),
	TD_LEAF(MEM_SEPT_ADD, 3, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS, .any_version = true,
		.outputs_1 = BIT_OF(R8) | BIT_OF(R9) | BIT_OF(R10) | BIT_OF(R11),
		.good.r8 = PAGE_PA),
	TD_LEAF(MEM_SEPT_RD, 3, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS | BIT_OF(R8)),
	TD_LEAF(MEM_SEPT_REMOVE, 3, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS, .any_version = true,
		.outputs_1 = BIT_OF(R9) | BIT_OF(R10) | BIT_OF(R11)),
	TD_LEAF(MEM_PAGE_ADD, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS,
		.good.r8 = PAGE_PA, .good.r9 = SOURCE_PA),
	TD_LEAF(MEM_PAGE_AUG, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS,
		.good.r8 = PAGE_PA),
	TD_LEAF(MEM_PAGE_REMOVE, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS),
	TD_LEAF(MEM_PAGE_RELOCATE, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS,
		.good.r8 = PAGE_PA),
	TD_LEAF(MEM_PAGE_PROMOTE, 1, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS, .any_version = true,
		.outputs_1 = BIT_OF(R9) | BIT_OF(R10) | BIT_OF(R11), .interruptible = true),
	TD_LEAF(MEM_PAGE_DEMOTE, 1, TDR_PA, NO_PAGE_RDX, .good.r8 = PAGE_PA, .interruptible = true,
		.outputs = DETAILS | BIT_OF(R9) | BIT_OF(R10) | BIT_OF(R11)),
	TD_LEAF(MEM_RANGE_BLOCK, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS),
	TD_LEAF(MEM_RANGE_UNBLOCK, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS),
	TD_LEAF(MEM_TRACK, TDR_PA, 0, NO_PAGE_RCX),
	TD_LEAF(MEM_RD, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS | BIT_OF(R8)),
	TD_LEAF(MEM_WR, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS | BIT_OF(R8)),
	TD_LEAF(MR_EXTEND, NEW_GPA, TDR_PA, NO_PAGE_RDX, .outputs = DETAILS),
	TD_LEAF(MR_FINALIZE, TDR_PA, 0, NO_PAGE_RCX),
	TD_LEAF(PHYMEM_CACHE_WB, TDX_CACHE_WB_START, 0, TDX_NO_HKID_READY_TO_WBCACHE,
		.interruptible = true),
	TD_LEAF(PHYMEM_PAGE_RDMD, PAGE_PA, 0, NO_PAGE_RCX, .outputs = PAGE_OUTPUTS),
	TD_LEAF(PHYMEM_PAGE_RECLAIM, PAGE_PA, 0, NO_PAGE_RCX, .outputs = PAGE_OUTPUTS),
	TD_LEAF(PHYMEM_PAGE_WBINVD, PAGE_PA, 0, NO_PAGE_RCX),
};

const unsigned int nr_expected_leaves = ARRAY_SIZE(expected_leaves);

bool leaf_is_for_tds(unsigned int number)
{
#define NAME(name, number, text) \
	[number] = text,
	static const char *const names[TDX_MODEL_NR_LEAVES] = { TDX_LEAF_LIST(NAME) };
#undef NAME

	return tdx_model_leaf(number)->run && strncmp(names[number], "TDH.SYS.", 8);
}

const struct expected_leaf *expected_leaf(u64 number)
{
	unsigned int i;

	for (i = 0; i < nr_expected_leaves; i++)
		if (expected_leaves[i].leaf == number)
			return &expected_leaves[i];
	return NULL;
}

static bool all_keys_configured(const struct model_machine *m)
{
	unsigned int i;

	for (i = 0; i < m->config.nr_pkgs; i++)
		if (!m->model.pkg_key_configured[i])
			return false;
	return true;
}

enum tdx_model_state expected_state(const struct model_machine *m, u64 leaf,
				    enum tdx_model_state state)
{
	const struct expected_leaf *expected = expected_leaf(leaf);

	if (!expected || !expected->from)
		return state;
	if (leaf == TDH_SYS_LP_SHUTDOWN && m->config.generation > TDX_MODEL_1_0)
		return state;
	if (leaf == TDH_SYS_KEY_CONFIG && !all_keys_configured(m))
		return state;
	return expected->to;
}

void prepare_config(struct model_machine *m)
{
	struct tdx_tdmr_info tdmrs[2];

	legal_pair(tdmrs);
	machine_write_tdmrs(m, tdmrs, 2);
}
