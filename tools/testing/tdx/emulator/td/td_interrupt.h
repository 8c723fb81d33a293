/* SPDX-License-Identifier: GPL-2.0-only */
/* Interrupts while a TD's vCPU runs: the host's, and the notification of posted ones. */
#ifndef _TDX_EMU_TD_INTERRUPT_H
#define _TDX_EMU_TD_INTERRUPT_H

#include "cpu/cpu.h"
#include "cpu/vapic.h"
#include "model/guest.h"

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
