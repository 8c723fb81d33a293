/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts while a TD's vCPU runs: the host's, virtual ones and posted ones. */
#ifndef _TDX_EMU_TD_INTERRUPT_H
#define _TDX_EMU_TD_INTERRUPT_H

#include "cpu/cpu.h"
#include "td/vapic.h"

/**
 * td_interrupt_prepare() - let the guest get its virtual interrupts
 * @vcpu:	vCPU that is about to run
 * @apic:	its virtual APIC
 *
 * If the guest takes interrupts one is delivered, else there will be an exit when it does.
 */
void td_interrupt_prepare(struct vcpu *vcpu, const struct vapic *apic);

/**
 * td_interrupt_hold() - let the guest get no virtual interrupt
 * @vcpu:	vCPU that is about to run
 * @apic:	its virtual APIC
 */
void td_interrupt_hold(struct vcpu *vcpu, const struct vapic *apic);

/**
 * td_interrupt_exit() - a physical interrupt or an NMI has made the vCPU exit
 * @vcpu:	vCPU on the calling CPU
 * @run:	what runs
 * @apic:	its virtual APIC
 * @exit:	becomes the description of the exit
 *
 * Return: false if there is nothing for the host: the vCPU has to go on.
 */
bool td_interrupt_exit(struct vcpu *vcpu, const struct tdx_model_run *run,
		       const struct vapic *apic, struct tdx_model_exit *exit);

#endif /* _TDX_EMU_TD_INTERRUPT_H */
