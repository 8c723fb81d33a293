/* SPDX-License-Identifier: GPL-2.0-only */
/* A TD's vCPU between the module's format, which is that of a VMCS, and the VMCB. */
#ifndef _TDX_EMU_TD_STATE_H
#define _TDX_EMU_TD_STATE_H

#include "cpu/vcpu.h"
#include "model/guest.h"

/**
 * td_state_load() - set the registers of a vCPU
 * @vcpu:	vCPU of the calling CPU
 * @guest:	state to be set; its event is to be delivered by the next vcpu_run()
 *
 * For registers that VMRUN does not load, the CPU needs native_vmload() afterwards.
 */
void td_state_load(struct vcpu *vcpu, const struct tdx_model_guest *guest);

/**
 * td_state_store() - get the registers of a vCPU
 * @vcpu:	vCPU of the calling CPU, after native_vmsave()
 * @guest:	becomes the state; its event and what has no place in a vCPU do not change
 */
void td_state_store(const struct vcpu *vcpu, struct tdx_model_guest *guest);

/**
 * td_state_event() - get the event whose delivery has caused an exit
 * @vcpu:	vCPU that has exited; it forgets the event
 * @event:	becomes the event; its info is 0 if there is none
 */
void td_state_event(struct vcpu *vcpu, struct tdx_model_event *event);

#endif /* _TDX_EMU_TD_STATE_H */
