/* SPDX-License-Identifier: GPL-2.0-only */
/* What a TD's vCPU is intercepted for. */
#ifndef _TDX_EMU_TD_INTERCEPT_H
#define _TDX_EMU_TD_INTERCEPT_H

#include "cpu/vcpu.h"
#include "model/guest.h"

/* Prepare permission maps; called by the boot CPU. */
void td_intercept_init(void);

/**
 * td_intercept() - set the intercepts of a vCPU, except those that depend on its state
 * @vcpu:	vCPU of the calling CPU
 * @run:	what is going to run
 */
void td_intercept(struct vcpu *vcpu, const struct tdx_model_run *run);

#endif /* _TDX_EMU_TD_INTERCEPT_H */
