/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Initializing TDMRs on all CPUs.
 */
#ifndef _X86_VIRT_TDX_TDMR_INIT_H
#define _X86_VIRT_TDX_TDMR_INIT_H

#include "tdmr/tdmr.h"

struct tdmr_work;
struct tdx_cause;

unsigned int tdx_tdmrs_init_cpus(void);
struct tdmr_work *tdx_tdmrs_queue(const struct tdmr_layout *layout);
int tdx_tdmrs_init(struct tdmr_work *queue, unsigned int nr, struct tdx_cause *cause);

#endif /* _X86_VIRT_TDX_TDMR_INIT_H */
