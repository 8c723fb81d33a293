/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trust domains: the interface to KVM for creating, configuring and destroying them.
 *
 * Each tdh_*() function is one leaf of the TDX module.  It returns the completion status
 * of the module, or one of TDX_SEAMCALL_*.  Statuses are in asm/tdx_status.h; failures
 * have bit 63 set, see tdx_status_failed().  There are three contexts:
 *
 * - Process: process context; may sleep.  While its status is transient, the SEAMCALL is
 *   made up to 100 times, for about 40 ms (tdx_status_may_clear() in the core).
 * - Process, unlocked: also takes the core's lock for KeyIDs and, if CPUs of all packages
 *   are involved, cpus_read_lock().  The caller must not hold that, or a lock that is
 *   taken by CPU hotplug.
 * - Any: any context but NMI, with interrupts on or off; does not sleep.  The SEAMCALL
 *   is retried for 1 ms while its status is transient.
 *
 * The module does not wait for its locks, so calls have to be serialized by the caller:
 * while a leaf locks a TD or a vCPU exclusively, as documented for each function, other
 * leaves for it return TDX_OPERAND_BUSY.
 *
 * Serialized calls for private memory can return it too, because TDCALLs of the guest lock
 * its secure EPT, the entries there and the TD, and so does a vCPU that is being entered.
 * These locks are held for microseconds, but a guest can take them again and again.  They
 * are free when no vCPU runs: the caller then stops the vCPUs and makes the call again.
 *
 * TDH.VP.INIT, TDH.VP.RD, TDH.VP.WR and TDH.VP.ENTER associate a vCPU with the current CPU,
 * mostly even if they fail, and require TDH.VP.FLUSH on that CPU later: the vCPU has to be loaded.
 *
 * Available after tdx_init() returned 0, on CPUs in VMX operation.  During a reboot or a
 * kexec, all return TDX_SEAMCALL_RETIRED.
 */
#ifndef _ASM_X86_TDX_TD_H
#define _ASM_X86_TDX_TD_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include <asm/tdx_abi_td.h>
#include <asm/tdx_host.h>
#include <asm/tdx_status.h>

struct page;

/* Without the TDVPR page. */
#define TDX_MAX_TDVPX_PAGES	(TDX_MAX_TDVPS_PAGES - 1)

/**
 * struct tdx_td - KeyID and control pages of a TD
 * @keyid:	its private KeyID; 0 before tdx_keyid_alloc(), and after
 *		tdx_keyid_free() or tdx_keyid_burn()
 * @creator:	the process that called tdx_keyid_alloc(), for messages
 * @tdr:	the root page, from tdh_mng_create() until it is reclaimed or leaked
 * @nr_tdcx:	used entries of @tdcx
 * @tdcx:	the pages of its control structure, in the order in which they were added
 * @owner:	its id in the record of pages; 0 if it has no page
 * @nr_leaked:	number of its pages that were leaked
 *
 * Initially all zero.  It is written by the core, except @nr_tdcx and @tdcx when pages
 * are reclaimed; the caller may read it.  Calls are serialized by the caller.
 */
struct tdx_td {
	u16 keyid;
	pid_t creator;
	struct page *tdr;
	unsigned int nr_tdcx;
	struct page *tdcx[TDX_MAX_TDCX_PAGES];
	u16 owner;
	atomic_t nr_leaked;
};

/**
 * struct tdx_vp - control pages of a vCPU of a TD
 * @td:		the TD
 * @tdvpr:	the root page, after tdh_vp_create()
 * @nr_tdvpx:	used entries of @tdvpx
 * @tdvpx:	the other pages of its state, in the order in which they were added
 * @associated:	a leaf that associates it with the current CPU was called since tdh_vp_flush(); if
 *		the leaf was refused, the vCPU may not be associated nevertheless
 *
 * Initially all zero, except @td.  Otherwise like struct tdx_td; pages that were reclaimed
 * are removed by the caller.
 */
struct tdx_vp {
	struct tdx_td *td;
	struct page *tdvpr;
	unsigned int nr_tdvpx;
	struct page *tdvpx[TDX_MAX_TDVPX_PAGES];
	bool associated;
};

/**
 * struct tdx_sept_entry - an entry of a secure EPT at which a leaf failed
 * @entry:   RCX: the entry; without a physical address unless it maps a page
 * @details: RDX: its level and state; see tdx_sept_entry_level() and
 *	     tdx_sept_entry_state()
 *
 * Valid if the status is TDX_EPT_*, TDX_GPA_RANGE_NOT_BLOCKED or
 * TDX_GPA_RANGE_ALREADY_BLOCKED, or TDX_OPERAND_BUSY | TDX_OPERAND_ID_RCX because of the
 * entry; else all zero.
 */
struct tdx_sept_entry {
	u64 entry;
	u64 details;
};

/* Levels are those of the module: 0 for 4 KB. */
static inline unsigned int tdx_sept_entry_level(const struct tdx_sept_entry *at)
{
	return at->details & TDX_GPA_LEVEL_MASK;
}

static inline enum tdx_sept_state tdx_sept_entry_state(const struct tdx_sept_entry *at)
{
	return (at->details >> TDX_SEPT_STATE_SHIFT) & TDX_SEPT_STATE_MASK;
}

#ifdef CONFIG_INTEL_TDX_HOST

/* Private KeyIDs (keyid.c).  Process. */
int tdx_keyid_alloc(struct tdx_td *td);
void tdx_keyid_free(struct tdx_td *td);
void tdx_keyid_burn(struct tdx_td *td);

/* Pages that are given to the module, and reclaimed (page.c).  Process. */
struct page *tdx_page_alloc(struct tdx_td *td);
void tdx_page_free(struct tdx_td *td, struct page *page);
u64 tdx_page_reclaim(struct tdx_td *td, struct page *page);
void tdx_page_leak(struct tdx_td *td, struct page *page);

/* Private memory, whose pages are allocated and freed by the caller (page.c).  Process. */
int tdx_page_take(struct tdx_td *td, struct page *page);
u64 tdx_page_return(struct tdx_td *td, struct page *page);
u64 tdx_page_reclaim_private(struct tdx_td *td, struct page *page);

/* A TD (td.c). */
u64 tdh_mng_create(struct tdx_td *td, struct page *tdr);	/* Process, unlocked */
u64 tdh_mng_key_config(struct tdx_td *td);			/* Process, unlocked */
u64 tdh_mng_addcx(struct tdx_td *td, struct page *page);	/* Process */
u64 tdh_mng_init(struct tdx_td *td, const struct tdx_td_params *params,
		 u64 *details);					/* Process */
u64 tdh_mng_rd(struct tdx_td *td, u64 field, u64 *value);	/* Process */
u64 tdh_mng_vpflushdone(struct tdx_td *td);			/* Process, unlocked */
u64 tdh_mng_key_freeid(struct tdx_td *td);			/* Process, unlocked */

/* A vCPU (vcpu.c). */
u64 tdh_vp_create(struct tdx_vp *vp, struct page *tdvpr);	/* Process */
u64 tdh_vp_addcx(struct tdx_vp *vp, struct page *page);		/* Process */
u64 tdh_vp_init(struct tdx_vp *vp, u64 rcx, u32 x2apic_id);	/* Process, vCPU loaded */
u64 tdh_vp_rd(struct tdx_vp *vp, u64 field, u64 *value);	/* Any, vCPU loaded */
u64 tdh_vp_wr(struct tdx_vp *vp, u64 field, u64 value, u64 mask); /* Any, vCPU loaded */
u64 tdh_vp_flush(struct tdx_vp *vp);				/* Any, on its CPU */

/* Running it (vp_enter.c).  Interrupts off, vCPU loaded; not retried, see there. */
u64 tdh_vp_enter(struct tdx_vp *vp, const u64 *in, u64 *out);

/* Bytes of a VMCS field */
static __always_inline unsigned int tdx_vmcs_bytes(u64 field)
{
	switch (field >> TDX_VMCS_WIDTH_SHIFT & TDX_VMCS_WIDTH_MASK) {
	case TDX_VMCS_WIDTH_16:
		return sizeof(u16);
	case TDX_VMCS_WIDTH_32:
		return sizeof(u32);
	default:
		return sizeof(u64);
	}
}

/* The size is also in the encoding of a VMCS field, from which the id was made. */
static __always_inline void tdx_vp_check_size(u64 field, unsigned int bytes)
{
	BUILD_BUG_ON(!__builtin_constant_p(field));
	BUILD_BUG_ON(1U << (field >> TDX_MD_SIZE_SHIFT & TDX_MD_SIZE_MASK) != bytes);
	BUILD_BUG_ON((field >> TDX_MD_CLASS_SHIFT & TDX_MD_CLASS_MASK) == TDX_MD_CLASS_VMCS &&
		     tdx_vmcs_bytes(field) != bytes);
}

/*
 * tdh_vp_rd() and tdh_vp_wr() for fields of 8 to 64 bits.  The id has to be constant;
 * a field of another size does not compile.
 */
static __always_inline u64 tdx_vp_read16(struct tdx_vp *vp, u64 field, u16 *value)
{
	u64 whole, status = tdh_vp_rd(vp, field, &whole);

	tdx_vp_check_size(field, sizeof(*value));
	*value = whole;
	return status;
}

static __always_inline u64 tdx_vp_read32(struct tdx_vp *vp, u64 field, u32 *value)
{
	u64 whole, status = tdh_vp_rd(vp, field, &whole);

	tdx_vp_check_size(field, sizeof(*value));
	*value = whole;
	return status;
}

static __always_inline u64 tdx_vp_read64(struct tdx_vp *vp, u64 field, u64 *value)
{
	tdx_vp_check_size(field, sizeof(*value));
	return tdh_vp_rd(vp, field, value);
}

static __always_inline u64 tdx_vp_write8(struct tdx_vp *vp, u64 field, u8 value, u8 mask)
{
	tdx_vp_check_size(field, sizeof(value));
	return tdh_vp_wr(vp, field, value, mask);
}

static __always_inline u64 tdx_vp_write16(struct tdx_vp *vp, u64 field, u16 value, u16 mask)
{
	tdx_vp_check_size(field, sizeof(value));
	return tdh_vp_wr(vp, field, value, mask);
}

static __always_inline u64 tdx_vp_write32(struct tdx_vp *vp, u64 field, u32 value, u32 mask)
{
	tdx_vp_check_size(field, sizeof(value));
	return tdh_vp_wr(vp, field, value, mask);
}

static __always_inline u64 tdx_vp_write64(struct tdx_vp *vp, u64 field, u64 value, u64 mask)
{
	tdx_vp_check_size(field, sizeof(value));
	return tdh_vp_wr(vp, field, value, mask);
}

/* Private memory (sept.c).  Process. */
u64 tdh_mem_sept_add(struct tdx_td *td, u64 gpa, unsigned int level, struct page *page,
		     struct tdx_sept_entry *at);
u64 tdh_mem_page_add(struct tdx_td *td, u64 gpa, struct page *page, struct page *source,
		     struct tdx_sept_entry *at);
u64 tdh_mem_page_aug(struct tdx_td *td, u64 gpa, unsigned int level, struct page *page,
		     struct tdx_sept_entry *at);
u64 tdh_mem_range_block(struct tdx_td *td, u64 gpa, unsigned int level,
			struct tdx_sept_entry *at);
u64 tdh_mem_track(struct tdx_td *td);
u64 tdh_mem_page_remove(struct tdx_td *td, u64 gpa, unsigned int level,
			struct tdx_sept_entry *at);
u64 tdh_mr_extend(struct tdx_td *td, u64 gpa, struct tdx_sept_entry *at);
u64 tdh_mr_finalize(struct tdx_td *td);

/* Caches, on each package (wbcache.c). */
u64 tdh_phymem_cache_wb(void);					/* Process, unlocked */

#endif /* CONFIG_INTEL_TDX_HOST */
#endif /* _ASM_X86_TDX_TD_H */
