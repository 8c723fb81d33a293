// SPDX-License-Identifier: GPL-2.0-only
/* Delivering the interrupts of a virtual local APIC to the guest. */
#include "cpu/vintr.h"

void vintr_hold(struct vcpu *vcpu, const struct vapic *apic)
{
	vcpu->vmcb.int_control = SVM_V_INTR_MASKING | vapic_tpr_class(apic);
	vcpu->vmcb.intercept1 &= ~SVM_INTERCEPT1_VINTR;
}

/*
 * QEMU must not deliver a virtual interrupt itself: it would compare priorities in another
 * way, and deliver it twice after a fault.
 */
void vintr_prepare(struct vcpu *vcpu, const struct vapic *apic)
{
	struct vmcb *v = &vcpu->vmcb;

	vintr_hold(vcpu, apic);
	if (!vapic_is_pending(apic))
		return;
	if (v->rflags & X86_EFLAGS_IF && !v->int_state && !(v->event_inject & SVM_EVENT_VALID)) {
		v->event_inject = SVM_EVENT_VALID | SVM_EVENT_INTERRUPT | vapic_deliver(apic);
		v->event_inject_error = 0;
	}
	if (vapic_is_pending(apic)) {
		v->int_control |= SVM_V_IRQ | SVM_V_IGNORE_TPR | SVM_V_PRIORITY;
		v->intercept1 |= SVM_INTERCEPT1_VINTR;
	}
}
