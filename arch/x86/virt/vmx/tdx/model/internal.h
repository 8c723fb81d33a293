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

/* Width of a physical address, KeyID bits included. */
#define PA_BITS		52
#define PAGE_BYTES	4096ULL

u64 tdx_model_refuse(struct tdx_model *m, u64 status, const char *text, u64 a, u64 b, u64 c);

#define refuse3(m, status, text, a, b, c)	tdx_model_refuse(m, status, text, a, b, c)
#define refuse2(m, status, text, a, b)		tdx_model_refuse(m, status, text, a, b, 0)
#define refuse1(m, status, text, a)		tdx_model_refuse(m, status, text, a, 0, 0)
#define refuse(m, status, text)			tdx_model_refuse(m, status, text, 0, 0, 0)

/* One SEAMCALL. */
struct tdx_model_call {
	const struct tdx_model_leaf *leaf;
	struct tdx_regs in;		/* as passed by the host */
	struct tdx_regs *out;		/* the outputs of the leaf are 0 when it begins */
	struct tdx_model_tdmr *tdmr;	/* TDMR whose lock the leaf takes */
	struct tdx_model_lock *held[TDX_MODEL_MAX_LOCKS];
	unsigned int nr_held;
};

/* Locks (lock.c). */
u64 tdx_model_take_locks(struct tdx_model *m, struct tdx_model_call *call);
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

static inline unsigned int this_lp(struct tdx_model *m)
{
	return m->ops->this_lp(m->ctx);
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

/* KeyIDs (keys.c). */
bool tdx_model_keyid_is_private(const struct tdx_model *m, u64 keyid);

/* PAMTs (pamt.c). */
extern const unsigned int tdx_model_level_shift[TDX_NR_PAMT_LEVELS];
bool tdx_model_write_pamt(struct tdx_model *m, struct tdx_tdmr_info *tdmr,
			  enum tdx_pamt_level level, u64 start, u64 end);
void tdx_model_own_pamts(struct tdx_model *m, const struct tdx_model_tdmr *tdmrs,
			 unsigned int nr_tdmrs, bool owned);

static inline u64 tdx_model_tdmr_end(const struct tdx_tdmr_info *tdmr)
{
	return tdmr->base + tdmr->size;
}

/* Loading (load.c). */
void tdx_model_begin_anew(struct tdx_model *m);

/* Handoff to the next module (sys_update.c). */
void tdx_model_drop_handoff(struct tdx_model *m);

/* Information about the module (sys_info.c). */
void tdx_model_compose_sysinfo(struct tdx_model *m);

/* Row for leaves that do not exist (leaves.c). */
extern const struct tdx_model_leaf tdx_model_no_leaf;

/* Operands (operands.c). */
u64 tdx_model_shared_operand(struct tdx_model *m, struct tdx_model_call *call,
			     unsigned int operand, u64 bytes, u64 alignment);
u64 tdx_model_write_operand(struct tdx_model *m, struct tdx_model_call *call,
			    unsigned int operand, const void *buf, u64 bytes);
u64 tdx_model_tdmr_operand(struct tdx_model *m, struct tdx_model_call *call, unsigned int operand);

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

#endif /* _X86_VIRT_TDX_MODEL_INTERNAL_H */
