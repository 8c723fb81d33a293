/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared memory of a TD, which has to be the host's, with the memory type that it has there. */
#ifndef _TDX_EMU_TD_SHARED_H
#define _TDX_EMU_TD_SHARED_H

#include "cpu/vcpu.h"
#include "model/guest.h"

/**
 * td_shared_limit() - limit a translation by a shared EPT to memory of the host
 * @vcpu:	vCPU of the TD
 * @run:	what runs
 * @access:	access that needs the translation
 * @to:		translation; if the memory is not the host's, which is a violation, it leads to
 *		the page of ones instead
 *
 * It is also a violation if RAM is not mapped as write-back, or MMIO not as uncacheable, or if the
 * guest's PAT is ignored.
 */
void td_shared_limit(const struct vcpu *vcpu, const struct tdx_model_run *run,
		     const struct tdx_model_access *access, struct tdx_model_translation *to);

#endif /* _TDX_EMU_TD_SHARED_H */
