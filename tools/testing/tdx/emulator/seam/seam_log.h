/* SPDX-License-Identifier: GPL-2.0-only */
/* Log of SEAMCALLs: names, counts and their operands. */
#ifndef _TDX_EMU_SEAM_LOG_H
#define _TDX_EMU_SEAM_LOG_H

#include "cpu/cpu.h"
#include "machine/options.h"

/*
 * Log a SEAMCALL that has returned on @cpu: registers before and after, and the
 * module's reason if it failed.
 */
void seam_log(const struct cpu *cpu, const struct tdx_model_regs *in,
	      const struct tdx_model_regs *out, const char *why);

/* Log the progress of the module; not called for injected statuses. */
void seam_log_progress(const struct tdx_model *model, const struct tdx_model_regs *in,
		       const struct tdx_model_regs *out);

/* Log the number of calls, for the report at the end. */
void seam_log_counts(void);

#endif /* _TDX_EMU_SEAM_LOG_H */
