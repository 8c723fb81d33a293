/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trust domains (TDs) as a VM type of KVM.
 *
 * Each file uses only those below it:
 *
 *	main.c		module parameters, offering the type
 *	ops.c		TD or VMX: the only file that calls both
 *	ioctl.c		KVM_MEMORY_ENCRYPT_OP, other ioctls that differ for a TD
 *	capabilities.c	KVM_TDX_CAPABILITIES, KVM_TDX_GET_CPUID
 *	initial.c	initial contents of private memory, KVM_TDX_FINALIZE_VM
 *	vm.c		creating and destroying a TD
 *	debugfs.c	the KeyID and the records of private memory, for tests
 *	sept.c		private memory
 *	keyid.c		releasing the KeyID of a TD
 *	exits.c		handling the exits of a vCPU
 *	fault_around.c	mapping private memory that a guest is about to access
 *	tdvmcall.c	TDG.VP.VMCALL: requests of the guest
 *	run.c		entering a vCPU, the host's state around that
 *	irq.c		interrupts and NMIs
 *	params.c	KVM_TDX_INIT_VM: the parameters of a TD
 *	vcpu.c		creating and freeing a vCPU, its association with a CPU
 *	shared.c	the shared half of a TD's memory
 *	bringup.c	initializing TDX
 *	msr.c		the MSRs that KVM emulates for a TD
 *	lock.c		the locks of a TD, for commands that change its state
 *	pages.c		control pages, permanent failures of SEAMCALLs
 */
#ifndef __KVM_X86_VMX_TDX_H
#define __KVM_X86_VMX_TDX_H

#include <linux/rwsem.h>
#include <linux/xarray.h>

#include <asm/tdx_td.h>

#include "../vmx.h"

#ifdef CONFIG_INTEL_TDX_HOST

/* TD attributes that KVM supports. */
#define KVM_SUPPORTED_TD_ATTRS	TDX_TD_ATTR_SEPT_VE_DISABLE

/* The width of guest physical addresses, in EAX of this leaf. */
#define CPUID_ADDRESS_WIDTHS	0x80000008
#define CPUID_GUEST_PHYS_BITS	GENMASK(23, 16)

/* General purpose registers */
#define TDX_NR_REGS		16

/* Above that of 4 KB pages */
#define TDX_MAX_SEPT_LEVELS	4

enum kvm_tdx_state {
	KVM_TDX_UNINIT,		/* no KeyID */
	KVM_TDX_INIT,		/* after KVM_TDX_INIT_VM */
	KVM_TDX_RUNNABLE,	/* after KVM_TDX_FINALIZE_VM */
};

/**
 * struct kvm_tdx - a TD
 * @vmx:	    data that all VMs of VMX have
 * @td:		    its KeyID and its pages
 * @state:	    written with all locks of tdx_lock_vm() held
 * @keyid_burnt:    its KeyID could not be released: its pages cannot be reclaimed
 * @sept_lock:	    see sept.c
 * @private_pages:  by GFN: the page frame of a private page, as a value
 * @sept_pages:	    pages of the secure EPT, by level of the entry that refers to them, less 1
 * @xfam:	    XFAM of the TD
 * @entries_blocked: no vCPU may enter the guest; written with sept_lock held for write
 * @gpaw_bits:	    width of guest physical addresses; the upper half is shared
 * @tsc_offset:	    chosen by TDH.MNG.INIT
 * @tsc_multiplier: chosen by TDH.MNG.INIT; a fixed-point number with 48 fractional bits
 */
struct kvm_tdx {
	struct kvm_vmx vmx;
	struct tdx_td td;
	enum kvm_tdx_state state;
	bool keyid_burnt;
	struct rw_semaphore sept_lock;
	struct xarray private_pages;
	struct xarray sept_pages[TDX_MAX_SEPT_LEVELS];
	bool entries_blocked;
	u64 xfam;
	unsigned int gpaw_bits;
	u64 tsc_offset;
	u64 tsc_multiplier;
};

/**
 * struct vcpu_tdx - a vCPU of a TD
 * @vmx:	 posted interrupts, and data for code that is shared with VMX; there is no
 *		 VMCS that KVM can access
 * @vp:		 its pages
 * @associable:	 all its pages were given to the module, which associates it with each CPU
 *		 on which a leaf accesses it
 * @initialized: KVM_TDX_INIT_VCPU was done
 * @cpu:	 the CPU that it may be associated with, or -1
 * @cpu_list:	 entry in that CPU's list
 * @status:	 what TDH.VP.ENTER returned last
 * @regs:	 registers after TDH.VP.ENTER, by their numbers
 * @vmcall:	 registers of the last TDG.VP.VMCALL; KVM's answer is written to them
 * @vmcall_function: its function, or TDX_NO_VMCALL if there was none since the last entry
 * @map_gpa:	 first address, and the end, of what is left of a TDX_VMCALL_MAP_GPA
 * @fault_around: GFN behind the last private page that was mapped because of a fault, and
 *		 how many could be mapped with it
 */
struct vcpu_tdx {
	struct vcpu_vmx vmx;
	struct tdx_vp vp;
	bool associable;
	bool initialized;
	int cpu;
	struct list_head cpu_list;

	u64 status;
	u64 regs[TDX_NR_REGS];
	u64 vmcall[TDX_NR_REGS];
	u64 vmcall_function;
	struct {
		gpa_t next;
		gpa_t end;
	} map_gpa;
	struct {
		gfn_t next;
		gfn_t nr;
	} fault_around;
};

/* A function of the GHCI has at most 32 bits. */
#define TDX_NO_VMCALL		(~0ULL)
/* The exit reason if the vCPU was not entered: VMX has none with 16 bits. */
#define TDX_NO_EXIT_REASON	0xffff

static inline bool is_td(struct kvm *kvm)
{
	return kvm->arch.vm_type == KVM_X86_TDX_VM;
}

static inline bool is_td_vcpu(struct kvm_vcpu *vcpu)
{
	return is_td(vcpu->kvm);
}

static inline struct kvm_tdx *to_kvm_tdx(struct kvm *kvm)
{
	return container_of(kvm, struct kvm_tdx, vmx.kvm);
}

static inline struct vcpu_tdx *to_tdx(struct kvm_vcpu *vcpu)
{
	return container_of(vcpu, struct vcpu_tdx, vmx.vcpu);
}

/* main.c */
void __init tdx_hardware_setup(struct kvm_x86_ops *ops);
void tdx_hardware_unsetup(void);
void __init tdx_loaded(void);

/* ops.c */
void __init tdx_replace_ops(struct kvm_x86_ops *ops);

/* lock.c */
int tdx_lock_vm(struct kvm *kvm);
void tdx_unlock_vm(struct kvm *kvm);

/* ioctl.c */
int tdx_vm_mem_enc_ioctl(struct kvm *kvm, void __user *argp);
int tdx_vcpu_mem_enc_ioctl(struct kvm_vcpu *vcpu, void __user *argp);
int tdx_vcpu_async_ioctl(struct kvm_vcpu *vcpu, unsigned int ioctl, void __user *argp);
int tdx_vm_ioctl(struct kvm *kvm, unsigned int ioctl, unsigned long arg);
int tdx_vm_enable_cap(struct kvm *kvm, struct kvm_enable_cap *cap);
int tdx_vm_check_extension(struct kvm *kvm, long ext);

/* capabilities.c */
int tdx_get_capabilities(const struct kvm_tdx_cmd *cmd);
int tdx_get_cpuid(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd);

/* bringup.c */
int tdx_bring_up(void);

/* vm.c */
int tdx_vm_init(struct kvm *kvm);
int tdx_vm_post_init(struct kvm *kvm);
void tdx_vm_free(struct kvm *kvm);
int tdx_init_vm(struct kvm *kvm, struct kvm_tdx_cmd *cmd);

/* debugfs.c */
void tdx_create_debugfs(struct kvm *kvm);

/* keyid.c */
void tdx_release_keyid(struct kvm *kvm);

/* initial.c */
int tdx_init_mem_region(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd);
int tdx_finalize_vm(struct kvm *kvm, struct kvm_tdx_cmd *cmd);

/* params.c */
u64 tdx_supported_attributes(void);
u64 tdx_supported_xfam(void);
void tdx_clear_unsupported_cpuid(struct kvm_cpuid_entry2 *entry);
int tdx_fill_params(struct kvm *kvm, const struct kvm_tdx_init_vm *init,
		    struct tdx_td_params *params);

/* exits.c */
int tdx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath);

/* fault_around.c */
void tdx_fault_around(struct kvm_vcpu *vcpu, gpa_t gpa);

/* tdvmcall.c */
int tdx_handle_vmcall(struct kvm_vcpu *vcpu);
int tdx_complete_emulated_msr(struct kvm_vcpu *vcpu, int err);

/* run.c */
bool __init tdx_find_user_return_msrs(void);
void tdx_prepare_switch_to_guest(struct kvm_vcpu *vcpu);
void tdx_vcpu_put(struct kvm_vcpu *vcpu);
int tdx_vcpu_pre_run(struct kvm_vcpu *vcpu);
void tdx_wait_for_entry(struct kvm_vcpu *vcpu);
fastpath_t tdx_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags);

/* irq.c */
void tdx_notify_posted_interrupts(struct kvm_vcpu *vcpu);
int tdx_sync_pir_to_irr(struct kvm_vcpu *vcpu);
bool tdx_interrupt_allowed(struct kvm_vcpu *vcpu);
bool tdx_has_virtual_interrupt(struct kvm_vcpu *vcpu);
void tdx_inject_nmi(struct kvm_vcpu *vcpu);

/* vcpu.c */
void __init tdx_init_cpu_lists(void);
void tdx_flush_cpu(void);
void tdx_vcpu_flush(struct kvm_vcpu *vcpu);
int tdx_vcpu_precreate(struct kvm *kvm);
int tdx_vcpu_create(struct kvm_vcpu *vcpu);
void tdx_vcpu_free(struct kvm_vcpu *vcpu);
void tdx_vcpu_reset(struct kvm_vcpu *vcpu, bool init_event);
void tdx_vcpu_load(struct kvm_vcpu *vcpu, int cpu);
int tdx_init_vcpu(struct kvm_vcpu *vcpu, const struct kvm_tdx_cmd *cmd);

/* shared.c */
int tdx_init_shared(struct kvm *kvm);
void tdx_load_mmu_pgd(struct kvm_vcpu *vcpu, hpa_t root_hpa);
u8 tdx_get_mt_mask(bool is_mmio);

/* msr.c */
bool tdx_has_emulated_msr(u32 index);
int tdx_get_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);
int tdx_set_msr(struct kvm_vcpu *vcpu, struct msr_data *msr);

#else /* !CONFIG_INTEL_TDX_HOST */

struct vcpu_tdx {
	struct vcpu_vmx vmx;
};

static inline void tdx_hardware_setup(struct kvm_x86_ops *ops) { }
static inline void tdx_hardware_unsetup(void) { }
static inline void tdx_loaded(void) { }

static inline bool tdx_interrupt_allowed(struct kvm_vcpu *vcpu)
{
	return true;
}

#endif /* CONFIG_INTEL_TDX_HOST */

#endif /* __KVM_X86_VMX_TDX_H */
