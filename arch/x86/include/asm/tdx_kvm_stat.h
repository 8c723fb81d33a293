/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Statistics of TDs in KVM's binary statistics, which kvm_stat shows.
 */
#ifndef _ASM_X86_TDX_KVM_STAT_H
#define _ASM_X86_TDX_KVM_STAT_H

#include <linux/types.h>

#ifdef CONFIG_INTEL_TDX_HOST

/**
 * struct tdx_vm_stat - statistics of a TD; vCPUs map pages at the same time
 * @td_private_pages: pages of private memory that the TD has now
 * @td_page_add:      pages with initial contents
 * @td_page_aug:      pages that were mapped later
 * @td_page_remove:   pages that were removed from the TD while it had its KeyID
 * @td_page_reclaim:  pages that were reclaimed afterwards
 * @td_busy:	      SEAMCALLs that failed because the guest or a vCPU had a lock for long
 */
struct tdx_vm_stat {
	atomic64_t td_private_pages;
	atomic64_t td_page_add;
	atomic64_t td_page_aug;
	atomic64_t td_page_remove;
	atomic64_t td_page_reclaim;
	atomic64_t td_busy;
};

/**
 * struct tdx_vcpu_stat - statistics of a vCPU of a TD
 * @td_tdcall_exits:  requests of the guest: TDG.VP.VMCALL
 * @td_private_fault_exits: accesses to private memory that was not mapped
 * @td_shared_fault_exits: accesses to shared memory that was not mapped
 * @td_other_exits:   exits for other reasons, interrupts included
 * @td_no_entry:      times that the module did not enter the guest, or was busy in a TDCALL
 */
struct tdx_vcpu_stat {
	u64 td_tdcall_exits;
	u64 td_private_fault_exits;
	u64 td_shared_fault_exits;
	u64 td_other_exits;
	u64 td_no_entry;
};

#define TDX_VM_STATS_DESC(stat, type, unit, base, exp, sz, bsz)				\
	{										\
		{									\
			STATS_DESC_COMMON(type, unit, base, exp, sz, bsz),		\
			.offset = offsetof(struct kvm_vm_stat, td.stat)			\
		},									\
		.name = #stat,								\
	}

#define TDX_VCPU_STATS_DESC(stat, type, unit, base, exp, sz, bsz)			\
	{										\
		{									\
			STATS_DESC_COMMON(type, unit, base, exp, sz, bsz),		\
			.offset = offsetof(struct kvm_vcpu_stat, td.stat)		\
		},									\
		.name = #stat,								\
	}

/* Entries of kvm_vm_stats_desc and kvm_vcpu_stats_desc, with the last comma */
#define TDX_VM_STATS						\
	STATS_DESC_ICOUNTER(TDX_VM, td_private_pages),		\
	STATS_DESC_COUNTER(TDX_VM, td_page_add),		\
	STATS_DESC_COUNTER(TDX_VM, td_page_aug),		\
	STATS_DESC_COUNTER(TDX_VM, td_page_remove),		\
	STATS_DESC_COUNTER(TDX_VM, td_page_reclaim),		\
	STATS_DESC_COUNTER(TDX_VM, td_busy),

#define TDX_VCPU_STATS						\
	STATS_DESC_COUNTER(TDX_VCPU, td_tdcall_exits),		\
	STATS_DESC_COUNTER(TDX_VCPU, td_private_fault_exits),	\
	STATS_DESC_COUNTER(TDX_VCPU, td_shared_fault_exits),	\
	STATS_DESC_COUNTER(TDX_VCPU, td_other_exits),		\
	STATS_DESC_COUNTER(TDX_VCPU, td_no_entry),

#else

struct tdx_vm_stat { };
struct tdx_vcpu_stat { };

#define TDX_VM_STATS
#define TDX_VCPU_STATS

#endif /* CONFIG_INTEL_TDX_HOST */

#endif /* _ASM_X86_TDX_KVM_STAT_H */
