// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entering a vCPU of a TD, and the host's state around that.
 *
 * The module saves and restores most of the host's state itself.  The rest is restored here:
 * after each exit, when the vCPU is put, or on the return to user space.
 */
#include <linux/kvm_host.h>
#include <linux/rwsem.h>
#include <linux/string.h>

#include <asm/debugreg.h>
#include <asm/fpu/xcr.h>
#include <asm/kvm_vcpu_regs.h>
#include <asm/msr.h>
#include <asm/pkru.h>
#include <asm/vmx.h>

#include "../../trace.h"
#include "../../x86.h"
#include "tdx.h"
#include "trace.h"

/* Bits of the host's DEBUGCTL that the module preserves */
#define PRESERVED_DEBUGCTL	(DEBUGCTLMSR_BTF | DEBUGCTLMSR_FREEZE_PERFMON_ON_PMI | \
				 DEBUGCTLMSR_FREEZE_IN_SMM)

/* The values with which the module leaves MSRs that only user space needs. */
static struct {
	u32 msr;
	u64 value;
	int slot;
} user_return_msrs[] __ro_after_init = {
	{ MSR_SYSCALL_MASK, X86_EFLAGS_VM | X86_EFLAGS_IF },
	{ MSR_STAR, 0 },
	{ MSR_LSTAR, 0 },
	{ MSR_TSC_AUX, 0 },
};

/**
 * tdx_find_user_return_msrs - find the MSRs that are restored on the return to user space
 *
 * Context: While kvm_intel is loaded, after VMX has registered its MSRs.
 * Return: Whether all were found.
 */
bool __init tdx_find_user_return_msrs(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(user_return_msrs); i++) {
		user_return_msrs[i].slot = kvm_find_user_return_msr(user_return_msrs[i].msr);
		if (user_return_msrs[i].slot < 0)
			return false;
	}
	return true;
}

/*
 * The module may return without having entered the vCPU: so that KVM knows their values in
 * any case, the MSRs are set before.  They keep the values until the vCPU is put, as the CPU
 * does not return to user space before.
 */
static void set_user_return_msrs(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(user_return_msrs); i++)
		kvm_set_user_return_msr(user_return_msrs[i].slot, user_return_msrs[i].value, ~0ULL);
}

/* With preemption disabled. */
void tdx_prepare_switch_to_guest(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	if (vmx->guest_state_loaded)
		return;

	set_user_return_msrs();
	rdmsrl(MSR_KERNEL_GS_BASE, vmx->msr_host_kernel_gs_base);
	vmx->guest_state_loaded = true;
}

void tdx_vcpu_put(struct kvm_vcpu *vcpu)
{
	struct vcpu_vmx *vmx = to_vmx(vcpu);

	vmx_vcpu_pi_put(vcpu);
	if (!vmx->guest_state_loaded)
		return;

	++vcpu->stat.host_state_reload;
	wrmsrl(MSR_KERNEL_GS_BASE, vmx->msr_host_kernel_gs_base);
	vmx->guest_state_loaded = false;
}

/* User space can set events that KVM cannot inject. */
static void drop_events(struct kvm_vcpu *vcpu)
{
	kvm_clear_exception_queue(vcpu);
	kvm_clear_interrupt_queue(vcpu);
}

int tdx_vcpu_pre_run(struct kvm_vcpu *vcpu)
{
	if (!to_tdx(vcpu)->initialized ||
	    READ_ONCE(to_kvm_tdx(vcpu->kvm)->state) != KVM_TDX_RUNNABLE ||
	    vcpu->arch.mp_state == KVM_MP_STATE_INIT_RECEIVED)
		return -EINVAL;

	drop_events(vcpu);
	return 1;
}

static bool has_exit_reason(u64 status)
{
	switch (tdx_status_code(status)) {
	case TDX_SUCCESS:
	case TDX_NON_RECOVERABLE_VCPU:
	case TDX_NON_RECOVERABLE_TD:
	case TDX_NON_RECOVERABLE_TD_NON_ACCESSIBLE:
	case TDX_NON_RECOVERABLE_TD_WRONG_APIC_MODE:
		return true;
	default:
		return false;
	}
}

/* Nothing may be left of an earlier exit: it would be handled again. */
static void clear_exit(struct vcpu_tdx *tdx)
{
	tdx->vmcall_function = TDX_NO_VMCALL;
	tdx->vmx.exit_reason.full = TDX_NO_EXIT_REASON;
	tdx->vmx.exit_qualification = 0;
	tdx->vmx.exit_intr_info = 0;
}

static void record_exit(struct vcpu_tdx *tdx)
{
	if (!has_exit_reason(tdx->status))
		return;

	tdx->vmx.exit_reason.full = lower_32_bits(tdx->status);
	if (tdx->vmx.exit_reason.basic == TDX_EXIT_REASON_TDCALL) {
		memcpy(tdx->vmcall, tdx->regs, sizeof(tdx->vmcall));
		return;
	}
	tdx->vmx.exit_qualification = lower_32_bits(tdx->regs[__VCPU_REGS_RCX]);
	tdx->vmx.exit_intr_info = lower_32_bits(tdx->regs[__VCPU_REGS_R9]);

	/*
	 * The CPU is in another mode of its APIC than TDX requires: the module tells no vector, so
	 * there is no handler to call.  User space is told that the TD cannot go on.
	 */
	if (tdx_status_code(tdx->status) == TDX_NON_RECOVERABLE_TD_WRONG_APIC_MODE &&
	    tdx->vmx.exit_reason.basic == EXIT_REASON_EXTERNAL_INTERRUPT)
		tdx->vmx.exit_reason.full = TDX_NO_EXIT_REASON;
}

/*
 * XMM registers that the guest has passed by TDG.VP.VMCALL are passed back.  KVM does not use
 * them, and they have the values of user space, because the guest's are not loaded here.
 */
static void clear_passed_xmm(const struct vcpu_tdx *tdx)
{
	if (!(tdx->vmcall[__VCPU_REGS_RCX] & TDX_VMCALL_MASK_XMM))
		return;

	asm volatile("pxor %%xmm0, %%xmm0\n\t"
		     "pxor %%xmm1, %%xmm1\n\t"
		     "pxor %%xmm2, %%xmm2\n\t"
		     "pxor %%xmm3, %%xmm3\n\t"
		     "pxor %%xmm4, %%xmm4\n\t"
		     "pxor %%xmm5, %%xmm5\n\t"
		     "pxor %%xmm6, %%xmm6\n\t"
		     "pxor %%xmm7, %%xmm7\n\t"
		     "pxor %%xmm8, %%xmm8\n\t"
		     "pxor %%xmm9, %%xmm9\n\t"
		     "pxor %%xmm10, %%xmm10\n\t"
		     "pxor %%xmm11, %%xmm11\n\t"
		     "pxor %%xmm12, %%xmm12\n\t"
		     "pxor %%xmm13, %%xmm13\n\t"
		     "pxor %%xmm14, %%xmm14\n\t"
		     "pxor %%xmm15, %%xmm15" : :);
}

static noinstr u64 enter_td(struct vcpu_tdx *tdx)
{
	u64 status;

	guest_state_enter_irqoff();
	status = tdh_vp_enter(&tdx->vp, tdx->vmcall, tdx->regs);
	guest_state_exit_irqoff();
	return status;
}

static void restore_host_xstate(struct kvm_vcpu *vcpu)
{
	u64 xfam = to_kvm_tdx(vcpu->kvm)->xfam;

	if (host_xcr0 != (xfam & kvm_caps.supported_xcr0))
		xsetbv(XCR_XFEATURE_ENABLED_MASK, host_xcr0);
	if (host_xss != (xfam & kvm_caps.supported_xss))
		wrmsrl(MSR_IA32_XSS, host_xss);

	/* The module leaves 0. */
	if (vcpu->arch.host_pkru)
		write_pkru(vcpu->arch.host_pkru);
}

/* Breakpoints and XFD are restored by vcpu_enter_guest(). */
static void restore_host_state(struct kvm_vcpu *vcpu)
{
	restore_host_xstate(vcpu);
	if (vcpu->arch.host_debugctl & ~PRESERVED_DEBUGCTL)
		update_debugctlmsr(vcpu->arch.host_debugctl);
}

/**
 * tdx_wait_for_entry - wait until the vCPU may enter the guest, or a signal is pending
 * @vcpu: a vCPU of a TD, for which tdx_vcpu_run() returned EXIT_FASTPATH_EXIT_HANDLED
 *
 * Otherwise a thread with a real-time priority could keep the one that removes memory from its CPU.
 *
 * Context: Process context, may sleep; with the vCPU's kvm->srcu held, which is released meanwhile.
 */
void tdx_wait_for_entry(struct kvm_vcpu *vcpu)
{
	struct kvm_tdx *kvm_tdx = to_kvm_tdx(vcpu->kvm);

	kvm_vcpu_srcu_read_unlock(vcpu);
	/* Held for write as long as entries are blocked. */
	if (!down_read_interruptible(&kvm_tdx->sept_lock))
		up_read(&kvm_tdx->sept_lock);
	kvm_vcpu_srcu_read_lock(vcpu);
}

/**
 * tdx_vcpu_run - run a vCPU of a TD until its next exit
 * @vcpu: a vCPU of a TD that can run
 * @run_flags: KVM_RUN_*
 *
 * There is no fast path that enters the guest again: if the module was busy, interrupts have
 * to be enabled for the CPU that waits for this one to leave the guest.
 *
 * Context: Interrupts off.
 * Return: EXIT_FASTPATH_NONE, or EXIT_FASTPATH_EXIT_HANDLED: the vCPU must not be entered now.
 */
fastpath_t tdx_vcpu_run(struct kvm_vcpu *vcpu, u64 run_flags)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	/* No event of a TD requires it, and KVM could not cause the exit. */
	WARN_ON_ONCE(run_flags & KVM_RUN_FORCE_IMMEDIATE_EXIT);

	clear_exit(tdx);
	/* Pairs with make_vcpus_leave() in block_entries(): vcpu->mode was written before. */
	if (READ_ONCE(to_kvm_tdx(vcpu->kvm)->entries_blocked))
		return EXIT_FASTPATH_EXIT_HANDLED;

	trace_kvm_entry(vcpu, false);
	tdx_notify_posted_interrupts(vcpu);

	clear_passed_xmm(tdx);
	tdx->status = enter_td(tdx);
	restore_host_state(vcpu);
	record_exit(tdx);
	if (unlikely(tdx->vmx.exit_reason.basic == EXIT_REASON_MCE_DURING_VMENTRY))
		kvm_machine_check();

	trace_tdx_td_exit(vcpu);
	trace_kvm_exit(vcpu, KVM_ISA_VMX);
	return EXIT_FASTPATH_NONE;
}
