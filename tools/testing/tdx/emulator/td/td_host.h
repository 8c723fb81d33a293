/* SPDX-License-Identifier: GPL-2.0-only */
/* State of the host that TDH.VP.ENTER takes or does not preserve. */
#ifndef _TDX_EMU_TD_HOST_H
#define _TDX_EMU_TD_HOST_H

#include "cpu/cpu.h"
#include "model/guest.h"

/**
 * td_host_get() - get the state of the calling CPU's host
 * @cpu:	the calling CPU, before a TD's vCPU runs
 * @host:	becomes the state
 */
void td_host_get(struct cpu *cpu, struct tdx_model_host *host);

/**
 * td_host_set() - set what the host finds
 * @cpu:	the calling CPU, after a TD's vCPU has run
 * @host:	the state
 */
void td_host_set(struct cpu *cpu, const struct tdx_model_host *host);

#endif /* _TDX_EMU_TD_HOST_H */
