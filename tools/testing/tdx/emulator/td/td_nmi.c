// SPDX-License-Identifier: GPL-2.0-only
/* Virtual NMIs of a TD's vCPU. */

/*
 * In VMX, an NMI that is injected blocks others until the guest's next IRET.  SVM neither
 * blocks them nor unblocks them, and the CPU's own flag is also used by the host.
 */
#include "td/td_nmi.h"

static bool is_nmi(u32 info)
{
	return info & SVM_EVENT_VALID && (info & SVM_EVENT_TYPE) == SVM_EVENT_NMI;
}

bool td_nmi_window(const struct vcpu *vcpu, const struct tdx_model_guest *guest,
		   const struct td_nmi_step *step)
{
	const struct vmcb *v = &vcpu->vmcb;

	return guest->nmi_window && !step->active && !v->int_state &&
	       !(guest->interruptibility & TDX_MODEL_BLOCKED_BY_NMI) &&
	       !(v->event_inject & SVM_EVENT_VALID);
}

void td_nmi_prepare(struct vcpu *vcpu, struct tdx_model_guest *guest,
		    const struct td_nmi_step *step)
{
	struct vmcb *v = &vcpu->vmcb;

	if (is_nmi(v->event_inject))
		guest->interruptibility |= TDX_MODEL_BLOCKED_BY_NMI;
	v->intercept1 &= ~SVM_INTERCEPT1_IRET;
	v->intercept_exceptions &= ~BIT(VECTOR_DB);
	if (step->active)
		v->intercept_exceptions |= BIT(VECTOR_DB);
	else if (guest->interruptibility & TDX_MODEL_BLOCKED_BY_NMI)
		v->intercept1 |= SVM_INTERCEPT1_IRET;
}

void td_nmi_iret(struct vcpu *vcpu, struct td_nmi_step *step)
{
	step->active = true;
	step->traps = vcpu->vmcb.rflags & X86_EFLAGS_TF;
	vcpu->vmcb.rflags |= X86_EFLAGS_TF;
}

/* The flags are those that IRET has loaded. */
void td_nmi_stepped(struct vcpu *vcpu, struct tdx_model_guest *guest, struct td_nmi_step *step)
{
	step->active = false;
	guest->interruptibility &= ~TDX_MODEL_BLOCKED_BY_NMI;
	if (step->traps)
		vcpu_inject(vcpu, VECTOR_DB);
	else
		vcpu->vmcb.dr6 &= ~DR6_SINGLE_STEP;
}

void td_nmi_leave(struct vcpu *vcpu, struct tdx_model_guest *guest, struct td_nmi_step *step,
		  const struct tdx_model_event *vectoring)
{
	if (step->active && !step->traps)
		vcpu->vmcb.rflags &= ~X86_EFLAGS_TF;
	step->active = false;
	if (is_nmi(vectoring->info))
		guest->interruptibility &= ~TDX_MODEL_BLOCKED_BY_NMI;
}
