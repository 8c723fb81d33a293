// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts while a TD's vCPU runs: the host's, and the notification of posted ones. */
#include "cpu/interrupt.h"
#include "cpu/walk.h"
#include "memory/host_map.h"
#include "smp/apic.h"
#include "smp/shootdown.h"
#include "td/td_interrupt.h"

static void take_posted(const struct tdx_model_run *run, const struct vapic *apic)
{
	struct vapic_posted *posted = phys(run->pi_descriptor);

	if (phys_reachable(run->pi_descriptor, sizeof(*posted)) &&
	    host_map_has(run->pi_descriptor))
		vapic_take_posted(apic, posted);
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
	nmi = nmi && shootdown_take_nmi(cpu);
	if (taken && interrupt_exit(vector, run, apic, exit)) {
		if (nmi)
			vcpu_inject_nmi(&cpu->host);
		return true;
	}
	return nmi && nmi_exit(exit);
}
