/* SPDX-License-Identifier: GPL-2.0-only */
/* Machine checks in memory of a TD, by the option mce=. */
#ifndef _TDX_EMU_TD_MCE_H
#define _TDX_EMU_TD_MCE_H

#include "cpu/cpu.h"
#include "model/guest.h"

/**
 * td_mce_strikes() - test whether a page that the guest reaches is bad
 * @cpu:	the calling CPU
 * @run:	what it runs
 * @to:		where the guest's access leads
 * @exit:	becomes the exit by the machine check
 *
 * Return: false if the access succeeds.
 */
bool td_mce_strikes(struct cpu *cpu, const struct tdx_model_run *run,
		    const struct tdx_model_translation *to, struct tdx_model_exit *exit);

#endif /* _TDX_EMU_TD_MCE_H */
