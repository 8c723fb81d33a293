/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internal declarations of the software TDX module.
 */
#ifndef _X86_VIRT_TDX_MODEL_INTERNAL_H
#define _X86_VIRT_TDX_MODEL_INTERNAL_H

#include <linux/kernel.h>
#include <linux/string.h>

#include "leaves.h"
#include "model.h"
#include "sept.h"
#include "td.h"

/* Width of a physical address, KeyID bits included. */
#define PA_BITS		52
#define PAGE_BYTES	4096ULL
#define PAGE_SHIFT_4K	12

u64 tdx_model_refuse(struct tdx_model *m, u64 status, const char *text, u64 a, u64 b, u64 c);

#define refuse3(m, status, text, a, b, c)	tdx_model_refuse(m, status, text, a, b, c)
#define refuse2(m, status, text, a, b)		tdx_model_refuse(m, status, text, a, b, 0)
#define refuse1(m, status, text, a)		tdx_model_refuse(m, status, text, a, 0, 0)
#define refuse(m, status, text)			tdx_model_refuse(m, status, text, 0, 0, 0)

/*
 * PAMT entry of a page.  A module whose entries are smaller has no TDs.
 *
 * @bepoch is that of mapped and secure EPT pages.  For a TDR it is the TD's KeyID, which
 * tdx_model_page() reads without a lock.
 */
struct tdx_model_pamt_entry {
	struct tdx_model_lock lock;
	u8 type;		/* enum tdx_page_type */
	u8 owner_high;		/* frame number of the TDR; see tdx_model_owner() */
	u32 owner_low;
	u64 bepoch;
};

static_assert(sizeof(struct tdx_model_pamt_entry) == 16);

/* A page operand, with its entry locked. */
struct tdx_model_page_operand {
	u64 pa;
	enum tdx_pamt_level level;
	struct tdx_model_pamt_entry *entry;
};

/* A page has three PAMT entries, and a leaf has up to four page operands. */
#define TDX_MODEL_MAX_HELD	16

/* One SEAMCALL. */
struct tdx_model_call {
	const struct tdx_model_leaf *leaf;
	unsigned int version;
	struct tdx_regs in;		/* as passed by the host */
	struct tdx_regs *out;		/* the outputs of the leaf are 0 when it begins */
	u64 *rbp;			/* the host's, for TDH.VP.ENTER */
	struct tdx_model_tdmr *tdmr;	/* TDMR whose lock the leaf takes */
	struct tdx_model_page_operand page;	/* the one that is not a TDR or TDVPR */
	struct tdx_model_page_operand tdr;
	struct tdx_model_td *td;
	struct tdx_model_tdcs *tdcs;	/* NULL until the leaf needs it */
	struct tdx_model_sept_operand sept;
	struct tdx_model_page_operand mapped;	/* page that this entry refers to */
	struct tdx_model_page_operand tdvpr;
	struct tdx_model_vcpu *vcpu;
	struct tdx_model_lock *held[TDX_MODEL_MAX_HELD];
	unsigned int nr_held;
};

/* Locks (lock.c). */
bool tdx_model_hold(struct tdx_model_call *call, struct tdx_model_lock *lock,
		    enum tdx_model_lock_mode mode);
bool tdx_model_hold_alone(struct tdx_model_lock *lock);
bool tdx_model_try_lock(struct tdx_model_lock *lock);
void tdx_model_unlock(struct tdx_model_lock *lock);
u64 tdx_model_take_locks(struct tdx_model *m, struct tdx_model_call *call);
void tdx_model_release_last_lock(struct tdx_model_call *call);
void tdx_model_release_locks(struct tdx_model_call *call);

/* Read without a lock.  Pairs with the release in tdx_model_enter_state(). */
static inline enum tdx_model_state tdx_model_state(const struct tdx_model *m)
{
	/* sparse supports these functions for integers only. */
	return __atomic_load_n((const unsigned int *)&m->state, __ATOMIC_ACQUIRE);
}

static inline void tdx_model_enter_state(struct tdx_model *m, enum tdx_model_state state)
{
	__atomic_store_n((unsigned int *)&m->state, state, __ATOMIC_RELEASE);
}

/* It changes while other logical processors look at the vCPU. */
static inline unsigned int tdx_model_vcpu_state(const struct tdx_model_vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->state, __ATOMIC_ACQUIRE);
}

/* A host can overwrite the state of a TD or vCPU by an output of another leaf. */
static inline bool tdx_model_is_one_of(u64 states, unsigned int state)
{
	return state < 64 && states & BIT_ULL(state);
}

static inline unsigned int this_lp(struct tdx_model *m)
{
	return m->ops->this_lp(m->ctx);
}

static inline unsigned int this_pkg(struct tdx_model *m)
{
	return m->config.pkg_of_lp[this_lp(m)];
}

static inline struct tdx_model_lp *lp_state(struct tdx_model *m)
{
	return &m->lps[this_lp(m)];
}

/* Physical addresses (hpa.c). */
unsigned int tdx_model_keyid_of(const struct tdx_model *m, u64 pa);
bool tdx_model_hpa_without_keyid(const struct tdx_model *m, u64 pa);
bool tdx_model_shared_hpa(const struct tdx_model *m, u64 pa, u64 bytes, u64 alignment);
bool tdx_model_read(struct tdx_model *m, u64 pa, void *buf, u64 bytes);
bool tdx_model_write(struct tdx_model *m, u64 pa, const void *buf, u64 bytes);
bool tdx_model_in_cmrs(const struct tdx_model *m, u64 start, u64 end);

u64 tdx_model_strip_keyid(const struct tdx_model *m, u64 pa);
u64 tdx_model_hpa_with_keyid(const struct tdx_model *m, u64 pa, u16 keyid);

/* KeyIDs (keys.c). */
bool tdx_model_keyid_is_private(const struct tdx_model *m, u64 keyid);
u64 tdx_model_configure_key(struct tdx_model *m, u16 keyid);

/* The platform (platform.c). */
u64 tdx_model_draw(struct tdx_model *m, u64 *value);
u64 tdx_model_check_entropy(struct tdx_model *m);
u64 tdx_model_read_msr(struct tdx_model *m, u32 msr);
u64 tdx_model_check_tsc_adjust(struct tdx_model *m);
bool tdx_model_interrupt_is_pending(struct tdx_model *m);

/* PAMTs (pamt.c). */
extern const unsigned int tdx_model_level_shift[TDX_NR_PAMT_LEVELS];
bool tdx_model_write_pamt(struct tdx_model *m, struct tdx_tdmr_info *tdmr,
			  enum tdx_pamt_level level, u64 start, u64 end);
void tdx_model_own_pamts(struct tdx_model *m, const struct tdx_model_tdmr *tdmrs,
			 unsigned int nr_tdmrs, bool owned);

/* Entries of PAMTs (pamt_entry.c). */
u64 tdx_model_lock_page(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand,
			u64 pa, enum tdx_model_lock_mode mode, int level,
			struct tdx_model_page_operand *page);
u64 tdx_model_page_operand(struct tdx_model *m, struct tdx_model_call *call,
			   const struct tdx_model_lock_rule *rule, u64 pa,
			   enum tdx_page_type type, struct tdx_model_page_operand *page);
u64 tdx_model_free_mapping_operand(struct tdx_model *m, struct tdx_model_call *call,
				   const struct tdx_model_lock_rule *rule);
u64 tdx_model_map_new_page(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand,
			   void **page);
struct tdx_model_pamt_entry *tdx_model_find_entry(const struct tdx_model *m, u64 pa,
						  enum tdx_pamt_level level);
u64 tdx_model_owner(const struct tdx_model_pamt_entry *entry);
u64 tdx_model_lock_owner(struct tdx_model *m, struct tdx_model_call *call,
			 const struct tdx_model_page_operand *page,
			 enum tdx_model_lock_mode mode);
void tdx_model_set_owner(struct tdx_model_pamt_entry *entry, u64 owner);
void tdx_model_set_type(struct tdx_model_pamt_entry *entry, enum tdx_page_type type);
void tdx_model_set_entry(struct tdx_model_pamt_entry *entry, enum tdx_page_type type, u64 owner);
void tdx_model_take_page(struct tdx_model *m, struct tdx_model_page_operand *page,
			 enum tdx_page_type type, u64 owner);
void tdx_model_record_keyid(struct tdx_model_page_operand *tdr, u16 keyid);
u16 tdx_model_keyid_of_td(const struct tdx_model *m, u64 tdr);
void tdx_model_give_page_back(struct tdx_model *m, struct tdx_model_page_operand *page);
void tdx_model_forget_tds(struct tdx_model *m);
const struct tdx_model_pamt_entry *tdx_model_entry_of(const struct tdx_model *m, u64 pa);

static inline u64 tdx_model_tdmr_end(const struct tdx_tdmr_info *tdmr)
{
	return tdmr->base + tdmr->size;
}

/* Loading (load.c). */
void tdx_model_begin_anew(struct tdx_model *m);

/* Handoff to the next module (sys_update.c). */
void tdx_model_drop_handoff(struct tdx_model *m);

/* Information about the module (sys_info.c). */
void tdx_model_record_platform(struct tdx_model *m);
void tdx_model_compose_sysinfo(struct tdx_model *m);

/* Row for leaves that do not exist (leaves.c). */
extern const struct tdx_model_leaf tdx_model_no_leaf;

/* Operands (operands.c). */
u64 tdx_model_shared_operand(struct tdx_model *m, struct tdx_model_call *call,
			     unsigned int operand, u64 bytes, u64 alignment);
u64 tdx_model_write_operand(struct tdx_model *m, struct tdx_model_call *call,
			    unsigned int operand, const void *buf, u64 bytes);
u64 tdx_model_read_operand(struct tdx_model *m, struct tdx_model_call *call,
			   unsigned int operand, void *buf, u64 bytes);
u64 tdx_model_tdmr_operand(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand);

/* TDs and vCPUs (td.c). */
u64 tdx_model_tdr_operand(struct tdx_model *m, struct tdx_model_call *call,
			  const struct tdx_model_lock_rule *rule);
u64 tdx_model_tdr_and_flag_operand(struct tdx_model *m, struct tdx_model_call *call,
				   const struct tdx_model_lock_rule *rule);
u64 tdx_model_flag_operand(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_tdvpr_operand(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_model_lock_rule *rule);
u64 tdx_model_tdvpr_and_flags_operand(struct tdx_model *m, struct tdx_model_call *call,
				      const struct tdx_model_lock_rule *rule);
u64 tdx_model_owner_of_vcpu(struct tdx_model *m, struct tdx_model_call *call,
			    const struct tdx_model_lock_rule *rule);
u64 tdx_model_op_state(struct tdx_model *m, struct tdx_model_call *call,
		       const struct tdx_model_lock_rule *rule);
u64 tdx_model_check_fatal(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_check_keys_configured(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_check_vcpu_pages(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_associate(struct tdx_model *m, struct tdx_model_call *call);
unsigned int tdx_model_min_tdvps_pages(const struct tdx_model *m);
bool tdx_model_is_initialized(const struct tdx_model_call *call);

/*
 * The leaves, for their rows in leaves.c; see struct tdx_model_leaf.  Each
 * returns the status of the leaf.
 */
u64 tdx_model_sys_init_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_init(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_lp_init_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_lp_init(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_lp_shutdown(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_info(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_rd(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_rdall(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_config(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_key_config(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_tdmr_init(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_shutdown_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_shutdown(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_update(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_sys_disable(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_create_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_create(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_key_config(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_addcx_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_addcx(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_init_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_init(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_vpflushdone(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_key_freeid_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_key_freeid(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_key_reclaimid(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_rd_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_rd(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mng_wr(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_create(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_addcx_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_addcx(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_init_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_init(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_flush(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_enter_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_enter(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_rd(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_vp_wr(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_sept_add_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_sept_add(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_sept_rd_begin(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_sept_rd_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_sept_rd(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_no_l2_pages(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_sept_remove(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_lock_tracked_page(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_range_block(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_range_unblock(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_track(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_add_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_add(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_aug(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_remove(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_relocate_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_relocate(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_promote(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_demote_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_demote_tracked(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_page_demote(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_rd_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_rd_gpa(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_rd(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mem_wr(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mr_extend_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mr_extend(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_mr_finalize(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_phymem_cache_wb_check(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_phymem_cache_wb(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_phymem_page_rdmd(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_phymem_page_reclaim(struct tdx_model *m, struct tdx_model_call *call);
u64 tdx_model_phymem_page_wbinvd(struct tdx_model *m, struct tdx_model_call *call);

#endif /* _X86_VIRT_TDX_MODEL_INTERNAL_H */
