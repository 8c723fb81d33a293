/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Control structures of TDs and vCPUs in the software TDX module.  They are stored in
 * the pages of the TD.
 */
#ifndef _X86_VIRT_TDX_MODEL_TD_H
#define _X86_VIRT_TDX_MODEL_TD_H

#include "model.h"
#include "sha384.h"

/* TDCX pages, in the order in which they are added. */
enum tdx_model_tdcx {
	TDX_MODEL_TDCX_TDCS,		/* struct tdx_model_tdcs */
	TDX_MODEL_TDCX_TDCS_2,
	TDX_MODEL_TDCX_MSR_BITMAPS,
	TDX_MODEL_TDCX_SEPT_ROOT,
	TDX_MODEL_TDCX_ZERO_PAGE,
	TDX_MODEL_TDCX_MIGRATION,
	TDX_MODEL_MIN_TDCX,		/* and one more for each L2 VM */
};

#define TDX_MODEL_NO_LP		(~0U)
#define TDX_MODEL_MAX_L2_VMS	3
#define TDX_MODEL_NR_VMS	(1 + TDX_MODEL_MAX_L2_VMS)	/* the TD itself is number 0 */
#define TDX_MODEL_NR_XFEATURES	19
#define TDX_MODEL_PAGES_PER_L2_VM 3	/* of a vCPU */

/* In the TDR page. */
struct tdx_model_td {
	u16 hkid;
	u8  lifecycle;		/* enum tdx_td_lifecycle */
	bool fatal;
	u32 nr_tdcx;
	u64 chldcnt;		/* pages of 4 KB, without the TDR */
	u64 pkgs_configured;	/* bits */
	u64 uuid[4];
	u64 tdcx_pa[TDX_MAX_TDCX_PAGES];
	u16 handoff_version;
};

/* In the first TDCX page. */
struct tdx_model_tdcs {
	u32 nr_vcpus;
	u32 nr_assoc_vcpus;
	u32 op_state;		/* enum tdx_td_op_state */
	struct tdx_model_lock op_state_lock;
	struct tdx_model_lock sept_lock;	/* the tree; entries have their own */
	struct tdx_model_lock td_epoch_lock;
	struct tdx_model_lock rtmr_lock;
	u64 last_vcpu_pa;	/* list of vCPUs with an x2APIC id; see struct tdx_model_vcpu */
	u64 attributes;
	u64 xfam;
	u64 eptp_controls;
	u64 config_flags;
	u64 td_ctls;
	u64 arch_capabilities;
	u64 tsc_offset;
	u64 tsc_multiplier;
	u32 hp_lock_timeout;	/* in ticks of the TSC */
	u32 max_vcpus;
	u16 tsc_frequency;	/* units of 25 MHz */
	u16 num_l2_vms;
	u8  topology_unknown;	/* there is a vCPU without an x2APIC id */
	u8  vm_ctls[TDX_MODEL_NR_VMS];
	u64 td_epoch;
	u16 refcount[2];
	u32 xbuff_size;
	u32 xbuff_offsets[TDX_MODEL_NR_XFEATURES];
	struct tdx_model_sha384 measurement;	/* becomes MRTD */
	u64 mrtd[TDX_MR_BYTES / 8];
	u64 mrconfigid[TDX_MR_BYTES / 8];
	u64 mrowner[TDX_MR_BYTES / 8];
	u64 mrownerconfig[TDX_MR_BYTES / 8];
	u64 rtmr[TDX_NR_RTMRS][TDX_MR_BYTES / 8];
	u64 notify_enables;	/* the guest's; nothing is ever notified */
	struct tdx_cpuid_value cpuid[TDX_MODEL_NR_CPUID];
};

/* Fields CPUID_CONTROL of a vCPU: the first ones are for tdx_model_cpuid_leaves[]. */
#define TDX_MODEL_NR_CPUID_CONTROLS	128
#define TDX_MODEL_CPUID_VE_SUPERVISOR	BIT(0)
#define TDX_MODEL_CPUID_VE_USER		BIT(1)

/* TDVPS pages, in the order in which they are added after the TDVPR */
enum tdx_model_tdvps {
	TDX_MODEL_TDVPS_TDVPR,		/* struct tdx_model_vcpu */
	TDX_MODEL_TDVPS_GUEST,		/* struct tdx_model_guest */
	TDX_MODEL_TDVPS_VAPIC,
	TDX_MODEL_TDVPS_XSTATE,		/* and what follows */
};

/* Information for the guest about the last #VE.  The CPU writes all up to @eptp_index. */
struct tdx_model_ve_info {
	u32 reason;
	u32 valid;		/* TDX_MODEL_VE_VALID, or 0: the guest has read it */
	u64 qualification;
	u64 gla;
	u64 gpa;
	u16 eptp_index;
	u16 reserved;
	u32 instruction_length;
	u32 instruction_info;
};

#define TDX_MODEL_VE_VALID	(~0U)

static_assert(offsetof(struct tdx_model_ve_info, instruction_length) == 36);

/* The kind of a vCPU's last TD exit */
enum tdx_model_last_exit {
	TDX_MODEL_LAST_ASYNCHRONOUS,
	TDX_MODEL_LAST_VMCALL,		/* TDG.VP.VMCALL waits for its results */
};

#define TDX_MODEL_MAX_ZERO_STEP_GPAS	32

/* EPT violations of private memory, without any progress in between (zero_step.c) */
struct tdx_model_zero_step {
	u64 gpa[TDX_MODEL_MAX_ZERO_STEP_GPAS];	/* of those that are suspicious */
	u8  nr_violations;	/* those that are not */
	u8  nr_gpas;
};

/* In the TDVPR page. */
struct tdx_model_vcpu {
	struct tdx_model_ve_info ve_info;
	u8  state;		/* enum tdx_vcpu_state */
	u8  nr_pages;
	u8  pend_nmi;
	u8  cpuid_supervisor_ve, cpuid_user_ve;
	u8  cpuid_control[TDX_MODEL_NR_CPUID_CONTROLS];	/* TDX_MODEL_CPUID_VE_* by leaf */
	/* The guest's, by VM; they have no effect, as L2 VMs do not run. */
	u8  l2_ctls[TDX_MODEL_NR_VMS];
	u64 tsc_deadline[TDX_MODEL_NR_VMS];
	u32 index;
	u32 assoc_lp;
	u32 x2apic_id;
	u64 previous_vcpu_pa;	/* next in the list of vCPUs with an x2APIC id; 0: the last */
	u64 epoch;
	u64 page_pa[TDX_MAX_TDVPS_PAGES];
	u8  last_exit;		/* enum tdx_model_last_exit */
	u32 vmcall_mask;	/* registers of the last VMCALL */
	u64 last_exit_tsc;
	struct tdx_model_zero_step zero_step;
	/* Fields of the VMCS. */
	u64 pi_descriptor;
	u64 shared_eptp;
	u32 pin_controls;
	u32 secondary_controls;
	u32 instruction_timeout;
	u16 notification_vector;
};

static_assert(sizeof(struct tdx_model_td) <= 4096);
static_assert(sizeof(struct tdx_model_tdcs) <= 4096);
static_assert(sizeof(struct tdx_model_vcpu) <= 4096);

#endif /* _X86_VIRT_TDX_MODEL_TD_H */
