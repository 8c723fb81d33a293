/* SPDX-License-Identifier: GPL-2.0-only */
/* A trace of all SEAMCALLs on a second debug console, for trace.py. */
#ifndef _TDX_EMU_TRACE_H
#define _TDX_EMU_TRACE_H

#include "model/model.h"

/* Detect the console: -device isa-debugcon,iobase=0xe8,chardev=... */
void trace_init(void);

/* Write one SEAMCALL of @cpu to the trace, with its start and end times. */
void trace_seamcall(unsigned int cpu, u64 start_us, u64 end_us, const struct tdx_model_regs *in,
		    const struct tdx_model_regs *out);

#endif /* _TDX_EMU_TRACE_H */
