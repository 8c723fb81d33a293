/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trust domains: what KVM calls to create, configure and destroy them.
 *
 * A leaf of the TDX module is one function here, named after it, that returns the
 * completion status as the module gave it.  Those whose kernel-doc says "may
 * sleep" repeat the SEAMCALL while its status tells of the moment only
 * (TDX_OPERAND_BUSY, TDX_RND_NO_ENTROPY), for a bounded time; the others make it
 * once.  Serialization is the caller's: leaves that change a TD take its control
 * pages exclusively, and answer TDX_OPERAND_BUSY to a concurrent call.
 *
 * Available after tdx_init() returned 0, on CPUs in VMX operation.
 */
#ifndef _ASM_X86_TDX_TD_H
#define _ASM_X86_TDX_TD_H

#include <linux/types.h>

struct page;

/* The architecture's most; how many a module wants is in struct tdx_td_limits. */
#define TDX_MAX_TDCX_PAGES	9	/* of a TD */
#define TDX_MAX_TDVPX_PAGES	14	/* of a VCPU, beside the TDVPR page */

/**
 * struct tdx_td_limits - what a TD takes, constant once TDX is initialized
 * @nr_tdcx:	  TDCX pages of a TD
 * @nr_tdvpx:	  pages of a VCPU beside its TDVPR page
 * @max_vcpus:	  VCPUs of a TD
 * @topology:	  TDH.VP.INIT takes an x2APIC ID
 * @no_rbp_mod:	  TDs can be entered without the loss of RBP, as Linux needs
 */
struct tdx_td_limits {
	unsigned int nr_tdcx;
	unsigned int nr_tdvpx;
	unsigned int max_vcpus;
	bool topology;
	bool no_rbp_mod;
};

/**
 * struct tdx_td - a TD as the module knows it
 * @keyid:   its private KeyID, 0 if it has none (any more)
 * @tdr:     the root page, NULL before and after
 * @nr_tdcx: used entries of @tdcx
 * @tdcx:    the pages of its control structure, in the order they were added
 *
 * All pages come from tdx_page_alloc().
 */
struct tdx_td {
	u16 keyid;
	struct page *tdr;
	unsigned int nr_tdcx;
	struct page *tdcx[TDX_MAX_TDCX_PAGES];
};

/**
 * struct tdx_vp - a VCPU of a TD as the module knows it
 * @td:	      whose VCPU it is
 * @tdvpr:    the root page, NULL before and after
 * @nr_tdvpx: used entries of @tdvpx
 * @tdvpx:    the other pages of its state, in the order they were added
 */
struct tdx_vp {
	struct tdx_td *td;
	struct page *tdvpr;
	unsigned int nr_tdvpx;
	struct page *tdvpx[TDX_MAX_TDVPX_PAGES];
};

#ifdef CONFIG_INTEL_TDX_HOST

const struct tdx_td_limits *tdx_td_limits(void);

/* Statuses, for those who act on some of them. */
bool tdx_failed(u64 status);
u64 tdx_code(u64 status);

/* Private KeyIDs (keyid.c). */
int tdx_keyid_alloc(void);
void tdx_keyid_free(u16 keyid);
void tdx_keyid_burn(u16 keyid);

/* Pages on their way to the module and back (page.c). */
struct page *tdx_page_alloc(void);
void tdx_page_free(struct page *page);
u64 tdx_page_reclaim(struct page *page, u16 keyid);
void tdx_page_leak(struct page *page, u64 status);

/* A TD (td.c). */
u64 tdh_mng_create(struct tdx_td *td, struct page *tdr);
int tdh_mng_key_config(struct tdx_td *td, u64 *status);
u64 tdh_mng_addcx(struct tdx_td *td, struct page *page);
u64 tdh_mng_init(struct tdx_td *td, const void *params, u64 *details);
u64 tdh_mng_rd(struct tdx_td *td, u64 field, u64 *value);
u64 tdh_mng_vpflushdone(struct tdx_td *td);
u64 tdh_mng_key_freeid(struct tdx_td *td);

/* A VCPU (vcpu.c). */
u64 tdh_vp_create(struct tdx_vp *vp, struct page *tdvpr);
u64 tdh_vp_addcx(struct tdx_vp *vp, struct page *page);
u64 tdh_vp_init(struct tdx_vp *vp, u64 rcx, u32 x2apic_id);
u64 tdh_vp_rd(struct tdx_vp *vp, u64 field, u64 *value);
u64 tdh_vp_wr(struct tdx_vp *vp, u64 field, u64 value, u64 mask);
u64 tdh_vp_flush(struct tdx_vp *vp);

/* Caches, on each package (wbcache.c). */
int tdh_phymem_cache_wb(u64 *status);

#endif /* CONFIG_INTEL_TDX_HOST */
#endif /* _ASM_X86_TDX_TD_H */
