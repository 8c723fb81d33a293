// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software TDX module: table of leaves.
 *
 * TDX Module ABI specification, each leaf's section; Base Architecture Specification,
 * "Intel TDX Module Lifecycle".
 */
#include "internal.h"

/* Generations. */
#define SINCE(generation)	((0xff << TDX_MODEL_##generation) & 0xff)

static_assert(TDX_MODEL_NR_GENERATIONS <= 8);

/* Module states. */
#define WHEN_READY		BIT(TDX_MODEL_READY)
#define UNTIL_SHUTDOWN		(BIT(TDX_MODEL_INIT_PENDING) | BIT(TDX_MODEL_INIT_DONE) | \
				 BIT(TDX_MODEL_CONFIG_DONE) | BIT(TDX_MODEL_READY))
#define UNTIL_DISABLED		(UNTIL_SHUTDOWN | BIT(TDX_MODEL_DISABLING))
#define ALWAYS			(UNTIL_DISABLED | BIT(TDX_MODEL_SHUTDOWN))

/* Outputs. */
#define RCX			BIT(TDX_OPERAND_ID_RCX)
#define RDX			BIT(TDX_OPERAND_ID_RDX)
#define R8			BIT(TDX_OPERAND_ID_R8)
#define R9			BIT(TDX_OPERAND_ID_R9)
#define R10			BIT(TDX_OPERAND_ID_R10)

#define R11			BIT(TDX_OPERAND_ID_R11)

/* Locks.  THEN() has a function for checks before the next lock. */
#define GLOBAL(mode)		{ TDX_MODEL_GLOBAL_LOCK, TDX_MODEL_##mode }
#define LOCK(kind, mode, operand) \
	{ TDX_MODEL_##kind##_LOCK, TDX_MODEL_##mode, TDX_OPERAND_ID_##operand }
#define THEN(kind, mode, operand, function) \
	{ TDX_MODEL_##kind##_LOCK, TDX_MODEL_##mode, TDX_OPERAND_ID_##operand, function }
#define OWNER(mode)		LOCK(OWNER, mode, TDR)
#define OP_STATE(mode)		LOCK(OP_STATE, mode, OP_STATE)
#define KOT(mode)		LOCK(KOT, mode, KOT)

/*
 * Locks of leaves for secure EPTs, with checks of the operands RDX and RCX.  Without
 * LOCK(), because cppcheck expands RDX and RCX before ##.
 */
#define TDR_AND_FLAG		{ TDX_MODEL_TDR_AND_FLAG_LOCK, TDX_MODEL_SHARED, TDX_OPERAND_ID_RDX }
#define GPA			THEN(OP_STATE, SHARED, OP_STATE, tdx_model_gpa_operand)
#define TREE(mode)		LOCK(SEPT_TREE, mode, SEPT_TREE)
#define ENTRY(mode)		{ TDX_MODEL_SEPT_ENTRY_LOCK, TDX_MODEL_##mode, TDX_OPERAND_ID_RCX }
#define MEMORY_OF_DEBUG_TD { \
		{ TDX_MODEL_TDR_LOCK, TDX_MODEL_SHARED, TDX_OPERAND_ID_RDX }, \
		THEN(OP_STATE, SHARED, OP_STATE, tdx_model_mem_rd_check), \
		THEN(SEPT_TREE, SHARED, SEPT_TREE, tdx_model_mem_rd_gpa), \
		{ TDX_MODEL_SEPT_PAGE_LOCK, TDX_MODEL_EXCLUSIVE, TDX_OPERAND_ID_RCX }, \
	}

/* States of secure EPT entries: those of pages, and of tables. */
#define PAGE			(BIT(TDX_MODEL_SEPT_MAPPED) | BIT(TDX_MODEL_SEPT_BLOCKED) | \
				 BIT(TDX_MODEL_SEPT_PENDING) | BIT(TDX_MODEL_SEPT_PEND_BLOCKED))
#define TABLE			(BIT(TDX_MODEL_SEPT_NL_MAPPED) | BIT(TDX_MODEL_SEPT_NL_BLOCKED))

/* States of TDs. */
#define WHEN_UNINITIALIZED	BIT(TDX_TD_UNINITIALIZED)
#define WHEN_INITIALIZED	BIT(TDX_TD_INITIALIZED)
#define WHEN_RUNNABLE		BIT(TDX_TD_RUNNABLE)
#define WHEN_INITIALIZED_OR_LATER (BIT(TDX_TD_INITIALIZED) | BIT(TDX_TD_RUNNABLE))

static const struct tdx_model_leaf leaves[TDX_MODEL_NR_LEAVES] = {
	[TDH_SYS_INIT] = {
		.generations	= SINCE(1_0),
		.version_1	= SINCE(2_0),
		.states		= UNTIL_SHUTDOWN,
		.outputs	= RCX | RDX | R8 | R9 | R10,
		.locks		= { GLOBAL(EXCLUSIVE) },
		.check		= tdx_model_sys_init_check,
		.run		= tdx_model_sys_init,
	},
	[TDH_SYS_LP_INIT] = {
		.generations	= SINCE(1_0),
		.states		= UNTIL_SHUTDOWN,
		.outputs	= RCX | RDX | R8,
		.locks		= { GLOBAL(SHARED) },
		.check		= tdx_model_sys_lp_init_check,
		.run		= tdx_model_sys_lp_init,
	},
	[TDH_SYS_LP_SHUTDOWN] = {
		.generations	= SINCE(1_0),
		.states		= ALWAYS,
		.run		= tdx_model_sys_lp_shutdown,
	},
	[TDH_SYS_INFO] = {
		.generations	= SINCE(1_0),
		.states		= UNTIL_SHUTDOWN,
		.outputs	= RDX | R9,
		.run		= tdx_model_sys_info,
	},
	[TDH_SYS_RD] = {
		.generations	= SINCE(1_5),
		.states		= UNTIL_SHUTDOWN,
		.outputs	= RDX | R8,
		.run		= tdx_model_sys_rd,
	},
	[TDH_SYS_RDALL] = {
		.generations	= SINCE(1_5),
		.states		= UNTIL_SHUTDOWN,
		.outputs	= R8,
		.run		= tdx_model_sys_rdall,
	},
	[TDH_SYS_CONFIG] = {
		.generations	= SINCE(1_0),
		.states		= UNTIL_SHUTDOWN,
		.locks		= { GLOBAL(EXCLUSIVE) },
		.run		= tdx_model_sys_config,
	},
	[TDH_SYS_KEY_CONFIG] = {
		.generations	= SINCE(1_0),
		.states		= UNTIL_SHUTDOWN,
		.locks		= { GLOBAL(EXCLUSIVE) },
		.run		= tdx_model_sys_key_config,
	},
	[TDH_SYS_TDMR_INIT] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.outputs	= RDX,
		.writes_private	= true,
		.locks		= { LOCK(TDMR, EXCLUSIVE, RCX) },
		.run		= tdx_model_sys_tdmr_init,
	},
	[TDH_SYS_SHUTDOWN] = {
		.generations	= SINCE(1_5),
		.states		= WHEN_READY,
		.locks		= { GLOBAL(EXCLUSIVE) },
		.check		= tdx_model_sys_shutdown_check,
		.run		= tdx_model_sys_shutdown,
	},
	[TDH_SYS_UPDATE] = {
		.generations	= SINCE(1_5),
		.states		= UNTIL_SHUTDOWN,
		.locks		= { GLOBAL(EXCLUSIVE) },
		.run		= tdx_model_sys_update,
	},
	[TDH_SYS_DISABLE] = {
		.generations	= SINCE(2_0),
		.states		= UNTIL_DISABLED,
		.writes_private	= true,
		.interruptible	= true,
		.locks		= { GLOBAL(EXCLUSIVE) },
		.run		= tdx_model_sys_disable,
	},
	[TDH_MNG_CREATE] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.writes_private	= true,
		.locks		= { LOCK(FREE_PAGE, EXCLUSIVE, RCX), KOT(EXCLUSIVE) },
		.check		= tdx_model_mng_create_check,
		.run		= tdx_model_mng_create,
	},
	[TDH_MNG_KEY_CONFIG] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.writes_private	= true,
		.locks		= { LOCK(TDR, EXCLUSIVE, RCX) },
		.run		= tdx_model_mng_key_config,
	},
	[TDH_MNG_ADDCX] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.writes_private	= true,
		.locks		= {
			THEN(TDR, EXCLUSIVE, RDX, tdx_model_mng_addcx_check),
			LOCK(FREE_PAGE, EXCLUSIVE, RCX),
		},
		.run		= tdx_model_mng_addcx,
	},
	[TDH_MNG_INIT] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_UNINITIALIZED,
		.outputs	= RCX,
		.writes_private	= true,
		.locks		= { LOCK(TDR, EXCLUSIVE, RCX), OP_STATE(UNLOCKED) },
		.check		= tdx_model_mng_init_check,
		.run		= tdx_model_mng_init,
	},
	[TDH_MNG_RD] = {
		.generations	= SINCE(1_0),
		.version_1	= SINCE(1_5),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.outputs	= R8,
		.outputs_1	= RDX,
		.any_version	= true,
		.writes_private	= true,
		.locks		= { LOCK(TDR, SHARED, RCX), OP_STATE(SHARED) },
		.check		= tdx_model_rd_check,
		.run		= tdx_model_mng_rd,
	},
	[TDH_MNG_WR] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.outputs	= R8,
		.writes_private	= true,
		.locks		= { LOCK(TDR, SHARED, RCX), OP_STATE(SHARED) },
		.run		= tdx_model_mng_wr,
	},
	[TDH_MNG_VPFLUSHDONE] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.writes_private	= true,
		.locks		= { LOCK(TDR, EXCLUSIVE, RCX), KOT(EXCLUSIVE) },
		.run		= tdx_model_mng_vpflushdone,
	},
	[TDH_MNG_KEY_FREEID] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.writes_private	= true,
		.locks		= {
			THEN(TDR, EXCLUSIVE, RCX, tdx_model_mng_key_freeid_check),
			KOT(EXCLUSIVE),
		},
		.run		= tdx_model_mng_key_freeid,
	},
	[TDH_MNG_KEY_RECLAIMID] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.run		= tdx_model_mng_key_reclaimid,
	},
	[TDH_VP_CREATE] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), OP_STATE(SHARED), LOCK(FREE_PAGE, EXCLUSIVE, RCX),
		},
		.run		= tdx_model_vp_create,
	},
	[TDH_VP_ADDCX] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED,
		.writes_private	= true,
		.locks		= {
			LOCK(TDVPR, EXCLUSIVE, RDX),
			OWNER(SHARED),
			THEN(OP_STATE, SHARED, OP_STATE, tdx_model_vp_addcx_check),
			LOCK(FREE_PAGE, EXCLUSIVE, RCX),
		},
		.run		= tdx_model_vp_addcx,
	},
	[TDH_VP_INIT] = {
		.generations	= SINCE(1_0),
		.version_1	= SINCE(1_5_06),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED,
		.any_version	= true,
		.writes_private	= true,
		.locks		= {
			LOCK(TDVPR, EXCLUSIVE, RCX), OWNER(EXCLUSIVE_IN_1), OP_STATE(SHARED),
		},
		.check		= tdx_model_vp_init_check,
		.run		= tdx_model_vp_init,
	},
	[TDH_VP_ENTER] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_RUNNABLE,
		.writes_private	= true,
		.runs_guest	= true,
		.locks		= {
			LOCK(TDVPR_AND_FLAGS, SHARED, RCX), OWNER(SHARED), OP_STATE(SHARED),
		},
		.check		= tdx_model_vp_enter_check,
		.run		= tdx_model_vp_enter,
	},
	[TDH_VP_RD] = {
		.generations	= SINCE(1_0),
		.version_1	= SINCE(1_5),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.outputs	= R8,
		.outputs_1	= RDX,
		.any_version	= true,
		.writes_private	= true,
		.locks		= { LOCK(TDVPR, SHARED, RCX), OWNER(SHARED), OP_STATE(SHARED) },
		.check		= tdx_model_rd_check,
		.run		= tdx_model_vp_rd,
	},
	[TDH_VP_WR] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.outputs	= R8,
		.writes_private	= true,
		.locks		= { LOCK(TDVPR, SHARED, RCX), OWNER(SHARED), OP_STATE(SHARED) },
		.run		= tdx_model_vp_wr,
	},
	[TDH_VP_FLUSH] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.writes_private	= true,
		.locks		= { LOCK(TDVPR, EXCLUSIVE, RCX), OWNER(SHARED) },
		.run		= tdx_model_vp_flush,
	},
	[TDH_PHYMEM_CACHE_WB] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.interruptible	= true,
		.locks		= { LOCK(CACHE_WB, EXCLUSIVE, WBCACHE), KOT(SHARED) },
		.check		= tdx_model_phymem_cache_wb_check,
		.run		= tdx_model_phymem_cache_wb,
	},
	[TDH_PHYMEM_PAGE_RDMD] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.outputs	= RCX | RDX | R8 | R9 | R10 | R11,
		.writes_private	= true,
		.locks		= { LOCK(ANY_PAGE, SHARED, RCX) },
		.run		= tdx_model_phymem_page_rdmd,
	},
	[TDH_PHYMEM_PAGE_RECLAIM] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.outputs	= RCX | RDX | R8 | R9 | R10 | R11,
		.writes_private	= true,
		.locks		= { LOCK(ANY_PAGE, EXCLUSIVE, RCX) },
		.run		= tdx_model_phymem_page_reclaim,
	},
	[TDH_PHYMEM_PAGE_WBINVD] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.writes_private	= true,
		.locks		= { LOCK(FREE_HPA, SHARED, RCX) },
		.run		= tdx_model_phymem_page_wbinvd,
	},
	[TDH_MEM_SEPT_ADD] = {
		.generations	= SINCE(1_0),
		.version_1	= SINCE(1_5),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= BIT(TDX_MODEL_SEPT_FREE) | BIT(TDX_MODEL_SEPT_NL_MAPPED),
		.min_level	= 1,
		.max_level	= SEPT_MAX_LEVEL,
		.outputs	= RCX | RDX,
		.outputs_1	= R8 | R9 | R10 | R11,
		.any_version	= true,
		.writes_private	= true,
		.locks		= { TDR_AND_FLAG, GPA, TREE(SHARED), ENTRY(EXCLUSIVE) },
		.check		= tdx_model_mem_sept_add_check,
		.run		= tdx_model_mem_sept_add,
	},
	[TDH_MEM_SEPT_RD] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= BIT(TDX_MODEL_NR_SEPT_STATES) - 1,
		.max_level	= SEPT_MAX_LEVEL,
		.outputs	= RCX | RDX | R8,
		.writes_private	= true,
		.locks		= {
			TDR_AND_FLAG,
			THEN(OP_STATE, SHARED, OP_STATE, tdx_model_mem_sept_rd_check),
			TREE(SHARED), ENTRY(EXCLUSIVE),
		},
		.check		= tdx_model_mem_sept_rd_begin,
		.run		= tdx_model_mem_sept_rd,
	},
	[TDH_MEM_SEPT_REMOVE] = {
		.generations	= SINCE(1_0),
		.version_1	= SINCE(1_5),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= TABLE,
		.min_level	= 1,
		.max_level	= SEPT_MAX_LEVEL,
		.outputs	= RCX | RDX,
		.outputs_1	= R9 | R10 | R11,
		.any_version	= true,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), GPA, TREE(EXCLUSIVE),
			THEN(SEPT_ENTRY, EXCLUSIVE, RCX, tdx_model_lock_tracked_page),
		},
		.check		= tdx_model_no_l2_pages,
		.run		= tdx_model_mem_sept_remove,
	},
	[TDH_MEM_PAGE_ADD] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED,
		.sept_states	= BIT(TDX_MODEL_SEPT_FREE),
		.outputs	= RCX | RDX,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, EXCLUSIVE, RDX),
			THEN(OP_STATE, UNLOCKED, OP_STATE, tdx_model_gpa_operand),
			THEN(SEPT_ENTRY, UNLOCKED, RCX, tdx_model_mem_page_add_check),
			LOCK(FREE_PAGE, EXCLUSIVE, R8),
		},
		.run		= tdx_model_mem_page_add,
	},
	[TDH_MEM_PAGE_AUG] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= BIT(TDX_MODEL_SEPT_FREE),
		.max_level	= 1,
		.outputs	= RCX | RDX,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), GPA, TREE(SHARED), ENTRY(EXCLUSIVE),
			LOCK(FREE_MAPPING, EXCLUSIVE, R8),
		},
		.run		= tdx_model_mem_page_aug,
	},
	[TDH_MEM_PAGE_REMOVE] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= PAGE,
		.max_level	= 2,
		.outputs	= RCX | RDX,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), GPA, TREE(SHARED),
			THEN(SEPT_ENTRY, EXCLUSIVE, RCX, tdx_model_lock_tracked_page),
		},
		.run		= tdx_model_mem_page_remove,
	},
	[TDH_MEM_PAGE_RELOCATE] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= PAGE,
		.outputs	= RCX | RDX,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), GPA, TREE(SHARED),
			THEN(SEPT_ENTRY, EXCLUSIVE, RCX, tdx_model_mem_page_relocate_check),
			LOCK(FREE_PAGE, EXCLUSIVE, R8),
		},
		.run		= tdx_model_mem_page_relocate,
	},
	[TDH_MEM_PAGE_PROMOTE] = {
		.generations	= SINCE(1_0),
		.version_1	= SINCE(1_5),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= TABLE,
		.min_level	= 1,
		.max_level	= 2,
		.outputs	= RCX | RDX,
		.outputs_1	= R9 | R10 | R11,
		.any_version	= true,
		.writes_private	= true,
		.interruptible	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), GPA, TREE(SHARED),
			THEN(SEPT_ENTRY, EXCLUSIVE, RCX, tdx_model_lock_tracked_page),
		},
		.check		= tdx_model_no_l2_pages,
		.run		= tdx_model_mem_page_promote,
	},
	[TDH_MEM_PAGE_DEMOTE] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= PAGE,
		.min_level	= 1,
		.max_level	= 2,
		.outputs	= RCX | RDX | R9 | R10 | R11,
		.writes_private	= true,
		.interruptible	= true,
		.locks		= {
			TDR_AND_FLAG, GPA, TREE(SHARED),
			THEN(SEPT_ENTRY, EXCLUSIVE, RCX, tdx_model_mem_page_demote_tracked),
			LOCK(FREE_PAGE, EXCLUSIVE, R8),
		},
		.check		= tdx_model_mem_page_demote_check,
		.run		= tdx_model_mem_page_demote,
	},
	[TDH_MEM_RANGE_BLOCK] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= PAGE | TABLE,
		.max_level	= SEPT_MAX_LEVEL,
		.outputs	= RCX | RDX,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), GPA, TREE(EXCLUSIVE), ENTRY(EXCLUSIVE),
		},
		.run		= tdx_model_mem_range_block,
	},
	[TDH_MEM_RANGE_UNBLOCK] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= BIT(TDX_MODEL_SEPT_NL_BLOCKED) | BIT(TDX_MODEL_SEPT_BLOCKED) |
				  BIT(TDX_MODEL_SEPT_PEND_BLOCKED),
		.max_level	= SEPT_MAX_LEVEL,
		.outputs	= RCX | RDX,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RDX), GPA, TREE(EXCLUSIVE), ENTRY(EXCLUSIVE),
		},
		.run		= tdx_model_mem_range_unblock,
	},
	[TDH_MEM_TRACK] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, SHARED, RCX), OP_STATE(SHARED),
			LOCK(TD_EPOCH, EXCLUSIVE, TD_EPOCH),
		},
		.run		= tdx_model_mem_track,
	},
	[TDH_MEM_RD] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= BIT(TDX_MODEL_SEPT_MAPPED),
		.outputs	= RCX | RDX | R8,
		.writes_private	= true,
		.locks		= MEMORY_OF_DEBUG_TD,
		.run		= tdx_model_mem_rd,
	},
	[TDH_MEM_WR] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED_OR_LATER,
		.sept_states	= BIT(TDX_MODEL_SEPT_MAPPED),
		.outputs	= RCX | RDX | R8,
		.writes_private	= true,
		.locks		= MEMORY_OF_DEBUG_TD,
		.run		= tdx_model_mem_wr,
	},
	[TDH_MR_EXTEND] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED,
		.sept_states	= BIT(TDX_MODEL_SEPT_MAPPED),
		.outputs	= RCX | RDX,
		.writes_private	= true,
		.locks		= {
			LOCK(TDR, EXCLUSIVE, RDX),
			THEN(OP_STATE, UNLOCKED, OP_STATE, tdx_model_mr_extend_check),
			LOCK(SEPT_PAGE, UNLOCKED, RCX),
		},
		.run		= tdx_model_mr_extend,
	},
	[TDH_MR_FINALIZE] = {
		.generations	= SINCE(1_0),
		.states		= WHEN_READY,
		.op_states	= WHEN_INITIALIZED,
		.writes_private	= true,
		.locks		= { LOCK(TDR, EXCLUSIVE, RCX), OP_STATE(UNLOCKED) },
		.run		= tdx_model_mr_finalize,
	},
};

/*
 * For all other leaves, the module just has to be ready.  A real module has
 * some of them; they lock the PAMT entry of a page before they read it.
 */
const struct tdx_model_leaf tdx_model_no_leaf = {
	.states		= WHEN_READY,
	.writes_private	= true,
};

/**
 * tdx_model_leaf - find the row of a leaf
 * @number: any number
 *
 * Context: Any.
 * Return: The row, or one without generations if there is no such leaf; never
 *	   NULL.
 */
const struct tdx_model_leaf *tdx_model_leaf(u64 number)
{
	const struct tdx_model_leaf *leaf;

	if (number >= TDX_MODEL_NR_LEAVES)
		return &tdx_model_no_leaf;
	leaf = &leaves[number];
	return leaf->generations || leaf->version_1 ? leaf : &tdx_model_no_leaf;
}
