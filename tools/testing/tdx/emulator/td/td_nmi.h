/* SPDX-License-Identifier: GPL-2.0-only */
/* Virtual NMIs of a TD's vCPU. */
#ifndef _TDX_EMU_TD_NMI_H
#define _TDX_EMU_TD_NMI_H

#include "cpu/vcpu.h"
#include "model/guest.h"

/* An IRET that ends the blocking of NMIs is executed as a single step. */
struct td_nmi_step {
	bool active;
	bool traps;		/* the guest steps itself, too */
};

/**
 * td_nmi_window() - test for an exit by an NMI window
 * @vcpu:	vCPU that is about to run
 * @guest:	its state
 * @step:	IRET that it is executing
 *
 * Return: true if there is to be an exit, and an NMI can be delivered.
 */
bool td_nmi_window(const struct vcpu *vcpu, const struct tdx_model_guest *guest,
		   const struct td_nmi_step *step);

/**
 * td_nmi_prepare() - update the blocking of NMIs before the vCPU runs
 * @vcpu:	vCPU that is about to run
 * @guest:	its state
 * @step:	IRET that it is executing
 */
void td_nmi_prepare(struct vcpu *vcpu, struct tdx_model_guest *guest,
		    const struct td_nmi_step *step);

/**
 * td_nmi_iret() - the vCPU is about to execute IRET while NMIs are blocked
 * @vcpu:	vCPU at the instruction
 * @step:	is active afterwards
 */
void td_nmi_iret(struct vcpu *vcpu, struct td_nmi_step *step);

/**
 * td_nmi_stepped() - the vCPU has executed that IRET
 * @vcpu:	vCPU behind the instruction
 * @guest:	its state; NMIs are not blocked any more
 * @step:	is not active afterwards
 */
void td_nmi_stepped(struct vcpu *vcpu, struct tdx_model_guest *guest, struct td_nmi_step *step);

/**
 * td_nmi_leave() - the vCPU does not go on
 * @vcpu:	vCPU, maybe at an IRET that it will execute later
 * @guest:	its state
 * @step:	is not active afterwards
 * @vectoring:	event in delivery; an NMI is not delivered, so it does not block others
 */
void td_nmi_leave(struct vcpu *vcpu, struct tdx_model_guest *guest, struct td_nmi_step *step,
		  const struct tdx_model_event *vectoring);

#endif /* _TDX_EMU_TD_NMI_H */
