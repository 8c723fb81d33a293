// SPDX-License-Identifier: GPL-2.0-only
/*
 * Handling the exits of a TD's vCPU.
 *
 * Most exits of VMX do not reach KVM: the module handles them, or raises #VE in the guest,
 * which then asks for emulation by TDG.VP.VMCALL.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": tdx: " fmt

#include <linux/kvm_host.h>
#include <linux/minmax.h>
#include <linux/nospec.h>
#include <linux/ratelimit.h>
#include <linux/xarray.h>

#include <asm/kvm_vcpu_regs.h>
#include <asm/vmx.h>

#include "../../mmu.h"
#include "../../mmu/private.h"
#include "../../trace.h"
#include "../../x86.h"
#include "../ept_violation.h"
#include "tdx.h"
#include "trace.h"

static int report_internal_error(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
	run->internal.ndata = 2;
	run->internal.data[0] = to_tdx(vcpu)->status;
	run->internal.data[1] = vcpu->arch.last_vmentry_cpu;
	return 0;
}

static int continue_guest(struct kvm_vcpu *vcpu)
{
	return 1;
}

/* NMIs and machine checks were handled by vmx_handle_exit_irqoff(). */
static int handle_exception(struct kvm_vcpu *vcpu)
{
	u32 intr_info = to_vmx(vcpu)->exit_intr_info;

	if (is_nmi(intr_info) || is_machine_check(intr_info))
		return 1;

	vcpu->run->exit_reason = KVM_EXIT_EXCEPTION;
	vcpu->run->ex.exception = intr_info & INTR_INFO_VECTOR_MASK;
	vcpu->run->ex.error_code = 0;
	return 0;
}

/* Its handler was called by vmx_handle_exit_irqoff(). */
static int handle_external_interrupt(struct kvm_vcpu *vcpu)
{
	++vcpu->stat.irq_exits;
	return 1;
}

static int handle_triple_fault(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
	vcpu->mmio_needed = 0;
	return 0;
}

/* The guest can cause it, but it cannot go on: the same access would fault forever. */
static int kill_guest(struct kvm_vcpu *vcpu, const char *access)
{
	pr_warn_ratelimited("%s, the TD of process %d is dead\n", access,
			    to_kvm_tdx(vcpu->kvm)->td.creator);
	kvm_vm_dead(vcpu->kvm);
	return -EIO;
}

static int handle_private_access(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned long qual)
{
	u64 type = to_tdx(vcpu)->regs[__VCPU_REGS_RDX] & TDX_EXTENDED_EXIT_TYPE_MASK;
	int ret;

	/* The page is there, but the TD has no #VE for that. */
	if (type == TDX_EXTENDED_EXIT_PENDING && !(qual & EPT_VIOLATION_RWX_MASK))
		return kill_guest(vcpu, "access to private memory before the guest accepted it");

	ret = kvm_mmu_private_fault(vcpu, gpa);
	if (ret > 0)
		tdx_fault_around(vcpu, gpa);
	return ret;
}

static int handle_shared_access(struct kvm_vcpu *vcpu, gpa_t gpa, unsigned long qual)
{
	if (qual & EPT_VIOLATION_ACC_INSTR)
		return kill_guest(vcpu, "the guest executes code in shared memory");

	/* How the guest has found the address does not matter: its page tables are private. */
	return kvm_mmu_page_fault(vcpu, kvm_gpa_without_shared(vcpu->kvm, gpa),
				  vmx_ept_error_code(qual), NULL, 0);
}

/* The level at which the half of memory that is accessed maps it.  Changes nothing. */
static int mapped_level(struct kvm *kvm, gpa_t gpa)
{
	if (kvm_gpa_is_shared(kvm, gpa))
		return kvm_mmu_shared_level(kvm, gpa_to_gfn(kvm_gpa_without_shared(kvm, gpa)));
	return xa_load(&to_kvm_tdx(kvm)->private_pages, gpa_to_gfn(gpa)) ? PG_LEVEL_4K :
									   PG_LEVEL_NONE;
}

static int handle_ept_violation(struct kvm_vcpu *vcpu)
{
	unsigned long qual = to_vmx(vcpu)->exit_qualification;
	gpa_t gpa = to_tdx(vcpu)->regs[__VCPU_REGS_R8];
	bool shared = kvm_gpa_is_shared(vcpu->kvm, gpa);

	trace_kvm_page_fault(vcpu, gpa, qual);
	if (trace_tdx_fault_enabled())
		trace_tdx_fault(vcpu, gpa, shared, mapped_level(vcpu->kvm, gpa));
	if (shared) {
		++vcpu->stat.td.td_shared_fault_exits;
		return handle_shared_access(vcpu, gpa, qual);
	}
	++vcpu->stat.td.td_private_fault_exits;
	return handle_private_access(vcpu, gpa, qual);
}

/* MMIO raises #VE, and all other entries of the shared half are valid. */
static int handle_ept_misconfig(struct kvm_vcpu *vcpu)
{
	KVM_BUG_ON(1, vcpu->kvm);
	return -EIO;
}

/* As for VMX: tdx_handle_exit() tells user space. */
static int handle_bus_lock_exit(struct kvm_vcpu *vcpu)
{
	to_vmx(vcpu)->exit_reason.bus_lock_detected = true;
	return 1;
}

static int handle_notify_exit(struct kvm_vcpu *vcpu)
{
	bool context_invalid = to_vmx(vcpu)->exit_qualification & NOTIFY_VM_CONTEXT_INVALID;

	++vcpu->stat.notify_window_exits;
	if (!context_invalid &&
	    !(vcpu->kvm->arch.notify_vmexit_flags & KVM_X86_NOTIFY_VMEXIT_USER))
		return 1;

	vcpu->run->exit_reason = KVM_EXIT_NOTIFY;
	vcpu->run->notify.flags = context_invalid ? KVM_NOTIFY_CONTEXT_INVALID : 0;
	return 0;
}

static int (*const handlers[])(struct kvm_vcpu *vcpu) = {
	[EXIT_REASON_EXCEPTION_NMI]	 = handle_exception,
	[EXIT_REASON_EXTERNAL_INTERRUPT] = handle_external_interrupt,
	[EXIT_REASON_TRIPLE_FAULT]	 = handle_triple_fault,
	[TDX_EXIT_REASON_OTHER_SMI]	 = continue_guest,
	[TDX_EXIT_REASON_C_STATE_SMI]	 = continue_guest,
	[EXIT_REASON_EPT_VIOLATION]	 = handle_ept_violation,
	[EXIT_REASON_EPT_MISCONFIG]	 = handle_ept_misconfig,
	[EXIT_REASON_BUS_LOCK]		 = handle_bus_lock_exit,
	[EXIT_REASON_NOTIFY]		 = handle_notify_exit,
	[TDX_EXIT_REASON_TDCALL]	 = tdx_handle_vmcall,
};

static void count_exit(struct kvm_vcpu *vcpu, unsigned int reason)
{
	if (reason == TDX_EXIT_REASON_TDCALL)
		++vcpu->stat.td.td_tdcall_exits;
	else if (reason != EXIT_REASON_EPT_VIOLATION)
		++vcpu->stat.td.td_other_exits;
}

static int handle_reason(struct kvm_vcpu *vcpu)
{
	unsigned int reason = to_vmx(vcpu)->exit_reason.basic;

	count_exit(vcpu, reason);
	if (reason >= ARRAY_SIZE(handlers))
		return report_internal_error(vcpu);

	reason = array_index_nospec(reason, ARRAY_SIZE(handlers));
	return handlers[reason] ? handlers[reason](vcpu) : report_internal_error(vcpu);
}

static int report_failed_entry(struct kvm_vcpu *vcpu)
{
	vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
	vcpu->run->fail_entry.hardware_entry_failure_reason = to_vmx(vcpu)->exit_reason.full;
	vcpu->run->fail_entry.cpu = vcpu->arch.last_vmentry_cpu;
	return 0;
}

/* The status has an exit reason. */
static int handle_exit(struct kvm_vcpu *vcpu)
{
	union vmx_exit_reason reason = to_vmx(vcpu)->exit_reason;
	u64 status = to_tdx(vcpu)->status;

	if (reason.failed_vmentry)
		return report_failed_entry(vcpu);

	/* The vCPU or the TD cannot run any more, which is normal after a triple fault. */
	if (status & (TDX_STATUS_ERROR | TDX_STATUS_NON_RECOVERABLE) &&
	    reason.basic != EXIT_REASON_TRIPLE_FAULT)
		return report_internal_error(vcpu);

	return handle_reason(vcpu);
}

/* The CPU did not reach the module. */
static bool is_software_error(u64 status)
{
	return (status & TDX_SW_ERROR) == TDX_SW_ERROR;
}

/* The guest did not run, or a lock was busy for too long in its TDCALL. */
static int handle_no_exit(struct kvm_vcpu *vcpu)
{
	u64 status = to_tdx(vcpu)->status;

	++vcpu->stat.td.td_no_entry;
	switch (tdx_status_code(status)) {
	case TDX_OPERAND_BUSY:
	case TDX_HOST_PRIORITY_BUSY_TIMEOUT:
		return 1;
	}
	/* TDX_NON_RECOVERABLE_TD_CORRUPTED_MD is not an error, but the end of the TD. */
	if (!(status & (TDX_STATUS_ERROR | TDX_STATUS_NON_RECOVERABLE)))
		return 1;

	KVM_BUG_ON(is_software_error(status) && status != TDX_SEAMCALL_RETIRED && !kvm_rebooting,
		   vcpu->kvm);
	return report_internal_error(vcpu);
}

/**
 * tdx_handle_exit - handle an exit of a TD's vCPU
 * @vcpu: the vCPU
 * @fastpath: what tdx_vcpu_run() returned
 *
 * Context: Process context, may sleep; with kvm->srcu held.
 * Return: 1 to enter the guest, 0 to return to user space, or a negative errno.
 */
int tdx_handle_exit(struct kvm_vcpu *vcpu, fastpath_t fastpath)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);
	int ret;

	if (fastpath != EXIT_FASTPATH_NONE) {
		tdx_wait_for_entry(vcpu);
		return 1;
	}
	if (vmx->exit_reason.full == TDX_NO_EXIT_REASON)
		return handle_no_exit(vcpu);

	ret = handle_exit(vcpu);
	if (!vmx->exit_reason.bus_lock_detected)
		return ret;

	if (ret > 0)
		vcpu->run->exit_reason = KVM_EXIT_X86_BUS_LOCK;
	vcpu->run->flags |= KVM_RUN_X86_BUS_LOCK;
	return min(ret, 0);
}
