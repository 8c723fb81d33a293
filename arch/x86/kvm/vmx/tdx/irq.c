// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts and NMIs of a TD.
 *
 * The virtual APIC page belongs to the module.  KVM posts interrupts in a descriptor, and the
 * CPU takes them from there while the vCPU runs.  KVM cannot inject them, and learns about
 * interrupts that were taken only when the vCPU halts.  NMIs are injected by the module.
 */
#include <linux/kvm_host.h>

#include <asm/apic.h>
#include <asm/irq_vectors.h>
#include <asm/kvm_vcpu_regs.h>
#include <asm/tdx_ghci.h>

#include "../../lapic.h"
#include "pages.h"
#include "tdx.h"

/* Callers only check whether there is an interrupt that is not masked by PPR, which is 0. */
#define SOME_VECTOR	0xff

/**
 * tdx_notify_posted_interrupts - let the CPU take posted interrupts right after the entry
 * @vcpu: a vCPU of a TD that is about to be entered
 *
 * An interrupt that was posted before may not have caused a notification.
 *
 * Context: Interrupts off until the entry.
 */
void tdx_notify_posted_interrupts(struct kvm_vcpu *vcpu)
{
	if (pi_test_on(&to_vmx(vcpu)->pi_desc))
		apic->send_IPI_self(POSTED_INTR_VECTOR);
}

/* Nothing is moved: the virtual APIC page belongs to the module. */
int tdx_sync_pir_to_irr(struct kvm_vcpu *vcpu)
{
	return pi_has_pending_interrupt(vcpu) ? SOME_VECTOR : -1;
}

/* The CPU knows whether the guest takes them.  If it has halted, the guest said so. */
bool tdx_interrupt_allowed(struct kvm_vcpu *vcpu)
{
	struct vcpu_tdx *tdx = to_tdx(vcpu);

	return tdx->vmcall_function != TDX_VMCALL_HLT || !tdx->vmcall[__VCPU_REGS_R12];
}

/**
 * tdx_has_virtual_interrupt - would the guest take an interrupt if it enables them?
 * @vcpu: a loaded vCPU of a TD
 *
 * If it does that in the instruction before it halts, an interrupt may be in the virtual
 * APIC page already, and not in the descriptor any more.
 *
 * Context: Any, vCPU loaded.
 * Return: Whether there is one; also true if that could not be found out: the vCPU is entered then,
 *	   which reports what is wrong with it.
 */
bool tdx_has_virtual_interrupt(struct kvm_vcpu *vcpu)
{
	u64 status, details;

	status = tdx_vp_read64(&to_tdx(vcpu)->vp, TDX_MD_VCPU_STATE_DETAILS, &details);
	return tdx_status_failed(status) || details & TDX_VCPU_STATE_INTERRUPT_PENDING;
}

/* The module remembers one. */
void tdx_inject_nmi(struct kvm_vcpu *vcpu)
{
	tdx_check_vp_wr(vcpu, tdx_vp_write8(&to_tdx(vcpu)->vp, TDX_MD_VCPU_PEND_NMI, 1, U8_MAX));

	++vcpu->stat.nmi_injections;
	vcpu->arch.nmi_injected = false;
	vcpu->arch.nmi_pending = 0;
}
