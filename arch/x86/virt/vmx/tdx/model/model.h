/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A software TDX module.
 *
 * A freestanding model of the module's host interface with three users: the
 * KUnit suites redirect SEAMCALLs to it, the emulated platform answers the
 * SEAMCALL instruction with it, and userspace tests link it.  It depends on its
 * environment only by struct tdx_model_ops.
 *
 * It is stricter than hardware: undefined behavior of the architecture is
 * always an error here.
 */
#ifndef _X86_VIRT_TDX_MODEL_H
#define _X86_VIRT_TDX_MODEL_H

#include <linux/types.h>

#include <asm/tdx_abi_td.h>

#include "../abi.h"
#include "../regs.h"
#include "guest.h"

#define TDX_MODEL_MAX_LPS	64
#define TDX_MODEL_MAX_PKGS	8
#define TDX_MODEL_MAX_TDMRS	64
#define TDX_MODEL_NR_KEYIDS	2048
#define TDX_MODEL_MAX_PAMT_ENTRY	256	/* bytes */
#define TDX_MODEL_NR_CPUID	64	/* leaves that the module virtualizes */
#define TDX_MODEL_NR_LEAVES	128	/* higher numbers are counted as the last */

/* The registers that a SEAMCALL reads and writes. */
struct tdx_model_regs {
	u64 rax;
	u64 rbp;
	struct tdx_regs gpr;
};

/* Owner of a page. */
enum tdx_model_page_type {
	TDX_MODEL_PAGE_HOST,	/* free, reserved, or in no TDMR */
	TDX_MODEL_PAGE_PAMT,
	TDX_MODEL_PAGE_TD,
};

/*
 * Operations that the model needs from the platform.  All physical addresses
 * are without KeyID bits; @ctx is struct tdx_model.ctx.
 */
struct tdx_model_ops {
	/* Read or write host physical memory; false if there is no memory. */
	bool (*read_phys)(void *ctx, u64 pa, void *buf, u64 bytes);
	bool (*write_phys)(void *ctx, u64 pa, const void *buf, u64 bytes);
	/*
	 * Memory that the module owns, PAMTs and pages of TDs: a range within a page.  The
	 * mapping is valid until the page is returned to the host.  NULL: no memory there.
	 */
	void *(*map)(void *ctx, u64 pa, u64 bytes);
	/*
	 * The current logical processor: 0 .. nr_lps - 1; those from nr_lps on,
	 * below TDX_MODEL_MAX_LPS, were hot-added.
	 */
	unsigned int (*this_lp)(void *ctx);
	/* Read an MSR of this logical processor; false for #GP. */
	bool (*rdmsr)(void *ctx, u32 msr, u64 *value);
	/* CPUID on this logical processor: EAX, EBX, ECX, EDX. */
	void (*cpuid)(void *ctx, u32 leaf, u32 subleaf, u32 regs[4]);
	/* False if there is no entropy. */
	bool (*random)(void *ctx, u64 *value);
	/* PCONFIG: new key for a KeyID on this package.  Returns 0 or an error code.  Optional. */
	u32 (*pconfig)(void *ctx, u16 keyid);
	/*
	 * The module takes a range from the host (PAMTs, in TDH.SYS.CONFIG; pages of
	 * TDs) or returns it; tdx_model_page() has been updated before.  Optional.
	 */
	void (*own)(void *ctx, u64 pa, u64 bytes, enum tdx_model_page_type type, bool owned);
	/* Called while a leaf holds its locks, to take time.  Optional. */
	void (*work)(void *ctx, u64 leaf);
	/* Operations to run vCPUs of TDs.  NULL: TDH.VP.ENTER does not exist. */
	const struct tdx_model_guest_ops *guests;
};

enum tdx_model_generation {
	TDX_MODEL_1_0,		/* TDH.SYS.INFO only */
	TDX_MODEL_1_5,		/* 1.5.01: adds TDH.SYS.RD */
	TDX_MODEL_1_5_06,	/* adds features that the newest kernels need */
	TDX_MODEL_2_0,		/* adds metadata fields */
	TDX_MODEL_NR_GENERATIONS,

	TDX_MODEL_DEFAULT = TDX_MODEL_1_5_06,
};

/*
 * Version of the modules of a generation, and those of their features that the
 * model has.
 */
struct tdx_model_release {
	const char *name;
	u16 major_version, minor_version, update_version;
	u64 tdx_features0;
};

extern const struct tdx_model_release tdx_model_releases[TDX_MODEL_NR_GENERATIONS];

/* The machine and the module, as set up by the BIOS.  Fixed after loading. */
struct tdx_model_config {
	enum tdx_model_generation generation;
	unsigned int nr_lps;			/* all that the BIOS enabled */
	unsigned int nr_pkgs;			/* each has a logical processor */
	u8 pkg_of_lp[TDX_MODEL_MAX_LPS];	/* below nr_pkgs */
	u64 seamrr_base, seamrr_size;		/* bytes */
	unsigned int keyid_bits;		/* in a physical address, below bit 52 */
	unsigned int first_private_keyid;
	unsigned int nr_private_keyids;
	struct tdx_cmr_info cmrs[TDX_NR_CMRS];
	u16 max_tdmrs;
	u16 max_reserved_per_tdmr;
	u16 pamt_entry_size;			/* bytes, all three levels */
	u64 tdx_features0;
	u16 major_version, minor_version, update_version, build_num;
	u32 build_date;				/* yyyymmdd in decimal */
	/*
	 * Versions of handoff data: the one written, the oldest written or
	 * accepted.
	 */
	u16 module_hv, min_update_hv;
	bool no_downgrade;			/* only module_hv can be written */
	u16 metadata_list_bytes;		/* of TDH.SYS.RDALL; 0: a page */
};

/* Module states, named as in the TDX Module Base Architecture Specification. */
enum tdx_model_state {
	TDX_MODEL_INIT_PENDING,
	TDX_MODEL_INIT_DONE,
	TDX_MODEL_CONFIG_DONE,
	TDX_MODEL_READY,
	TDX_MODEL_SHUTDOWN,
	TDX_MODEL_DISABLING,	/* TDH.SYS.DISABLE was interrupted */
};

/*
 * In lps_inside: no leaf can begin any more, or none before the current one has
 * ended.
 */
#define TDX_MODEL_CLOSED	0x40000000
#define TDX_MODEL_ALONE		0x20000000

/*
 * A lock that is tried once: free (0), held exclusively, or number of shared
 * holders.
 */
struct tdx_model_lock {
	s16 holders;	/* -1: exclusive */
};

/* The state of a KeyID in the module's key ownership table (KOT). */
enum tdx_model_keyid_state {
	TDX_MODEL_KEYID_FREE,
	TDX_MODEL_KEYID_ASSIGNED,
	TDX_MODEL_KEYID_FLUSHED,
	TDX_MODEL_KEYID_RESERVED,
};

struct tdx_model_keyid {
	u8 state;
	u8 dirty_pkgs;	/* FLUSHED: packages whose caches have to be written back, as bits */
};

/* State of TDH.PHYMEM.CACHE.WB on a package. */
struct tdx_model_cache_wb {
	struct tdx_model_lock lock;
	u32 next;	/* next part of the cache after an interruption; 0: not interrupted */
	u64 keyids[TDX_MODEL_NR_KEYIDS / 64];	/* those that were FLUSHED at its start */
};

/* MSRs whose values have to be equal on all logical processors. */
#define TDX_MODEL_NR_RECORDED_MSRS	6

struct tdx_model_lp {
	bool init_done;
	bool shut_down;
	char why[160];
};

struct tdx_model_tdmr {
	struct tdx_tdmr_info info;
	u64 next;	/* first address that is not initialized */
	struct tdx_model_lock lock;
};

/* The memory of PAMTs and its KeyID.  See tdx_model_page(). */
struct tdx_model_pamts {
	u64 sequence;	/* odd while the other fields change */
	u64 keyid;
	u64 nr;
	struct tdx_pamt_area areas[TDX_MODEL_MAX_TDMRS * TDX_NR_PAMT_LEVELS];
};

/* Data that TDH.SYS.SHUTDOWN leaves for the next module. */
struct tdx_model_handoff {
	bool valid;
	u16 version;
	u16 global_keyid;
	struct tdx_model_keyid keyids[TDX_MODEL_NR_KEYIDS];
	bool pkg_key_configured[TDX_MODEL_MAX_PKGS];
	unsigned int nr_tdmrs;
	struct tdx_model_tdmr tdmrs[TDX_MODEL_MAX_TDMRS];
};

struct tdx_model {
	struct tdx_model_config config;
	const struct tdx_model_ops *ops;
	void *ctx;

	struct tdx_sysinfo_struct sysinfo;
	struct tdx_model_lock global_lock;
	enum tdx_model_state state;
	unsigned int nr_lps_init_done;
	u64 recorded_msrs[TDX_MODEL_NR_RECORDED_MSRS];
	struct tdx_model_lock kot_lock;		/* protects keyids */
	struct tdx_model_keyid keyids[TDX_MODEL_NR_KEYIDS];
	struct tdx_model_lock ket_lock;		/* a PCONFIG is at work */
	struct tdx_model_cache_wb cache_wb[TDX_MODEL_MAX_PKGS];
	u16 global_keyid;
	bool pkg_key_configured[TDX_MODEL_MAX_PKGS];
	unsigned int nr_tdmrs;
	struct tdx_model_tdmr tdmrs[TDX_MODEL_MAX_TDMRS];
	struct tdx_model_pamts pamts;
	u64 nr_td_pages;	/* owned by TDs, in 4 KB */
	/* Recorded by TDH.SYS.INIT, for the leaves of tdx_model_cpuid_leaves[]. */
	struct tdx_cpuid_value cpuid[TDX_MODEL_NR_CPUID];
	struct tdx_model_lp lps[TDX_MODEL_MAX_LPS];
	/* Logical processors in the module; and TDX_MODEL_CLOSED, TDX_MODEL_ALONE. */
	int lps_inside;
	struct tdx_model_handoff handoff;

	/* Statistics: SEAMCALLs in total and by leaf. */
	u64 nr_seamcalls;
	u64 nr_by_leaf[TDX_MODEL_NR_LEAVES];
	u64 nr_failed_by_leaf[TDX_MODEL_NR_LEAVES];
	u64 nr_associations;	/* of a vCPU with a logical processor */
};

bool tdx_model_load(struct tdx_model *m, const struct tdx_model_config *config,
		    const struct tdx_model_ops *ops, void *ctx);
void tdx_model_find_in_state(struct tdx_model *m, enum tdx_model_state state);
bool tdx_model_update(struct tdx_model *m, const struct tdx_model_config *config);
void tdx_model_seamcall(struct tdx_model *m, struct tdx_model_regs *regs);
const char *tdx_model_why(struct tdx_model *m);

struct tdx_model_page {
	enum tdx_model_page_type type;
	u16 keyid;	/* KeyID of its contents; 0: the host's */
	u8 td_type;	/* enum tdx_page_type of a page of a TD */
	u64 tdr;	/* address of its TDR page */
};

struct tdx_model_page tdx_model_page(const struct tdx_model *m, u64 pa);
bool tdx_model_pamt(const struct tdx_model *m, unsigned int i, struct tdx_pamt_area *pamt);
void tdx_model_mrtd(const struct tdx_model *m, u64 tdr, u8 mrtd[TDX_MR_BYTES]);
bool tdx_model_healthy_msr(const struct tdx_model_config *config, u32 msr, u64 *value);
void tdx_model_healthy_cpuid(const struct tdx_model_config *config, unsigned int lp,
			     u32 leaf, u32 subleaf, u32 regs[4]);

#endif /* _X86_VIRT_TDX_MODEL_H */
