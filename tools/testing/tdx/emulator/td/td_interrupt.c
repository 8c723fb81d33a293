// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts while a TD's vCPU runs: the host's, virtual ones and posted ones. */
#include "cpu/interrupt.h"
#include "cpu/walk.h"
#include "memory/host_map.h"
#include "smp/apic.h"
#include "smp/shootdown.h"
#include "td/td_interrupt.h"

/* Posted-interrupt descriptor: SDM vol. 3, "Posted-Interrupt Processing" */
struct pi_descriptor {
	u64 requests[4];
	u64 control;		/* bit 0: ON, outstanding notification */
};

#define PI_ON			1ULL

void td_interrupt_hold(struct vcpu *vcpu, const struct vapic *apic)
{
	vcpu->vmcb.int_control = SVM_V_INTR_MASKING | vapic_tpr_class(apic);
	vcpu->vmcb.intercept1 &= ~SVM_INTERCEPT1_VINTR;
}

/*
 * QEMU must not deliver a virtual interrupt itself: it would compare priorities in another
 * way, and deliver it twice after a fault.
 */
void td_interrupt_prepare(struct vcpu *vcpu, const struct vapic *apic)
{
	struct vmcb *v = &vcpu->vmcb;

	td_interrupt_hold(vcpu, apic);
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

/* The CPU clears ON first: what is posted later is notified again. */
static void take_posted(const struct tdx_model_run *run, const struct vapic *apic)
{
	struct pi_descriptor *descriptor = phys(run->pi_descriptor);
	u64 vectors[4];
	unsigned int i;

	if (!phys_reachable(run->pi_descriptor, sizeof(*descriptor)) ||
	    !host_map_has(run->pi_descriptor))
		return;
	__atomic_and_fetch(&descriptor->control, ~PI_ON, __ATOMIC_SEQ_CST);
	for (i = 0; i < 4; i++)
		vectors[i] = __atomic_exchange_n(&descriptor->requests[i], 0, __ATOMIC_SEQ_CST);
	vapic_request(apic, vectors);
}

static bool nmi_exit(struct tdx_model_exit *exit)
{
	*exit = (struct tdx_model_exit){
		.reason = TDX_MODEL_EXIT_EXCEPTION_OR_NMI,
		.interrupt.info = TDX_MODEL_EVENT_VALID | TDX_MODEL_EVENT_NMI | VECTOR_NMI,
	};
	return true;
}

static bool interrupt_exit(u8 vector, const struct tdx_model_run *run, const struct vapic *apic,
			   struct tdx_model_exit *exit)
{
	if (run->posted_interrupts && vector == run->notification_vector) {
		apic_end_interrupt();
		take_posted(run, apic);
		return false;
	}
	*exit = (struct tdx_model_exit){
		.reason = TDX_MODEL_EXIT_INTERRUPT,
		.interrupt.info = TDX_MODEL_EVENT_VALID | TDX_MODEL_EVENT_INTERRUPT | vector,
	};
	return true;
}

/*
 * An NMI that arrives together with an interrupt is delivered to the host after the
 * interrupt's exit.
 */
bool td_interrupt_exit(struct vcpu *vcpu, const struct tdx_model_run *run,
		       const struct vapic *apic, struct tdx_model_exit *exit)
{
	struct cpu *cpu = vcpu->cpu;
	bool taken, nmi;
	u8 vector;

	if ((u32)vcpu->vmcb.exit_code == SVM_EXIT_NMI)
		return shootdown_take_nmi(cpu) && nmi_exit(exit);
	taken = interrupt_take(cpu, &vector, &nmi);
	nmi = nmi && shootdown_took_nmi(cpu);
	if (taken && interrupt_exit(vector, run, apic, exit)) {
		if (nmi)
			vcpu_inject_nmi(&cpu->host);
		return true;
	}
	return nmi && nmi_exit(exit);
}
