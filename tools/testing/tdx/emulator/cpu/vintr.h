/* SPDX-License-Identifier: GPL-2.0-only */
/* Delivering the interrupts of a virtual local APIC to the guest. */
#ifndef _TDX_EMU_VINTR_H
#define _TDX_EMU_VINTR_H

#include "cpu/vapic.h"
#include "cpu/vcpu.h"

/**
 * vintr_prepare() - let the guest get its virtual interrupts
 * @vcpu:	vCPU that is about to run
 * @apic:	its virtual APIC
 *
 * If the guest takes interrupts one is delivered, else there will be an exit when it does.
 */
void vintr_prepare(struct vcpu *vcpu, const struct vapic *apic);

/**
 * vintr_hold() - let the guest get no virtual interrupt
 * @vcpu:	vCPU that is about to run
 * @apic:	its virtual APIC
 */
void vintr_hold(struct vcpu *vcpu, const struct vapic *apic);

#endif /* _TDX_EMU_VINTR_H */
